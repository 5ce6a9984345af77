"""Who counts as qualified is read off the timeline: where a lead had been by the end of the period."""

import html
import re
from datetime import timedelta

from dashboard import clock
from dashboard.database import rows
from dashboard.formats import local_day
from dashboard.leads.tables import Lead

CAME = 20  # days ago


async def a_lead(organization, name: str, days: float = CAME) -> Lead:
    lead = Lead(organization=organization.id, email=f"{name}@people.example", name=name, source="Fair")
    await lead.save()
    await rows("UPDATE lead SET created_at = {} WHERE id = {}", clock.now() - timedelta(days=days), lead.id)
    return lead


async def move(browser, lead: Lead, stage: str, days: float = 0) -> None:
    """Move it as a person does, so many days ago."""
    href = f"/acme/leads/{lead.id}/loss" if stage == "lost" else f"/acme/leads/{lead.id}/stage"
    answer = await browser.post(
        href, data={"stage": stage, "reason": "Too dear", "once": f"move-{lead.id}-{stage}-0123"}
    )
    assert answer.status_code == 200, answer.text
    if not days:
        return
    when = clock.now() - timedelta(days=days)
    await rows("UPDATE lead SET stage_at = {} WHERE id = {}", when, lead.id)
    newest = "SELECT max(id) FROM activity WHERE subject_kind = 'lead' AND subject_id = {}"
    await rows(f"UPDATE activity SET created_at = {{}} WHERE id = ({newest})", when, lead.id)


async def qualified(browser, until: int = 0) -> list[str]:
    """The names on the page behind the figure, of a period that ended so many days ago."""
    today = local_day(clock.now(), "UTC")
    asked = f"from={today - timedelta(days=30)}&to={today - timedelta(days=until)}"
    text = (await browser.get(f"/acme/revenue.csv?chart=funnel&{asked}")).text
    number = next(line.split(",")[1] for line in text.splitlines() if line.startswith("Qualified"))
    page = (await browser.get(f"/acme/revenue/rows?of=people&kind=qualified&{asked}")).text
    names = [name for name in ("Anna", "Boris", "Cleo", "Dana") if f">{name}<" in page]
    assert int(number) == len(names)
    return names


async def test_a_lead_that_was_lost_after_it_was_qualified_stays_qualified(alice, acme):
    lead = await a_lead(acme, "Anna")
    await a_lead(acme, "Boris")
    await move(alice, lead, "quoted", 10)
    await move(alice, lead, "lost", 5)
    assert (await Lead.select(Lead.stage).where(Lead.id == lead.id))[0]["stage"] == "lost"
    assert await qualified(alice) == ["Anna"]


async def test_a_lead_lost_at_once_never_was(alice, acme):
    await move(alice, await a_lead(acme, "Anna"), "lost", 5)
    assert await qualified(alice) == []


async def test_what_came_after_the_period_does_not_count_in_it(alice, acme):
    await move(alice, await a_lead(acme, "Anna"), "qualified", 10)
    await move(alice, await a_lead(acme, "Boris"), "qualified", 2)
    assert await qualified(alice) == ["Anna", "Boris"]
    assert await qualified(alice, until=5) == ["Anna"]


async def test_a_move_that_was_taken_back_never_was(alice, acme):
    lead = await a_lead(acme, "Anna")
    await move(alice, lead, "qualified")
    assert await qualified(alice) == ["Anna"]
    [made] = await rows("SELECT data ->> 'batch' AS batch FROM activity WHERE verb = 'moved'")
    assert (await alice.post(f"/acme/leads/{lead.id}/changes/{made['batch']}/reversal")).status_code == 200
    assert await qualified(alice) == []


async def test_a_stage_left_again_is_known_from_the_move_out_of_it(alice, acme):
    """A move of many at once leaves no stage on the timeline; the next move says what was before."""
    lead = await a_lead(acme, "Anna")
    await rows("UPDATE lead SET stage = 'quoted' WHERE id = {}", lead.id)
    await move(alice, lead, "lost", 4)
    assert await qualified(alice) == ["Anna"]


async def test_who_came_no_further_can_be_seen(alice, acme):
    await move(alice, await a_lead(acme, "Anna"), "qualified", 10)
    await a_lead(acme, "Boris")
    page = (await alice.get("/acme/revenue?period=30d")).text
    assert "1 of 2 leads is not qualified." in page
    rows_of = (await alice.get(html.unescape(re.search(r'href="([^"]+)">See who<', page)[1]))).text
    assert ">Boris<" in rows_of and ">Anna<" not in rows_of and '<b class="num">1</b> in all' in rows_of
