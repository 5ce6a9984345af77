"""The same for many leads: ticked, or all behind a filter; in the background, and back again."""

import json

import pytest
from piccolo.querystring import QueryString

from dashboard import clock
from dashboard.accounts.ownership import organization_id
from dashboard.activity.tables import Activity
from dashboard.campaigns.batches import OPENING
from dashboard.database import row, rows
from dashboard.leads import batches, bulk, engine
from dashboard.leads.tables import Batch, BatchLine, Lead
from tests.leads.cast import a_lead, a_tag, as_it_is, said, undo_of, verbs_of

ACTIONS = {
    "assignment": {"owner": ""}, "tags": {"new": "fair"}, "stage": {"stage": "qualified"}, "deletion": {},
}  # fmt: skip


async def work() -> None:
    """What a background worker does, until nothing is left."""
    while await engine.work(OPENING, lambda: True):
        pass


async def columns(organization, *names) -> list[dict]:
    return await rows(
        "SELECT {} FROM lead WHERE organization = {} ORDER BY id", QueryString(", ".join(names)),
        organization_id(organization),
    )  # fmt: skip


async def many(organization, number: int, **facts) -> None:
    await rows(
        "INSERT INTO lead (organization, name, email, email_normalized, stage, source) "
        "SELECT {}, 'Lead ' || n, n || '@many.example', n || '@many.example', {}, {} FROM generate_series(1, {}) n",
        organization.id, facts.get("stage", "new"), facts.get("source", ""), number,
    )  # fmt: skip


@pytest.fixture
def small_steps(monkeypatch):
    """Transactions of three, and nothing is small enough to be done at once."""
    monkeypatch.setattr(bulk, "CHUNK", 3)
    monkeypatch.setattr(bulk, "SMALL", 2)


async def test_ticked_leads_get_an_owner_and_undo_gives_each_back(alice, ana, acme):
    first, second, third = [await a_lead(acme) for _ in range(3)]
    await Lead.update({Lead.owner: alice.user.id, Lead.scored_at: clock.now()}).where(Lead.id == second.id)
    before = [await as_it_is(lead) for lead in (first, second, third)]
    answer = await alice.post("/acme/leads/bulk/assignment", data={"ids": [first.id, second.id], "owner": ana.user.id})
    assert said(answer) == "2 leads given to Ana Alba."
    assert [each["owner"] for each in await columns(acme, "owner")] == [ana.user.id, ana.user.id, None]
    assert (await as_it_is(second))["scored_at"] is None
    assert await verbs_of(first) == ["assigned"] and await verbs_of(third) == []
    again = await alice.post("/acme/leads/bulk/assignment", data={"ids": [first.id, third.id], "owner": ana.user.id})
    assert said(again) == "1 lead given to Ana Alba. 1 already was."
    assert said(await alice.post(undo_of(again))) == "1 lead as before."
    assert said(await alice.post(undo_of(answer))) == "2 leads as before."
    assert [await as_it_is(lead) for lead in (first, second, third)] == before
    assert await verbs_of(first) == []
    assert said(await alice.post(undo_of(answer))).startswith("It was taken back already")


async def test_undo_keeps_what_somebody_has_changed_since_and_says_so(alice, ana, acme):
    first, second = [await a_lead(acme) for _ in range(2)]
    answer = await alice.post("/acme/leads/bulk/assignment", data={"ids": [first.id, second.id], "owner": ana.user.id})
    await alice.post(f"/acme/leads/{second.id}/assignment", data={"owner": alice.user.id})
    assert said(await alice.post(undo_of(answer))) == "1 lead as before. 1 changed since, kept."
    assert [each["owner"] for each in await columns(acme, "owner")] == [None, alice.user.id]
    page = (await alice.get(undo_of(answer).removesuffix("/reversal") + "?show=kept")).text
    assert "Changed by somebody since" in page and second.name in page


