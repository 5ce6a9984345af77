"""One lead's page: everything about a person, in few queries, newest first."""

from datetime import UTC, datetime, timedelta

from dashboard import clock
from dashboard.activity import actions as activity
from dashboard.activity.tables import Activity, Note
from dashboard.database import rows
from dashboard.leads.tables import Consent, Lead
from tests.leads.cast import a_lead, a_tag, as_it_is, said, undo_of, verbs_of
from tests.orders.cast import an_order, waiting_for_intake


async def test_the_page_shows_what_belongs_to_the_person(alice, acme):
    tag = await a_tag(acme, "interiors", 2)
    lead = await a_lead(
        acme, company="Wren & Co Interiors", value=1850000, currency="GBP", tags=[tag], score=91,
        score_reasons=[[30, "Finished the calculator"], [61, "Asked for a price"]], owner=alice.user.id,
        expected_close=datetime(2026, 12, 18, tzinfo=UTC).date(), source_data={"utm_source": "autumn"},
    )  # fmt: skip
    await Consent(organization=acme.id, lead=lead.id, text="Yes", source="Form", given_at=clock.now()).save()
    await activity.write_note(acme, "lead", lead.id, "Phase 2 showroom <b>soon</b>", alice.user)
    order = await an_order(acme, customer_email=lead.email)
    page = (await alice.get(f"/acme/leads/{lead.id}")).text
    for text in (
        "Sofia Marchetti", "Qualified" if lead.stage == "qualified" else "New", "£18,500<", "Expected 18 Dec 2026",
        "Wren &amp; Co Interiors", "interiors", "Why 91", "+30", "Finished the calculator", "Alice Arden wrote a note",
        "Phase 2 showroom &lt;b&gt;soon&lt;/b&gt;", f"Order {order.number}", "€129.00 EUR in 1 order", "Lead created",
        "autumn", "Form, ",
    ):  # fmt: skip
        assert text in page, text


async def test_the_page_costs_few_queries_however_much_there_is(alice, acme, queries):
    lead = await a_lead(acme)
    for _ in range(4):
        await an_order(acme, customer_email=lead.email)
        await activity.write_note(acme, "lead", lead.id, "note", alice.user)
    with queries() as seen:
        assert (await alice.get(f"/acme/leads/{lead.id}")).status_code == 200
    assert len(seen) <= 9, seen


async def test_the_timeline_goes_across_orders_mails_and_notes_and_can_show_one_kind(alice, acme):
    order = await waiting_for_intake(acme)
    path = f"/acme/leads/{order.lead}"
    await activity.write_note(acme, "order", order.id, "Said on the order", alice.user)
    await activity.write_note(acme, "lead", order.lead, "Said on the lead", alice.user)
    everything = (await alice.part(path)).text
    mails, notes = [(await alice.part(f"{path}?timeline={kind}")).text for kind in ("mails", "notes")]
    assert "Mail: " in everything and "Said on the order" in everything and "Intake form sent" in everything
    assert "Mail: " in mails and "Said on" not in mails and "Intake form sent" not in mails
    assert "Said on the order" in notes and "Said on the lead" in notes and "Mail: " not in notes
    assert (await alice.get(f"{path}?timeline=evil")).status_code == 200


