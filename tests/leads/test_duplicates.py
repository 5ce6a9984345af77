"""Who may be the same person."""

import pytest

from dashboard.database import rows
from dashboard.leads.actions import digits
from dashboard.leads.duplicates import like
from dashboard.leads.tables import Distinct, Lead
from tests.leads import cast


async def a_lead(organization, name="", email="", phone="", company="", **changes) -> Lead:
    return await cast.a_lead(
        organization, name, email=email, phone=phone, phone_normalized=digits(phone), company=company, **changes
    )


async def names(organization, **asked) -> list[str]:
    return [found["name"] for found in await like(organization, **asked)]


@pytest.fixture
async def sofia(acme):
    return await a_lead(acme, "Sofía Marchetti", "sofia@wren.example", "+44 20 7946 0177", "Wren & Co")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"email": " Sofia@Wren.example "}, "Same e-mail address"),
        ({"email": "sofia+news@wren.example"}, "Same mailbox"),
        ({"phone": "0044 20 7946-0177"}, "Same phone number"),
        ({"phone": "020 7946 0177"}, "Same phone number"),
        ({"name": "S. Marchetti", "company": "Wren & Co"}, "Same company and similar name"),
        ({"name": "Sofia Marcheti", "company": "Wren and Co"}, "Similar company and similar name"),
        ({"name": "Marchetti Sofia"}, "Same name"),
        ({"name": "Tom Hall", "phone": "020 7946 0177", "company": "Wren & Co"}, "Same phone number and same company"),
        ({"name": "Sofia Xarchetti", "company": "Wren & Co"}, "Same company and similar name"),
    ],
)
async def test_the_same_person_is_found_however_they_are_written(acme, sofia, asked, why):
    assert [(found["id"], found["why"]) for found in await like(acme, **asked)] == [(sofia.id, why)]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"email": "sofia@other.example"},
        {"phone": "0177"},
        {"name": "Tom Hall", "company": "Wren & Co"},
        {"name": "Sofia Berg", "company": "Holm AG"},
        {"company": "Wren & Co"},
    ],
)
async def test_somebody_else_is_not(acme, sofia, asked):
    assert await like(acme, **asked) == []


async def test_gmail_has_no_dots(acme):
    await a_lead(acme, "Ana", "a.n.a@googlemail.com")
    assert await names(acme, email="ana+x@gmail.com") == ["Ana"]
    assert await names(acme, email="an.a@mail.example") == []


async def test_companies_without_a_person_are_compared_by_their_names(acme):
    await a_lead(acme, company="Wren Interiors Ltd")
    assert [found["why"] for found in await like(acme, company="Wren Interiors Limited")] == ["Similar company"]


async def test_the_likeliest_comes_first(acme, sofia):
    await a_lead(acme, "Sofia Marchetti", "s@mail.example", company="Wren & Co")
    found = await like(acme, name="Sofia Marchetti", company="Wren & Co", email="sofia@wren.example")
    assert [each["email"] for each in found] == ["sofia@wren.example", "s@mail.example"]
    assert found[0]["strength"] == 100 > found[1]["strength"]


async def test_the_lead_itself_deleted_ones_and_other_organizations_are_left_out(acme, borealis, sofia):
    assert await like(acme, email=sofia.email, without=sofia.id) == []
    assert await like(borealis, email=sofia.email, phone=sofia.phone, name=sofia.name) == []
    await Lead.update({Lead.deleted_at: sofia.created_at}).where(Lead.id == sofia.id)
    assert await like(acme, email=sofia.email, phone=sofia.phone, name=sofia.name) == []


async def test_an_address_that_was_merged_leads_to_who_took_it_in(acme, sofia):
    await a_lead(acme, "S.", "old@mail.example", merged_into=sofia.id, deleted_at=sofia.created_at)
    assert await names(acme, email="old@mail.example") == ["Sofía Marchetti"]


async def test_a_pair_somebody_told_apart_is_not_proposed_again(acme, sofia):
    other = await a_lead(acme, "Sofia Marchetti", company="Wren & Co")
    assert len(await like(acme, name=other.name, company=other.company, without=other.id)) == 1
    await Distinct(organization=acme.id, low=sofia.id, high=other.id).save()
    assert await like(acme, name=other.name, company=other.company, without=other.id) == []


async def test_names_a_thousand_share_cost_no_more(acme):
    many = "SELECT organization, name, 'Firm ' || n FROM lead, generate_series(1, 999) n"
    await a_lead(acme, "Test Test")
    await rows(f"INSERT INTO lead (organization, name, company) {many}")
    best = await a_lead(acme, "Test Test", company="Wren & Co")
    assert [found["id"] for found in await like(acme, name="Test Test", company="Wren & Co", limit=1)] == [best.id]
