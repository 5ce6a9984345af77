"""The queue's pages: who sees what, how it is decided there, and what it costs."""

import re

import pytest

from dashboard.conversations.tables import Channel
from dashboard.database import rows
from tests.approvals.asking import a_question, a_suggestion, after_the_hold, an_article, draft_all, now_is
from tests.builders import a_member

HOSTILE = '<img src=x onerror=alert(1)><b hx-get="/x">"\'{{7*7}} **bold** ‮evil 😀'


@pytest.fixture
async def three(alice, acme):
    await an_article(acme, alice.user)
    return [await a_suggestion(acme, name=f"Robin {n}", email=f"r{n}@customer.example") for n in range(3)]


def current(text: str) -> str:
    found = re.search(r'<li id="q-(\d+)">\s*<a [^>]*aria-current="true"', text)
    return found[1] if found else ""


def toast(response) -> str:
    return response.headers.get("HX-Trigger", "")


async def test_the_queue_opens_with_the_one_that_waits_longest(ana, acme, three):
    text = (await ana.get("/acme/approvals")).text
    assert current(text) == str(three[0].id)
    for words in ("Robin 0", "five working days", "Sources", "Checks", "Approve and send", "No price or discount"):
        assert words in text


async def test_approving_opens_the_next_and_offers_undo(ana, acme, three):
    first, second, _ = three
    answer = await ana.post(f"/acme/approvals/{first.id}/approval", data={"version": 1, "body": first.draft})
    assert answer.status_code == 200 and current(answer.text) == str(second.id)
    assert answer.headers["HX-Replace-Url"] == f"/acme/approvals/{second.id}"
    assert f"/acme/approvals/{first.id}/withdrawal" in toast(answer) and "10 seconds" in toast(answer)
    back = await ana.post(f"/acme/approvals/{first.id}/withdrawal")
    assert current(back.text) == str(first.id) and (await now_is(first)).state == "waiting"
    await after_the_hold(60)
    assert await rows("SELECT 1 FROM message WHERE direction = 'out'") == []


async def test_who_comes_second_sees_who_was_first(alice, ana, acme, three):
    first = three[0]
    await ana.post(f"/acme/approvals/{first.id}/approval", data={"version": 1, "body": first.draft})
    answer = await alice.post(f"/acme/approvals/{first.id}/approval", data={"version": 1, "body": "Other"})
    assert answer.status_code == 409 and "Ana Alba approved this" in toast(answer)
    assert "Ana Alba approved this" in answer.text


async def test_a_rejection_needs_a_reason_and_keeps_the_words(ana, acme, three):
    at = f"/acme/approvals/{three[0].id}/rejection"
    assert (await ana.post(at, data={"reason": ""})).status_code == 422
    answer = await ana.post(at, data={"reason": "Wrong facts", "words": "It is ten days"})
    assert current(answer.text) == str(three[1].id)
    assert (await now_is(three[0])).reason == "Wrong facts: It is ten days"


async def test_what_is_typed_is_kept_and_checked_again(ana, acme, three):
    first = three[0]
    answer = await ana.post(
        f"/acme/approvals/{first.id}/draft", data={"version": 1, "body": "It costs €99, see http://evil.example"}
    )
    assert "Links elsewhere" in answer.text and "Price without a source: €99" in answer.text
    assert 'value="2"' in answer.text and 'hx-swap-oob="true"' in answer.text
    page = (await ana.get(f"/acme/approvals/{first.id}")).text
    assert "It costs €99" in page and "Edited by Ana Alba" in page


async def test_two_who_type_at_once_learn_of_each_other(alice, ana, acme, three):
    first = three[0]
    assert (await alice.post(f"/acme/approvals/{first.id}/presence")).text.find("open too") == -1
    assert "Alice Arden" in (await ana.post(f"/acme/approvals/{first.id}/presence")).text
    await alice.post(f"/acme/approvals/{first.id}/draft", data={"version": 1, "body": "Alice was here"})
    answer = await ana.post(f"/acme/approvals/{first.id}/draft", data={"version": 1, "body": "Ana was here"})
    assert answer.status_code == 409 and "Alice Arden changed the text" in answer.text
    assert (await now_is(first)).edited == "Alice was here"


async def test_an_open_page_learns_that_it_was_overtaken(alice, ana, acme, three):
    await alice.post(f"/acme/approvals/{three[0].id}/approval", data={"version": 1, "body": "Sent"})
    answer = await ana.post(f"/acme/approvals/{three[0].id}/presence")
    assert "Alice Arden approved this" in answer.text