async def test_show_more_walks_the_whole_timeline_once_even_where_moments_are_the_same(alice, acme):
    lead = await a_lead(acme)
    await rows("UPDATE lead SET created_at = now() - interval '9 days' WHERE id = {}", lead.id)
    moment = clock.now() - timedelta(days=1)
    for n in range(50):
        at = moment - timedelta(minutes=n // 8)
        facts = {"organization": acme.id, "subject_kind": "lead", "subject_id": lead.id, "created_at": at}
        await Activity(verb="said", actor="system", title=f"Line {n:02}.", **facts).save()
        await Note(text=f"Note {n:02}.", author=alice.user.id, **facts).save()
    import re

    seen, path = [], f"/acme/leads/{lead.id}"
    text = (await alice.part(path)).text
    while True:
        seen += re.findall(r"(?:Line|Note) \d\d\.", text)
        more = re.search(r'hx-get="([^"]*/timeline[^"]*)"', text)
        if not more:
            break
        await activity.record(acme, "lead", lead.id, "said", "Meanwhile", actor="system")
        text = (await alice.part(more[1].replace("&amp;", "&"))).text
    assert len(seen) == len(set(seen)) == 100
    assert "Lead created" in text
    until = re.search(r'id="until" name="until" value="([^"]*)"', text)[1]
    unrolled = (await alice.part(f"{path}?until={until}")).text
    assert set(re.findall(r"(?:Line|Note) \d\d\.", unrolled)) == set(seen)


async def test_a_cursor_that_is_none_of_ours_shows_the_beginning(alice, acme):
    lead = await a_lead(acme)
    for cursor in ("x", "%00", "W10", "eyJhIjoxfQ", "WyIyMDI2LTExLTIxIiwwLDBd", "WzFlOTk5LDEsMV0"):
        for where in (f"/timeline?after={cursor}", f"?until={cursor}"):
            assert (await alice.part(f"/acme/leads/{lead.id}{where}")).status_code == 200, cursor


async def test_a_stage_is_changed_recorded_and_taken_back(ana, acme):
    lead = await a_lead(acme)
    path = f"/acme/leads/{lead.id}/stage"
    answer = await ana.post(path, data={"stage": "qualified"})
    assert answer.status_code == 200 and said(answer) == "Sofia Marchetti moved to Qualified."
    assert "moved the lead to Qualified" in answer.text and (await as_it_is(lead))["scored_at"] is None
    again = await ana.post(path, data={"stage": "qualified"})
    assert "undo" not in again.headers["hx-trigger"] and await verbs_of(lead) == ["moved"]
    for _ in range(2):
        assert (await ana.post(undo_of(answer))).status_code == 200
    assert (await as_it_is(lead))["stage"] == "new" and await verbs_of(lead) == ["moved", "undone"]


async def test_undo_leaves_alone_what_has_changed_since(ana, acme):
    lead = await a_lead(acme)
    first = await ana.post(f"/acme/leads/{lead.id}/stage", data={"stage": "qualified"})
    await ana.post(f"/acme/leads/{lead.id}/stage", data={"stage": "quoted"})
    answer = await ana.post(undo_of(first))
    assert "changed since" in said(answer) and (await as_it_is(lead))["stage"] == "quoted"


async def test_won_needs_an_amount_and_a_day_that_has_come(ana, acme):
    lead = await a_lead(acme, value=1850000, currency="GBP")
    form = await ana.get(f"/acme/leads/{lead.id}/sale")
    assert "18500.00" in form.text and "open-dialog" in form.headers["hx-trigger"]
    bad = await ana.post(f"/acme/leads/{lead.id}/sale", data={"amount": "much", "currency": "GBP", "day": "2999-01-01"})
    assert bad.status_code == 422 and "Write an amount" in bad.text and 'value="much"' in bad.text
    assert (await as_it_is(lead))["won_at"] is None
    data = {"amount": "17,900", "currency": "gbp", "day": ""}
    won = await ana.post(f"/acme/leads/{lead.id}/sale", data=data)
    row = await as_it_is(lead)
    assert (row["stage"], row["won_amount"], row["won_currency"]) == ("won", 1790000, "GBP") and row["won_at"]
    await ana.post(f"/acme/leads/{lead.id}/sale", data=data)
    assert await verbs_of(lead) == ["won"]
    await ana.post(undo_of(won))
    row = await as_it_is(lead)
    assert (row["stage"], row["won_at"], row["won_amount"], row["stage_at"]) == ("new", None, 0, None)


async def test_lost_asks_for_a_reason_and_opening_again_forgets_it(ana, acme):
    lead = await a_lead(acme)
    path = f"/acme/leads/{lead.id}"
    assert (await ana.post(f"{path}/loss", data={"reason": " "})).status_code == 422
    assert (await ana.post(f"{path}/loss", data={"reason": "Too expensive"})).status_code == 200
    assert "Lost" in (await ana.get(path)).text and (await as_it_is(lead))["lost_reason"] == "Too expensive"
    assert (await ana.post(f"{path}/stage", data={"stage": "qualified"})).status_code == 200
    row = await as_it_is(lead)
    assert (row["stage"], row["lost_at"], row["lost_reason"]) == ("qualified", None, "")


async def test_a_closing_stage_cannot_be_reached_without_its_form(ana, acme):
    lead = await a_lead(acme)
    assert (await ana.post(f"/acme/leads/{lead.id}/stage", data={"stage": "won"})).status_code == 409
    assert (await ana.post(f"/acme/leads/{lead.id}/stage", data={"stage": "evil"})).status_code == 422
    assert (await as_it_is(lead))["stage"] == "new" and await verbs_of(lead) == []


async def test_the_deal_is_typed_checked_and_kept(ana, alice, acme):
    lead = await a_lead(acme)
    path = f"/acme/leads/{lead.id}/deal"
    data = {"value": "1.250,50", "currency": "eur", "expected_close": "2026-12-18", "owner": str(alice.user.id)}
    answer = await ana.post(path, data=data)
    row = await as_it_is(lead)
    assert (row["value"], row["currency"], row["owner"]) == (125050, "EUR", alice.user.id)
    assert row["expected_close"].isoformat() == "2026-12-18"
    for wrong in ({"value": "many"}, {"expected_close": "soon"}, {"owner": "999"}, {"value": "1", "currency": "QQ"}):
        assert (await ana.post(path, data=data | wrong)).status_code == 422, wrong
    assert await as_it_is(lead) == row
    await ana.post(undo_of(answer))
    row = await as_it_is(lead)
    assert (row["value"], row["currency"], row["expected_close"], row["owner"]) == (0, "", None, None)


async def test_who_it_is_changes_but_never_to_an_address_of_somebody_else(ana, acme, borealis):
    lead, other = await a_lead(acme), await a_lead(acme, "Aiko Tanaka", email="aiko@kumo.example")
    await a_lead(borealis, email="free@kumo.example")
    path = f"/acme/leads/{lead.id}/person"
    taken = await ana.post(path, data={"name": "Sofia", "email": "AIKO@kumo.example"})
    assert taken.status_code == 422 and "Aiko Tanaka has this address already." in taken.text
    assert (await ana.post(path, data={"name": "", "email": ""})).status_code == 422
    answer = await ana.post(path, data={"name": "Sofia M.", "email": "Free@Kumo.example", "phone": "0047 22 33"})
    row = await as_it_is(lead)
    assert (row["email_normalized"], row["phone_normalized"], row["source"]) == ("free@kumo.example", "472233", "")
    await ana.post(undo_of(answer))
    assert (await as_it_is(lead))["email"] == lead.email and other.id != lead.id


async def test_two_clicks_note_one_contact(ana, acme):
    lead = await a_lead(acme)
    path, data = (
        f"/acme/leads/{lead.id}/contacts",
        {"how": "call", "day": "", "said": "Budget is fine", "once": "x" * 20},
    )
    first = await ana.post(path, data=data)
    await ana.post(path, data=data)
    row = await as_it_is(lead)
    assert row["contacts"] == 1 and row["last_contact_at"] and await verbs_of(lead) == ["contacted"]
    await ana.post(undo_of(first))
    assert (await as_it_is(lead))["contacts"] == 0
    await ana.post(path, data=data | {"day": "2026-11-01", "once": "y" * 20})
    await ana.post(path, data=data | {"day": "2026-10-01", "once": "z" * 20})
    row = await as_it_is(lead)
    assert row["contacts"] == 2 and row["last_contact_at"].date().isoformat() == "2026-11-01"


async def test_nobodys_lead_is_taken_but_not_from_a_colleague(ana, alice, acme):
    lead = await a_lead(acme)
    assert (await ana.post(f"/acme/leads/{lead.id}/ownership")).status_code == 200
    assert (await ana.post(f"/acme/leads/{lead.id}/ownership")).status_code == 200
    refused = await alice.post(f"/acme/leads/{lead.id}/ownership")
    assert refused.status_code == 409 and "Ana Alba has taken" in refused.text
    assert (await as_it_is(lead))["owner"] == ana.user.id
    await alice.post(f"/acme/leads/{lead.id}/assignment", data={"owner": ""})
    assert (await as_it_is(lead))["owner"] is None


async def test_a_deleted_lead_is_nowhere_and_comes_back(ana, acme):
    lead = await a_lead(acme)
    gone = await ana.post(f"/acme/leads/{lead.id}/deletion")
    assert "This lead was deleted" in gone.text and "Bring back" in (await ana.get(f"/acme/leads/{lead.id}")).text
    assert (await ana.get(f"/acme/leads/{lead.id}/timeline")).status_code == 404
    assert (await ana.post(f"/acme/leads/{lead.id}/deletion")).status_code == 200
    assert (await ana.post(f"/acme/leads/{lead.id}/stage", data={"stage": "qualified"})).status_code == 404
    back = await ana.post(undo_of(gone))
    assert 'id="lead"' in back.text and (await ana.get(f"/acme/leads/{lead.id}")).status_code == 200


async def test_a_merged_lead_leads_to_the_one_that_took_it_in(ana, acme):
    winner, loser = await a_lead(acme), await a_lead(acme)
    await Lead.update({Lead.deleted_at: clock.now(), Lead.merged_into: winner.id}).where(Lead.id == loser.id)
    answer = await ana.get(f"/acme/leads/{loser.id}", follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"] == f"/acme/leads/{winner.id}"


async def test_viewers_look_and_have_no_buttons(vera, acme):
    lead = await a_lead(acme)
    page = (await vera.get(f"/acme/leads/{lead.id}")).text
    assert "Sofia Marchetti" in page and "hx-post" not in page and "Add a note" not in page
    assert (await vera.post(f"/acme/leads/{lead.id}/stage", data={"stage": "qualified"})).status_code == 403


async def test_another_organizations_lead_does_not_exist(bob, acme, borealis):
    lead, before = await a_lead(acme), None
    before = await as_it_is(lead)
    for path in (
        "",
        "/timeline",
        "/sale",
        "/loss",
        "/deal",
        "/person",
        "/tags",
        "/contacts",
        "/reminder",
        "/assignment",
    ):
        assert (await bob.get(f"/borealis/leads/{lead.id}{path}")).status_code == 404, path
    forms = {
        "stage": {"stage": "qualified"}, "sale": {"amount": "1", "currency": "EUR"}, "loss": {"reason": "x"},
        "deal": {"value": "1", "currency": "EUR"}, "person": {"name": "x"}, "ownership": {}, "assignment": {"owner": ""},
        "contacts": {"how": "call", "once": "x" * 20}, "reminder": {"day": "2099-01-01"}, "reminder/removal": {},
        "deletion": {}, "notes": {"text": "x", "once": "x" * 20}, "tags": {"new": "x"}, "changes/x/reversal": {},
    }  # fmt: skip
    for path, data in forms.items():
        assert (await bob.post(f"/borealis/leads/{lead.id}/{path}", data=data)).status_code == 404, path
    assert await as_it_is(lead) == before and await verbs_of(lead) == []
