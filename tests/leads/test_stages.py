"""Stages and questions of an organization's own."""

import asyncio

from dashboard import clock
from dashboard.database import row, transaction
from dashboard.leads import closing, stages
from dashboard.leads.attributes import read
from dashboard.leads.tables import Attribute, Stage
from tests.leads.cast import a_lead, as_it_is, undo_of

PATH = "/acme/settings/leads/stages"


async def blocked() -> None:
    """Until somebody waits for a lock that somebody else holds."""
    async with asyncio.timeout(60):
        while not await row("SELECT 1 AS one FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"):
            await asyncio.sleep(0.02)


async def keys(organization) -> list[str]:
    return [step.key for step in await stages.steps(organization)]


async def test_a_new_stage_stands_before_the_ends_and_on_the_board(alice, acme, borealis):
    answer = await alice.post(PATH, data={"name": "Meeting set", "kind": "open", "tone": "warning"})
    assert answer.status_code == 200 and "Meeting set" in answer.text
    assert await keys(acme) == ["new", "qualified", "quoted", "meeting_set", "won", "lost"]
    assert "Meeting set" in (await alice.get("/acme/leads/board")).text
    assert await keys(borealis) == ["new", "qualified", "quoted", "won", "lost"]


async def test_a_stage_gets_another_name_and_its_leads_stay(alice, ana, acme):
    lead = await a_lead(acme, stage="quoted")
    await alice.post(f"{PATH}/quoted", data={"name": "Offer sent", "tone": "danger"})
    assert (
        "Offer sent" in (await ana.get(f"/acme/leads/{lead.id}")).text and (await as_it_is(lead))["stage"] == "quoted"
    )
    taken = await alice.post(f"{PATH}/quoted", data={"name": "NEW", "tone": "info"})
    assert taken.status_code == 422 and "already" in taken.text
    assert (await alice.post(f"{PATH}/evil", data={"name": "x"})).status_code == 404


async def test_stages_are_moved_left_and_right(alice, acme):
    await alice.post(f"{PATH}/quoted/place", data={"to": "left"})
    assert await keys(acme) == ["new", "quoted", "qualified", "won", "lost"]
    await alice.post(f"{PATH}/new/place", data={"to": "left"})
    await alice.post(f"{PATH}/lost/place", data={"to": "right"})
    assert await keys(acme) == ["new", "quoted", "qualified", "won", "lost"]


async def test_only_a_stage_nobody_is_in_and_nobody_needs_can_go(alice, acme):
    await a_lead(acme, stage="quoted")
    for key, why in (
        ("new", "New leads begin"),
        ("won", "that means won"),
        ("lost", "that means lost"),
        ("quoted", "Move them first"),
    ):
        refused = await alice.post(f"{PATH}/{key}/removal")
        assert refused.status_code == 409 and why in refused.text, key
    for _ in range(2):
        assert (await alice.post(f"{PATH}/qualified/removal")).status_code == 200
    assert await keys(acme) == ["new", "quoted", "won", "lost"]


async def test_two_first_changes_at_once_make_the_usual_stages_once(alice, acme):
    await asyncio.gather(
        *(alice.post(PATH, data={"name": f"Step {n}", "kind": "open", "tone": "info"}) for n in range(4))
    )
    assert await Stage.count() == 9 and len(set(await keys(acme))) == 9


async def test_another_way_to_win_is_asked_for(alice, ana, acme):
    await alice.post(PATH, data={"name": "Won by partner", "kind": "won", "tone": "positive"})
    lead = await a_lead(acme)
    assert "Won by partner" in (await ana.get(f"/acme/leads/{lead.id}/sale")).text
    await ana.post(f"/acme/leads/{lead.id}/sale", data={"amount": "1", "currency": "EUR", "stage": "won_by_partner"})
    assert (await as_it_is(lead))["stage"] == "won_by_partner"
    assert (await ana.post(f"/acme/leads/{lead.id}/stage", data={"stage": "won_by_partner"})).status_code == 409


