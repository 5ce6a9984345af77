"""Replies of one conversation leave one after the other, whatever became of the first try of an earlier one."""

from datetime import timedelta

from dashboard import clock
from dashboard.conversations import replying
from dashboard.database import rows
from dashboard.deliveries import actions
from dashboard.deliveries.tables import Delivery
from tests.deliveries import a_delivery, again, world
from tests.tickets.cast import a_conversation, a_person

THREAD, OTHER = ("conversation", 1), ("conversation", 2)


def subjects(w) -> list[str]:
    return [entry["body"]["subject"] for entry in w.partner.sent("resend")]


async def a_reply(acme, words: str, subject=THREAD, **more) -> Delivery:
    payload = {"subject": words, "html": words, "text": words, "from_name": "Acme", "from": "hi@acme.example"}
    return await a_delivery(acme, name="reply", subject=subject, payload=payload, **more)


async def test_a_reply_waits_for_the_one_before_it_and_others_do_not(acme):
    first, second = await a_reply(acme, "First"), await a_reply(acme, "Second")
    await a_reply(acme, "Elsewhere", OTHER)
    async with world() as w:
        w.partner.mode("resend", "500", times=1)
        await rows("UPDATE delivery SET due_at = due_at - interval '1 second' WHERE id = {}", first.id)
        assert await w.work(kind="mail") == 2
        assert ((await again(first)).state, (await again(second)).state) == ("queued", "queued")
        assert subjects(w) == ["Elsewhere"]
        later = clock.now() + timedelta(hours=1)
        assert (await w.work(later, "mail"), await w.work(later, "mail")) == (1, 1)
        assert subjects(w) == ["Elsewhere", "First", "Second"]


async def test_a_reply_that_will_not_be_sent_holds_up_no_other(acme, alice):
    first, second = await a_reply(acme, "First"), await a_reply(acme, "Second")
    third = await a_reply(acme, "Third")
    await rows("UPDATE delivery SET state = 'failed' WHERE id = {}", first.id)
    await actions.cancel(second, alice.user)
    async with world() as w:
        await w.work(kind="mail")
    assert (await again(third)).state == "sent"


async def test_a_reply_that_waits_for_its_next_try_is_tried_along_with_the_next_one(acme, ana):
    conversation = await a_conversation(acme, await a_person(acme))
    now = clock.now()
    await replying.reply(acme, conversation, "First", "one", now, by=ana.user)
    await rows("UPDATE delivery SET attempt = 5, due_at = {} WHERE name = 'reply'", now + timedelta(hours=2))
    await replying.reply(acme, conversation, "Second", "two", now, by=ana.user, due_at=now + actions.UNDO)
    due = [each.due_at for each in await Delivery.objects().where(Delivery.name == "reply").order_by(Delivery.id)]
    assert due == [now + actions.UNDO] * 2
