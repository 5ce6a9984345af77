"""Forgetting a person: gone everywhere, and nobody else harmed."""

import json

import pytest

from dashboard import clock
from dashboard.database import row, rows
from dashboard.deliveries import suppressed
from dashboard.erasure import actions, belongings, events, traces
from dashboard.files import storage
from dashboard.leads import actions as leads
from dashboard.leads import references, words
from dashboard.leads.tables import Erasure, Lead
from dashboard.piccolo_app import APP_CONFIG
from tests.erasure.person import EMAIL, NAME, PHONE, TRACES, fill
from tests.leads.cast import a_lead
from tests.orders.cast import an_order


async def found(organization: int | None = None) -> list[str]:
    """Every row of every table in which a trace stands; bytes are read as text."""
    hits = []
    for table in APP_CONFIG.table_classes:
        name = table._meta.tablename
        columns = [column._meta.name for column in table._meta.columns]
        texts = " || ' ' || ".join(
            f"coalesce(encode(t.\"{column}\"::bytea, 'escape'), '')" if type(table._meta.get_column_by_name(column)).__name__ == "Bytea"
            else f"coalesce(t.\"{column}\"::text, '')"
            for column in columns
        )  # fmt: skip
        mine = f"WHERE t.organization = {organization}" if organization and "organization" in columns else ""
        if organization and not mine:
            continue
        for each in await rows(
            f'SELECT t.*, lower({texts}) AS everything FROM "{name}" t {mine} ORDER BY everything'.replace("{}", "{{}}")
        ):
            hits += [f"{name} {each.get('id')}: {trace}" for trace in TRACES if trace in each["everything"]]
    return hits


@pytest.fixture
async def person(acme, alice):
    return await fill(acme, alice.user)


async def erased(alice, acme, lead) -> None:
    answer = await alice.post(f"/acme/leads/{lead.id}/erasure", data={"sure": "erase"})
    assert answer.status_code == 200, answer.text
    await rows("UPDATE delivery SET state = 'sent', why = {} WHERE state = 'sending'", f"sent to {EMAIL}")
    assert (await actions.finish(clock.now()))["finished"] == 1
    await words.tidy()


def test_every_reference_to_a_lead_is_covered_by_a_rule():
    assert {each.table for each in references.keys() + references.following()} - {"erasure"} <= {
        rule.table for rule in belongings.RULES
    }


def test_a_table_has_one_rule():
    tables = [rule.table for rule in belongings.RULES]
    assert len(tables) == len(set(tables))


async def test_nothing_of_the_person_is_left_in_any_table(alice, acme, person):
    before = await found()
    tables = {hit.split()[0] for hit in before}
    assert tables >= {
        "lead", "orders", "intake", "file", "delivery", "delivery_attempt", "note", "activity", "consent", "capture",
        "inbound_event", "suppression", "saved_view", "lead_batch", "lead_batch_line", "lead_import", "payment", "run",
        "deliverable", "lead_merge", "lead_word", "campaign", "campaign_send",
    }, tables  # fmt: skip
    await erased(alice, acme, person)
    assert await found() == []


async def test_what_stays_for_the_books_adds_up_as_before(alice, acme, person):
    def books():
        return rows("SELECT id, kind, amount, currency, key, lead, occurred_at FROM payment ORDER BY id")

    def orders():
        return rows(
            "SELECT id, number, amount, currency, status, payment_status, lead, placed_at FROM orders ORDER BY id"
        )

    before = [await books(), await orders()]
    await erased(alice, acme, person)
    assert [await books(), await orders()] == before
    assert (await row("SELECT customer_name AS name FROM orders"))["name"] == "Erased person"
    page = await alice.get("/acme/orders/1")
    assert page.status_code == 200 and "Erased person" in page.text
    assert (await alice.get(f"/acme/leads/{person.id}")).status_code == 404


async def test_nobody_else_is_harmed(alice, acme, borealis, person):
    await fill(borealis, alice.user)
    theirs = await found(borealis.id)
    order = await an_order(acme)
    namesake = await a_lead(acme, "Tom Hall", company="Quillford Tiles", phone=PHONE, phone_normalized="442079460533")
    mine = [await row("SELECT to_jsonb(l) AS l FROM lead l WHERE id = ANY({})", [order.lead, namesake.id])]
    await erased(alice, acme, person)
    assert await found(borealis.id) == theirs and len(theirs) > 40
    assert mine == [await row("SELECT to_jsonb(l) AS l FROM lead l WHERE id = ANY({})", [order.lead, namesake.id])]
    note = await row(
        "SELECT n.text FROM note n JOIN lead l ON l.id = n.subject_id WHERE l.email = 'tom@hall.example' AND n.organization = {}",
        acme.id,
    )
    assert note["text"] == f"Sent to us by [erased], [erased] or {PHONE}"  # the telephone is also somebody else's


