"""Payments entered by hand: for an order or a person, once, and taken back by a second line."""

import asyncio
import importlib
import json
import re
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.commands import verify
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.leads.tables import Lead
from dashboard.orders import money as order_money
from dashboard.orders import refunds
from dashboard.orders.tables import Order, Plan
from dashboard.payments import journal
from dashboard.payments.tables import Payment
from dashboard.revenue import daily, upkeep
from tests.orders.cast import activity_of, an_order, as_it_is

PAGE = "/acme/revenue/payments"
migration = importlib.import_module("piccolo_migrations.dashboard_2026_11_21t12_50_00_000057_money_that_counts")


def form(whose, amount="129.00", currency="EUR", once="once-0123456789", **more):
    facts = {"whose": str(whose), "amount": amount, "currency": currency, "method": "bank_transfer", "once": once}
    return facts | {"day": clock.now().date().isoformat(), "note": "Statement 17"} | more


async def a_lead(organization, email="robin@customer.example"):
    lead = Lead(organization=organization.id, email=email, email_normalized=email, name="Robin Sample", source="Fair")
    await lead.save()
    return lead


async def an_open_order(alice, acme, currency="EUR"):
    plan = Plan(organization=acme.id, name="Site check", amount=12900, currency=currency)
    await plan.save()
    data = {"name": "Robin", "email": "robin@customer.example", "plan": plan.id, "amount": "129", "currency": currency}
    assert (await alice.post("/acme/orders", data=data | {"once": "order-0123456789"})).status_code < 400
    [order] = await Order.of(acme)
    assert order.payment_status == "unpaid"
    return order


async def take_back(browser, payment: int, reason="Wrong customer"):
    return await browser.post(f"{PAGE}/{payment}/reversal", data={"reason": reason})


async def test_a_transfer_pays_its_order_and_what_follows_a_payment_follows(alice, ana, acme):
    order = await an_open_order(alice, acme)
    answer = await ana.post(PAGE, data=form(order.number))
    assert json.loads(answer.headers["hx-trigger"])["toast"]["text"] == "Payment of €129.00 entered."
    assert "Bank transfer" in answer.text and "Statement 17" in answer.text and "Ana Alba" in answer.text
    assert (await as_it_is(order))["payment_status"] == "paid"
    mails = [each["key"] for each in await Delivery.select(Delivery.key).where(Delivery.kind == "mail")]
    assert mails == [f"payment_confirmation:{order.id}"]
    [line] = await rows("SELECT title, detail, \"user\" FROM activity WHERE verb = 'payment_entered'")
    assert line == {"title": "Bank transfer of €129.00 entered", "detail": "Statement 17", "user": ana.user.id}


async def test_a_payment_is_entered_where_its_order_is(alice, ana, vera, bob, acme):
    order = await an_open_order(alice, acme)
    here = f"/acme/orders/{order.number}"
    assert "Enter payment…" in (await ana.get(here)).text and "Enter payment…" not in (await vera.get(here)).text
    dialog = (await ana.get(f"{here}/payments/new")).text
    assert 'value="129.00"' in dialog and 'value="EUR"' in dialog and "Order or customer" not in dialog
    wrong = await ana.post(f"{here}/payments", data=form("", "29.00", "USD"))
    assert wrong.status_code == 422 and "This order is in EUR." in wrong.text and 'value="29.00"' in wrong.text
    for _ in range(2):
        answer = await ana.post(f"{here}/payments", data=form("", "29.00"))
        assert answer.status_code == 200 and "Bank transfer" in answer.text and "Net, EUR" in answer.text
    said = json.loads(answer.headers["hx-trigger"])["toast"]["text"]
    assert said == "Payment of €29.00 entered. €100.00 is still missing." and await Payment.count() == 1
    assert 'value="100.00"' in (await ana.get(f"{here}/payments/new")).text, "what is still to pay"
    for browser, status in ((vera, 403), (bob, 404)):
        assert (await browser.post(f"{here}/payments", data=form("", "29.00"))).status_code == status
    assert "Statement 17" in (await vera.get(PAGE)).text


