"""Importing a file: its columns, the check that writes nothing, the import that does what the check said, and undo."""

import pytest

from dashboard import clock
from dashboard.activity.tables import Note
from dashboard.database import row, rows
from dashboard.deliveries.tables import Suppression
from dashboard.files import storage
from dashboard.leads import attributes, jobs
from dashboard.leads.importing import checking
from dashboard.leads.tables import BatchLine, Import, Lead
from dashboard.orders.tables import Order
from tests.leads.cast import a_lead, a_tag, as_it_is, said
from tests.leads.importing import (
    HEADER,
    big_file,
    hashes,
    known_leads,
    table,
    totals,
    upload,
    uploaded,
    work,
)
from tests.orders.cast import an_order

FAIR = table(
    ["E-mail", "First name", "Last name", "Company", "Phone", "Tags", "Lead owner", "Stage", "Budget", "Comment", "Rubbish"],
    ["amelia@brandt-optik.example", "Amelia", "Brandt", "Brandt Optik", "+49 89 1234567", "dinner, fair", "Ana Alba", "", "1,284.00", "Met at the fair", "x"],
    ["H.Kowalski@pierogi-house.example", "Hannah", "Kowalski", "", "+44 20 7946 0177", "dinner", "", "Quoted", "", "", ""],
    ["jo@hanok.example", "Jo", "Park", "Hanok", "", "", "", "Qualified", "", "", ""],
    ["not-an-address", "", "", "Nobody", "", "", "", "", "", "", ""],
    ["rachel@larkandrow.example", "Rachel", "Byrne", "", "", "", "", "", "", "", ""],
    ["luis@prado-hnos.example", "Luis", "Prado", "", "", "", "", "", "", "", ""],
    ["LUIS@prado-hnos.example ", "Luis", "Prado", "", "", "", "", "", "", "", ""],
    ["", "", "", "", "", "lonely tag", "", "", "", "", ""],
    ["who@else.example", "", "", "", "", "", "Nobody Known", "", "", "", ""],
)  # fmt: skip


@pytest.fixture
async def fair(alice, ana, acme):
    """Hannah is known, Rachel has unsubscribed."""
    await a_lead(acme, "Hannah Kowalski", email="h.kowalski@pierogi-house.example")
    await Suppression(organization=acme.id, email_normalized="rachel@larkandrow.example", reason="unsubscribed").save()
    return await uploaded(alice, FAIR, "fair-munich-2026.csv")


async def test_columns_are_guessed_from_their_titles(fair):
    assert fair.file.mapping == [
        "email", "first_name", "last_name", "company", "phone", "tags", "owner", "stage", "value", "note", "",
    ]  # fmt: skip
    page = (await fair.browser.get(f"{fair.address}/columns")).text
    assert "UTF-8, commas" in page and "10 of 11 matched" in page
    assert "amelia@brandt-optik.example, H.Kowalski@pierogi-house.example" in page


async def test_the_check_says_line_by_line_what_would_happen_and_writes_nothing(fair):
    before = await hashes()
    assert await fair.check() == {"created": 3, "updated": 1, "skipped": 2, "failed": 3}
    assert await fair.lines() == [
        (2, "created", "New lead, owner Ana Alba"),
        (3, "updated", "Adds phone, tag “dinner”. Stage stays New"),
        (4, "created", "New lead, no owner"),
        (5, "failed", "Address needs an @ and a domain"),
        (6, "skipped", f"Unsubscribed on {clock.now():%-d %b %Y}, never added again"),
        (7, "created", "New lead, no owner"),
        (8, "skipped", "Same as line 7"),
        (9, "failed", "Nobody is named: no address, name, company or phone number"),
        (10, "failed", "Nobody in the team is called “Nobody Known”"),
    ]
    assert await hashes() == before
    page = (await fair.browser.get(f"{fair.address}/check")).text
    assert "4 leads will be written" in page and "Import 4 leads" in page and "9 lines" in page
    errors = (await fair.browser.get(f"{fair.address}/check?show=failed")).text
    assert "not-an-address" in errors and "Amelia Brandt" not in errors


