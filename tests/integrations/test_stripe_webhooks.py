import json

import pytest
import stripe as sdk

from dashboard.errors import NotFound
from dashboard.integrations.signatures import BadSignature
from dashboard.integrations.stripe import Stripe

NOW, SECRET = 1795200000, "whsec_first0000000000000"
EVENT = {
    "id": "evt_1",
    "object": "event",
    "livemode": False,
    "type": "charge.refunded",
    "data": {"object": {"id": "ch_1"}},
}
BODY = json.dumps(EVENT).encode()


def receiver(secret=SECRET, key="sk_test_1"):
    return Stripe(key, secret, "http://127.0.0.1:9")


def signed(body=BODY, secret=SECRET, at=NOW):
    """By the SDK's own signer, so that not only our reading of the rules is tested."""
    return sdk.WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=at)


def reason(header, body=BODY, now=NOW, its=None):
    with pytest.raises(BadSignature) as caught:
        (its or receiver()).verify(body, header, now)
    return caught.value.reason


def test_believes_what_stripe_signed():
    assert receiver().verify(BODY, signed(), NOW) == EVENT


@pytest.mark.parametrize("at", [NOW - 300, NOW + 300])
def test_believes_five_minutes_either_way(at):
    assert receiver().verify(BODY, signed(at=at), NOW) == EVENT


def test_refuses_an_old_event_and_one_from_the_future():
    assert reason(signed(at=NOW - 301)) == "too old"
    assert reason(signed(at=NOW + 301)) == "in the future"


def test_any_of_several_signatures_and_secrets_will_do_while_a_secret_is_replaced():
    good, stale = signed(), signed(secret="whsec_gone").partition(",")[2]
    assert receiver().verify(BODY, f"t={NOW},{stale},{good.partition(',')[2]}", NOW) == EVENT
    assert receiver(f"whsec_new , {SECRET}").verify(BODY, good, NOW) == EVENT
    assert reason(good, its=receiver("whsec_new,whsec_newer")) == "signature did not match"


@pytest.mark.parametrize(
    "header", ["", "v1=abc", f"t={NOW}", "t=,v1=a", "t=x,v1=a", "t=-5,v1=a", "t=٣,v1=a", "garbage"]
)
def test_refuses_a_header_without_a_signature(header):
    assert reason(header) == "no signature"


def test_refuses_every_other_way_to_sign():
    good = signed().partition("v1=")[2]
    assert reason(f"t={NOW},v0={good}") == "no signature"
    assert reason(f"t={NOW},v1={good.upper()}") == "signature did not match"
    assert reason(f"t={NOW},v1={good[:-1]}") == "signature did not match"
    assert reason(f"t={NOW},v1=é") == "signature did not match"
    assert reason(f"t={NOW + 1},v1={good}") == "signature did not match"
    assert reason(signed(secret=SECRET.removeprefix("whsec_"))) == "signature did not match"


def test_refuses_bytes_that_are_not_the_ones_signed():
    assert reason(signed(), BODY + b"\n") == "signature did not match"
    assert reason(signed(), json.dumps(EVENT, indent=1).encode()) == "signature did not match"


@pytest.mark.parametrize("body", [b"not json", b"[]", b"null", b"[" * 50_000])
def test_refuses_a_signed_body_that_is_no_object(body):
    assert reason(signed(body), body) == "not JSON"


@pytest.mark.parametrize(
    "change", [{"object": "v2.core.event"}, {"data": None}, {"data": {}}, {"data": {"object": "ch_1"}}]
)
def test_refuses_an_event_without_its_object(change):
    body = json.dumps(EVENT | change).encode()
    assert reason(signed(body), body) == "thin event"


def test_refuses_an_event_of_the_other_mode():
    live = json.dumps(EVENT | {"livemode": True}).encode()
    assert reason(signed(live), live) == "wrong mode"
    assert reason(signed(), its=receiver(key="rk_live_1")) == "wrong mode"
    assert reason(signed(live[:-1] + b" }"), live[:-1] + b" }") == "wrong mode"
    assert receiver(key="sk_live_1").verify(live, signed(live), NOW)["livemode"] is True
    assert receiver(key="").verify(live, signed(live), NOW)["livemode"] is True


@pytest.mark.parametrize("secret", ["", " , "])
def test_there_is_nothing_here_without_a_secret(secret):
    with pytest.raises(NotFound):
        receiver(secret).verify(BODY, signed(), NOW)