@pytest.mark.parametrize("last", ["entered", "marked"])
async def test_a_part_payment_is_not_the_whole_and_the_rest_makes_it_paid(alice, ana, acme, last):
    order = await an_open_order(alice, acme)
    here = f"/acme/orders/{order.number}"
    page = (await ana.post(f"{here}/payments", data=form("", "29.00"))).text
    assert "Still to pay" in page and "Next: wait for the remaining €100.00" in page
    now = await as_it_is(order)
    assert (now["payment_status"], now["confirmed_at"], now["status"]) == ("unpaid", None, "new")
    assert await Delivery.count() == 0, "nobody is told of a payment that is not complete"
    if last == "entered":
        await ana.post(PAGE, data=form(order.number, "101.00", once="once-the-second"))
    else:
        await ana.post(f"{here}/payment")
    assert (await as_it_is(order))["payment_status"] == "paid"
    received = "€130.00" if last == "entered" else "€129.00"
    [mail] = await Delivery.select(Delivery.title, Delivery.payload).where(Delivery.kind == "mail")
    assert mail["title"] == f"Order {order.number} confirmed: {received} received"
    assert f"Paid: {received}" in mail["payload"]["text"] and received in mail["payload"]["html"]
    [alert] = await Delivery.select(Delivery.title).where(Delivery.name == "new_order", Delivery.kind == "telegram")
    assert alert["title"] == f"New order {order.number}: €129.00"
    assert "Still to pay" not in (await ana.get(here)).text


async def test_a_part_by_hand_does_not_pay_an_order_of_stripe_and_a_part_given_back_is_missing_again(alice, acme):
    order = await an_order(acme, paid=False)
    await alice.post(PAGE, data=form(order.number, "29.00"))
    assert (await as_it_is(order))["payment_status"] == "unpaid"
    await alice.post(PAGE, data=form(order.number, "100.00", once="once-the-second"))
    assert (await as_it_is(order))["payment_status"] == "paid"
    manual = await an_order(acme, paid=False, provider="manual", mode="manual", payment_intent="")
    await alice.post(PAGE, data=form(manual.number, "29.00", once="once-the-third1"))
    data = {"amount": "9.00", "reason": "Too much", "once": "refund-0123456789"}
    assert (await alice.post(f"/acme/orders/{manual.number}/refunds", data=data)).status_code == 200
    assert (await as_it_is(manual))["payment_status"] == "unpaid"
    assert 'value="109.00"' in (await alice.get(f"/acme/orders/{manual.number}/payments/new")).text


async def test_a_deadline_promised_before_the_money_came_stays(alice, ana, acme):
    order = await an_open_order(alice, acme)
    await ana.post(f"/acme/orders/{order.number}/deadline", data={"day": "2031-03-03"})
    promised = (await as_it_is(order))["due_at"]
    await ana.post(PAGE, data=form(order.number))
    now = await as_it_is(order)
    assert now["confirmed_at"] and now["due_at"] == promised is not None


