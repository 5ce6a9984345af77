"""What happens to a stored event: once, in one transaction, tried again, at last left to a person who is told."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from dashboard import clock
from dashboard.activity import actions as activity
from dashboard.activity.tables import Activity
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.errors import Unavailable
from dashboard.orders.tables import Order
from dashboard.payments.tables import Payment
from dashboard.webhooks import ledger
from dashboard.webhooks.ledger import Problem
from dashboard.webhooks.tables import InboundEvent
from tests.webhooks.posting import a_checkout, an_event, drain, send


async def the_event(id=1):
    return await InboundEvent.across_organizations().where(InboundEvent.id == id).first()


async def alerts():
    return await Delivery.select(Delivery.key, Delivery.title, Delivery.payload).where(Delivery.name == "event_failed")


def handling(function, kind="product.updated"):
    return {f"stripe:{kind}": function}


async def test_a_kind_nobody_listens_to_is_ignored(stranger, acme):
    await send(stranger, an_event("customer.created", surprise={"deep": [1, {"x": None}]}))
    await drain()
    event = await the_event()
    assert event.state == "ignored"
    assert event.settled_at
    assert event.attempt == 1
    assert event.lease_until is None
    assert await alerts() == []


async def test_fields_we_do_not_know_do_no_harm(stranger, acme):
    await send(stranger, a_checkout(brand_new={"a": [1]}, metadata={"x": "y"}) | {"request": {"id": None}})
    await drain()
    assert (await the_event()).state == "handled"
    assert await Order.count() == 1


async def test_what_a_failing_handler_wrote_is_taken_back(stranger, acme):
    async def half(organization, event, now):
        await activity.record(organization, "order", 1, "x", "half")
        raise OSError("gone")

    await send(stranger, an_event())
    await drain(known=handling(half))
    event = await the_event()
    assert event.state == "waiting"
    assert not await Activity.exists()
    assert event.settled_at is None
    assert (
        [attempt["error"] for attempt in event.attempts]
        == [event.error]
        == ["The database is not answering. Nothing was changed."]
    )


async def test_eight_tries_with_growing_pauses_then_it_failed_and_the_team_is_told_once(stranger, acme):
    async def broken(organization, event, now):
        raise RuntimeError("secret value 4242")

    await send(stranger, an_event())
    now = clock.now()
    for tried, pause in enumerate(ledger.BACK_OFF, start=1):
        assert await drain(now, handling(broken)) == 1
        event = await the_event()
        assert event.state == "waiting"
        assert event.attempt == tried
        assert event.due_at == now + timedelta(seconds=pause)
        assert await drain(now + timedelta(seconds=pause - 1), handling(broken)) == 0
        assert await alerts() == []
        now += timedelta(seconds=pause)
    assert await drain(now, handling(broken)) == 1
    event = await the_event()
    assert event.state == "failed"
    assert event.attempt == 8
    assert len(event.attempts) == 8
    assert event.error == "RuntimeError while handling it. Nothing was changed."
    assert await drain(now + timedelta(days=30), handling(broken)) == 0
    [alert] = await alerts()
    assert alert["key"] == f"alert:event_failed:{event.id}"
    assert "4242" not in str(alert)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (Problem("The amount is odd."), "The amount is odd. Nothing was changed."),
        (KeyError("currency"), "The field 'currency' is missing. Nothing was changed."),
        (AttributeError("'list' has no 'items'"), "A field is not what it should be (AttributeError). Nothing was changed."),
        (asyncpg.DataError("x"), "A value has characters or a size that cannot be stored. Nothing was changed."),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
async def test_what_no_later_try_can_mend_goes_to_a_person_at_once(stranger, acme, problem, words):
    async def broken(organization, event, now):
        raise problem

    await send(stranger, an_event())
    await drain(known=handling(broken))
    event = await the_event()
    assert (event.state, event.error, event.attempt) == ("failed", words, 1)
    assert len(await alerts()) == 1


async def test_a_poisonous_event_does_not_hold_up_the_others(stranger, acme):
    async def broken(organization, event, now):
        raise RuntimeError

    await send(stranger, an_event(id="evt_poison"))
    for n in range(5):
        await send(stranger, a_checkout(f"evt_{n}", f"cs_{n}"))
    from dashboard.webhooks.handlers import HANDLERS

    await drain(known=HANDLERS | handling(broken))
    assert await Order.count() == 5
    assert (await the_event(1)).state == "waiting"


async def test_two_transactions_in_each_others_way_are_tried_again_at_once(stranger, acme):
    tries = []

    async def clashing(organization, event, now):
        tries.append(1)
        if len(tries) < 3:
            raise asyncpg.DeadlockDetectedError("deadlock")
        return "Done."

    await send(stranger, an_event())
    assert await drain(known=handling(clashing)) == 1
    event = await the_event()
    assert len(tries) == 3
    assert event.state == "handled"
    assert event.result == "Done."
    assert event.attempts == []


async def test_after_the_lease_another_worker_takes_over_and_the_late_one_writes_nothing(stranger, acme):
    late, go = asyncio.Event(), asyncio.Event()

    async def slow(organization, event, now):
        await activity.record(organization, "order", 1, "x", "written by the late one")
        late.set()
        await go.wait()
        return "Late."

    async def quick(organization, event, now):
        return "Quick."

    await send(stranger, an_event())
    first = asyncio.create_task(ledger.work(handling(slow), clock.now()))
    await late.wait()
    assert await drain(known=handling(quick)) == 0  # the lease still runs
    # the row itself is not locked while it is handled: only the lease protects it
    await rows("UPDATE inbound_event SET lease_until = clock_timestamp() - interval '1 s'")
    assert await drain(known=handling(quick)) == 1
    go.set()
    await first
    event = await the_event()
    assert (event.state, event.result, event.attempt) == ("handled", "Quick.", 2)
    assert not await Activity.exists()
    assert await alerts() == []


async def test_a_late_worker_that_fails_says_nothing_either(stranger, acme):
    late, go = asyncio.Event(), asyncio.Event()

    async def slow(organization, event, now):
        late.set()
        await go.wait()
        raise Problem("Too late.")

    async def quick(organization, event, now):
        return "Quick."

    await send(stranger, an_event())
    first = asyncio.create_task(ledger.work(handling(slow), clock.now()))
    await late.wait()
    await rows("UPDATE inbound_event SET lease_until = clock_timestamp() - interval '1 s'")
    await drain(known=handling(quick))
    go.set()
    await first
    event = await the_event()
    assert event.state == "handled"
    assert event.error == ""
    assert await alerts() == []


async def test_an_event_that_kills_the_process_each_time_is_given_up_after_eight(stranger, acme):
    async def never(organization, event, now):
        raise AssertionError("was handled a ninth time")

    await send(stranger, an_event())
    await rows("UPDATE inbound_event SET state = 'processing', attempt = 8, lease_until = now() - interval '1 s'")
    await drain(known=handling(never))
    event = await the_event()
    assert event.state == "failed"
    assert event.error.startswith("The process stopped each of the 8 times")
    assert len(await alerts()) == 1


async def test_a_handler_that_never_ends_is_stopped_before_its_lease(stranger, acme, monkeypatch):
    monkeypatch.setattr(ledger, "HANDLING", 0.05)

    async def endless(organization, event, now):
        await asyncio.sleep(60)

    await send(stranger, an_event())
    await drain(known=handling(endless))
    event = await the_event()
    assert event.state == "waiting"
    assert event.attempt == 1


@pytest.mark.parametrize("amount", [-1, 2**53 + 1, 2**63, 10**30, "12", 1.5, True, [1], {"a": 1}], ids=str)
async def test_an_amount_that_is_none_is_kept_and_told_and_books_nothing(stranger, acme, amount):
    response = await send(stranger, a_checkout(amount_total=amount))
    assert response.status_code == 200
    await drain()
    event = await the_event()
    assert event.state == "failed"
    assert event.error
    assert len(await alerts()) == 1
    assert await Order.count() == 0
    assert await Payment.count() == 0


@pytest.mark.parametrize("raw", [b"1e400", b"NaN", b"Infinity", b"1e2", b"9" * 5000], ids=lambda raw: raw[:8].decode())
async def test_a_number_json_cannot_mean_is_kept_as_it_came(stranger, acme, raw):
    import json

    body = json.dumps(a_checkout()).encode().replace(b'"amount_total": 12900', b'"amount_total": ' + raw)
    response = await send(stranger, body)
    if response.status_code == 403:  # not even a number: then it is no JSON, and nothing was stored
        assert raw == b"9" * 5000
        assert await the_event() is None
        return
    await drain()
    event = await the_event()
    assert event.state == "failed"
    assert raw in bytes(event.body)
    assert await Payment.count() == 0


async def test_nothing_to_pay_is_an_order_without_money(stranger, acme):
    await send(stranger, a_checkout(amount_total=0, payment_intent=None, payment_status="no_payment_required"))
    await drain()
    assert (await the_event()).state == "handled"
    assert await Order.count() == 1
    assert await Payment.count() == 0


@pytest.mark.parametrize(
    ("currency", "kept"), [("jpy", "JPY"), ("kwd", "KWD"), ("isk", "ISK"), ("xxq", "XXQ")], ids=str
)
async def test_every_currency_is_booked_in_its_own_minor_units(stranger, acme, currency, kept):
    await send(stranger, a_checkout(currency=currency))
    await send(stranger, a_checkout("evt_2", "cs_2"))
    await drain()
    booked = await rows("SELECT currency, sum(amount) AS total FROM payment GROUP BY currency")
    assert {row["currency"]: int(row["total"]) for row in booked} == {kept: 12900, "EUR": 12900}


def an_object(**fields):
    return {"data": {"object": {"id": "cs_1", "amount_total": 1, "currency": "eur", "created": 1795200000} | fields}}


@pytest.mark.parametrize(
    "change",
    [
        {"created": "yesterday"},
        {"data": {"object": {"id": None}}},
        an_object(created=-5),
        an_object(customer_details="Ingrid"),
        an_object(metadata=[1]),
        an_object(id=["cs_1"]),
        an_object(id="cs_" + "1" * 5000),
    ],
    ids=["time", "null id", "negative time", "text for object", "list for object", "list for id", "long id"],
)
@pytest.mark.parametrize(
    "kind",
    [
        "checkout.session.completed", "invoice.paid", "charge.refunded", "refund.created", "charge.dispute.created",
        "payment_intent.payment_failed",
    ],
)  # fmt: skip
async def test_missing_null_and_wrong_fields_never_break_the_worker(stranger, acme, kind, change):
    """Each ends settled; when it failed, with a reason and one alert. None is tried over and over."""
    response = await send(stranger, an_event(kind) | change)
    assert response.status_code == 200
    assert await drain() == 1
    event = await the_event()
    assert event.state in ("failed", "handled", "ignored")
    assert len(await alerts()) == (1 if event.state == "failed" else 0)
    assert bool(event.error) == (event.state == "failed")


# ── in turn ──


async def said(acme, id, kind="email.received"):
    await ledger.record(acme.id, "resend", id, kind, f'{{"id": "{id}"}}'.encode(), clock.now())


class Hearing:
    """A handler that notes the order in which it is done; the first of `slow` waits until `go_on` is set, `broken` are
    refused."""

    def __init__(self, slow=(), broken=()) -> None:
        self.done: list[str] = []
        self.slow, self.broken = set(slow), set(broken)
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, organization, event, now):
        if event["id"] in self.slow:
            self.begun.set()
            await self.go_on.wait()
        if event["id"] in self.broken:
            raise Unavailable("Not now.")
        self.done.append(event["id"])
        return "Heard."

    @property
    def all(self):
        return {f"resend:{kind}": self for kind in ("email.received", "email.delivered")}


async def test_mails_are_handled_in_the_order_they_came_though_one_takes_long(acme, borealis):
    hearing = Hearing(slow=["first"])
    await said(acme, "first")
    await said(acme, "second")
    await said(borealis, "elsewhere")
    await said(acme, "report", "email.delivered")
    slow = asyncio.create_task(ledger.work(hearing.all, clock.now()))
    async with asyncio.timeout(60):
        await hearing.begun.wait()
    assert await drain(known=hearing.all) == 2
    assert hearing.done == ["elsewhere", "report"]
    hearing.go_on.set()
    assert await slow
    assert await drain(known=hearing.all) == 1
    assert hearing.done[2:] == ["first", "second"]


async def test_a_mail_waits_for_the_next_try_of_the_one_before_it_but_not_for_ever(acme):
    hearing = Hearing(broken=["first"])
    await said(acme, "first")
    await said(acme, "second")
    now = clock.now()
    assert await drain(now, hearing.all) == 1 and hearing.done == []
    hearing.broken.clear()
    assert await drain(now + timedelta(seconds=5), hearing.all) == 2
    assert hearing.done == ["first", "second"]
    hearing.broken.add("third")
    await said(acme, "third")
    await said(acme, "fourth")
    for seconds in (10, 20, 60):
        assert await drain(now + timedelta(seconds=seconds), hearing.all) in (1, 2)
    assert hearing.done[2:] == ["fourth"]
