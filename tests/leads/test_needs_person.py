"""Leads on Today: reminders that are due, and hot ones nobody owns."""

from datetime import timedelta

from dashboard import clock
from dashboard.leads.tables import Lead
from tests.leads.cast import a_lead, as_it_is, said, undo_of


async def test_a_reminder_is_on_today_from_that_morning_until_it_is_ticked_off(ana, acme):
    lead = await a_lead(acme)
    path = f"/acme/leads/{lead.id}/reminder"
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    answer = await ana.post(path, data={"day": tomorrow, "whom": str(ana.user.id)})
    assert "On Today from" in said(answer) and "Come back to" not in (await ana.get("/acme/today")).text
    await Lead.update({Lead.remind_at: clock.now() - timedelta(minutes=1)}).where(Lead.id == lead.id)
    today = (await ana.get("/acme/today?mine=1")).text
    assert "Come back to Sofia Marchetti" in today and f"{path}/removal" in today
    assert 'id="nav-count-leads"' in (await ana.get("/acme/navigation")).text
    done = await ana.post(f"{path}/removal")
    assert "Come back to" not in (await ana.get("/acme/today")).text
    assert "no reminder" in said(await ana.post(f"{path}/removal"))
    await ana.post(undo_of(done))
    assert (await as_it_is(lead))["remind"] == ana.user.id


async def test_a_reminder_needs_a_day_to_come(ana, acme):
    lead = await a_lead(acme)
    for day in ("", "2020-01-01", "soon"):
        answer = await ana.post(f"/acme/leads/{lead.id}/reminder", data={"day": day, "whom": ""})
        assert answer.status_code == 422 and "Choose" in answer.text, day
    assert (await as_it_is(lead))["remind_at"] is None


async def test_somebody_elses_reminder_is_not_mine(ana, alice, acme):
    await a_lead(acme, remind_at=clock.now() - timedelta(hours=1), remind=alice.user.id)
    assert "Come back to" in (await ana.get("/acme/today")).text
    assert "Come back to" not in (await ana.get("/acme/today?mine=1")).text


async def test_a_hot_lead_is_offered_until_somebody_takes_it(ana, acme):
    lead = await a_lead(acme, "Hannah Kowalski", score=86, score_reasons=[[86, "Asked for a price"]])
    await a_lead(acme, "Cold", score=79)
    await a_lead(acme, "Owned", score=95, owner=ana.user.id)
    await a_lead(acme, "Bought", score=95, won_at=clock.now(), stage="won")
    await a_lead(acme, "Gone", score=95, deleted_at=clock.now())
    today = (await ana.get("/acme/today")).text
    assert "Nobody owns Hannah Kowalski" in today and "Score 86: Asked for a price." in today
    for name in ("Cold", "Owned", "Bought", "Gone"):
        assert f"Nobody owns {name}" not in today, name
    await ana.post(f"/acme/leads/{lead.id}/ownership")
    assert "Nobody owns" not in (await ana.get("/acme/today")).text


async def test_viewers_see_the_line_without_its_button(vera, acme):
    lead = await a_lead(acme, score=90)
    today = (await vera.get("/acme/today")).text
    assert "Nobody owns" in today and f"/leads/{lead.id}/ownership" not in today