async def test_all_organizations_stand_in_one_queue(alice, acme, borealis, three):
    await a_member(borealis, "alice@acme.example", "Alice Arden", "agent")
    theirs = await a_suggestion(borealis, name="Northern Lights", email="n@customer.example")
    text = (await alice.get("/approvals")).text
    assert "Northern Lights" in text and "Robin 0" in text and f"/approvals/borealis/{theirs.id}" in text
    answer = await alice.post(f"/acme/approvals/{three[2].id}/approval?across=1", data={"version": 1, "body": "Yes"})
    assert answer.headers["HX-Replace-Url"] == f"/approvals/borealis/{theirs.id}"
    answer = await alice.post(f"/borealis/approvals/{theirs.id}/rejection?across=1", data={"reason": "Other"})
    assert answer.headers["HX-Replace-Url"] == f"/approvals/acme/{three[0].id}"


async def test_another_organizations_suggestion_does_not_exist(bob, acme, three):
    id = three[0].id
    assert (await bob.get(f"/acme/approvals/{id}")).status_code == 404
    assert (await bob.get(f"/borealis/approvals/{id}")).status_code == 404
    for noun in ("approval", "rejection", "draft", "regeneration", "withdrawal", "presence"):
        answer = await bob.post(f"/borealis/approvals/{id}/{noun}", data={"version": 1, "body": "x", "reason": "x"})
        assert answer.status_code == 404, noun
    assert "Robin" not in (await bob.get("/approvals")).text


async def test_a_viewer_reads_and_changes_nothing(vera, acme, three):
    text = (await vera.get("/acme/approvals")).text
    assert "five working days" in text and "act-approve" not in text and "data-draft" not in text
    answer = await vera.post(f"/acme/approvals/{three[0].id}/approval", data={"version": 1, "body": "x"})
    assert answer.status_code == 403 and (await now_is(three[0])).state == "waiting"


async def test_nothing_changes_by_looking(ana, acme, three):
    before = await rows("SELECT md5(string_agg(s::text, '')) AS hash FROM suggestion s")
    await ana.get(f"/acme/approvals/{three[0].id}")
    await ana.get("/approvals")
    assert await rows("SELECT md5(string_agg(s::text, '')) AS hash FROM suggestion s") == before


async def test_text_of_customers_and_machines_is_text(ana, acme):
    made = await a_suggestion(acme, HOSTILE, name=HOSTILE[:60], channel=Channel.mail, subject=HOSTILE)
    source = {"kind": "section", "title": HOSTILE, "heading": HOSTILE, "text": HOSTILE, "slug": "x"}
    mark = {"ok": False, "name": "links", "said": HOSTILE}
    await rows(
        "UPDATE suggestion SET draft = {}, sources = {}, checks = {}, reason = {}, instruction = {} WHERE id = {}",
        HOSTILE, [source], [mark], HOSTILE, HOSTILE, made.id,
    )  # fmt: skip
    text = (await ana.get(f"/acme/approvals/{made.id}")).text
    assert "<img src=x" not in text and '<b hx-get="/x">' not in text and "&lt;img src=x" in text


async def test_a_message_of_a_megabyte_does_not_fill_the_page(ana, acme):
    await a_question(acme, "a " * 500_000)
    await draft_all()
    assert len((await ana.get("/acme/approvals")).content) < 300_000


async def test_the_page_asks_little_of_the_database(ana, acme, three, queries):
    with queries() as seen:
        await ana.get(f"/acme/approvals/{three[0].id}")
    assert len(seen) <= 9, [statement[:90] for statement in seen]
    with queries() as seen:
        await ana.post(f"/acme/approvals/{three[0].id}/approval", data={"version": 1, "body": "Yes"})
    assert len(seen) <= 26, [statement[:90] for statement in seen]


async def test_an_empty_queue_says_that_all_is_clear(ana, acme):
    text = (await ana.get("/acme/approvals")).text
    assert "All clear" in text and "act-approve" not in text


async def test_the_navigation_and_today_say_how_many_wait(ana, acme, three):
    assert re.search(r'id="nav-count-approvals"[^>]*>3<', (await ana.get("/acme/navigation")).text)
    assert "3 replies wait for approval" in (await ana.get("/acme/today")).text
