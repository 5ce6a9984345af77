"""An outbox with everything in it, for the browser: `python -m tests.deliveries.seed` writes to DATABASE_URL."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.deliveries import mails
from dashboard.deliveries.tables import DeliveryAttempt
from dashboard.leads import actions as leads
from dashboard.orders.tables import Order
from tests.deliveries import a_delivery

SAMPLE = [
    # kind, name, recipient, state, tries, due in seconds, why
    (
        "mail",
        "intake_reminder",
        "lucas@meyerwerk.example",
        "queued",
        3,
        86_400,
        "Resend asks to try again later (503).",
    ),
    ("mail", "handover", "ingrid@solheim-arkitekter.example", "queued", 0, 50_000, ""),
    ("telegram", "payment_failed", "Team chat", "failed", 8, 0, "Telegram refused: Bad Request: chat not found"),
    ("telegram", "new_order", "Team chat", "sent", 1, 0, ""),
    ("mail", "payment_confirmation", "ingrid@solheim-arkitekter.example", "delivered", 1, 0, ""),
    (
        "mail",
        "intake_request",
        "amara@okafor.example",
        "held",
        0,
        0,
        "Mail is not connected: RESEND_API_KEY or SMTP_URL is not set.",
    ),
    ("mail", "upsell", "tarek@azizfoto.example", "bounced", 1, 0, "550 5.1.1 mailbox does not exist"),
    (
        "mail",
        "follow_up",
        "rachel@larkandrow.example",
        "suppressed",
        0,
        0,
        "This person marked a mail of ours as spam.",
    ),
    (
        "refund",
        "refund",
        "Samuel Adeyemi",
        "unknown",
        1,
        0,
        "Stripe closed the connection before answering. It may have acted.",
    ),
    (
        "mail",
        "handover",
        "samuel@adeyemi.example",
        "unknown",
        1,
        0,
        "The mail server went silent while taking the mail. It may have been sent.",
    ),
    ("mail", "intake_reminder", "noor@vandijk.example", "cancelled", 0, 0, "Cancelled by hand"),
]
LINK = "https://desk.acme.example/f/1042.1.Jk3fAbcDEFghijkLMNopQRstu01"


async def fill(organization: Organization) -> None:
    now = clock.now()
    lead = await leads.find_or_create(organization, "ingrid@solheim-arkitekter.example", "Ingrid Solheim")
    order = Order(
        organization=organization.id,
        lead=lead.id,
        number=1042,
        placed_at=now,
        plan_name="Website audit",
        amount=128400,
        currency="EUR",
        customer_name="Ingrid Solheim",
        customer_email=lead.email,
        due_at=now + timedelta(days=5),
    )
    await order.save()
    facts = {
        "lead": lead,
        "order": order,
        "link": LINK,
        "nr": 2,
        "title": "Audit report",
        "offer": "Accessibility fixes",
        "plan": SimpleNamespace(form=1),
        "deliverables": [{"title": "Audit report", "link": LINK, "version": 2}],
    }
    for number, (kind, name, recipient, state, tries, due, why) in enumerate(reversed(SAMPLE)):
        payload = {"title": "Order 1042", "lines": ["Ingrid Solheim · Website audit"], "href": "/acme/orders/1042"}
        if kind == "mail":
            mail = mails.render(name, organization, **facts)
            payload = {
                "subject": mail.subject,
                "html": mail.html,
                "text": mail.text,
                "from": "hello@acme.example",
                "from_name": "Acme",
            }
        if kind == "refund":
            payload = {
                "amount": 9200,
                "currency": "EUR",
                "payment_intent": "pi_3Q",
                "reason": "One template not needed",
            }
        delivery = await a_delivery(
            organization,
            kind,
            key=f"sample:{number}",
            name=name,
            recipient=recipient,
            payload=payload,
            state=state,
            attempt=tries,
            why=why,
            subject=("order", order.id),
            due_at=now + timedelta(seconds=due),
            created_at=now - timedelta(minutes=90 - number),
            opened_at=now if state == "delivered" else None,
        )
        for tried in range(tries):
            outcome = "queued" if tried < tries - 1 or state == "queued" else state
            at = now - timedelta(minutes=80 - tried * 9)
            await DeliveryAttempt.insert(
                DeliveryAttempt(delivery=delivery.id, number=tried + 1, outcome=outcome, detail=why, at=at)
            )


async def main() -> None:
    found = await rows("SELECT id FROM organization WHERE slug = {}", "acme")
    await fill(await Organization.objects().get(Organization.id == found[0]["id"]))


if __name__ == "__main__":
    asyncio.run(main())
