"""Giving money back: never more than there is, never twice, only by admins who have just said who they are."""

import asyncio
import json
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.accounts import passwords
from dashboard.accounts.tables import Session, User
from dashboard.deliveries.tables import Delivery
from dashboard.integrations import stripe_samples
from dashboard.orders import detail, money, refunds
from dashboard.payments import journal
from dashboard.payments.tables import Payment
from dashboard.webhooks.stripe import refund_changed
from tests.canaries import PASSWORD
from tests.orders.cast import activity_of, an_order, as_it_is, deliveries_of, visitor
from tests.webhooks.posting import drain, send

ONCE = "once-0123456789"


def form(amount="29.00", reason="One template not needed", once=ONCE, **more):
    return {"amount": amount, "reason": reason, "once": once} | more


async def test_a_refund_is_one_delivery_that_leaves_in_ten_seconds(alice, acme):
    order, before = await an_order(acme), clock.now()
    answer = await alice.post(f"/acme/orders/{order.number}/refunds", data=form())
    assert (
        answer.status_code == 200
        and "Refund of €29.00 queued" in json.loads(answer.headers["hx-trigger"])["toast"]["text"]
    )
    [refund] = await deliveries_of(order)
    assert (refund.kind, refund.key, refund.state) == ("refund", f"refund:{order.id}:1", "queued")
    assert refund.payload == {
        "payment_intent": order.payment_intent, "charge": "", "amount": 2900, "currency": "EUR",
        "reason": "One template not needed", "once": ONCE,
    }  # fmt: skip
    assert before <= refund.due_at - timedelta(seconds=10) <= clock.now()
    assert (await as_it_is(order))["payment_status"] == "paid", "the journal changes when Stripe says so"