async def test_the_import_does_what_the_check_said_and_undo_leaves_no_trace(fair, acme):
    before = await hashes()
    checked = await fair.check(tag="fair 2026", source="Trade fair")
    assert await fair.run() == checked
    amelia = await row("SELECT * FROM lead WHERE name = 'Amelia Brandt'")
    tags = {tag["id"]: tag["name"] for tag in await rows("SELECT id, name FROM tag")}
    assert (amelia["company"], amelia["phone_normalized"], amelia["value"], amelia["currency"], amelia["source"]) == (
        "Brandt Optik", "49891234567", 128400, "EUR", "Trade fair",
    )  # fmt: skip
    assert [tags[id] for id in amelia["tags"]] == ["dinner", "fair", "fair 2026"]
    assert (await Note.objects().first()).text == "Met at the fair"
    hannah = await row("SELECT * FROM lead WHERE name = 'Hannah Kowalski'")
    assert (hannah["phone"], hannah["stage"], hannah["source"]) == ("+44 20 7946 0177", "new", "Campaign")
    assert [tags[id] for id in hannah["tags"]] == ["dinner", "fair 2026"]
    jo = await row("SELECT stage, stage_at FROM lead WHERE name = 'Jo Park'")
    assert jo["stage"] == "qualified" and jo["stage_at"]
    lines = await rows("SELECT title FROM activity WHERE subject_kind = 'lead' AND verb = 'imported'")
    assert sorted(line["title"] for line in lines) == ["imported the lead from fair-munich-2026.csv"] * 3 + [
        "updated the lead from fair-munich-2026.csv"
    ]
    assert await fair.undo() == {"restored": 4, "kept": 0}
    assert await hashes() == before


async def test_the_same_file_again_changes_nothing(fair):
    await fair.check()
    await fair.run()
    before = await hashes()
    again = await uploaded(fair.browser, FAIR, "again.csv")
    assert await again.check() == {"created": 0, "updated": 0, "skipped": 6, "failed": 3}
    assert {why for _, outcome, why in await again.lines() if outcome == "skipped"} >= {"Nothing new. Stage stays New"}
    assert (await fair.browser.post(f"{again.address}/launch")).status_code == 409
    assert await hashes() == before


async def test_overwriting_takes_the_files_word_and_empty_cells_take_nothing(alice, ana, acme):
    tag = await a_tag(acme, "old")
    lead = await a_lead(acme, "Sofia", email="sofia@wren.example", company="Wren", phone="123456789", phone_normalized="123456789", tags=[tag], value=500, currency="EUR", source="Form", attributes={"seats": 3})  # fmt: skip
    await attributes.add(acme, "Seats", "number", "", alice.user)
    await attributes.add(acme, "City", "text", "", alice.user)
    before = await hashes()
    text = table(
        ["Email", "Name", "Company", "Phone", "Value", "Currency", "Stage", "Tags", "Seats", "City"],
        ["sofia@wren.example", "Sofia Marchetti", "", "", "20.00", "usd", "won", "new", "12", "Rome"],
    )
    made = await uploaded(alice, text)
    assert await made.check(known="overwrite") == totals({"updated": 1})
    assert (await made.lines())[0][2] == "Changes name, value, Seats, City, stage, tag “new”"
    await made.run()
    now = await as_it_is(lead)
    assert (now["name"], now["company"], now["phone"], now["value"], now["currency"]) == ("Sofia Marchetti", "Wren", "123456789", 2000, "USD")  # fmt: skip
    assert (now["stage"], now["won_amount"], now["won_currency"]) == ("won", 2000, "USD") and now["won_at"]
    assert now["attributes"] == {"seats": 12, "city": "Rome"} and len(now["tags"]) == 2
    await made.undo()
    assert await hashes() == before


