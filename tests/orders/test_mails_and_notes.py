"""Sending one of an order's mails again, and writing notes."""

import asyncio
import json

from dashboard.activity.tables import Note
from dashboard.deliveries.tables import Delivery
from tests.orders.cast import an_order, deliveries_of, waiting_for_intake


async def test_a_mail_goes_out_again_as_a_delivery_of_its_own(ana, acme):
    order = await waiting_for_intake(acme)
    [mail] = await deliveries_of(order, name="intake_request")
    await Delivery.update({Delivery.state: "bounced"}).where(Delivery.id == mail.id)
    path = f"/acme/orders/{order.number}/mails/{mail.id}/copies"
    answers = await asyncio.gather(*(ana.post(path) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    first, copy = await deliveries_of(order, name="intake_request")
    assert (first.state, copy.state) == ("bounced", "queued") and copy.payload == first.payload
    assert copy.key.startswith(first.key + ":")
    undo = json.loads(answers[0].headers["hx-trigger"])["toast"]["undo"]
    await ana.post(undo)
    await copy.refresh()
    assert copy.state == "cancelled"


async def test_only_the_orders_own_mails_can_be_sent_again(ana, acme, borealis):
    order, other = await waiting_for_intake(acme), await waiting_for_intake(acme)
    foreign = await waiting_for_intake(borealis)
    for whose in (other, foreign):
        [mail] = await deliveries_of(whose, name="intake_request")
        assert (await ana.post(f"/acme/orders/{order.number}/mails/{mail.id}/copies")).status_code == 404
        assert (await ana.post(f"/acme/orders/{order.number}/mails/{mail.id}/cancellation")).status_code == 404
        assert len(await deliveries_of(whose)) == 1


async def test_a_note_is_kept_shown_escaped_and_the_field_is_new_afterwards(ana, acme):
    order = await an_order(acme)
    answer = await ana.post(f"/acme/orders/{order.number}/notes", data={"text": " <script>alert(1)</script>\0 "})
    assert answer.status_code == 200 and "&lt;script&gt;alert(1)" in answer.text
    assert f'id="note-{order.id}-1"' in answer.text
    [note] = await Note.objects()
    assert (note.text, note.author) == ("<script>alert(1)</script>", ana.user.id)


async def test_an_empty_note_is_answered_at_its_field(ana, acme):
    order = await an_order(acme)
    answer = await ana.post(f"/acme/orders/{order.number}/notes", data={"text": "  "})
    assert answer.status_code == 422 and "Write something first" in answer.text and await Note.count() == 0
