"""How long people are kept with whom nothing happened."""

from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.accounts import organizations
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import rows
from dashboard.erasure import jobs, retention
from dashboard.leads import merging
from dashboard.leads.tables import Lead
from dashboard.orders.tables import Order
from tests.leads.cast import a_lead
from tests.meanwhile import meanwhile
from tests.orders.cast import an_order

LONG_AGO = timedelta(days=400)


async def keeps(organization: Organization, days: int) -> None:
    await rows("UPDATE organization SET retention = {} WHERE id = {}", {"leads": days}, organization.id)


async def an_old_lead(organization, **changes) -> Lead:
    return await a_lead(organization, created_at=clock.now() - LONG_AGO, **changes)


async def forgotten(*leads: Lead) -> list[bool]:
    return [(await Lead.objects().get(Lead.id == lead.id)).erased_at is not None for lead in leads]


async def test_only_who_was_silent_for_long_and_never_bought_is_forgotten(alice, acme, borealis):
    await keeps(acme, 365)
    order = await an_order(acme)
    await rows("UPDATE lead SET created_at = {} WHERE id = {}", clock.now() - LONG_AGO, order.lead)
    buyer = await Lead.get_of(acme, order.lead)
    silent, elsewhere = await an_old_lead(acme), await an_old_lead(borealis)
    kept = [
        buyer, elsewhere, await a_lead(acme), await an_old_lead(acme, last_contact_at=clock.now() - timedelta(days=300)),
        await an_old_lead(acme, won_at=clock.now() - LONG_AGO), noted := await an_old_lead(acme),
        await an_old_lead(acme, remind_at=clock.now() + timedelta(days=5)),
    ]  # fmt: skip
    await activity.record(acme, "lead", noted.id, "moved", "moved the lead", by=alice.user)
    assert await retention.count(acme, 365, clock.now()) == 1
    assert (await jobs.forget_people(clock.now()))["retention"] == 1
    assert await forgotten(silent, *kept) == [True] + [False] * 7
    gone = await rows("SELECT name, email, email_normalized FROM lead WHERE id = {}", silent.id)
    assert gone == [{"name": "", "email": "", "email_normalized": None}]
    assert (await jobs.forget_people(clock.now()))["retention"] == 0


@pytest.fixture
def while_it_works(monkeypatch):
    """What happens between finding those who are due, one by one, and forgetting the first of them."""
    monkeypatch.setattr(retention, "CHUNK", 1)
    erase = retention.actions.erase

    def install(happens) -> None:
        async def slow(*given, **more):
            await happens()
            return await erase(*given, **more)

        monkeypatch.setattr(retention.actions, "erase", slow)

    return install


async def test_who_buys_while_the_nights_work_goes_on_is_not_forgotten(acme, while_it_works):
    await keeps(acme, 365)
    lead, silent = await an_old_lead(acme, email="ingrid@solheim.example"), await an_old_lead(acme)

    async def buys() -> None:
        if not await Order.exists():
            await an_order(acme, customer_email="ingrid@solheim.example", customer_name="Ingrid Solheim")

    while_it_works(buys)
    assert (await jobs.forget_people(clock.now()))["retention"] == 1
    assert await forgotten(lead, silent) == [False, True]
    assert (await Order.objects().first()).customer_name == "Ingrid Solheim"


async def test_who_is_brought_back_while_the_nights_work_goes_on_is_not_forgotten(acme, while_it_works):
    lead = await a_lead(acme, deleted_at=clock.now() - timedelta(days=31))

    async def back() -> None:
        await rows("UPDATE lead SET deleted_at = NULL WHERE id = {}", lead.id)

    while_it_works(back)
    assert (await jobs.forget_people(clock.now()))["deleted"] == 0
    assert await forgotten(lead) == [False]


@pytest.mark.parametrize("days", [None, 500])
async def test_nobody_is_forgotten_any_more_once_somebody_said_to_keep_them_longer(acme, while_it_works, days):
    await keeps(acme, 365)
    leads = [await an_old_lead(acme) for _ in range(3)]

    async def changed() -> None:
        await rows("UPDATE organization SET retention = {}", {"leads": days} if days else {})

    while_it_works(changed)
    assert (await jobs.forget_people(clock.now()))["retention"] == 0
    assert await forgotten(*leads) == [False] * 3