async def test_filling_in_leaves_what_is_known(alice, acme):
    lead = await a_lead(acme, "Sofia", email="sofia@wren.example", attributes={"seats": 3})
    await attributes.add(acme, "Seats", "number", "", alice.user)
    await attributes.add(acme, "City", "text", "", alice.user)
    text = table(["Email", "Name", "Company", "Seats", "City"], ["sofia@wren.example", "Somebody", "Wren", "9", "Rome"])
    made = await uploaded(alice, text)
    await made.check(known="fill")
    await made.run()
    now = await as_it_is(lead)
    assert (now["name"], now["company"], now["attributes"]) == ("Sofia", "Wren", {"seats": 3, "city": "Rome"})


async def test_known_leads_can_be_left_alone(fair):
    assert await fair.check(known="skip") == {"created": 3, "updated": 0, "skipped": 3, "failed": 3}


async def test_deleted_leads_come_back_and_merged_addresses_lead_to_the_other_lead(alice, acme):
    gone = await a_lead(acme, "Gone", email="gone@wren.example", deleted_at=clock.now())
    winner = await a_lead(acme, "Winner", email="winner@wren.example")
    await a_lead(acme, "Loser", email="loser@wren.example", deleted_at=clock.now(), merged_into=winner.id)
    before = await hashes()
    text = table(
        ["Email", "Phone"], ["gone@wren.example", "030 1234567"], ["loser@wren.example", "030 7654321"],
        ["winner@wren.example", "030 0000000"],
    )  # fmt: skip
    made = await uploaded(alice, text)
    assert await made.check() == totals({"updated": 2, "skipped": 1})
    assert (await made.lines())[0][2].endswith("comes back. Adds phone")
    assert (await made.lines())[2] == (4, "skipped", "Same as line 3")
    assert await made.run() == totals({"updated": 2, "skipped": 1})
    assert (await as_it_is(gone))["deleted_at"] is None and (await as_it_is(winner))["phone"] == "030 7654321"
    await made.undo()
    assert await hashes() == before


async def test_without_an_address_people_are_known_by_phone_and_name_or_name_and_company(alice, acme):
    await a_lead(acme, "Ana Ruiz", email="", phone="+34 600 111 222", phone_normalized="34600111222")
    await a_lead(acme, "Jo Park", email="", company="Hanok")
    for _ in range(2):
        await a_lead(acme, "Twin", email="", company="Gemini")
    text = table(
        ["Name", "Company", "Phone"], ["ANA RUIZ", "Ruiz SL", "0034 600 111222"], ["Someone else", "", "+34 600 111 222"],
        ["Jo Park", "Hanok", "070 1234567"], ["Jo Park", "Hanok", ""], ["Twin", "Gemini", ""], ["Ana Ruiz", "", "+34600111222"],
    )  # fmt: skip
    made = await uploaded(alice, text)
    assert await made.check() == {"created": 2, "updated": 1, "skipped": 2, "failed": 1}
    assert [outcome for _, outcome, _ in await made.lines()] == [
        "updated", "created", "created", "skipped", "failed", "skipped",
    ]  # fmt: skip
    assert (await made.lines())[4][2] == "Several leads have this name and company. Add the address to say who is meant"
    assert await made.run() == {"created": 2, "updated": 1, "skipped": 2, "failed": 1}
    again = await uploaded(alice, text)
    assert (await again.check())["created"] == 0


async def test_whoever_resembles_a_lead_is_named(alice, acme):
    await a_lead(
        acme, "Sofia Marchetti", phone="+44 20 7946 0177", phone_normalized="442079460177", company="Wren & Co"
    )
    text = table(
        ["Email", "Name", "Company", "Phone"], ["s@mail.example", "S. Marchetti", "", "0044 2079460177"],
        ["sofia@other.example", "Sofia Marchetti", "Wren & Co", ""],
    )  # fmt: skip
    made = await uploaded(alice, text)
    await made.check()
    assert [why for _, _, why in await made.lines()] == [
        "New lead, no owner, same phone as Sofia Marchetti", "New lead, no owner, same name and company as a lead",
    ]  # fmt: skip
    assert "2 resemble a lead" in (await alice.get(f"{made.address}/check")).text