async def test_another_column_changed_since_is_no_reason_to_keep_it(alice, ana, acme):
    lead = await a_lead(acme)
    answer = await alice.post("/acme/leads/bulk/assignment", data={"ids": [lead.id], "owner": ana.user.id})
    await Lead.update({Lead.company: "Wren & Co"}).where(Lead.id == lead.id)
    assert said(await alice.post(undo_of(answer))) == "1 lead as before."
    assert await columns(acme, "owner", "company") == [{"owner": None, "company": "Wren & Co"}]


async def test_tags_are_put_on_made_and_taken_off(alice, acme):
    first, second = [await a_lead(acme) for _ in range(2)]
    dinner = await a_tag(acme, "dinner")
    await Lead.update({Lead.tags: [dinner]}).where(Lead.id == second.id)
    ids = [first.id, second.id]
    answer = await alice.post("/acme/leads/bulk/tags", data={"ids": ids, "new": "Fair 2026"})
    assert said(answer) == "2 leads tagged “Fair 2026”."
    made = (await row("SELECT id FROM tag WHERE name = 'Fair 2026'"))["id"]
    assert [each["tags"] for each in await columns(acme, "tags")] == [[made], [dinner, made]]
    off = await alice.post("/acme/leads/bulk/tags", data={"ids": ids, "tag": dinner, "off": "1"})
    assert said(off) == "1 lead without the tag “dinner”. 1 already was."
    assert [each["tags"] for each in await columns(acme, "tags")] == [[made], [made]]
    await alice.post(undo_of(off))
    await alice.post(undo_of(answer))
    assert [each["tags"] for each in await columns(acme, "tags")] == [[], [dinner]]


async def test_stages_move_and_close_and_come_back(alice, acme):
    lead = await a_lead(acme, value=120000, currency="EUR")
    before = await as_it_is(lead)
    won = await alice.post("/acme/leads/bulk/stage", data={"ids": [lead.id], "stage": "won"})
    now = await as_it_is(lead)
    assert (now["stage"], now["won_amount"], now["won_currency"]) == ("won", 120000, "EUR") and now["won_at"]
    lost = await alice.post("/acme/leads/bulk/stage", data={"ids": [lead.id], "stage": "lost", "reason": "Too dear"})
    now = await as_it_is(lead)
    assert (now["stage"], now["won_at"], now["lost_reason"]) == ("lost", None, "Too dear")
    await alice.post(undo_of(lost))
    await alice.post(undo_of(won))
    assert await as_it_is(lead) == before


async def test_deleted_leads_are_nowhere_and_come_back(alice, acme):
    lead = await a_lead(acme)
    gone = await alice.post("/acme/leads/bulk/deletion", data={"ids": [lead.id]})
    assert said(gone) == "1 lead deleted." and "was deleted" in (await alice.get(f"/acme/leads/{lead.id}")).text
    again = await alice.post("/acme/leads/bulk/deletion", data={"ids": [lead.id]})
    assert said(again) == "Nothing was changed. 1 could not be changed."
    await alice.post(undo_of(gone))
    assert (await alice.get(f"/acme/leads/{lead.id}")).status_code == 200


async def test_all_matching_is_carried_out_in_the_background_with_progress(alice, acme, small_steps):
    await many(acme, 10, stage="qualified")
    other = await a_lead(acme, "Somebody else")
    form = {"all": "1", "query": "stage=qualified", "ids": [other.id], "stage": "quoted"}
    answer = await alice.post("/acme/leads/bulk/stage", data=form, headers={"HX-Request": "true"})
    address = answer.headers["HX-Redirect"]
    assert "Waiting" in (await alice.get(address)).text
    late = await a_lead(acme, "Came later", stage="qualified")
    looked = []

    def going_on() -> bool:
        looked.append(len(looked))
        return len(looked) <= 2

    await engine.work(OPENING, going_on)
    page = await alice.part(address)
    assert 'aria-label="6 of 10"' in page.text and "<html" not in page.text
    await work()
    page = (await alice.get(address)).text
    assert "Done" in page and "10 leads written by Alice Arden" in page
    stages = {each["stage"] for each in await columns(acme, "stage")}
    assert stages == {"quoted", "new", "qualified"}
    assert (await as_it_is(late))["stage"] == "qualified" and (await as_it_is(other))["stage"] == "new"
    await alice.post(f"{address}/reversal")
    await work()
    assert "10 as before" in (await alice.get(address)).text
    assert {each["stage"] for each in await columns(acme, "stage")} == {"qualified", "new"}


