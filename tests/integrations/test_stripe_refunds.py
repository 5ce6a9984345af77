from dataclasses import replace

import pytest

from dashboard.integrations.outcomes import Refused, Unavailable, Unclear
from tests.canaries import STRIPE_KEY
from tests.integrations import connected
from tests.partners.provider import provider


def refund(its, **more):
    return its.stripe.refund(**{"payment_intent": "pi_9", "amount": 4900, "key": "refund:7:1"} | more)


async def test_refunds_once_however_often_the_same_key_is_sent():
    async with provider() as p:
        its = connected(p)
        first = await refund(its, metadata={"order": "7"})
        assert first.id.startswith("re_") and first.status == "succeeded"
        assert await refund(its, metadata={"order": "7"}) == first
        [entry] = p.sent("stripe")
        assert (entry["key"], entry["id"]) == ("refund:7:1", first.id)
        assert entry["body"] == {
            "payment_intent": "pi_9",
            "amount": "4900",
            "reason": "requested_by_customer",
            "metadata[order]": "7",
        }


async def test_the_same_key_with_another_amount_is_refused_and_refunds_nothing():
    async with provider() as p:
        await refund(connected(p))
        with pytest.raises(Refused, match="same key, with other details"):
            await refund(connected(p), amount=100)
        assert len(p.sent("stripe")) == 1


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        ("400", {"code": "charge_already_refunded"}, "already refunded in full"),
        (
            "402",
            {"code": "card_declined", "message": "Your card was declined."},
            "Stripe refused: Your card was declined.",
        ),
        ("404", {"code": "resource_missing"}, "another account or mode"),
        ("401", {"message": f"Invalid API Key provided: {STRIPE_KEY}"}, "Check STRIPE_SECRET_KEY"),
        ("403", {"message": "The key does not have access"}, "write access"),
        (
            "400",
            {"message": f"No {STRIPE_KEY} at https://x.example/?k=1"},
            r"Stripe refused: No \(hidden\) at \(address\)",
        ),
        ("400", {"type": ["odd"], "code": {}, "message": 7}, "refused"),
        ("301", None, "Stripe refused|makes no sense"),
    ],
)
async def test_a_refusal_is_final_and_says_why_without_the_key(status, error, words):
    async with provider() as p:
        p.mode("stripe", status, error=error)
        with pytest.raises((Refused, Unclear), match=words) as caught:
            await refund(connected(p))
        assert STRIPE_KEY not in str(caught.value)
        assert len(p.asked("stripe")) == 1


@pytest.mark.parametrize(
    ("status", "error", "wait"),
    [
        ("429", {"code": "rate_limit"}, 7.0),
        ("400", {"code": "rate_limit"}, None),
        ("409", {"code": "idempotency_key_in_use"}, None),
        ("500", None, None),
        ("503", None, 7.0),
    ],
)
async def test_a_busy_stripe_is_asked_again_later_by_the_dispatcher_and_not_by_the_sdk(status, error, wait):
    async with provider() as p:
        p.mode("stripe", status, times=1, error=error, retry_after="7")
        with pytest.raises(Unavailable) as caught:
            await refund(connected(p))
        assert caught.value.retry_after == wait
        assert len(p.asked("stripe")) == 1 and p.sent("stripe") == []
        assert (await refund(connected(p))).status == "succeeded"


@pytest.mark.parametrize("mode", ["cut", "slow", "drip", "malformed", "wrong_type", "empty", "html", "huge"])
async def test_an_answer_that_never_came_is_unclear_and_the_same_key_settles_it(mode):
    async with provider() as p:
        stripe = connected(p).stripe
        p.mode("stripe", mode, times=1, delay=0.2 if mode == "drip" else 30)
        with pytest.raises(Unclear, match="may have"):
            await replace(stripe, seconds=3).refund(payment_intent="pi_9", amount=4900, key="k")
        again = await stripe.refund(payment_intent="pi_9", amount=4900, key="k")
        assert [entry["id"] for entry in p.sent("stripe")] == [again.id]


async def test_a_connection_closed_before_the_answer_is_unclear_too():
    async with provider() as p:
        p.mode("stripe", "close")
        with pytest.raises(Unclear):
            await refund(connected(p))


async def test_a_stripe_that_cannot_be_reached_has_certainly_done_nothing():
    async with provider() as p:
        its = connected(p)
    with pytest.raises(Unavailable, match="could not be reached"):
        await refund(its)


async def test_reads_an_object_again_and_never_calls_a_failed_read_unclear():
    async with provider() as p:
        stripe = connected(p).stripe
        p.objects["cs_1"] = {
            "id": "cs_1",
            "object": "checkout.session",
            "customer_details": {"email": "r@mail.example"},
        }
        found = await stripe.retrieve("checkout.session", "cs_1", expand=("payment_intent",))
        assert found == p.objects["cs_1"] and type(found["customer_details"]) is dict
        assert p.asked("stripe")[0].query == {"expand[0]": "payment_intent"}
        with pytest.raises(Refused, match="does not know"):
            await stripe.retrieve("charge", "ch_none")
        p.objects["ch_1"] = {"id": "ch_1", "object": "charge"}
        hasty = replace(stripe, seconds=3)
        for mode in ("cut", "close", "slow", "malformed", "wrong_type", "huge"):
            p.mode("stripe", mode)
            with pytest.raises(Unavailable):
                await hasty.retrieve("charge", "ch_1")


async def test_two_organizations_never_share_a_key():
    async with provider() as p:
        its, theirs = connected(p), connected(p, STRIPE_SECRET_KEY="sk_test_borealis")
        await its.stripe.test()
        await theirs.stripe.test()
        keys = [request.headers["authorization"] for request in p.asked("stripe")]
        assert keys == [f"Bearer {STRIPE_KEY}", "Bearer sk_test_borealis"]


async def test_tells_stripe_nothing_about_this_machine():
    async with provider() as p:
        await connected(p).stripe.test()
        told = p.asked("stripe")[0].headers["x-stripe-client-user-agent"]
        assert "telemetry" not in told and "platform" not in told