async def test_ten_clicks_on_one_form_are_one_payment(alice, acme):
    order = await an_order(acme)
    answers = await asyncio.gather(*(alice.post(PAGE, data=form(order.number)) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert await Payment.count().where(Payment.provider == "manual") == 1


async def test_money_of_a_person_without_an_order_counts_for_the_source_of_the_lead(alice, acme):
    lead = await a_lead(acme)
    await alice.post(PAGE, data=form("Robin@Customer.example", "1,500", "JPY", method="cash"))
    [payment] = await Payment.select(Payment.amount, Payment.currency, Payment.lead, Payment.method)
    assert payment == {"amount": 1500, "currency": "JPY", "lead": lead.id, "method": "cash"}
    page = (await alice.get("/acme/revenue/rows?of=payments&by=source&value=Fair")).text
    assert "JPY\u00a01,500" in page and "Robin Sample" in page
    assert await rows("SELECT FROM activity WHERE subject_kind = 'lead' AND verb = 'payment_entered'")


async def test_three_decimals_stay_three_decimals(alice, acme):
    await a_lead(acme)
    await alice.post(PAGE, data=form("robin@customer.example", "12.345", "kwd"))
    assert (await Payment.select(Payment.amount, Payment.currency)) == [{"amount": 12345, "currency": "KWD"}]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"whose": ""}, "Write an order&#39;s number or the customer&#39;s address."),
        ({"whose": "77"}, "There is no order 77."), ({"whose": "99999999999"}, "There is no order"),
        ({"whose": "nobody@customer.example"}, "Nobody here has this address."),
        ({"amount": "0"}, "Write an amount"), ({"amount": "1.234"}, "Write an amount"), ({"amount": "-5"}, "Write an amount"),
        ({"currency": "XXQ"}, "Write a currency code"), ({"currency": "USD"}, "is in EUR"),
        ({"day": (clock.now() + timedelta(days=3)).date().isoformat()}, "still to come"),
        ({"day": "soon"}, "Choose a day"), ({"method": "gold"}, "Choose how it came."), ({"once": "x"}, "out of date"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_booked(alice, acme, wrong, words):
    order = await an_order(acme)
    before = await Payment.count()
    answer = await alice.post(PAGE, data=form(order.number) | wrong)
    assert answer.status_code == 422 and words in answer.text
    if "note" not in wrong:
        assert 'value="Statement 17"' in answer.text
    assert await Payment.count() == before


async def test_a_payment_is_taken_back_by_a_second_line_and_the_first_one_stays(alice, ana, acme):
    order = await an_open_order(alice, acme)
    await ana.post(PAGE, data=form(order.number))
    [first] = await Payment.select(Payment.id, Payment.amount, Payment.occurred_at)
    assert "Reason" in (await ana.get(f"{PAGE}/{first['id']}/reversal")).text
    assert (await take_back(ana, first["id"], "")).status_code == 422
    answers = await asyncio.gather(*(take_back(ana, first["id"]) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    lines = await Payment.select(Payment.id, Payment.kind, Payment.amount, Payment.status, Payment.reverses).order_by(
        Payment.id
    )
    assert [(each["kind"], each["amount"], each["status"]) for each in lines] == [
        ("charge", 12900, "reversed"), ("refund", -12900, "reversal"),
    ]  # fmt: skip
    assert lines[1]["reverses"] == first["id"] and (await activity_of(order)).count("payment_reversed") == 1
    assert (await as_it_is(order))["payment_status"] == "unpaid"
    page = (await ana.get(PAGE)).text
    assert "Taken back" in page and "Takes back" in page and "Wrong customer" in page


@pytest.mark.parametrize("whose", ["order", "lead"])
async def test_a_typing_mistake_stands_in_no_figure_and_the_right_entry_makes_the_sale(alice, acme, whose):
    order = await an_open_order(alice, acme)
    name = order.number if whose == "order" else "robin@customer.example"
    yesterday = (clock.now() - timedelta(days=1)).date().isoformat()
    await alice.post(PAGE, data=form(name, "12900.00", day=yesterday))
    await upkeep.refresh(acme.id)
    [wrong] = await Payment.select(Payment.id)
    await take_back(alice, wrong["id"])
    await alice.post(PAGE, data=form(name, "129.00", once="once-the-second"))
    days = [(clock.now() - timedelta(days=9)).date(), (clock.now() + timedelta(days=2)).date()]
    for _ in range(2):
        found = (await daily.read(acme, "UTC", [days])).of("EUR", 0, 0)
        sale = (12900, 1) if whose == "order" else (0, 0)
        assert (found.gross, found.refunds, found.charges, found.refunded, found.net) == (12900, 0, 1, 0, 12900)
        assert (found.sold, found.orders) == sale
        assert await upkeep.differences(acme.id) == []
        await upkeep.refresh(acme.id)
    page = (await alice.get("/acme/revenue/rows?of=payments")).text
    assert page.count("€129.00") >= 1 and "€12,900.00" not in page and "Waiting for its order" not in page


async def test_an_order_marked_as_paid_by_mistake_can_be_marked_again(alice, acme):
    order = await an_open_order(alice, acme)
    await alice.post(f"/acme/orders/{order.number}/payment")
    [first] = await Payment.select(Payment.id)
    assert (await take_back(alice, first["id"])).status_code == 200
    assert (await as_it_is(order))["payment_status"] == "unpaid"
    assert "Taken back" in (await alice.get(f"/acme/orders/{order.number}")).text
    await alice.post(f"/acme/orders/{order.number}/payment")
    assert (await as_it_is(order))["payment_status"] == "paid"
    assert [each["amount"] for each in await Payment.select(Payment.amount).order_by(Payment.id)] == [
        12900, -12900, 12900,
    ]  # fmt: skip


async def test_what_stood_before_these_rules_is_put_right_by_the_migration(alice, acme):
    part, lost, whole = await an_open_order(alice, acme), await an_order(acme), await an_order(acme)
    await journal.book_dispute(
        acme, "dp_1", amount=5000, currency="EUR", status="lost", occurred_at=clock.now(),
        payment_intent=lost.payment_intent,
    )  # fmt: skip
    await order_money.settle(acme, lost)
    await alice.post(PAGE, data=form(part.number, "29.00"))
    await alice.post(PAGE, data=form(part.number, "12900.00", once="once-the-second"))
    [wrong] = await Payment.select(Payment.id).where(Payment.amount == 1_290_000)
    await take_back(alice, wrong["id"])
    await upkeep.refresh(acme.id)
    for order, status in ((lost, "disputed"), (part, "paid"), (whole, "paid")):
        await Order.update({Order.payment_status: status}).where(Order.id == order.id)
    for _ in range(2):
        await (await migration.forwards()).run()
        found = [(await as_it_is(order))["payment_status"] for order in (lost, part, whole)]
        assert found == ["partially_refunded", "unpaid", "paid"]
        assert [each for each in await verify.violations() if each.startswith("I7")] == []
    assert await rows("SELECT DISTINCT day FROM revenue_stale WHERE organization = {}", acme.id)


async def test_what_was_given_back_in_part_cannot_be_taken_back_whole(alice, acme):
    order = await an_open_order(alice, acme)
    await alice.post(PAGE, data=form(order.number))
    data = {"amount": "29.00", "reason": "One part less", "once": "refund-0123456789"}
    assert (await alice.post(f"/acme/orders/{order.number}/refunds", data=data)).status_code == 200
    [charge] = await Payment.select(Payment.id).where(Payment.kind == "charge")
    answer = await take_back(alice, charge["id"])
    assert answer.status_code == 422 and "Part of this order was given back" in answer.text
    assert await Payment.count() == 2


async def test_a_transfer_for_an_order_of_stripe_never_goes_back_through_stripe(alice, acme):
    order = await an_order(acme)
    await alice.post(PAGE, data=form(order.number, "900.00"))
    possible = await refunds.refundable(acme, await Order.get_of(acme, order.id))
    assert {source.payment_intent for source in possible.sources} == {order.payment_intent}
    lines = await order_money.lines_of(acme, order)
    assert {line["provider"] for line in lines} == {"stripe", "manual"}


async def test_what_stripe_collected_cannot_be_taken_back_here(alice, acme):
    await an_order(acme)
    [payment] = await Payment.select(Payment.id)
    assert (await take_back(alice, payment["id"])).status_code == 404


async def test_viewers_look_on_and_strangers_see_nothing(vera, bob, alice, acme):
    await a_lead(acme)
    await alice.post(PAGE, data=form("robin@customer.example"))
    page = (await vera.get(PAGE)).text
    assert "€129.00" in page and "Take back" not in page and "Enter payment" not in page
    assert (await vera.post(PAGE, data=form("robin@customer.example"))).status_code == 403
    [payment] = await Payment.select(Payment.id)
    assert (await take_back(bob, payment["id"])).status_code == 404
    answer = await bob.post(f"/borealis/revenue/payments/{payment['id']}/reversal", data={"reason": "mine"})
    assert answer.status_code == 404 and await Payment.count() == 1


async def test_the_list_goes_on_page_by_page(alice, acme):
    await a_lead(acme)
    for number in range(53):
        await alice.post(PAGE, data=form("robin@customer.example", f"{number + 1}.00", once=f"once-{number:010}"))
    first = (await alice.get(PAGE)).text
    href = re.search(r'href="([^"]+after=[^"]+)"', first)[1]
    second = (await alice.get(href)).text
    amounts = re.findall(r"€(\d+)\.00</td>", first + second)
    assert sorted(map(int, amounts)) == list(range(1, 54))
    assert "after=" not in second