async def test_agents_and_strangers_change_no_stage(ana, bob, acme):
    assert (await ana.post(PATH, data={"name": "x", "kind": "open"})).status_code == 403
    assert (await bob.post(PATH, data={"name": "x", "kind": "open"})).status_code == 404
    assert await Stage.count() == 0


# ── questions ──


async def test_a_question_is_asked_answered_shown_and_archived(alice, ana, acme):
    path = "/acme/settings/leads/questions"
    data = {"label": "People in the company", "kind": "choice", "choices": "1\n2 to 20\n\n2 TO 20\nmore"}
    assert (await alice.post(path, data=data)).status_code == 200
    [asked] = await Attribute.objects()
    assert (asked.key, asked.choices) == ("people_in_the_company", ["1", "2 to 20", "more"])
    lead = await a_lead(acme)
    person = f"/acme/leads/{lead.id}/person"
    bad = await ana.post(person, data={"name": "S", "attribute-people_in_the_company": "9"})
    assert bad.status_code == 422 and "Choose one of the answers." in bad.text
    good = await ana.post(person, data={"name": "S", "email": lead.email, "attribute-people_in_the_company": "more"})
    assert "People in the company" in good.text and (await as_it_is(lead))["attributes"] == {
        "people_in_the_company": "more"
    }
    gone = await alice.post(f"{path}/{asked.id}/archive")
    assert "People in the company" not in (await ana.get(person)).text
    await ana.post(person, data={"name": "Other"})
    assert (await as_it_is(lead))["attributes"] == {"people_in_the_company": "more"}
    await alice.post(undo_of(gone))
    assert "People in the company" in (await ana.get(person)).text


async def test_two_questions_with_one_label_have_two_keys(alice, acme):
    for _ in range(2):
        await alice.post("/acme/settings/leads/questions", data={"label": "Größe", "kind": "number"})
    assert [each.key for each in await Attribute.objects().order_by(Attribute.id)] == ["gr_e", "gr_e_2"]


def test_answers_are_read_by_their_kind():
    def answer(kind: str, typed: str):
        try:
            return read({"kind": kind, "choices": ["Small", "Large"]}, typed)
        except ValueError as problem:
            return str(problem)

    assert answer("number", "1,250") == 1250 and answer("number", "-3.5") == -3.5
    assert answer("number", "1e9") == "Write a number, like 24 or 3.5."
    assert answer("date", "2026-12-01") == "2026-12-01" and answer("date", "1.12.") == "Choose a day, like 2026-11-24."
    assert answer("choice", " large ") == "Large" and answer("yes_no", "No") is False and answer("yes_no", "") is None
    assert answer("text", "a\x00b\nc") == "a b c"


async def test_whoever_comes_back_into_a_stage_that_is_gone_begins_anew(alice, ana, acme):
    deleted, moved = await a_lead(acme, stage="quoted"), await a_lead(acme, stage="quoted")
    gone = await ana.post(f"/acme/leads/{deleted.id}/deletion")
    there = await ana.post(f"/acme/leads/{moved.id}/stage", data={"stage": "qualified"})
    assert (await alice.post(f"{PATH}/quoted/removal")).status_code == 200
    await ana.post(undo_of(gone))
    assert (await as_it_is(deleted))["stage"] == "new"
    refused = await ana.post(undo_of(there))
    assert refused.status_code == 409 and (await as_it_is(moved))["stage"] == "qualified"


async def test_a_stage_is_not_removed_while_somebody_is_moved_into_it(alice, ana, acme):
    """The move is not over when the stage is to go: whichever is first, nobody is left in a stage that is not there."""
    lead = await a_lead(acme)
    moving = asyncio.Event()
    go = asyncio.Event()

    async def move():
        async with transaction():
            await closing.move(acme, lead.id, stages.named(await stages.steps(acme), "quoted"), clock.now(), ana.user)
            moving.set()
            await go.wait()

    task = asyncio.create_task(move())
    await moving.wait()
    removal = asyncio.create_task(alice.post(f"{PATH}/quoted/removal"))
    await blocked()
    go.set()
    await task
    assert (await removal).status_code == 409 and "quoted" in await keys(acme)
    assert (await as_it_is(lead))["stage"] == "quoted"
