"""What Resend reports later, from its own sample payloads, in any order."""

import asyncio
import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboard import clock
from dashboard.database import rows
from dashboard.deliveries import actions
from dashboard.deliveries.tables import Delivery, Suppression
from dashboard.webhooks import handlers, ledger
from tests.deliveries import a_delivery, again, world

ID = "00000000-0000-4000-8000-0000000000a1"
PERMANENT = {"type": "Permanent", "subType": "General", "message": "The address does not exist."}
counter = itertools.count()


def event(kind: str, id: str = ID, at: str = "2026-11-21T01:40:06.123Z", **data) -> dict:
    facts = {"email_id": id, "to": ["robin@mail.example"], "subject": "Hello", "tags": {}}
    return {"type": f"email.{kind}", "created_at": at, "data": facts | data}


async def tell(organization, *events: dict) -> list[tuple[str, str]]:
    """Receive events and handle them; (state, result) of each."""
    now = clock.now()
    for each in events:
        body = json.dumps(each).encode()
        await ledger.record(organization.id, "resend", f"msg_{next(counter)}", each["type"], body, now)
    while await ledger.work(handlers.HANDLERS, clock.now()):
        pass
    found = await rows("SELECT state, result FROM inbound_event ORDER BY id DESC LIMIT {}", len(events))
    return [(row["state"], row["result"]) for row in reversed(found)]


@pytest.mark.parametrize(
    ("kind", "more", "state"),
    [
        ("sent", {}, "sent"),
        ("delivered", {}, "delivered"),
        ("bounced", {"bounce": PERMANENT}, "bounced"),
        ("complained", {}, "delivered"),
        ("failed", {"failed": {"reason": "The domain is not verified."}}, "failed"),
        ("suppressed", {"suppressed": {"message": "On the list", "type": "OnAccountSuppressionList"}}, "suppressed"),
        ("opened", {}, "sent"),
        ("clicked", {"click": {"link": "https://x.example"}}, "sent"),
        ("delivery_delayed", {}, "sent"),
    ],
)
async def test_each_report_once_or_often(acme, kind, more, state):
    delivery = await a_delivery(acme, state="sent", provider_id=ID)
    for _ in range(2):
        ((handled, result),) = await tell(acme, event(kind, **more))
        assert handled == "handled" and result
    assert (await again(delivery)).state == state


@pytest.mark.parametrize("size", [2, 3, pytest.param(5, marks=pytest.mark.slow)])
async def test_any_order_of_arrival_ends_the_same(acme, size):
    reports = [event("sent"), event("delivered"), event("bounced", bounce=PERMANENT), event("failed"), event("opened")]
    for subset in itertools.combinations(reports, size):
        ends = set()
        for order in itertools.permutations(subset):
            await rows("DELETE FROM delivery_attempt")
            await rows("DELETE FROM delivery")
            delivery = await a_delivery(acme, state="sent", provider_id=ID)
            await tell(acme, *order)
            end = await again(delivery)
            ends.add((end.state, end.opened_at))
        assert len(ends) == 1, [each["type"] for each in subset]


@pytest.mark.parametrize("kind", ["bounced.permanent", "clicked", "complained", "delivered", "sent"])
async def test_the_published_samples_are_understood(acme, kind):
    sample = json.loads((Path(__file__).parent / "samples" / f"email.{kind}.json").read_text())
    delivery = await a_delivery(
        acme, state="sent", provider_id=sample["data"]["email_id"], recipient=sample["data"]["to"][0]
    )
    ((state, _),) = await tell(acme, sample)
    assert state == "handled"
    now = await again(delivery)
    expected = {"bounced.permanent": "bounced", "clicked": "sent", "sent": "sent"}.get(kind, "delivered")
    assert now.state == expected
    if kind == "clicked":
        assert now.clicked_at == datetime(2026, 11, 21, 1, 40, 11, 123000, tzinfo=UTC)
    blocked = await Suppression.of(acme).first()
    assert (blocked is not None) is (kind in ("bounced.permanent", "complained"))
    if blocked:
        assert blocked.email_normalized == sample["data"]["to"][0]


async def test_a_bounce_says_why_on_the_row_and_on_what_it_was_about(acme):
    delivery = await a_delivery(acme, state="delivered", provider_id=ID, subject=("order", 9))
    await tell(acme, event("bounced", bounce=PERMANENT | {"message": "550 5.1.1\r\n<b>no</b> such user"}))
    assert (await again(delivery)).why == "550 5.1.1 <b>no</b> such user"
    (line,) = await rows("SELECT verb, detail FROM activity WHERE subject_kind = 'order' AND subject_id = 9")
    assert line["verb"] == "delivery_bounced" and "550" in line["detail"]


async def test_mails_that_are_put_off_and_do_not_arrive_count_like_soft_bounces(acme):
    """The third one of an address that has not arrived within a day; those that arrived after all do not count."""
    at = datetime(2026, 11, 21, 1, 40, tzinfo=UTC)
    for number in range(5):
        await a_delivery(acme, state="sent", provider_id=f"p{number}")
    await rows("UPDATE delivery SET recipient = 'robin@mail.example', created_at = {}", at - timedelta(days=2))
    await rows("UPDATE delivery SET created_at = {} WHERE provider_id = 'p4'", at - timedelta(hours=2))
    await tell(acme, *(event("delivery_delayed", f"p{number}") for number in (0, 1, 4)), event("delivered", "p0"))
    await tell(acme, event("delivery_delayed", "p2"))
    assert not await Suppression.of(acme), "one arrived, one is only two hours old"
    [(_, result)] = await tell(acme, event("delivery_delayed", "p3"))
    assert "not written to again" in result
    [blocked] = await Suppression.of(acme)
    assert (blocked.email_normalized, blocked.reason) == ("robin@mail.example", "bounced")


