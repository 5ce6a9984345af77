"""A lead made by hand."""

from dashboard.database import rows
from dashboard.leads.tables import Attribute, Lead
from tests.leads.cast import a_lead, as_it_is, verbs_of

TYPED = {
    "name": "Hannah Kowalski", "company": "Pierogi House", "email": "Hannah@pierogi.example", "phone": "+48 22 555 01 23",
    "source": "Fair", "value": "8,200", "currency": "EUR", "expected_close": "2026-12-18", "owner": "", "once": "o" * 20,
}  # fmt: skip


async def leads() -> list[Lead]:
    return await Lead.objects().order_by(Lead.id)


async def test_it_is_kept_as_it_was_typed_and_says_who_added_it(ana, acme):
    await Attribute(organization=acme.id, key="rooms", label="Rooms", kind="number").save()
    answer = await ana.post(
        "/acme/leads", data=TYPED | {"owner": str(ana.user.id), "attribute-rooms": "24"}, follow_redirects=False
    )
    [lead] = await leads()
    assert answer.status_code == 303 and answer.headers["location"] == f"/acme/leads/{lead.id}"
    row = await as_it_is(lead)
    assert (row["email"], row["email_normalized"]) == ("Hannah@pierogi.example", "hannah@pierogi.example")
    assert (row["phone_normalized"], row["value"], row["currency"], row["owner"]) == (
        "48225550123", 820000, "EUR", ana.user.id,
    )  # fmt: skip
    assert row["attributes"] == {"rooms": 24} and row["stage"] == "new" and await verbs_of(lead) == ["added"]
    page = (await ana.get(f"/acme/leads/{lead.id}")).text
    assert "Ana Alba added the lead" in page and "Lead created" not in page and "Rooms" in page


async def test_two_clicks_make_one_also_without_an_address(ana, acme):
    data = TYPED | {"email": ""}
    first = await ana.post("/acme/leads", data=data, follow_redirects=False)
    again = await ana.post("/acme/leads", data=data | {"sure": "1"}, follow_redirects=False)
    assert first.headers["location"] == again.headers["location"] and len(await leads()) == 1


async def test_somebody_who_may_be_the_same_person_is_shown_first(ana, acme):
    known = await a_lead(acme, "Hannah Kowalska", company="Pierogi House", email="hk@mail.example")
    warned = await ana.post("/acme/leads", data=TYPED)
    assert warned.status_code == 422 and "Create anyway" in warned.text and f"/acme/leads/{known.id}" in warned.text
    assert "8,200" in warned.text and len(await leads()) == 1
    made = await ana.post("/acme/leads", data=TYPED | {"sure": "1"}, follow_redirects=False)
    assert made.status_code == 303 and len(await leads()) == 2
    while_typing = await ana.part("/acme/leads/new/like?name=Hannah+Kowalska&company=Pierogi+House")
    assert "Hannah Kowalska" in while_typing.text and "Hannah" not in (await ana.part("/acme/leads/new/like")).text


async def test_an_address_that_is_taken_is_refused_even_when_sure(ana, acme, borealis):
    await a_lead(acme, email="hannah@PIEROGI.example")
    answer = await ana.post("/acme/leads", data=TYPED | {"sure": "1"})
    assert answer.status_code == 422 and "has this address already" in answer.text and len(await leads()) == 1


async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(ana, acme):
    wrong = {"name": "", "company": "", "email": "nobody", "value": "much", "expected_close": "soon", "owner": "77"}
    answer = await ana.post("/acme/leads", data=TYPED | wrong)
    assert answer.status_code == 422 and await leads() == []
    for said in ("Write the whole address", "Write an amount", "Choose a day", 'value="nobody"', 'value="much"'):
        assert said in answer.text, said
    nameless = await ana.post("/acme/leads", data={"once": "x" * 20, "currency": "EUR"})
    assert "Say who it is" in nameless.text


async def test_an_owner_of_another_organization_is_refused(ana, bob, acme, borealis):
    answer = await ana.post("/acme/leads", data=TYPED | {"owner": str(bob.user.id)})
    assert answer.status_code == 422 and "Choose somebody of your team." in answer.text and await leads() == []


async def test_a_neighbours_lead_is_no_duplicate(ana, acme, borealis):
    await a_lead(borealis, "Hannah Kowalski", company="Pierogi House", email="hannah@pierogi.example")
    answer = await ana.post("/acme/leads", data=TYPED, follow_redirects=False)
    assert answer.status_code == 303
    assert len(await rows("SELECT 1 FROM lead WHERE organization = {}", acme.id)) == 1


async def test_viewers_cannot_add(vera, acme):
    assert (await vera.get("/acme/leads/new")).status_code == 403
    assert (await vera.post("/acme/leads", data=TYPED)).status_code == 403 and await leads() == []
