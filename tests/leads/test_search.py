"""Finding people by what somebody types, with or without accents, with or without a slip of the finger."""

from urllib.parse import quote

import pytest

from dashboard import clock
from dashboard.campaigns import audience
from dashboard.database import rows, transaction
from dashboard.leads import jobs, queries, words
from dashboard.leads.tables import Lead
from tests.leads.cast import a_lead


async def search(organization, typed, **filters):
    """(names found, names spelled similarly)"""
    more = "".join(f"&{name}={value}" for name, value in filters.items())
    asked = await audience.read(organization, f"q={quote(typed)}{more}", 0, clock.now())
    assert asked.misunderstood == ()
    page, similar = await queries.find_leads(organization, asked)
    assert await queries.count_leads(organization, [asked]) == [len(page.rows)], "similar ones are not counted"
    return [row["name"] for row in page.rows], [row["name"] for row in similar.rows] if similar else []


async def a_note(organization, lead, text):
    await rows(
        "INSERT INTO note (organization, subject_kind, subject_id, text) VALUES ({}, 'lead', {}, {})",
        organization.id, lead.id, text,
    )  # fmt: skip


@pytest.fixture
async def people(acme):
    await a_lead(acme, "Øystein Kowalski", company="Pierogi House", email="oystein@pierogi.example")
    await a_lead(acme, "Zoë Löfgren", company="Café Marguerite", phone="+47 912 34 567", phone_normalized="4791234567")
    noted = await a_lead(acme, "Ingrid Solheim", company="Northlight")
    await a_note(acme, noted, "Wants a tasting before Pâques, budget approved")


EXACT = [
    ("oystein", "Øystein Kowalski"), ("ØYSTEIN", "Øystein Kowalski"), ("kowal", "Øystein Kowalski"), ("walsk", "Øystein Kowalski"),
    ("kowalski pierogi", "Øystein Kowalski"), ("@pierogi.example", "Øystein Kowalski"), ("lofgren", "Zoë Löfgren"),
    ("cafe marg", "Zoë Löfgren"), ("+47 912 34", "Zoë Löfgren"), ("(47) 91234567", ""), ("paques", "Ingrid Solheim"),
    ("tasting budget", "Ingrid Solheim"), ("zo", "Zoë Löfgren"), ("in so", "Ingrid Solheim"), ("ngrid", "Ingrid Solheim"),
    ("%", ""), ("_____", ""),
]  # fmt: skip


@pytest.mark.usefixtures("people")
async def test_words_are_found_without_regard_to_accents_and_case(acme):
    for typed, name in EXACT:
        exact, _ = await search(acme, typed)
        assert exact == ([name] if name else []), typed


TYPOS = [
    ("kowalsky", "Øystein Kowalski"), ("kowlaski", "Øystein Kowalski"), ("oysten kowalsik", "Øystein Kowalski"),
    ("lofgern", "Zoë Löfgren"), ("margerite", "Zoë Löfgren"), ("inrgid", "Ingrid Solheim"), ("ingird slheim", "Ingrid Solheim"),
    ("northlihgt", "Ingrid Solheim"), ("tastnig", "Ingrid Solheim"), ("ingrid kowlski", ""), ("xxxxxx", ""), ("hjgf", ""),
]  # fmt: skip


@pytest.mark.usefixtures("people")
async def test_a_slip_of_the_finger_is_forgiven(acme):
    for typed, name in TYPOS:
        assert await search(acme, typed) == ([], [name] if name else []), typed


async def test_exact_hits_come_first_and_similar_ones_below_them_on_the_last_page(acme, monkeypatch):
    for n in range(3):
        await a_lead(acme, f"Hanna Number{'abc'[n]}", email=f"hnna{n}@x.example")
    await a_lead(acme, "Hnna Exact")
    exact, similar = await search(acme, "hnna")
    assert len(exact) == 4 and similar == [], "known as it stands, so nothing else was meant"
    await a_lead(acme, "Jonas Jensen")
    await a_lead(acme, "Ole Xjonax")
    exact, similar = await search(acme, "jonax")
    assert exact == ["Ole Xjonax"] and similar == ["Jonas Jensen"]


@pytest.mark.usefixtures("people")
async def test_other_filters_hold_for_similar_ones_too(acme):
    assert (await search(acme, "kowalsky", stage="won")) == ([], [])
    assert (await search(acme, "kowalsky", stage="new")) == ([], ["Øystein Kowalski"])


async def test_each_organization_has_its_own_words(acme, borealis):
    await a_lead(acme, "Øystein Kowalski")
    await a_lead(borealis, "Own Person")
    assert await search(borealis, "kowalsky") == ([], [])
    async with transaction():
        assert await words.alternatives(borealis, ["kowalsky"]) == [[]]


async def known(organization):
    return {row["word"] for row in await rows("SELECT word FROM lead_word WHERE organization = {}", organization.id)}


async def test_words_follow_names_and_are_forgotten_when_nobody_has_them(acme):
    first, second = await a_lead(acme, "Rare Zimmerle"), await a_lead(acme, "Other Zimmerle")
    await Lead.update({Lead.name: "Common Person"}).where(Lead.id == first.id)
    assert {"common", "person", "rare", "zimmerle"} <= await known(acme)
    await Lead.update({Lead.name: "Person"}).where(Lead.id == second.id)
    await rows(
        "INSERT INTO lead_word (organization, word, created_at, seen_at) SELECT {}, 'person', now(), now()", acme.id
    )
    await rows("DELETE FROM lead_word WHERE word = 'common'")
    assert (await jobs.forget_words(clock.now()))["words"] == 4, "rare, zimmerle, other, and the second person"
    assert {"common", "person"} <= await known(acme) and not {"zimmerle", "other"} & await known(acme)
    assert (await rows("SELECT count(*) AS n FROM lead_word WHERE word = 'person'"))[0]["n"] == 1


async def test_how_many_slips_a_word_may_have():
    for typed, word, away in [
        ("kowalsky", "kowalski", 1), ("hnna", "hanna", 1), ("inrgid", "ingrid", 1), ("kowal", "kowalski", 0),
        ("kwoal", "kowalski", 1), ("anna", "berg", 4), ("lofgern", "lofgren", 1), ("solheimm", "solheim", 1),
    ]:  # fmt: skip
        assert words.distance(typed, word) == away, typed
    assert words.allowed("hnna") == 1 and words.allowed("kowalsky") == 2