async def test_after_a_permanent_bounce_nothing_more_leaves(acme):
    await a_delivery(acme, state="sent", provider_id=ID)
    waiting = await a_delivery(acme)
    await tell(acme, event("bounced", bounce=PERMANENT))
    async with world() as w:
        await w.work()
        assert w.partner.journal.entries == []
    assert (await again(waiting)).state == "suppressed"


async def test_a_full_mailbox_blocks_only_when_it_goes_on(acme):
    soft = {"type": "Transient", "subType": "MailboxFull", "message": "Mailbox full", "diagnosticCode": ["smtp; 452"]}
    for number in range(3):
        await a_delivery(acme, state="sent", provider_id=f"id-{number}")
        assert await Suppression.of(acme).first() is None
        await tell(acme, event("bounced", id=f"id-{number}", bounce=soft))
    assert (await Suppression.of(acme).first()).reason == "bounced"


async def test_somebody_who_unsubscribed_and_then_complains_is_blocked_wholly(acme):
    await Suppression(organization=acme.id, email_normalized="robin@mail.example", reason="unsubscribed").save()
    await a_delivery(acme, state="sent", provider_id=ID)
    await tell(acme, event("complained"))
    assert (await Suppression.of(acme).first()).reason == "complained"
    assert await Suppression.count() == 1


async def test_a_report_that_is_faster_than_the_answer_settles_the_row(acme):
    """Resend took it, its answer was cut off, its webhook came first."""
    delivery = await a_delivery(acme)
    async with world() as w:
        w.partner.mode("resend", "cut", 1)
        now = clock.now()
        await w.work(now)
        waiting = await again(delivery)
        assert waiting.state == "queued"
        await tell(acme, event("delivered", tags={"delivery": f"{delivery.id}-0", "kind": "hello"}))
        assert ((await again(delivery)).state, (await again(delivery)).provider_id) == ("delivered", ID)
        assert await w.work(waiting.due_at) == 0, "and it is not sent again"


async def test_a_report_during_the_call_is_not_overwritten_by_its_answer(acme):
    delivery = await a_delivery(acme)
    async with world() as w:
        hold = w.partner.hold("resend")
        sending = asyncio.create_task(w.work())
        await hold.asked.wait()
        await tell(acme, event("delivered", tags={"delivery": f"{delivery.id}-0"}))
        hold.answer.set()
        await sending
        assert len(w.partner.sent("resend")) == 1
    assert (await again(delivery)).state == "delivered"


async def test_an_unknown_mail_is_settled_by_its_report(acme):
    delivery = await a_delivery(acme, state="unknown", unclear_via="Resend")
    await tell(acme, event("delivered", tags={"delivery": f"{delivery.id}-0"}))
    now = await again(delivery)
    assert (now.state, now.unclear_via, now.why) == ("delivered", "", "")


async def test_a_late_report_of_an_earlier_send_leaves_the_new_one_alone(acme, ana):
    delivery = await a_delivery(acme, state="failed", provider_id=ID)
    await actions.send_now(delivery, ana.user, clock.now())
    results = await tell(acme, event("bounced", tags={"delivery": f"{delivery.id}-0"}, bounce=PERMANENT))
    assert results == [("handled", "Not a mail of ours.")]
    assert (await again(delivery)).state == "queued"


async def test_another_organizations_mail_is_not_ours(acme, borealis):
    theirs = await a_delivery(borealis, state="sent", provider_id=ID)
    mine = await tell(acme, event("bounced", bounce=PERMANENT), event("bounced", tags={"delivery": f"{theirs.id}-0"}))
    assert mine == [("handled", "Not a mail of ours.")] * 2
    assert (await again(theirs)).state == "sent"
    assert await Suppression.count() == 0


@pytest.mark.parametrize("data", [None, [], {}, {"email_id": 5}, {"email_id": ""}, {"email_id": "x" * 500}])
async def test_nonsense_fails_with_a_sentence_and_once(acme, data):
    ((state, _),) = await tell(acme, {"type": "email.delivered", "created_at": 7, "data": data})
    assert state == "failed"


async def test_odd_tags_and_times_do_no_harm(acme):
    delivery = await a_delivery(acme, state="sent", provider_id=ID)
    for tags in (None, [], [{"name": "delivery", "value": "x-y"}], {"delivery": 5}, {"delivery": "9" * 40 + "-0"}):
        ((state, _),) = await tell(acme, event("opened", at="soon", tags=tags))
        assert state == "handled"
    far = await tell(acme, event("clicked", at="9999-01-01T00:00:00Z"))
    assert far == [("handled", "Clicked.")]
    assert (await again(delivery)).clicked_at <= clock.now()


async def test_the_first_opening_counts(acme):
    delivery = await a_delivery(acme, state="delivered", provider_id=ID)
    await tell(acme, event("opened", at="2026-11-20T10:00:00Z"), event("opened", at="2026-11-20T09:00:00Z"))
    await tell(acme, event("opened", at="2026-11-20T11:00:00Z"))
    assert (await again(delivery)).opened_at == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert await Delivery.count() == 1