async def test_a_batch_can_be_stopped_and_what_was_done_taken_back(alice, acme, small_steps):
    await many(acme, 7)
    answer = await alice.post(
        "/acme/leads/bulk/deletion", data={"all": "1", "query": ""}, headers={"HX-Request": "true"}
    )
    address, looked = answer.headers["HX-Redirect"], []

    def going_on() -> bool:
        looked.append(1)
        return len(looked) == 1

    await engine.work(OPENING, going_on)
    assert said(await alice.post(f"{address}/cancellation")).startswith("Stopped.")
    await work()
    assert sum(each["deleted_at"] is not None for each in await columns(acme, "deleted_at")) == 3
    assert "Stopped by Alice Arden" in (await alice.get(address)).text
    await alice.post(f"{address}/reversal")
    await work()
    assert [each["deleted_at"] for each in await columns(acme, "deleted_at")] == [None] * 7


async def test_a_worker_whose_lease_ran_out_writes_nothing_more(alice, acme, small_steps):
    await many(acme, 9)
    await alice.post(
        "/acme/leads/bulk/tags", data={"all": "1", "query": "", "new": "fair"}, headers={"HX-Request": "true"}
    )
    stalled = await engine.take((await Batch.objects().first()).id)
    assert not await engine.work(OPENING, lambda: True)  # held: nobody else takes it
    await rows("UPDATE lead_batch SET lease_until = clock_timestamp() - interval '1 second'")
    await work()
    await engine.carry_out(stalled, OPENING)  # it wakes up, and is refused
    assert await BatchLine.count() == 9 and await Activity.count().where(Activity.verb == "tagged") == 9


async def test_one_lead_that_cannot_be_written_does_not_stop_the_others(alice, ana, acme, small_steps):
    """A rule of the database that nobody foresaw stands for it."""
    await many(acme, 8)
    await rows("ALTER TABLE lead ADD CONSTRAINT unforeseen CHECK (name <> 'Lead 5' OR owner IS NULL)")
    try:
        answer = await alice.post(
            "/acme/leads/bulk/assignment",
            data={"all": "1", "query": "", "owner": ana.user.id},
            headers={"HX-Request": "true"},
        )
        await work()
    finally:
        await rows("ALTER TABLE lead DROP CONSTRAINT unforeseen")
    address = answer.headers["HX-Redirect"]
    assert (await Batch.objects().first()).counts == {"updated": 7, "failed": 1}
    text = (await alice.get(f"{address}/errors.csv")).text
    assert "Lead 5,5@many.example" in text and text.count("\n") == 2


async def test_a_filter_that_is_not_understood_touches_nothing(alice, acme):
    lead = await a_lead(acme)
    before = await as_it_is(lead)
    for form in ({"all": "1", "query": "score=nonsense..x"}, {}, {"ids": "x"}, {"ids": [lead.id, "' OR 1=1"]}):
        for action, facts in ACTIONS.items():
            answer = await alice.post(f"/acme/leads/bulk/{action}", data=facts | form)
            assert answer.status_code == 422, (action, form)
    assert await as_it_is(lead) == before and await Batch.count() == 0


