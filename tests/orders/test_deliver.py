"""Handing an order over: once, with what belongs to it, and back within ten seconds."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

from dashboard import clock
from dashboard import settings as process_settings
from dashboard.deliveries.tables import Delivery
from dashboard.orders import deliverables, handover
from dashboard.orders.tables import Deliverable
from tests.orders.cast import a_deliverable, activity_of, an_order, as_it_is, deliveries_of, visitor


def undo_of(answer):
    return json.loads(answer.headers["hx-trigger"])["toast"]["undo"]


async def test_delivering_queues_one_mail_with_the_newest_files_and_one_alert_in_ten_seconds(ana, acme):
    order = await an_order(acme, status="in_progress")
    old = await a_deliverable(acme, order, "Audit", version=1)
    new = await a_deliverable(acme, order, "Audit", version=2)
    gone = await a_deliverable(acme, order, "Draft", withdrawn_at=clock.now())
    before = clock.now()
    answer = await ana.post(f"/acme/orders/{order.number}/delivery")
    await order.refresh()
    assert answer.status_code == 200 and order.status == "done" and order.done_at >= before
    mail, alert = await deliveries_of(order)
    assert (mail.name, mail.kind, mail.key) == ("handover", "mail", f"handover:{order.id}:1")
    assert (alert.name, alert.kind, alert.key) == ("delivered", "telegram", f"alert:delivered:{order.id}:1")
    assert mail.due_at == alert.due_at == order.done_at + timedelta(seconds=10)
    assert mail.payload["text"].count("https://test.local/d/") == 1 and "version 2" in mail.payload["text"]
    assert "Draft" not in mail.payload["text"]
    delivered = {each.id: each.delivered_at for each in await Deliverable.objects()}
    assert delivered == {old.id: None, new.id: order.done_at, gone.id: None}


async def test_ten_clicks_at_once_hand_over_once(ana, acme):
    order = await an_order(acme, status="in_progress")
    answers = await asyncio.gather(*(ana.post(f"/acme/orders/{order.number}/delivery") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await deliveries_of(order)) == 2 and await activity_of(order) == ["delivered"]


async def test_an_order_that_is_not_in_progress_is_not_handed_over(ana, acme):
    for status in ("new", "intake_pending", "intake_complete", "cancelled"):
        order = await an_order(acme, status=status)
        before = await as_it_is(order)
        assert (await ana.post(f"/acme/orders/{order.number}/delivery")).status_code == 409
        assert await as_it_is(order) == before and await deliveries_of(order) == []


async def test_undo_takes_mail_alert_and_files_back_and_the_next_handover_is_a_new_one(ana, acme):
    order = await an_order(acme, status="in_progress")
    file = await a_deliverable(acme, order)
    undo = undo_of(await ana.post(f"/acme/orders/{order.number}/delivery"))
    assert undo == f"/acme/orders/{order.number}/delivery/1/reversal"
    assert (await ana.post(undo)).status_code == 200
    await order.refresh()
    await file.refresh()
    assert (order.status, order.done_at, file.delivered_at) == ("in_progress", None, None)
    assert {each.state for each in await deliveries_of(order)} == {"cancelled"}
    again = await ana.post(f"/acme/orders/{order.number}/delivery")
    assert again.status_code == 200
    keys = {each.key: each.state for each in await deliveries_of(order, kind="mail")}
    assert keys == {f"handover:{order.id}:1": "cancelled", f"handover:{order.id}:2": "queued"}
    assert await activity_of(order) == ["delivered", "undone", "delivered"]


async def test_undo_takes_the_alerts_on_both_channels_back(ana, acme, settings):
    process_settings.use(replace(settings, telegram_chat_id="-1001", whatsapp_admin_phone="+15550100042"))
    order = await an_order(acme, status="in_progress")
    undo = undo_of(await ana.post(f"/acme/orders/{order.number}/delivery"))
    assert {each.kind for each in await deliveries_of(order)} == {"mail", "telegram", "whatsapp"}
    await ana.post(undo)
    assert {each.state for each in await deliveries_of(order)} == {"cancelled"}


async def test_a_stale_undo_does_not_undo_the_second_handover(ana, acme):
    order = await an_order(acme, status="in_progress")
    first = undo_of(await ana.post(f"/acme/orders/{order.number}/delivery"))
    await ana.post(first)
    await ana.post(f"/acme/orders/{order.number}/delivery")
    before = await as_it_is(order)
    assert (await ana.post(first)).status_code == 409
    assert await as_it_is(order) == before


async def test_undoing_twice_is_undoing_once(ana, acme):
    order = await an_order(acme, status="in_progress")
    undo = undo_of(await ana.post(f"/acme/orders/{order.number}/delivery"))
    answers = await asyncio.gather(*(ana.post(undo) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert await activity_of(order) == ["delivered", "undone"]


async def test_once_the_mail_has_left_undo_changes_nothing_and_says_so(ana, acme):
    for state in ("sending", "sent", "delivered", "unknown"):
        order = await an_order(acme, status="in_progress")
        file = await a_deliverable(acme, order)
        undo = undo_of(await ana.post(f"/acme/orders/{order.number}/delivery"))
        await Delivery.update({Delivery.state: state}).where(Delivery.key == f"handover:{order.id}:1")
        before = await as_it_is(order)
        answer = await ana.post(undo)
        await file.refresh()
        assert answer.status_code == 409 and "has left" in answer.text
        assert await as_it_is(order) == before and file.delivered_at is not None
        assert [each.state for each in await deliveries_of(order, kind="telegram")] == ["queued"]


async def test_a_handover_mail_that_may_have_arrived_keeps_the_order_done(ana, acme):
    order = await an_order(acme, status="in_progress")
    undo = undo_of(await ana.post(f"/acme/orders/{order.number}/delivery"))
    await Delivery.update({Delivery.unclear_via: "Resend"}).where(Delivery.key == f"handover:{order.id}:1")
    before = await as_it_is(order)
    answer = await ana.post(undo)
    assert answer.status_code == 409 and "may have arrived" in answer.text
    assert await as_it_is(order) == before
    assert {each.state for each in await deliveries_of(order)} == {"queued"}


async def test_undo_and_dispatcher_race_for_the_mail_and_exactly_one_gets_it(ana, acme, settings):
    from dashboard.accounts.credentials import integrations_for
    from dashboard.deliveries import dispatcher

    who = await visitor(ana.user)
    for _ in range(5):
        order = await an_order(acme, status="in_progress")
        await handover.deliver(acme, order, who, clock.now() - timedelta(seconds=11))
        undo = ana.post(f"/acme/orders/{order.number}/delivery/1/reversal")
        answer, _ = await asyncio.gather(undo, dispatcher.work(integrations_for, clock.now()))
        await order.refresh()
        [mail] = await deliveries_of(order, kind="mail")
        if answer.status_code == 200:
            assert (order.status, mail.state) == ("in_progress", "cancelled")
        else:
            assert (answer.status_code, order.status) == (409, "done") and mail.state != "cancelled"


async def test_a_customer_without_an_address_gets_no_mail_and_undo_still_works(ana, acme):
    order = await an_order(acme, status="in_progress", customer_email="")
    undo = undo_of(await ana.post(f"/acme/orders/{order.number}/delivery"))
    assert [each.kind for each in await deliveries_of(order)] == ["telegram"]
    assert (await ana.post(undo)).status_code == 200 and (await as_it_is(order))["status"] == "in_progress"


async def test_a_file_is_uploaded_as_the_next_version_and_taken_away_again(ana, acme):
    order = await an_order(acme, status="in_progress")
    path = f"/acme/orders/{order.number}/deliverables"
    for body in (b"%PDF-1.7 one", b"%PDF-1.7 two"):
        upload = {"file": ("../Audit\r\n.pdf", body, "text/html")}
        answer = await ana.post(path, files=upload, data={"title": "Audit", "is_report": "yes"})
        assert answer.status_code == 200, answer.text
    first, second = await Deliverable.objects(Deliverable.file).order_by(Deliverable.id)
    assert [(each.title, each.version, each.is_report) for each in (first, second)] == [
        ("Audit", 1, True), ("Audit", 2, True),
    ]  # fmt: skip
    assert (second.file.content_type, second.file.size) == ("application/pdf", 12)
    assert (await ana.get(f"/acme/files/{second.file.id}")).content == b"%PDF-1.7 two"
    taken = await ana.post(f"{path}/{second.id}/withdrawal")
    assert taken.status_code == 200 and "v2" not in taken.text
    assert (await ana.post(undo_of(taken))).status_code == 200
    await second.refresh()
    assert second.withdrawn_at is None


async def test_taking_a_file_away_kills_the_link_the_customer_got(ana, stranger, acme):
    order = await an_order(acme, status="in_progress")
    file = await a_deliverable(acme, order)
    await ana.post(f"/acme/orders/{order.number}/delivery")
    [mail] = await deliveries_of(order, kind="mail")
    link = next(line for line in mail.payload["text"].splitlines() if "/d/" in line).removeprefix("https://test.local")
    assert (await stranger.get(link)).content == b"%PDF-1.7 audit"
    await ana.post(f"/acme/orders/{order.number}/deliverables/{file.id}/withdrawal")
    assert (await stranger.get(link)).status_code == 403


async def test_an_upload_without_a_file_or_to_a_cancelled_order_keeps_nothing(ana, acme):
    order, over = await an_order(acme, status="in_progress"), await an_order(acme, status="cancelled")
    empty = await ana.post(f"/acme/orders/{order.number}/deliverables", data={"title": "Audit"})
    late = await ana.post(f"/acme/orders/{over.number}/deliverables", files={"file": ("a.pdf", b"x")})
    assert (empty.status_code, late.status_code) == (422, 409) and await Deliverable.count() == 0


async def test_ten_uploads_at_once_are_ten_versions(ana, acme):
    from dashboard.files import storage

    order, who = await an_order(acme, status="in_progress"), await visitor(ana.user)
    kept = [await storage.keep_bytes(b"%d" % n) for n in range(10)]
    await asyncio.gather(
        *(deliverables.add(acme, order, each, "a.pdf", title="Audit", is_report=False, by=who) for each in kept)
    )
    assert sorted(each.version for each in await Deliverable.objects()) == list(range(1, 11))
