"""What is let in: only what the sender signed, stored before the answer, and the same thing once."""

import asyncio
import json
import logging

import pytest

from dashboard.webhooks.tables import InboundEvent, RefusedCount
from tests.webhooks.posting import a_checkout, an_event, drain, send, signature

BODY = json.dumps(an_event()).encode()


async def stored():
    return await InboundEvent.across_organizations().order_by(InboundEvent.id)


async def test_a_signed_event_is_stored_byte_for_byte_before_the_answer(stranger, acme):
    body = b' {"id": "evt_1","object":"event","type":"a.b","data":{"object":{}} }\n'
    response = await send(stranger, body)
    assert response.status_code == 200
    assert response.json() == {"received": True}
    [event] = await stored()
    assert bytes(event.body) == body
    assert event.state == "waiting"
    assert event.kind == "a.b"
    assert event.organization == acme.id


async def test_the_older_address_leads_to_the_first_organization(stranger, acme, borealis):
    response = await send(stranger, an_event(), to="/api/webhooks/stripe/checkout-completed")
    assert response.status_code == 200
    assert (await stored())[0].organization == acme.id


def headers_that_prove_nothing():
    good = signature(BODY)
    stamp, _, mac = good.partition(",v1=")
    return {
        "none": (False, "no signature"),
        "empty": ("", "no signature"),
        "only v0": (f"{stamp},v0={mac}", "no signature"),
        "upper-case hex": (f"{stamp},v1={mac.upper()}", "signature did not match"),
        "truncated": (good[:-1], "signature did not match"),
        "another secret": (signature(BODY, "whsec_of_somebody_else"), "signature did not match"),
        "another sender's": ("v1,bm90IG91cnM=", "no signature"),
    }


@pytest.mark.parametrize("name", headers_that_prove_nothing())
async def test_a_request_that_proves_nothing_leaves_only_a_number(stranger, acme, name):
    header, reason = headers_that_prove_nothing()[name]
    for _ in range(2):
        assert (await send(stranger, BODY, header=header)).status_code == 403
    assert await stored() == []
    [refused] = await RefusedCount.across_organizations()
    assert (refused.sender, refused.reason, refused.count, refused.organization) == ("stripe", reason, 2, acme.id)


@pytest.mark.parametrize(
    "changed", [BODY + b"\n", json.dumps(an_event(), indent=1).encode()], ids=["newline", "written again"]
)
async def test_a_body_that_is_not_exactly_what_was_signed_is_refused(stranger, acme, changed):
    assert (await send(stranger, changed, header=signature(BODY))).status_code == 403
    assert await stored() == []


@pytest.mark.parametrize(("shift", "reason"), [(-301, "too old"), (301, "in the future")])
async def test_a_signature_is_good_for_five_minutes_only(stranger, acme, shift, reason):
    from dashboard import clock

    assert (await send(stranger, BODY, at=int(clock.now().timestamp()) + shift)).status_code == 403
    assert (await RefusedCount.across_organizations())[0].reason == reason


async def test_the_second_of_two_signatures_will_do(stranger, acme):
    stamp, _, mac = signature(BODY).partition(",v1=")
    assert (await send(stranger, BODY, header=f"{stamp},v1={'0' * 64},v1={mac}")).status_code == 200


@pytest.mark.parametrize(
    "event",
    [
        {"object": "event", "type": "a", "data": {"object": {}}},
        an_event(id=7), an_event(id=""), an_event(id="e" * 201), an_event(id="evt\x00"), an_event(id="evt\ud800"),
        an_event(kind=None), {"id": "evt_1", "object": "event", "data": {"object": {}}}, ["evt_1"], "evt_1", None,
    ],
    ids=str,
)  # fmt: skip
async def test_what_cannot_be_told_apart_is_refused_and_not_an_error(stranger, acme, event):
    response = await send(stranger, event)
    assert response.status_code == 403, response.text
    assert await stored() == []
    assert (await RefusedCount.across_organizations())[0].reason in ("not an event", "thin event", "not JSON")


async def test_another_organizations_secret_opens_nothing_here(stranger, acme, borealis):
    """Borealis has configured nothing, so its address does not exist; an unknown one neither."""
    for slug in ("borealis", "nobody"):
        assert (await send(stranger, an_event(), to=f"/webhooks/stripe/{slug}")).status_code == 404
    assert await stored() == []
    assert not await RefusedCount.exists()


async def test_an_event_of_the_other_mode_is_refused(stranger, acme, settings):
    from dataclasses import replace

    from dashboard import settings as process_settings

    process_settings.use(replace(settings, stripe_secret_key="sk_live_only_in_this_test"))
    assert (await send(stranger, an_event(livemode=False))).status_code == 403
    assert (await send(stranger, an_event(livemode=True))).status_code == 200
    assert (await RefusedCount.across_organizations())[0].reason == "wrong mode"


async def test_fifty_copies_at_once_are_one_row_and_one_effect(visit, acme):
    from dashboard.orders.tables import Order
    from dashboard.payments.tables import Payment

    senders = [await visit(None) for _ in range(5)]
    answers = await asyncio.gather(*(send(senders[n % 5], a_checkout()) for n in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    await asyncio.gather(drain(), drain())
    [event] = await stored()
    assert event.repeats == 49
    assert event.state == "handled"
    assert await Order.count() == 1
    assert await Payment.count() == 1


async def test_a_copy_that_comes_after_handling_changes_nothing_but_the_count(stranger, acme):
    await send(stranger, a_checkout())
    await drain()
    await send(stranger, a_checkout())
    assert await drain() == 0
    [event] = await stored()
    assert event.repeats == 1
    assert event.state == "handled"


async def test_no_answer_of_success_when_the_row_could_not_be_written(stranger, acme):
    """A lock on the table longer than our patience: the sender is told to come back."""
    from dashboard.database import current_engine

    await send(stranger, an_event(id="evt_before"))  # the organization's secrets are known from here on
    blocker = await current_engine().get_new_connection()
    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE inbound_event IN ACCESS EXCLUSIVE MODE")
            response = await send(stranger, an_event())
    finally:
        await blocker.close()
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert [event.external_id for event in await stored()] == ["evt_before"]
    assert (await send(stranger, an_event())).status_code == 200


async def test_a_bomb_of_a_body_is_refused_before_it_is_read(stranger, acme, caplog):
    with caplog.at_level(logging.ERROR):
        assert (await send(stranger, b"x" * 4_000_001, header="t=1,v1=a")).status_code == 413
        deep = b'{"id":"evt_1","object":"event","type":"a","data":{"object":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
        assert (await send(stranger, deep)).status_code == 403
    assert await stored() == []
    assert not caplog.records