async def test_ten_clicks_on_one_form_are_one_refund(alice, acme):
    order = await an_order(acme)
    answers = await asyncio.gather(
        *(alice.post(f"/acme/orders/{order.number}/refunds", data=form("100.00")) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(await deliveries_of(order)) == 1 and (await activity_of(order)).count("refund_asked") == 1


async def test_ten_forms_at_once_never_give_back_more_than_there_is(alice, acme):
    order = await an_order(acme)
    answers = await asyncio.gather(
        *(
            alice.post(f"/acme/orders/{order.number}/refunds", data=form("50.00", once=f"form-{n:08}"))
            for n in range(10)
        )
    )
    codes = [answer.status_code for answer in answers]
    assert codes.count(200) == 2 and codes.count(422) == 8
    asked = await deliveries_of(order)
    assert sum(each.payload["amount"] for each in asked) == 10000
    assert [each.key for each in asked] == [f"refund:{order.id}:1", f"refund:{order.id}:2"]


async def test_undo_takes_it_back_and_the_money_can_be_refunded_again(alice, acme):
    order = await an_order(acme)
    answer = await alice.post(f"/acme/orders/{order.number}/refunds", data=form("129.00"))
    undo = json.loads(answer.headers["hx-trigger"])["toast"]["undo"]
    assert (await alice.post(undo)).status_code == 200
    assert [each.state for each in await deliveries_of(order)] == ["cancelled"]
    again = await alice.post(f"/acme/orders/{order.number}/refunds", data=form("129.00", once="another-form-1"))
    assert again.status_code == 200


async def test_once_it_has_left_it_cannot_be_taken_back(alice, acme):
    order = await an_order(acme)
    await alice.post(f"/acme/orders/{order.number}/refunds", data=form())
    [refund] = await deliveries_of(order)
    await Delivery.update({Delivery.state: "sent"}).where(Delivery.id == refund.id)
    assert (await alice.post(f"/acme/orders/{order.number}/refunds/{refund.id}/cancellation")).status_code == 409


async def test_a_refund_stripe_may_have_taken_is_never_free_to_be_given_again(alice, acme):
    order = await an_order(acme)
    path = f"/acme/orders/{order.number}/refunds"
    await alice.post(path, data=form("129.00"))
    [refund] = await deliveries_of(order)
    unclear = {Delivery.unclear_via: "Stripe", Delivery.attempt: 1, Delivery.first_tried_at: clock.now()}
    await Delivery.update(unclear).where(Delivery.id == refund.id)
    answer = await alice.post(f"{path}/{refund.id}/cancellation")
    said = json.loads(answer.headers["hx-trigger"])["toast"]["text"]
    assert "may have taken an earlier one" in said and "No money was moved" not in said
    assert [each.state for each in await deliveries_of(order)] == ["unknown"]
    assert f'href="/acme/outbox/{refund.id}">Decide…' in answer.text
    assert (await alice.post(path, data=form("0.01", once="another-form-1"))).status_code == 422


async def test_a_refund_counts_until_the_journal_has_it_and_then_only_once(acme):
    order = await an_order(acme)
    who = await visitor(await User.objects().get_or_create(User.email == "x@acme.example"))
    refund = await refunds.ask(acme, order, 10000, "part", who, clock.now(), ONCE)
    for state in ("queued", "sending", "held", "unknown", "sent"):
        await Delivery.update({Delivery.state: state, Delivery.provider_id: "re_1"}).where(Delivery.id == refund.id)
        assert (await refunds.refundable(acme, order)).total == 2900, state
    await journal.book_refund(
        acme, "re_1", amount=10000, currency="EUR", status="succeeded", occurred_at=clock.now(),
        payment_intent=order.payment_intent,
    )  # fmt: skip
    await money.settle(acme, order)
    assert (await refunds.refundable(acme, order)).total == 2900
    await Delivery.update({Delivery.state: "failed", Delivery.provider_id: ""}).where(Delivery.id == refund.id)
    assert (await refunds.refundable(acme, order)).total == 2900


@pytest.mark.parametrize("first", ["decided", "told"])
async def test_a_refund_decided_as_arrived_is_the_one_of_stripes_event(alice, stranger, acme, first):
    order = await an_order(acme)
    await alice.post(f"/acme/orders/{order.number}/refunds", data=form("40.00"))
    [refund] = await deliveries_of(order)
    await Delivery.update({Delivery.state: "unknown", Delivery.unclear_via: "Stripe"}).where(Delivery.id == refund.id)
    event = stripe_samples.event("refund.updated", "own", refunded=4000, now=int(clock.now().timestamp()))
    named = {"delivery": str(refund.id), "resend": "0", "reason": "part"}
    event["data"]["object"] |= {"payment_intent": order.payment_intent, "charge": None, "metadata": named}
    for step in (first, "decided", "told"):
        if step == "decided":
            answer = await alice.post(f"/acme/outbox/{refund.id}/decision", data={"decision": "arrived"})
            assert answer.status_code == 200
        else:
            await send(stranger, event)
            await drain()
    [refund] = await deliveries_of(order)
    assert (refund.state, refund.provider_id) == ("sent", "re_own")
    assert (await refunds.refundable(acme, order)).total == 8900
    assert (await detail.load(acme, order.number, clock.now())).refunds == [], "none is under way"


async def test_an_event_of_an_earlier_try_or_of_a_stranger_names_nothing(alice, stranger, acme, borealis):
    order, theirs = await an_order(acme), await an_order(borealis)
    await alice.post(f"/acme/orders/{order.number}/refunds", data=form("40.00"))
    [refund] = await deliveries_of(order)
    await Delivery.update({Delivery.resends: 1}).where(Delivery.id == refund.id)
    for number, (to, resend, intent) in enumerate(
        (("acme", "0", order.payment_intent), ("borealis", "1", theirs.payment_intent))
    ):
        event = stripe_samples.event("refund.updated", f"n{number}", refunded=100, now=int(clock.now().timestamp()))
        named = {"delivery": str(refund.id), "resend": resend}
        event["data"]["object"] |= {"payment_intent": intent, "charge": None, "metadata": named}
        await refund_changed(acme if to == "acme" else borealis, event, clock.now())
    [refund] = await deliveries_of(order)
    assert (refund.state, refund.provider_id) == ("queued", "")


async def test_a_refund_comes_from_a_payment_that_has_enough_left(acme):
    order = await an_order(acme, subscription="sub_1", amount=5000)
    for n, amount in enumerate((5000, 3000)):
        await journal.book_charge(
            acme,
            amount=amount,
            currency="EUR",
            occurred_at=clock.now(),
            payment_intent=f"pi_r{n}",
            subscription="sub_1",
        )
    await money.settle(acme, order)
    who = await visitor(await User.objects().get_or_create(User.email == "x@acme.example"))
    possible = await refunds.refundable(acme, order)
    assert possible.total == 13000 and [source.left for source in possible.sources] == [5000, 5000, 3000]
    first = await refunds.ask(acme, order, 3000, "a", who, clock.now(), "form-aaaaaaaa")
    assert first.payload["payment_intent"] == "pi_r1", "the smallest that has enough"
    with pytest.raises(Exception, match="need another look") as problem:
        await refunds.ask(acme, order, 9000, "b", who, clock.now(), "form-bbbbbbbb")
    assert "At most €50.00 can be given back at once" in problem.value.fields["amount"]


async def test_wrong_amounts_and_no_reason_come_back_at_their_fields(alice, acme):
    order = await an_order(acme)
    for amount in ("", "0", "-5", "129.01", "1e3", "NaN", "9" * 40, "12,34,56", "€"):
        answer = await alice.post(f"/acme/orders/{order.number}/refunds", data=form(amount))
        assert answer.status_code == 422 and "refund-amount-error" in answer.text, amount
    answer = await alice.post(f"/acme/orders/{order.number}/refunds", data=form(reason=" "))
    assert answer.status_code == 422 and "Say why" in answer.text and 'value="29.00"' in answer.text
    assert await deliveries_of(order) == []


async def test_after_fifteen_minutes_the_password_is_asked_for_and_checked(alice, acme):
    order, right = await an_order(acme), PASSWORD
    await User.update({User.password_hash: await passwords.hash(right)}).where(User.id == alice.user.id)
    await Session.update({Session.confirmed_at: clock.now() - timedelta(minutes=16)}).where(Session.id > 0)
    path = f"/acme/orders/{order.number}/refunds"
    assert 'type="password"' in (await alice.get(f"{path}/new")).text
    for given, why in (({}, "Give your password"), ({"current_password": "wrong"}, "not your password")):
        answer = await alice.post(path, data=form(**given))
        assert answer.status_code == 422 and why in answer.text and 'type="password"' in answer.text
        assert right not in answer.text
    assert await deliveries_of(order) == []
    assert (await alice.post(path, data=form(current_password=right))).status_code == 200
    assert len(await deliveries_of(order)) == 1
    assert 'type="password"' not in (await alice.get(f"{path}/new")).text


async def test_without_stripe_the_button_is_off_and_says_why(alice, acme):
    order = await an_order(acme)
    dialog = (await alice.get(f"/acme/orders/{order.number}/refunds/new")).text
    assert "STRIPE_SECRET_KEY is not set" in dialog and 'type="submit" disabled' in dialog


async def test_a_bank_transfer_is_refunded_in_the_journal_at_once_and_once(alice, acme):
    order = await an_order(acme, provider="manual", mode="manual", session="manual:abc", payment_intent="")
    path = f"/acme/orders/{order.number}/refunds"
    answers = await asyncio.gather(*(alice.post(path, data=form("29.00")) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    await order.refresh()
    assert order.payment_status == "partially_refunded" and await deliveries_of(order) == []
    lines = [(line.kind, line.amount, line.provider) for line in await Payment.objects().order_by(Payment.id)]
    assert lines == [("charge", 12900, "manual"), ("refund", -2900, "manual")]
    rest = await alice.post(path, data=form("100.00", once="the-rest-of-it"))
    await order.refresh()
    assert rest.status_code == 200 and order.payment_status == "refunded"
    assert (await alice.post(path, data=form("0.01", once="too-much-now"))).status_code == 422


async def test_money_that_came_by_hand_for_an_order_of_stripe_is_given_back_by_hand(alice, acme):
    order = await an_order(acme, paid=False, amount=10000)
    entered = {
        "amount": "100.00",
        "currency": "EUR",
        "day": clock.now().date().isoformat(),
        "method": "cash",
        "once": ONCE,
    }
    path = f"/acme/orders/{order.number}"
    assert (await alice.post(f"{path}/payments", data=entered)).status_code == 200
    dialog = (await alice.get(f"{path}/refunds/new")).text
    assert "This money came by hand" in dialog and 'href="/acme/revenue/payments"' in dialog
    assert "STRIPE_SECRET_KEY" not in dialog and "disabled" not in dialog and 'value="100.00"' in dialog
    for _ in range(2):
        answer = await alice.post(f"{path}/refunds", data=form("40.00"))
        assert answer.status_code == 200
        assert "written down. Send the money yourself." in json.loads(answer.headers["hx-trigger"])["toast"]["text"]
    assert [each for each in await deliveries_of(order) if each.kind == "refund"] == []
    assert (await as_it_is(order))["payment_status"] == "partially_refunded"
    assert "At most €60.00" in (await alice.post(f"{path}/refunds", data=form("60.01", once="too-much-now"))).text


async def test_of_money_that_came_both_ways_stripes_goes_back_first(alice, acme):
    order = await an_order(acme, amount=12900)
    entered = {"amount": "50.00", "currency": "EUR", "day": clock.now().date().isoformat(), "method": "cash"}
    path = f"/acme/orders/{order.number}"
    await alice.post(f"{path}/payments", data=entered | {"once": ONCE})
    assert "At most €129.00" in (await alice.get(f"{path}/refunds/new")).text
    answer = await alice.post(f"{path}/refunds", data=form("150.00"))
    assert answer.status_code == 422 and "At most €129.00 can be given back at once" in answer.text
    await alice.post(f"{path}/refunds", data=form("129.00", once="another-form-1"))
    assert [each.payload["amount"] for each in await deliveries_of(order, kind="refund")] == [12900]
    assert "This money came by hand" in (await alice.get(f"{path}/refunds/new")).text


async def test_only_admins_refund(ana, vera, acme):
    order = await an_order(acme)
    for person in (ana, vera):
        assert (await person.get(f"/acme/orders/{order.number}/refunds/new")).status_code == 403
        assert (await person.post(f"/acme/orders/{order.number}/refunds", data=form())).status_code == 403
    assert await deliveries_of(order) == []