async def test_two_who_say_how_long_at_once_keep_each_other_s_days(alice, acme):
    owner = {name: text for name, text in (organizations.typed(acme) | {"keep_events": "45"}).items() if text}

    async def people() -> None:
        await retention.set_days(await Organization.objects().get(Organization.id == acme.id), 365, alice.user)

    await meanwhile(people, lambda: alice.post("/acme/settings", data=owner))
    await alice.post("/acme/settings", data=owner)
    stored = await Organization.objects().get(Organization.id == acme.id)
    assert stored.retention == {"events": 45, "leads": 365}


async def test_without_a_number_of_days_nobody_is_forgotten(acme):
    lead = await an_old_lead(acme)
    await jobs.forget_people(clock.now())
    assert await forgotten(lead) == [False]


async def test_deleted_leads_are_forgotten_after_thirty_days_unless_the_books_know_them(alice, acme):
    early, late = clock.now() - timedelta(days=31), clock.now() - timedelta(days=29)
    order = await an_order(acme)
    buyer, gone, fresh = await Lead.get_of(acme, order.lead), await a_lead(acme), await a_lead(acme)
    for lead, at in ((buyer, early), (gone, early), (fresh, late)):
        await rows("UPDATE lead SET deleted_at = {} WHERE id = {}", at, lead.id)
    winner, loser = await a_lead(acme), await a_lead(acme)
    await merging.merge(acme, winner.id, loser.id, {}, early, alice.user)
    assert (await jobs.forget_people(clock.now()))["deleted"] == 1
    assert await forgotten(gone, buyer, fresh, winner, loser) == [True, False, False, False, False]


async def test_many_are_forgotten_in_one_night(acme):
    await keeps(acme, 30)
    await an_old_lead(acme)
    await rows("INSERT INTO lead (organization, name, created_at) SELECT organization, 'N' || n, created_at FROM lead, "
               "generate_series(1, 450) n")  # fmt: skip
    assert (await jobs.forget_people(clock.now()))["retention"] == 451


async def test_the_settings_say_how_many_and_keep_the_other_days(alice, acme):
    await rows("UPDATE organization SET retention = {} WHERE id = {}", {"events": 40}, acme.id)
    await an_old_lead(acme)
    assert "Nobody is forgotten by time" in (await alice.get("/acme/settings/privacy")).text
    preview = await alice.get("/acme/settings/privacy/preview?keep_leads=365")
    assert "1 lead would be forgotten tonight" in preview.text
    saved = await alice.post("/acme/settings/privacy", data={"keep_leads": "365"})
    assert "1 lead would be forgotten" in saved.text
    stored = await Organization.objects().get(Organization.id == acme.id)
    assert stored.retention == {"events": 40, "leads": 365}
    await alice.post("/acme/settings/privacy", data={"keep_leads": ""})
    stored = await Organization.objects().get(Organization.id == acme.id)
    assert stored.retention == {"events": 40}
    assert len(await rows("SELECT 1 FROM activity WHERE subject_kind = 'organization'")) == 2


@pytest.mark.parametrize("typed", ["29", "0", "-5", "9999", "x", "1e3", "３０"])
async def test_a_wrong_number_is_said_at_its_field(alice, acme, typed):
    answer = await alice.post("/acme/settings/privacy", data={"keep_leads": typed})
    assert answer.status_code == 422 and "from 30 to 3650" in answer.text


async def test_agents_and_strangers_change_nothing(ana, vera, bob, acme):
    assert (await ana.post("/acme/settings/privacy", data={"keep_leads": "30"})).status_code == 403
    assert (await bob.post("/acme/settings/privacy", data={"keep_leads": "30"})).status_code == 404
    assert (await vera.get("/acme/settings/privacy")).status_code == 200
    assert (await Organization.objects().get(Organization.id == acme.id)).retention == {}
