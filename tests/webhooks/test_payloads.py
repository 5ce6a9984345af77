"""A payload on screen: all of what matters, none of what harms."""

import json
import time

import pytest

from dashboard.webhooks.payloads import HIDDEN, LONGEST, readable
from tests.webhooks.posting import an_event, send


def shown(value):
    return readable(json.dumps(value).encode()).text


def test_json_is_indented_and_keeps_order_doubles_and_the_spelling_of_numbers():
    text = readable(b'{"b":1.50,"a":1e400,"b":[],"c":[{},null,true,"x"],"d":NaN}').text
    assert text.split("\n") == [
        "{", '  "b": 1.50,', '  "a": 1e400,', '  "b": [],', '  "c": [', "    {},", "    null,", "    true,", '    "x"',
        "  ],", '  "d": NaN', "}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "secret",
    [
        "sk_" + "live_51Habc", "rk_" + "test_51Habc", "whsec_" + "abc123", "pi_3abc_secret_XYZ9",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefg", "Bearer abc.def",
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_hidden_wherever_it_stands(secret):
    text = shown({"note": f"look: {secret}!"})
    assert secret not in text
    assert HIDDEN in text


@pytest.mark.parametrize(
    "name", ["client_secret", "access_token", "Password", "authorization", "apiKey", "api_key", "signature"]
)
def test_a_field_named_like_a_secret_hides_its_text(name):
    assert shown({name: "anything-1"}) == f'{{\n  "{name}": "{HIDDEN}"\n}}'


def test_addresses_are_shortened_and_links_that_open_something_end_at_the_host():
    text = shown(
        {"email": "ingrid@solheim.example", "url": "https://pay.stripe.example/receipts/payment/CAcaFwoVYWNjdF8x"}
    )
    assert f"i{HIDDEN}@solheim.example" in text
    assert f"https://pay.stripe.example/{HIDDEN}" in text


def test_ids_and_short_links_stay_readable():
    text = shown({"id": "pi_3QJ44c", "charge": "ch_1", "refund": "re_1", "home": "https://harbor.example/shop"})
    assert all(part in text for part in ("pi_3QJ44c", "ch_1", "re_1", "https://harbor.example/shop"))


FAMILY = "👩\u200d👩\u200d👧 ☺\ufe0f"


@pytest.mark.parametrize(
    ("body", "inside"),
    [
        pytest.param(b"\xff\xfe{", "\ufffd", id="not utf-8"),
        pytest.param(b"a\x00b", "a\\u0000b", id="nul"),
        pytest.param(rb'"\ud800"', "\\ud800", id="lone surrogate"),
        pytest.param('"a\u202eb"'.encode(), "a\\u202eb", id="direction"),
        pytest.param(f'"e{chr(0x301) * 5}"'.encode(), "\\u0301", id="accents"),
        pytest.param(b'"a\\u0000"', "a\\u0000", id="nul in json"),
        pytest.param(f'"{FAMILY}"'.encode(), FAMILY, id="emoji"),
        pytest.param(b"", "", id="empty"),
        pytest.param(b"[" * 5000 + b"]" * 5000, "[", id="deep"),
        pytest.param(b"9" * 5000, "9999", id="huge number"),
    ],
)
def test_odd_text_is_spelled_out_and_can_always_be_sent(body, inside):
    text = readable(body).text
    assert inside in text
    text.encode()


@pytest.mark.parametrize(
    "body",
    [b"x" * 4_000_000, b'{"a": "' + b"y" * 1_000_000 + b'"}', json.dumps([1] * 300_000).encode(), b"\n" * 900_000],
    ids=["text", "one string", "many lines", "empty lines"],
)  # fmt: skip
def test_a_huge_body_is_cut_and_costs_little_more_than_one_that_just_fits(body):
    payload = readable(body)
    assert payload.cut
    assert len(payload.text) <= LONGEST + 1
    assert payload.size == len(body)
    assert cost(body) < 50 * cost(json.dumps([1] * 8000).encode())


def cost(body: bytes) -> float:
    """The least of three, in seconds of the processor: for comparing, on whatever machine this is."""
    took = []
    for _ in range(3):
        began = time.process_time()
        readable(body)
        took.append(time.process_time() - began)
    return min(took)


async def test_hostile_text_reaches_the_page_as_text(vera, stranger, acme):
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    body = json.dumps(an_event(hostile, fields={"name": hostile, "s": "\ud800", "n": "\x00"})).encode()
    assert (await send(stranger, body)).status_code == 200
    for address in ("/acme/events", "/acme/events/1"):
        response = await vera.get(address)
        assert response.status_code == 200
        assert "<script>alert" not in response.text
        assert "<img src=x" not in response.text


async def test_a_body_that_is_no_text_at_all_is_kept_and_shown(vera, acme):
    from dashboard import clock
    from dashboard.webhooks import ledger
    from dashboard.webhooks.tables import InboundEvent

    body = bytes(range(256)) * 40
    await ledger.record(acme.id, "stripe", "evt_bytes", "odd", body, clock.now())
    assert (await vera.get("/acme/events/1")).status_code == 200
    event = await InboundEvent.across_organizations().first()
    assert bytes(event.body) == body
