"""The journal against Stripe's own books: what matches, what differs and why, and how it is mended."""

import asyncio
import json
import re
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.accounts.credentials import integrations_for
from dashboard.database import rows
from dashboard.integrations.outcomes import Unavailable
from dashboard.payments.tables import BalanceLine, Payment, ProviderReading, Reconciliation
from dashboard.schedule import run_by_name
from dashboard.webhooks import stripe_books
from dashboard.webhooks.tables import InboundEvent
from tests.payments.at_stripe import booked, no_pause, other, purchase, stripe, tells
from tests.webhooks.posting import drain, send

CARD = "/acme/revenue/reconciliation"
SALE = ["checkout.session.completed"]


ALL = timedelta(days=89)


async def read(organization, since=ALL):
    since = clock.now() - since if since else None
    outside = await integrations_for(organization.id)
    return await stripe_books.read(organization, outside.stripe, clock.now(), since, no_pause)


async def hear(client, events):
    for event in events:
        await send(client, event)
    await drain()


async def differences() -> list[tuple[str, str, str]]:
    found = await Reconciliation.select(Reconciliation.currency, Reconciliation.offending).order_by(Reconciliation.id)
    return sorted((line["why"], line["id"], each["currency"]) for each in found for line in each["offending"])


async def sums() -> dict[str, tuple[int, int]]:
    found = await rows("SELECT currency, sum(ours)::int o, sum(theirs)::int t FROM reconciliation GROUP BY 1")
    return {each["currency"]: (each["o"], each["t"]) for each in found}


async def test_books_that_say_the_same_match_and_tell_the_fees(stranger, acme):
    async with stripe() as partner:
        await hear(stranger, purchase(partner, "a", [*SALE, "refund.updated"], refunded=1900))
        await hear(stranger, purchase(partner, "d", [*SALE, "charge.dispute.created"], amount=3000))
        booked(partner, "a", fee=172)
        booked(partner, "a", "refund", -1900)
        booked(partner, "d", amount=3000, fee=112)
        booked(partner, "d", "dispute", -3000, fee=1500)
        done = await read(acme)
        assert (done.seen, done.changed) == (4, 4)
    assert await differences() == [] and await sums() == {"EUR": (3000, 3000)}
    fees = await Payment.select(Payment.key, Payment.fee, Payment.fee_currency).order_by(Payment.key)
    assert [(each["key"], each["fee"]) for each in fees] == [
        ("charge:pi_a", 172), ("charge:pi_d", 112), ("dp_d", 1500), ("re_a", 0),
    ]  # fmt: skip
    assert {each["fee_currency"] for each in fees} == {"EUR"}


async def test_reading_again_changes_nothing_and_asks_only_for_what_is_new(stranger, acme):
    async with stripe() as partner:
        await hear(stranger, purchase(partner, "a", SALE, days=40))
        booked(partner, "a", days=40, fee=9)
        assert (await read(acme)).changed == 1
        before = await rows("SELECT * FROM payment"), await rows("SELECT key, fee FROM balance_line")
        again = await read(acme, None)
        assert (again.seen, again.changed) == (0, 0)
        assert (await read(acme, timedelta(days=60))).changed == 0
    assert before == (await rows("SELECT * FROM payment"), await rows("SELECT key, fee FROM balance_line"))


@pytest.mark.parametrize(
    ("amount", "currency", "settled", "rate"),
    [(500, "jpy", (281, "eur"), 0.00562), (1500, "kwd", (449, "eur"), 2.9941), (4900, "usd", (4512, "eur"), 0.92082)],
)
async def test_money_settled_in_another_currency_is_compared_in_the_one_the_customer_paid(
    stranger, acme, amount, currency, settled, rate
):
    async with stripe() as partner:
        kinds = [*SALE, "refund.updated", "charge.dispute.created"]
        await hear(stranger, purchase(partner, "a", kinds, amount=amount, currency=currency, refunded=100))
        booked(partner, "a", amount=amount, currency=currency, settled=settled, rate=rate, fee=31)
        booked(partner, "a", "refund", -100, currency, settled=(-17, "eur"), rate=rate)
        booked(partner, "a", "dispute", -amount, currency, settled=(-settled[0], "eur"), rate=rate)
        await read(acme)
    assert await differences() == [] and await sums() == {currency.upper(): (-100, -100)}
    [charge] = await Payment.select(Payment.fee, Payment.fee_currency).where(Payment.kind == "charge")
    assert charge == {"fee": 31, "fee_currency": "EUR"}
    [line] = await BalanceLine.select().where(BalanceLine.kind == "charge")
    assert (line["settled"], line["settled_currency"], line["rate"]) == (*settled[:1], "EUR", str(rate))


async def test_an_exchanged_line_that_does_not_name_what_was_paid_is_said_to_be_unclear(acme):
    async with stripe() as partner:
        line = booked(partner, "a", amount=4900, currency="usd", settled=(4512, "eur"), rate=0.92)
        del partner.objects["ch_a"]
        assert line["source"] == "ch_a"
        await read(acme)
    assert await differences() == [("unclear", "ch_a", "EUR")]