async def test_bobs_leads_tags_people_and_batches_are_out_of_reach(alice, ana, bob, acme, borealis):
    lead, theirs = await a_lead(acme), await a_lead(borealis)
    tag = await a_tag(borealis, "theirs")
    before = [await as_it_is(each) for each in (lead, theirs)]
    for action, facts in ACTIONS.items():
        for ids in ([theirs.id], [lead.id, theirs.id], [999999]):
            answer = await alice.post(f"/acme/leads/bulk/{action}", data=facts | {"ids": ids})
            assert answer.status_code == 404, (action, ids)
        assert (await bob.post(f"/acme/leads/bulk/{action}", data=facts | {"ids": [lead.id]})).status_code == 404
    for action, facts in (
        ("tags", {"tag": tag}),
        ("assignment", {"owner": bob.user.id}),
        ("stage", {"stage": "theirs"}),
    ):
        answer = await alice.post(f"/acme/leads/bulk/{action}", data=facts | {"ids": [lead.id]})
        assert answer.status_code == 404, action
    assert [await as_it_is(each) for each in (lead, theirs)] == before
    assert await rows("SELECT name FROM tag WHERE organization = {}", acme.id) == []
    done = await alice.post("/acme/leads/bulk/assignment", data={"ids": [lead.id], "owner": ana.user.id})
    id = undo_of(done).split("/")[-2]
    for path in ("", "/errors.csv"):
        assert (await bob.get(f"/borealis/leads/batches/{id}{path}")).status_code == 404
    for path in ("/reversal", "/cancellation"):
        assert (await bob.post(f"/borealis/leads/batches/{id}{path}")).status_code == 404
    assert (await as_it_is(lead))["owner"] == ana.user.id


async def test_viewers_see_batches_and_change_nothing(vera, alice, acme):
    lead = await a_lead(acme)
    done = await alice.post("/acme/leads/bulk/deletion", data={"ids": [lead.id]})
    address = undo_of(done).removesuffix("/reversal")
    page = (await vera.get(address)).text
    assert "1 lead written by Alice Arden" in page and "Undo all of it" not in page
    assert "Leads deleted" in (await vera.get("/acme/leads/batches")).text
    for path in (
        f"{address}/reversal",
        f"{address}/cancellation",
        *(f"/acme/leads/bulk/{action}" for action in ACTIONS),
    ):
        assert (await vera.post(path, data={"ids": [lead.id]})).status_code == 403


async def test_undo_ends_after_thirty_days(alice, acme):
    lead = await a_lead(acme)
    done = await alice.post("/acme/leads/bulk/deletion", data={"ids": [lead.id]})
    await rows("UPDATE lead_batch SET finished_at = {}", clock.now() - batches.KEEP)
    assert said(await alice.post(undo_of(done))).startswith("It was taken back already, or is older")
    assert (await as_it_is(lead))["deleted_at"]


async def test_the_batch_itself_is_on_the_record(alice, acme):
    lead = await a_lead(acme)
    done = await alice.post("/acme/leads/bulk/deletion", data={"ids": [lead.id]})
    await alice.post(undo_of(done))
    found = await rows("SELECT title, \"user\" FROM activity WHERE subject_kind = 'lead_batch' ORDER BY id")
    assert [each["title"] for each in found] == ["Leads deleted", "Leads deleted: taken back"]
    assert {each["user"] for each in found} == {alice.user.id}


async def test_bulk_statements_do_not_grow_with_the_leads(alice, ana, acme, queries):
    await many(acme, 100)
    ids = [each["id"] for each in await columns(acme, "id")]
    counts = []
    for chosen in (ids[:2], ids[2:]):
        with queries() as seen:
            await alice.post("/acme/leads/bulk/assignment", data={"ids": chosen, "owner": ana.user.id})
        counts.append(len(seen))
    assert counts[0] == counts[1] < 45


async def test_dialogs_offer_the_organizations_own(alice, ana, acme, borealis):
    await a_tag(acme, "dinner")
    await a_tag(borealis, "theirs")
    assert "Ana Alba" in (await alice.get("/acme/leads/bulk/assignment/new")).text
    tags = (await alice.get("/acme/leads/bulk/tags/new")).text
    assert "dinner" in tags and "theirs" not in tags
    answer = await alice.get("/acme/leads/bulk/stage/new")
    assert "Qualified" in answer.text and json.loads(answer.headers["hx-trigger"]) == {
        "open-dialog": {"target": "#dialog"}
    }
