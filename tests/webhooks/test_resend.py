"""Resend's door: only what is properly signed comes in, and a bounce reaches the mail it is about."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from svix.webhooks import Webhook

from dashboard import clock
from dashboard import settings as process_settings
from dashboard.database import rows
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries.tables import Delivery, Suppression
from tests.canaries import RESEND_HOOKS
from tests.webhooks.posting import drain


@pytest.fixture(autouse=True)
def connected(app, settings):
    process_settings.use(replace(settings, resend_webhook_secret=RESEND_HOOKS))


def a_bounce(provider_id: str) -> bytes:
    return json.dumps(
        {
            "type": "email.bounced", "created_at": "2026-11-21T09:00:00.000Z",
            "data": {
                "email_id": provider_id, "to": ["robin@customer.example"], "subject": "Hello", "from": "a@acme.example",
                "bounce": {"type": "Permanent", "subType": "General", "message": "No such mailbox."},
            },
        }
    ).encode()  # fmt: skip


def signed(body: bytes, secret: str = RESEND_HOOKS, id: str = "msg_1") -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(secret).sign(id, now, body.decode())
    return {"svix-id": id, "svix-timestamp": str(int(now.timestamp())), "svix-signature": signature}


async def test_a_signed_bounce_marks_the_mail_and_blocks_the_address(stranger, acme):
    await deliveries.queue(
        acme, key="mail:1", kind="mail", name="intake_request", recipient="robin@customer.example", title="Hello",
        payload={"subject": "Hello", "html": "", "text": ""},
    )  # fmt: skip
    await rows("UPDATE delivery SET state = 'sent', provider_id = 'mail-1', settled_at = {}", clock.now())
    body = a_bounce("mail-1")
    for _ in range(2):
        answer = await stranger.post("/webhooks/resend/acme", content=body, headers=signed(body))
        assert answer.status_code == 200
    await drain()
    mail = await Delivery.of(acme).first()
    assert mail.state == "bounced"
    assert await Suppression.select_of(acme, Suppression.email_normalized, Suppression.reason) == [
        {"email_normalized": "robin@customer.example", "reason": "bounced"}
    ]


async def test_an_unsigned_or_wrongly_signed_report_is_counted_and_not_kept(stranger, acme):
    body = a_bounce("mail-1")
    wrong = signed(body, "whsec_plJ3nmyCDGBKInavdOK15jsl")
    for headers in ({}, wrong, signed(body) | {"svix-timestamp": "1614265330"}):
        assert (await stranger.post("/webhooks/resend/acme", content=body, headers=headers)).status_code == 403
    assert await rows("SELECT 1 FROM inbound_event") == []
    assert sum(row["count"] for row in await rows("SELECT count FROM refused_count WHERE sender = 'resend'")) == 3


async def test_without_a_secret_the_door_does_not_exist(stranger, acme, settings):
    process_settings.use(settings)
    body = a_bounce("mail-1")
    assert (await stranger.post("/webhooks/resend/acme", content=body, headers=signed(body))).status_code == 404