async def test_payouts_and_fees_of_stripe_are_named_and_count_for_nothing(alice, acme):
    async with stripe() as partner:
        other(partner, "payout", -90_000)
        other(partner, "payout", -10_000)
        other(partner, "stripe_fee", -1200)
        other(partner, "climate_order_purchase", -500)
        await read(acme)
        page = (await alice.get(CARD)).text
    assert await differences() == [] and await sums() == {}
    assert "Payouts<small>Not revenue, 2 lines" in page and "−€1,000.00" in page
    assert "Stripe&#39;s own fees" in page and "Climate order purchase" in page


async def test_each_kind_of_difference_is_named(stranger, acme):
    async with stripe() as partner:
        await hear(stranger, purchase(partner, "same", SALE))
        booked(partner, "same")
        booked(partner, "unheard")
        await hear(stranger, purchase(partner, "only_here", SALE))
        await hear(stranger, purchase(partner, "less", SALE))
        booked(partner, "less", amount=4800)
        await hear(stranger, purchase(partner, "dollars", SALE))
        booked(partner, "dollars", currency="usd")
        await read(acme)
    assert await differences() == [
        ("amount", "ch_less", "EUR"), ("currency", "ch_dollars", "EUR"), ("missing_here", "ch_unheard", "EUR"),
        ("missing_there", "charge:pi_only_here", "EUR"),
    ]  # fmt: skip


async def test_what_is_on_its_way_is_not_called_missing(stranger, acme):
    async with stripe() as partner:
        booked(partner, "just_now", days=0.01)
        await hear(stranger, purchase(partner, "also", SALE, days=0.01))
        await read(acme)
        assert await differences() == []


async def test_a_payment_is_compared_on_the_day_the_journal_has_it_though_the_books_have_the_next_one(stranger, acme):
    async with stripe() as partner:
        await hear(stranger, purchase(partner, "night", SALE, days=3))
        booked(partner, "night", days=2)
        await read(acme)
    assert await differences() == [] and await sums() == {"EUR": (4900, 4900)}


async def test_a_dispute_won_and_a_refund_that_failed_come_to_nothing_on_both_sides(stranger, acme):
    async with stripe() as partner:
        kinds = [*SALE, "charge.dispute.created", "refund.failed"]
        events = purchase(partner, "a", kinds, days=30)
        won = purchase(partner, "a", ["charge.dispute.closed"], days=2, status="won")
        won[0]["id"] = "evt_won"
        await hear(stranger, events + won)
        booked(partner, "a", days=30)
        booked(partner, "a", "dispute", -4900, days=30, fee=1500)
        booked(partner, "a", "dispute", 4900, days=2, fee=-1500, reporting_category="dispute_reversal")
        booked(partner, "a", "refund", -4900, days=29)
        booked(partner, "a", "refund", 4900, days=1, type="refund_failure", reporting_category="refund_failure")
        await read(acme)
    assert await differences() == [] and await sums() == {"EUR": (4900, 4900)}
    assert {each["fee"] for each in await Payment.select(Payment.fee)} == {0}


async def test_an_invoice_whose_event_named_no_payment_is_tied_to_the_books(stranger, acme):
    async with stripe() as partner:
        [event] = purchase(partner, "sub", ["invoice.paid"], subscription=True)
        whole = json.loads(json.dumps(event["data"]["object"]))
        del event["data"]["object"]["payments"]
        await hear(stranger, [event])
        tells(partner, whole)
        booked(partner, "sub", fee=88)
        await read(acme)
    [charge] = await Payment.select(Payment.key, Payment.fee, Payment.amount)
    assert charge == {"key": "charge:pi_sub", "fee": 88, "amount": 4900}
    assert await differences() == []


async def test_the_button_fetches_what_is_missing_and_everything_matches(alice, ana, vera, stranger, acme):
    async with stripe() as partner:
        await hear(stranger, purchase(partner, "whole", SALE))
        purchase(partner, "torn", SALE)
        for name in ("whole", "torn"):
            booked(partner, name)
        await read(acme)
        page = (await alice.get(CARD)).text
        assert "€49.00 differs: 1 line" in page and "€49.00 charged in Stripe" in page
        assert "€0.00 here" in page and "Fetch and compare again" in page
        assert "Fetch and compare" not in (await vera.get(CARD)).text
        assert (await vera.post(f"{CARD}/repair")).status_code == 403
        answer = await ana.post(f"{CARD}/repair")
        assert "1 event fetched and handled. Everything matches Stripe." in answer.headers["hx-trigger"]
        assert "EUR matches Stripe" in answer.text and "2 payments" in answer.text
    assert await differences() == [] and len(await rows("SELECT FROM orders")) == 2
    [line] = await rows("SELECT \"user\", detail FROM activity WHERE verb = 'reconciled'")
    assert line == {"user": ana.user.id, "detail": "1 fetched, 0 handled again, 0 still different."}