async def test_what_changed_between_check_and_import_is_seen_again(fair, acme):
    await fair.check()
    await a_lead(acme, "Jo P.", email="jo@hanok.example")
    await Lead.update({Lead.phone: "1", Lead.phone_normalized: "1"}).where(Lead.name == "Hannah Kowalski")
    assert await fair.run() == {"created": 2, "updated": 2, "skipped": 2, "failed": 3}
    jo = await row("SELECT name, company FROM lead WHERE email_normalized = 'jo@hanok.example'")
    assert (jo["name"], jo["company"]) == ("Jo P.", "Hanok")
    assert (await row("SELECT phone FROM lead WHERE name = 'Hannah Kowalski'"))["phone"] == "1"


async def test_undo_keeps_whom_somebody_has_worked_with_since(fair, acme, alice):
    await fair.check(tag="fair 2026")
    await fair.run()
    ids = {each["name"]: each["id"] for each in await rows("SELECT id, name FROM lead")}
    await Order.update({Order.lead: ids["Jo Park"]}).where(Order.id == (await an_order(acme)).id)
    await alice.post(f"/acme/leads/{ids['Luis Prado']}/notes", data={"text": "Call him", "once": "x" * 20})
    await Lead.update({Lead.phone: "5", Lead.phone_normalized: "5"}).where(Lead.id == ids["Hannah Kowalski"])
    assert await fair.undo() == {"restored": 1, "kept": 3}
    names = {each["name"] for each in await rows("SELECT name FROM lead")}
    assert "Amelia Brandt" not in names and {"Jo Park", "Luis Prado", "Hannah Kowalski"} <= names
    assert {each["name"] for each in await rows("SELECT name FROM tag")} == {"dinner", "fair 2026"}
    page = (await alice.get(f"/acme/leads/batches/{fair.file.batch}?show=kept")).text
    assert page.count("Changed by somebody since") == 3


async def test_a_note_somebody_has_changed_keeps_its_lead(fair, alice):
    await fair.check()
    await fair.run()
    amelia = (await row("SELECT id FROM lead WHERE name = 'Amelia Brandt'"))["id"]
    await rows("UPDATE note SET text = 'Met twice', updated_at = now() WHERE subject_id = {}", amelia)
    assert (await fair.undo())["kept"] == 1
    assert (await row("SELECT text FROM note WHERE subject_id = {}", amelia))["text"] == "Met twice"


async def test_mapping_and_choices_are_remembered_for_the_same_titles(alice, acme):
    text = table(["Who", "Where to"], ["Jo Park", "jo@hanok.example"])
    first = await uploaded(alice, text)
    assert first.file.mapping == ["", ""]
    await first.check(["name", "email"], source="Fair", known="overwrite")
    second = await uploaded(alice, table(["WHO", "where  to"], ["Ana", "ana@hanok.example"]))
    assert second.file.mapping == ["name", "email"]
    page = (await alice.get(f"{second.address}/columns")).text
    assert "as they were for the last file with these titles" in page and 'value="Fair"' in page
    other = await uploaded(alice, table(["Who", "Whence"], ["Ana", "ana@hanok.example"]))
    assert other.file.mapping == ["", ""]


async def test_an_answer_that_cannot_be_used_comes_back_with_what_was_chosen(alice, acme):
    made = await uploaded(alice, table(["A", "B"], ["x", "y"]))
    twice = await alice.post(f"{made.address}/columns", data={"column-0": "name", "column-1": "name", "known": "fill"})
    assert twice.status_code == 422 and "Name is taken by another column." in twice.text
    assert twice.text.count('value="name" selected') == 2
    nobody = await alice.post(f"{made.address}/columns", data={"column-0": "tags", "column-1": "", "known": "fill"})
    assert nobody.status_code == 422 and "Say which column tells who it is" in nobody.text
    long = await alice.post(
        f"{made.address}/columns", data={"column-0": "name", "column-1": "", "known": "fill", "tag": "t" * 41}
    )
    assert long.status_code == 422 and "at most 40 characters" in long.text


