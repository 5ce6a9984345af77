"""The same for many tickets: on the page or all that match, taken back, and never anybody else's."""

import json

from dashboard import clock
from dashboard.activity.tables import Activity
from dashboard.conversations.tables import Conversation
from dashboard.database import rows
from dashboard.leads.tables import Tag
from dashboard.tickets import many, work
from dashboard.tickets.tables import Ticket
from tests.tickets.cast import a_person, a_ticket

BULK = "/acme/tickets/bulk"


async def some(organization, count=4):
    lead = await a_person(organization)
    return [await a_ticket(organization, lead, f"Subject {number}") for number in range(1, count + 1)]


async def lots(organization, count):
    """So many open tickets that they take several transactions."""
    await rows(
        "INSERT INTO conversation (organization, channel, name, last_message_at) "
        "SELECT {}, 'mail', 'P' || n, now() FROM generate_series(1, {}::int) n", organization.id, count,
    )  # fmt: skip
    await rows(
        "INSERT INTO ticket (organization, number, subject, priority, status, conversation, updated_at) "
        "SELECT {}, row_number() OVER (), 'Many', 'low', 'open', id, now() FROM conversation WHERE organization = {}",
        organization.id, organization.id,
    )  # fmt: skip


def said(answer) -> dict:
    return json.loads(answer.headers["HX-Trigger"])["toast"]


async def facts(organization, column="assignee") -> list:
    found = await rows(f"SELECT {column} AS is FROM ticket WHERE organization = {{}} ORDER BY number", organization.id)
    return [each["is"] for each in found]


async def test_ticked_tickets_are_given_away_and_taken_back(acme, ana, alice):
    tickets = await some(acme)
    answer = await ana.post(f"{BULK}/assignment", data={"numbers": ["1", "3"], "assignee": str(alice.user.id)})
    assert answer.status_code == 200 and said(answer)["text"] == "2 tickets given to Alice Arden."
    assert await facts(acme) == [alice.user.id, None, alice.user.id, None]
    assert (await Conversation.get_of(acme, tickets[0].conversation)).assignee == alice.user.id
    line = await Activity.of(acme).where(Activity.subject_id == tickets[2].id, Activity.verb == "assigned").first()
    assert line.title == "Assigned to Alice Arden"
    again = await ana.post(f"{BULK}/assignment", data={"numbers": ["1", "2"], "assignee": str(alice.user.id)})
    assert said(again)["text"] == "1 ticket given to Alice Arden. 1 already was."
    back = await ana.post(said(answer)["undo"])
    assert said(back)["text"] == "2 tickets as before." and await facts(acme) == [None, alice.user.id, None, None]
    assert (await Conversation.get_of(acme, tickets[0].conversation)).assignee is None
    assert said(await ana.post(said(answer)["undo"]))["text"] == "Nothing was taken back."


async def test_all_that_match_means_those_behind_the_filters_and_not_only_the_page(acme, ana):
    await lots(acme, 1203)
    await rows("UPDATE ticket SET status = 'waiting' WHERE number <= 3")
    data = {"all": "1", "query": "status=open", "numbers": ["5"], "status": "solved"}
    answer = await ana.post(f"{BULK}/status", data=data)
    assert said(answer)["text"] == "1,200 tickets set to “Solved”."
    assert sorted({*await facts(acme, "status")}) == ["solved", "waiting"]
    await ana.post(said(answer)["undo"])
    found = await facts(acme, "status")
    assert (found.count("open"), found.count("waiting")) == (1200, 3)


async def test_the_clocks_follow_the_status_and_come_back(acme, ana):
    [ticket] = await some(acme, 1)
    before = await Ticket.get_of(acme, ticket.id)
    answer = await ana.post(f"{BULK}/status", data={"numbers": ["1"], "status": "waiting"})
    waits = await Ticket.get_of(acme, ticket.id)
    assert waits.status == "waiting" and waits.paused_at is not None
    await ana.post(said(answer)["undo"])
    after = await Ticket.get_of(acme, ticket.id)
    assert (after.status, after.paused_at, after.solve_due_at) == ("open", None, before.solve_due_at)


async def test_a_change_since_is_not_taken_back(acme, ana):
    tickets = await some(acme, 2)
    answer = await ana.post(f"{BULK}/status", data={"numbers": ["1", "2"], "status": "waiting"})
    await work.set_status(acme, tickets[0], "solved", clock.now(), by=ana.user)
    back = await ana.post(said(answer)["undo"])
    assert said(back)["text"] == "1 ticket as before. 1 had changed since."
    assert await facts(acme, "status") == ["solved", "open"]