async def test_the_first_comparison_may_be_asked_for_with_the_button(alice, stranger, acme):
    async with stripe() as partner:
        await hear(stranger, purchase(partner, "old", SALE, days=60))
        booked(partner, "old", days=60)
        answer = await alice.post(f"{CARD}/repair")
        assert "Nothing to compare in this period" in answer.text
        wide = (clock.now() - timedelta(days=80)).date().isoformat()
        page = (await alice.get(f"{CARD}?from={wide}&to={clock.now().date().isoformat()}")).text
    assert "EUR matches Stripe" in page and "1 payment<" in page


async def test_the_button_handles_an_event_again_that_failed_or_whose_line_was_lost(alice, stranger, acme):
    async with stripe() as partner:
        events = purchase(partner, "a", [*SALE, "refund.updated"], refunded=100)
        await hear(stranger, events)
        booked(partner, "a")
        booked(partner, "a", "refund", -100)
        await rows("DELETE FROM order_payment")
        await rows("DELETE FROM payment WHERE kind = 'refund'")
        await read(acme)
        assert await differences() == [("missing_here", "re_a", "EUR")]
        page = (await alice.get(CARD)).text
        assert "€1.00 refunded in Stripe" in page and "€0.00 here" in page
        answer = await alice.post(f"{CARD}/repair")
    assert "Everything matches Stripe." in answer.headers["hx-trigger"]
    assert await Payment.count() == 2 and await InboundEvent.count() == 2


async def test_the_button_waits_for_what_another_worker_has_in_hand(alice, stranger, acme):
    async with stripe() as partner:
        await hear(stranger, purchase(partner, "a", SALE))
        booked(partner, "a")
        taken = "UPDATE inbound_event SET state = {}, lease_until = now() + interval '1 hour'"
        await rows(taken, "processing")
        asking = asyncio.create_task(alice.post(f"{CARD}/repair"))
        done, _ = await asyncio.wait({asking}, timeout=2)
        assert not done
        await rows(taken, "handled")
        answer = await asking
    assert "Everything matches Stripe." in answer.headers["hx-trigger"]


async def test_what_no_event_can_mend_stays_and_is_said(alice, stranger, acme):
    async with stripe() as partner:
        await hear(stranger, purchase(partner, "ours", SALE))
        await read(acme)
        answer = await alice.post(f"{CARD}/repair")
        assert "1 line differs from Stripe." in answer.headers["hx-trigger"]
        assert "Not charged in Stripe" in answer.text and re.search(r'href="/acme/orders/1">1</a>', answer.text)
        partner.mode("stripe", "401")
        answer = await alice.post(f"{CARD}/repair")
    assert answer.status_code == 200 and "Stripe could not be asked" in answer.headers["hx-trigger"]


async def test_without_stripe_or_before_the_first_reading_the_card_says_so(alice, vera, acme):
    page = (await alice.get(CARD)).text
    assert "Stripe is not connected" in page and "STRIPE_SECRET_KEY is not set" in page
    assert 'href="/acme/settings/integrations">Connect Stripe' in page
    assert "Connect Stripe" not in (await vera.get(CARD)).text
    async with stripe():
        assert "Not compared yet" in (await alice.get(CARD)).text
    assert (await alice.get("/acme/revenue")).text.count('id="reconciliation"') == 1


async def test_the_hourly_job_reads_the_books_and_a_failure_is_shown(alice, stranger, acme):
    async with stripe() as partner:
        booked(partner, "before_we_came", days=40)
        await hear(stranger, purchase(partner, "heard", SALE, days=4))
        booked(partner, "heard", days=4)
        booked(partner, "unheard", days=2)
        run = await run_by_name("stripe_books", clock.now())
        assert run.counts == {"asked": 1, "lines": 2, "changed": 2, "days": 2} and run.outcome == "ok"
        assert await differences() == [("missing_here", "ch_unheard", "EUR")]
        partner.mode("stripe", "403")
        assert (await run_by_name("stripe_books", clock.now())).outcome == "failed"
        assert "did not come to its end" in (await alice.get(CARD)).text
    assert (await ProviderReading.across_organizations().first()).complete_until


async def test_a_reading_that_stops_half_way_is_done_again_from_the_start(acme):
    async with stripe() as partner:
        for number in range(150):
            booked(partner, f"n{number}")
        whole = partner.handle

        async def dies_at_the_second_page(request, read, send):
            if "starting_after" in request.query:
                partner.mode("stripe", "500")
            await whole(request, read, send)

        partner.handle = dies_at_the_second_page
        with pytest.raises(Unavailable):
            await read(acme)
        assert await BalanceLine.count() == 100
        partner.handle = whole
        partner.mode("stripe", "ok")
        assert (await read(acme)).changed == 50
    assert len(await differences()) == 150


async def test_another_organization_s_books_are_not_seen(acme, bob):
    async with stripe() as partner:
        booked(partner, "a")
        await read(acme)
        assert (await bob.get(CARD)).status_code == 404
        assert (await bob.post(f"{CARD}/repair")).status_code == 404
        page = (await bob.get("/borealis/revenue/reconciliation")).text
    assert "Stripe is not connected" in page and "€49.00" not in page