async def test_errors_go_out_as_a_file_that_can_be_mended_and_imported(fair):
    await fair.check()
    text = (await fair.browser.get(f"/acme/leads/batches/{fair.file.checking}/errors.csv")).text
    assert (
        text.startswith("\ufeffLine,Why,E-mail,First name")
        and "5,Address needs an @ and a domain,not-an-address" in text
    )
    mended = text.replace("not-an-address", "nobody@wren.example")
    again = await uploaded(fair.browser, mended)
    assert (await again.check())["created"] == 1


async def test_what_we_exported_comes_back_as_it_was(alice, ana, acme):
    await attributes.add(acme, "Seats", "number", "", alice.user)
    tag = await a_tag(acme, "fair")
    lead = await a_lead(
        acme, "=HYPERLINK(1)", email="+formula@wren.example", company="@Wren, \"& Söhne\"", phone="+44 20 7946 0177",
        phone_normalized="442079460177", tags=[tag], value=128400, currency="EUR", owner=ana.user.id, source="-Form",
        stage="qualified", attributes={"seats": 12},
    )  # fmt: skip
    before = await as_it_is(lead)
    text = (await alice.get("/acme/leads.csv")).content
    made = await uploaded(alice, text, "export.csv")
    assert await made.check(known="overwrite") == totals({"skipped": 1}), await made.lines()
    await Lead.delete(force=True)
    await made.check(known="overwrite")
    assert await made.run() == totals({"created": 1})
    now = await row("SELECT * FROM lead")
    same = ("name", "email", "company", "phone", "tags", "value", "currency", "owner", "source", "stage", "attributes")
    assert {name: now[name] for name in same} == {name: before[name] for name in same}


async def test_a_new_check_replaces_the_one_before(fair):
    await fair.check()
    first = fair.file.checking
    assert (await fair.check(known="skip"))["updated"] == 0
    assert fair.file.checking != first
    await fair.run()
    assert (await fair.browser.post(f"{fair.address}/columns", data={"column-0": "email"})).status_code == 409
    assert (await fair.browser.get(fair.address)).headers["location"] == f"/acme/leads/batches/{fair.file.batch}"


async def test_launching_twice_imports_once(fair):
    await fair.check()
    await fair.run()
    count = await Lead.count()
    again = await fair.browser.post(f"{fair.address}/launch", headers={"HX-Request": "true"})
    assert again.headers["HX-Redirect"] == f"/acme/leads/batches/{fair.file.batch}"
    await work()
    assert await Lead.count() == count


async def test_the_check_can_be_stopped(fair, monkeypatch):
    meant = {f"column-{n}": target for n, target in enumerate(fair.file.mapping)}
    await fair.browser.post(f"{fair.address}/columns", data=meant | {"known": "fill"})
    file = await Import.objects().get(Import.id == fair.file.id)
    assert said(await fair.browser.post(f"/acme/leads/batches/{file.checking}/cancellation")).startswith("Stopped")
    await work()
    page = (await fair.browser.get(f"{fair.address}/check")).text
    assert "The check stopped. Stopped by Alice Arden." in page and "will be written" not in page
    assert (await fair.browser.post(f"{fair.address}/launch")).status_code == 409