async def test_running_deliveries_are_cancelled_and_the_refund_still_runs(alice, acme, person):
    await erased(alice, acme, person)
    states = await rows("SELECT kind, state, why FROM delivery WHERE key LIKE 'odd:1:%' ORDER BY id")
    assert {(each["kind"], each["state"]) for each in states} == {
        ("telegram", "cancelled"), ("mail", "cancelled"), ("refund", "queued"),
    }  # fmt: skip
    payload = (await row("SELECT payload FROM delivery WHERE kind = 'refund'"))["payload"]
    assert payload["amount"] == 100 and payload["reason"] == ""
    cancelled = await row("SELECT id FROM delivery WHERE key = 'odd:1:1'")
    assert (await alice.post(f"/acme/outbox/{cancelled['id']}/cancellation/reversal")).status_code in (404, 405, 409)


async def test_files_of_theirs_are_gone_from_the_disk_and_lists_that_name_them(alice, acme, person):
    keys = [each["storage_key"] for each in await rows("SELECT storage_key FROM file")]
    assert len(keys) == 4
    await erased(alice, acme, person)
    assert [key for key in keys if await storage.exists(key)] == []
    assert await rows("SELECT 1 FROM file") == []
    assert (await row("SELECT path FROM lead_import"))["path"] == ""


async def test_who_was_suppressed_stays_suppressed_under_a_hash(alice, acme, person):
    await erased(alice, acme, person)
    stored = await row("SELECT email_normalized, detail FROM suppression")
    assert stored["email_normalized"].startswith("erased:") and stored["detail"] == ""
    assert list(await suppressed.barred(acme, [EMAIL, "tom@hall.example"])) == [EMAIL]
    back = await leads.find_or_create(acme, EMAIL, NAME)
    assert back.id != person.id


async def test_an_event_keeps_what_the_books_need(alice, acme, person):
    await erased(alice, acme, person)
    body = json.loads((await row("SELECT body FROM inbound_event WHERE kind = 'checkout.session.completed'"))["body"])
    session = body["data"]["object"]
    assert session["id"].startswith("cs_test_odd1") and session["amount_total"] == 4900 and session["currency"] == "eur"
    assert session["customer_details"] == {"email": None, "name": None, "phone": None} and body["type"]


async def test_news_of_a_forgotten_person_are_reduced_every_night(alice, acme, person):
    await erased(alice, acme, person)
    for id, speaks in (("evt_late", "pi_odd1x1"), ("evt_other", "pi_somebody")):
        body = json.dumps({"id": id, "data": {"object": {"payment_intent": speaks, "receipt_email": EMAIL}}}).encode()
        from dashboard.webhooks import ledger

        await ledger.record(acme.id, "stripe", id, "charge.updated", body, clock.now())
    assert await actions.forget_news(clock.now(), person.created_at) >= 1
    late, other = await rows("SELECT body FROM inbound_event WHERE external_id LIKE 'evt_%' ORDER BY id")
    assert EMAIL.encode() not in late["body"] and EMAIL.encode() in other["body"]


async def test_who_comes_back_before_the_last_traces_are_gone_is_somebody_new(alice, acme, person):
    await alice.post(f"/acme/leads/{person.id}/erasure", data={"sure": "erase"})
    await rows("UPDATE delivery SET state = 'sent' WHERE state = 'sending'")
    order = await an_order(acme, customer_email=EMAIL, customer_name=NAME)
    assert order.lead != person.id
    assert (await actions.finish(clock.now()))["finished"] == 1
    assert (await Lead.get_of(acme, order.lead)).email == EMAIL
    assert (await row("SELECT customer_email AS email FROM orders WHERE id = {}", order.id))["email"] == EMAIL


async def test_what_is_being_sent_or_handled_is_looked_at_again(alice, acme, person):
    await alice.post(f"/acme/leads/{person.id}/erasure", data={"sure": "erase"})
    assert await actions.finish(clock.now()) == {"finished": 0, "waiting": 1}
    await rows("UPDATE delivery SET state = 'queued', why = {} WHERE state = 'sending'", f"try {EMAIL} again")
    await rows("UPDATE inbound_event SET state = 'processing' WHERE kind = 'charge.refunded'")
    assert await actions.finish(clock.now()) == {"finished": 0, "waiting": 1}
    await rows("UPDATE inbound_event SET state = 'handled' WHERE state = 'processing'")
    await actions.finish(clock.now())
    await words.tidy()
    assert await found() == []
    assert (await row("SELECT state FROM delivery WHERE name = 'intake_request'"))["state"] == "cancelled"


