import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from svix.webhooks import Webhook

from dashboard.errors import NotFound
from dashboard.integrations.resend import Resend
from dashboard.integrations.signatures import BadSignature

NOW, SECRET = 1795200000, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EVENT = {"type": "email.bounced", "created_at": "2026-11-21T12:00:00Z", "data": {"email_id": "e_1"}}
BODY = json.dumps(EVENT).encode()
PUBLISHED = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        "msg_loFOjxBNrRLzqYUf",
        "1731705121",
        b'{"event_type":"ping","data":{"success":true}}',
        "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    ),
]


def receiver(secret=SECRET):
    return Resend("", secret, "http://127.0.0.1:9")


def signed(body=BODY, secret=SECRET, at=NOW, id="msg_1"):
    """By Svix's own library."""
    signature = Webhook(secret).sign(id, datetime.fromtimestamp(at, UTC), body.decode())
    return {"svix-id": id, "svix-timestamp": str(at), "svix-signature": signature}


def reason(headers, body=BODY, its=None):
    with pytest.raises(BadSignature) as caught:
        (its or receiver()).verify(body, headers, NOW)
    return caught.value.reason


@pytest.mark.parametrize(("secret", "id", "at", "body", "signature"), PUBLISHED)
def test_agrees_with_the_published_examples(secret, id, at, body, signature):
    headers = {"svix-id": id, "svix-timestamp": at, "svix-signature": signature}
    assert receiver(secret).verify(body, headers, int(at)) == json.loads(body)


def test_believes_what_svix_signed_five_minutes_either_way():
    for at in (NOW - 300, NOW, NOW + 300):
        assert receiver().verify(BODY, signed(at=at), NOW) == EVENT
    assert reason(signed(at=NOW - 301)) == "too old"
    assert reason(signed(at=NOW + 301)) == "in the future"


def test_any_of_several_signatures_and_secrets_will_do_while_a_secret_is_replaced():
    headers = signed()
    headers["svix-signature"] = f"v1,AAAA v2,{headers['svix-signature'][3:]} {headers['svix-signature']}"
    assert receiver().verify(BODY, headers, NOW) == EVENT
    assert receiver(f"whsec_AAAAAAAAAAAAAAAA, {SECRET}").verify(BODY, headers, NOW) == EVENT


@pytest.mark.parametrize(
    "change", [{"svix-id": ""}, {"svix-signature": ""}, {"svix-timestamp": "now"}, {"svix-timestamp": ""}]
)
def test_refuses_headers_without_a_signature(change):
    assert reason(signed() | change) == "no signature"
    assert reason({}) == "no signature"


def test_refuses_every_other_way_to_sign():
    good = signed()
    assert reason(good | {"svix-signature": good["svix-signature"].replace("v1,", "v0,")}) == "no signature"
    assert reason(good | {"svix-signature": good["svix-signature"][3:]}) == "no signature"
    for change in (
        {"svix-id": "msg_2"},
        {"svix-timestamp": str(NOW + 1)},
        {"svix-signature": good["svix-signature"][:-2]},
        {"svix-signature": "v1,é"},
    ):
        assert reason(good | change) == "signature did not match"
    assert reason(good, its=receiver("whsec_plJ3nmyCDGBKInavdOK15jsl")) == "signature did not match"
    whole = hmac.new(SECRET.encode(), f"msg_1.{NOW}.".encode() + BODY, hashlib.sha256).digest()
    assert reason(good | {"svix-signature": f"v1,{base64.b64encode(whole).decode()}"}) == "signature did not match"


def test_refuses_bytes_that_are_not_the_ones_signed():
    assert reason(signed(), BODY + b"\n") == "signature did not match"


@pytest.mark.parametrize("body", [b"not json", b"[]", b"null"])
def test_refuses_a_signed_body_that_is_no_object(body):
    assert reason(signed(body), body) == "not JSON"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", f"{SECRET}!!!!", ","])
def test_there_is_nothing_here_without_a_usable_secret(secret):
    with pytest.raises(NotFound):
        receiver(secret).verify(BODY, signed(), NOW)