async def test_small_transactions_give_the_same_as_large_ones(alice, acme, monkeypatch):
    """Duplicates, known leads and new tags are found across the borders of transactions."""
    monkeypatch.setattr(checking, "CHUNK", 7)
    monkeypatch.setattr("dashboard.leads.importing.carrying.CHUNK", 5)
    monkeypatch.setattr("dashboard.leads.undoing.CHUNK", 3)
    await attributes.add(acme, "Seats", "number", "", alice.user)
    await known_leads(acme, 300)
    before = await hashes()
    data, counts = big_file(300, bad=24)
    made = await uploaded(alice, data)
    assert made.file.mapping == ["email", "name", "company", "phone", "tags", "value", "attribute:seats", "note"]
    checked = await made.check()
    assert checked == {
        "created": counts["new"], "updated": counts["known"], "skipped": counts["duplicates"], "failed": counts["bad"],
    }, await made.lines()  # fmt: skip
    assert await made.run() == checked
    assert await made.lines() == await made.lines(made.file.batch)
    assert {tag["name"] for tag in await rows("SELECT name FROM tag")} == {"fair", "dinner"}
    assert await made.undo() == {"restored": counts["new"] + counts["known"], "kept": 0}
    assert await hashes() == before


async def test_more_tags_than_there_may_be_fail_their_lines(alice, acme, monkeypatch):
    monkeypatch.setattr("dashboard.leads.tags.MOST", 3)
    await a_tag(acme, "one")
    text = table(["Name", "Tags"], ["A", "two"], ["B", "three, ONE"], ["C", "four"], ["D", "two"])
    made = await uploaded(alice, text)
    checked = await made.check()
    assert [outcome for _, outcome, _ in await made.lines()] == ["created", "created", "failed", "created"]
    assert await made.run() == checked


async def test_another_organizations_imports_do_not_exist(fair, bob, acme, borealis):
    await fair.check()
    before = await hashes()
    for path in ("", "/columns", "/check"):
        address = fair.address.replace("/acme/", "/borealis/") + path
        assert (await bob.get(address)).status_code == 404 == (await bob.get(fair.address + path)).status_code
    for path in ("columns", "reading", "launch"):
        assert (
            await bob.post(f"/borealis/leads/import/{fair.file.id}/{path}", data={"known": "fill"})
        ).status_code == 404
    mine = await uploaded(fair.browser, table(["Name"], ["A"]))
    for facts in ({"owner": bob.user.id}, {"stage": "theirs"}):
        answer = await fair.browser.post(f"{mine.address}/columns", data={"column-0": "name", "known": "fill"} | facts)
        assert answer.status_code == 404
    assert await hashes() == before


async def test_viewers_import_nothing(vera, fair):
    assert (await vera.get("/acme/leads/import")).status_code == 403
    assert (await upload(vera, FAIR)).status_code == 403


async def test_files_and_lines_go_when_nobody_needs_them(fair, alice):
    await fair.check()
    place = storage.path_of(fair.file.path)
    left = await uploaded(alice, FAIR)
    await jobs.forget_batches(clock.now())
    assert place.exists() and await BatchLine.count() == 9
    await fair.run()
    await rows("UPDATE lead_import SET created_at = created_at - interval '25 hours' WHERE id = {}", left.file.id)
    assert await jobs.forget_batches(clock.now()) == {"files": 2, "lines": 9}
    assert not place.exists() and not storage.path_of(left.file.path).exists()
    assert (await row("SELECT count(*) AS files FROM file"))["files"] == 0
    assert (await alice.get(f"{left.address}/columns")).status_code == 409
    assert await fair.undo() == {"restored": 4, "kept": 0}  # the check's lines are not needed for it
    await rows("UPDATE lead_batch SET finished_at = finished_at - interval '31 days'")
    assert (await jobs.forget_batches(clock.now()))["lines"] == 9
    assert await BatchLine.count() == 0
    assert "Import of fair-munich-2026.csv" in (await alice.get("/acme/leads/batches")).text


async def test_the_titles_are_what_errors_and_columns_show(alice, acme):
    made = await uploaded(alice, table(HEADER, ["a@b.example"] + [""] * 7))
    assert made.file.columns == HEADER