async def test_tags_are_put_on_and_taken_off(acme, ana):
    await some(acme, 2)
    answer = await ana.post(f"{BULK}/tags", data={"numbers": ["1", "2"], "new": "Billing"})
    tag = await Tag.of(acme).first()
    assert said(answer)["text"] == "2 tickets tagged “Billing”." and await facts(acme, "tags") == [[tag.id], [tag.id]]
    assert "Subject 1" in (await ana.get(f"/acme/tickets?tag={tag.id}")).text
    assert "Subject 1" not in (await ana.get("/acme/tickets?tag=none")).text
    await ana.post(f"{BULK}/tags", data={"numbers": ["2"], "tag": str(tag.id), "off": "1"})
    assert await facts(acme, "tags") == [[tag.id], []]
    assert (await ana.post(f"{BULK}/tags", data={"numbers": ["2"]})).status_code == 422


async def test_merged_tickets_are_left_alone(acme, ana):
    one, other = await some(acme, 2)
    await work.merge(acme, one, other, ana.user, clock.now())
    answer = await ana.post(f"{BULK}/status", data={"all": "1", "query": "show=all", "status": "solved"})
    assert said(answer)["text"] == "1 ticket set to “Solved”. 1 is a part of others."
    assert await facts(acme, "status") == ["closed", "solved"]


async def test_nothing_ticked_or_not_understood_changes_nothing(acme, ana):
    await some(acme, 2)
    for data in ({}, {"numbers": ["x"]}, {"all": "1", "query": "priority=later"}, {"all": "1", "query": "x" * 9000}):
        assert (await ana.post(f"{BULK}/assignment", data=data | {"assignee": ""})).status_code == 422, data
    for status in ("", "overdue", "gone"):
        answer = await ana.post(f"{BULK}/status", data={"numbers": ["1"], "status": status})
        assert answer.status_code == 422
    assert await facts(acme, "status") == ["open", "open"]


async def test_nobody_elses_tickets_people_or_tags_are_meant(acme, borealis, alice, ana, bob, vera):
    await some(acme, 2)
    tag = Tag(organization=borealis.id, name="Theirs")
    await tag.save()
    for data in ({"numbers": ["1"]}, {"all": "1", "query": "show=all"}):
        answer = await bob.post("/borealis/tickets/bulk/status", data=data | {"status": "closed"})
        assert said(answer)["text"] == "Nothing was changed."
        assert (await bob.post(f"{BULK}/status", data=data | {"status": "closed"})).status_code == 404
        assert (await vera.post(f"{BULK}/status", data=data | {"status": "closed"})).status_code == 403
    answer = await ana.post(f"{BULK}/assignment", data={"numbers": ["1"], "assignee": str(bob.user.id)})
    assert answer.status_code == 422
    assert (await ana.post(f"{BULK}/tags", data={"numbers": ["1"], "tag": str(tag.id)})).status_code == 404
    batch = said(await ana.post(f"{BULK}/status", data={"numbers": ["1"], "status": "solved"}))["undo"].split("/")[4]
    assert said(await bob.post(f"/borealis/tickets/bulk/{batch}/reversal"))["text"] == "Nothing was taken back."
    assert await facts(acme, "status") == ["solved", "open"] and await facts(acme, "tags") == [[], []]


async def test_a_form_that_names_somebody_elses_rows_finds_nothing(acme, borealis, alice, bob):
    """Owner, tag, order, ticket and canned reply in the fields of Bob's own forms."""
    await some(acme, 2)
    mine = await a_ticket(borealis, await a_person(borealis, "own@borealis.example"), "Mine")
    at = "/borealis/tickets/1"
    assert (await bob.post(f"{at}/assignment", data={"assignee": str(alice.user.id)})).status_code == 422
    tag = Tag(organization=acme.id, name="Ours")
    await tag.save()
    await bob.post(f"{at}/tags", data={"tag": str(tag.id)})
    assert (await bob.post(f"{at}/merge", data={"into": "2"})).status_code == 422
    data = {"email": "x@x.example", "subject": "s", "message": "m", "once": "abcdefgh1234", "order": "1"}
    assert (await bob.post("/borealis/tickets", data=data)).status_code == 404
    assert (await bob.post(f"{at}/changes/1/reversal")).status_code == 404
    found = await Ticket.get_of(borealis, mine.id)
    assert (found.assignee, found.tags, found.merged_into) == (None, [], None)
    assert await facts(borealis, "number") == [1]


async def test_two_at_once_do_not_wait_for_each_other_for_ever(acme, ana, alice):
    import asyncio

    from piccolo.querystring import QueryString

    await lots(acme, 600)
    everything = QueryString("t.number > 0")
    done = await asyncio.gather(
        many.assign(acme, everything, alice.user, alice.user), many.assign(acme, everything, ana.user, ana.user)
    )
    assert all(each.changed == 600 for each in done) and len({*await facts(acme)}) == 1


async def test_the_list_has_boxes_only_for_those_who_may(acme, ana, vera):
    await some(acme, 1)
    assert 'name="numbers" value="1" form="bulk"' in (await ana.get("/acme/tickets")).text
    assert "data-bulk" not in (await vera.get("/acme/tickets")).text
    for form in ("assignment", "status", "tags"):
        assert 'id="many-form"' in (await ana.part(f"{BULK}/{form}/new")).text