async def test_erasing_twice_changes_nothing_more(alice, acme, person):
    await erased(alice, acme, person)
    assert await actions.erase(acme, [person.id], "asked", clock.now()) == {}
    assert (await alice.post(f"/acme/leads/{person.id}/erasure", data={"sure": "erase"})).status_code == 404
    assert await Erasure.count() == 2  # one for each lead that was the person


async def test_a_merge_with_a_forgotten_person_cannot_be_undone(alice, acme, person):
    merge = await row("SELECT id FROM lead_merge")
    await erased(alice, acme, person)
    assert (await alice.post(f"/acme/leads/merges/{merge['id']}/reversal")).status_code == 409
    assert await found() == []


async def test_verify_keeps_its_promises_about_the_rest(alice, acme, person):
    from dashboard.commands.verify import violations

    before = [line for line in await violations() if not line.startswith("I13")]
    await erased(alice, acme, person)
    assert [line for line in await violations() if not line.startswith("I13")] == before


@pytest.mark.parametrize(
    ("sure", "late", "problem"),
    [("", False, "Write “erase”"), ("erase", True, "Give your password"), ("nonsense", True, "Write “erase”")],
)
async def test_it_needs_a_typed_word_and_a_fresh_password(alice, acme, sure, late, problem):
    lead = await a_lead(acme)
    if late:
        await rows("UPDATE app_session SET confirmed_at = now() - interval '16 minutes'")
    answer = await alice.post(f"/acme/leads/{lead.id}/erasure", data={"sure": sure})
    assert answer.status_code == 422 and problem in answer.text
    assert (await Lead.get_of(acme, lead.id)).erased_at is None


async def test_agents_and_strangers_cannot(ana, vera, bob, acme, borealis):
    lead, own = await a_lead(acme), await a_lead(borealis)
    for client, slug, id, status in (
        (ana, "acme", lead.id, 403),
        (vera, "acme", lead.id, 403),
        (bob, "borealis", lead.id, 404),
    ):
        assert (await client.post(f"/{slug}/leads/{id}/erasure", data={"sure": "erase"})).status_code == status
    assert (await Lead.get_of(acme, lead.id)).erased_at is None and own.id


async def test_the_page_says_what_goes_and_what_stays(alice, ana, acme, person):
    page = (await alice.get(f"/acme/leads/{person.id}/privacy")).text
    for text in (
        "3 files",
        "1 consent",
        "1 order",
        "merged into it",
        "still being worked on",
        "Unsubscribed on",
        f"I, {NAME}, agree",
    ):
        assert text in page, text
    assert "Forget Odalys" not in (await ana.get(f"/acme/leads/{person.id}/privacy")).text


@pytest.mark.parametrize(
    ("word", "text"),
    [("a.b+c@x.example", "A.B+C@X.EXAMPLE"), ("Zoë Müller", '{"n": "Zoë Müller"}'), ("Zoë Müller", "q=Zo%C3%AB+M%C3%BCller"),
     ("Zoë Müller", '{"n": "Zo\\u00eb M\\u00fcller"}'), ("+44 (20) 7946", "tel +44 (20) 7946.")],
)  # fmt: skip
async def test_words_are_found_however_they_are_written(database, word, text):
    hit = await row("SELECT {} ~* {} AS hit", text, traces.pattern([word]))
    assert hit["hit"]
    miss = await row(
        "SELECT {} ~* {} AS hit",
        text.replace(".", "x").replace("ü", "u").replace("C3%BC", "75").replace("u00fc", "u00fd").replace("(20)", "20"),
        traces.pattern([word]),
    )
    assert not miss["hit"]


def test_reducing_keeps_references_and_drops_texts():
    body = {
        "id": "evt_1",
        "type": "x.y",
        "data": {
            "object": {"id": "cs_1", "email": "a@b.example", "amount": 5, "metadata": {"k": "v"}, "status": "jane roe"}
        },
    }
    assert json.loads(events.reduced(json.dumps(body).encode(), ["zzz"])) == {
        "id": "evt_1", "type": "x.y", "data": {"object": {"id": "cs_1", "email": None, "amount": 5, "metadata": {}, "status": None}},
    }  # fmt: skip
    assert events.reduced(b"\xff not json", []) == b"{}"
