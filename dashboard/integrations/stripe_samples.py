"""Stripe events as Stripe writes them, for `backdesk simulate` and the tests. Invented values, real shapes."""

import secrets
from typing import Any

API_VERSION = "2026-10-28.endive"
TYPES = (
    "checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
    "checkout.session.expired", "invoice.paid", "payment_intent.payment_failed", "charge.refunded", "refund.created",
    "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.closed",
)  # fmt: skip


def event(
    kind: str, purchase: str, *, email: str = "robin@customer.example", name: str = "Robin Sample", amount: int = 4900,
    currency: str = "eur", plan: str = "", now: int, subscription: bool = False, unpaid: bool = False,
    refunded: int | None = None, status: str = "", event_id: str = "",
) -> dict[str, Any]:  # fmt: skip
    """One event about one purchase: events with the same `purchase` speak of the same session, payment and charge."""
    refunded = amount if refunded is None else refunded
    ids = {
        "session": f"cs_test_{purchase}", "intent": f"pi_{purchase}", "charge": f"ch_{purchase}",
        "invoice": f"in_{purchase}", "subscription": f"sub_{purchase}", "customer": f"cus_{purchase}",
    }  # fmt: skip
    money = {"amount": amount, "currency": currency}
    made: dict[str, Any]
    if kind.startswith("checkout.session."):
        made = _session(kind, ids, email, name, amount, currency, plan, now, subscription, unpaid)
    elif kind.startswith("invoice."):
        made = _invoice(ids, email, amount, currency, now, subscription)
    elif kind.startswith("payment_intent."):
        made = {
            "id": ids["intent"], "object": "payment_intent", **money, "status": "requires_payment_method",
            "customer": ids["customer"], "created": now - 30,
            "last_payment_error": {
                "code": "card_declined", "decline_code": "insufficient_funds", "type": "card_error",
                "message": "Your card has insufficient funds.",
            },
        }  # fmt: skip
    elif kind == "charge.refunded":
        made = {
            "id": ids["charge"], "object": "charge", **money, "amount_captured": amount, "amount_refunded": refunded,
            "refunded": refunded >= amount, "payment_intent": ids["intent"], "customer": ids["customer"],
            "created": now - 60, "paid": True, "status": "succeeded", "billing_details": {"email": email, "name": name},
        }  # fmt: skip
    elif kind.startswith("refund."):
        made = {
            "id": f"re_{purchase}", "object": "refund", "amount": refunded, "currency": currency,
            "charge": ids["charge"], "payment_intent": ids["intent"], "created": now,
            "reason": "requested_by_customer", "metadata": {},
            "status": status or {"refund.created": "pending", "refund.failed": "failed"}.get(kind, "succeeded"),
        }  # fmt: skip
    elif kind.startswith("charge.dispute."):
        made = {
            "id": f"dp_{purchase}", "object": "dispute", **money, "charge": ids["charge"],
            "payment_intent": ids["intent"], "created": now, "reason": "fraudulent",
            "status": status or ("lost" if kind.endswith("closed") else "needs_response"),
            "evidence_details": {"due_by": now + 600_000},
        }  # fmt: skip
    else:
        made = {"id": f"obj_{purchase}", "object": kind.rpartition(".")[0]}
    return {
        "id": event_id or f"evt_{secrets.token_hex(10)}", "object": "event", "api_version": API_VERSION, "created": now,
        "livemode": False, "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None}, "type": kind,
        "data": {"object": made},
    }  # fmt: skip


def _session(kind, ids, email, name, amount, currency, plan, now, subscription, unpaid) -> dict[str, Any]:
    expired = kind.endswith("expired")
    paid = "unpaid" if unpaid or expired or kind.endswith("payment_failed") else "paid"
    return {
        "id": ids["session"], "object": "checkout.session", "mode": "subscription" if subscription else "payment",
        "status": "expired" if expired else "complete", "payment_status": paid, "amount_total": amount,
        "currency": currency, "created": now - 120, "expires_at": now + 86_400, "client_reference_id": None,
        "customer": ids["customer"], "customer_details": {"email": email, "name": name, "phone": None},
        "payment_intent": None if subscription else ids["intent"], "invoice": ids["invoice"] if subscription else None,
        "subscription": ids["subscription"] if subscription else None, "payment_link": None, "url": None,
        "metadata": {"plan": plan} if plan else {}, "after_expiration": {"recovery": {
            "enabled": True, "allow_promotion_codes": False, "expires_at": now + 30 * 86_400,
            "url": f"https://buy.stripe.com/r/{ids['session']}",
        }} if expired else None,
    }  # fmt: skip


def _invoice(ids, email, amount, currency, now, subscription) -> dict[str, Any]:
    details = {"subscription": ids["subscription"], "metadata": {}} if subscription else None
    return {
        "id": ids["invoice"], "object": "invoice", "number": "A1B2-0001", "amount_paid": amount, "amount_due": amount,
        "currency": currency, "customer": ids["customer"], "customer_email": email, "status": "paid",
        "billing_reason": "subscription_create" if subscription else "manual", "created": now - 100,
        "status_transitions": {"paid_at": now - 90},
        "parent": {"type": "subscription_details", "subscription_details": details} if subscription else None,
        "payments": {"object": "list", "data": [
            {"id": "inpay_1", "payment": {"type": "payment_intent", "payment_intent": ids["intent"]}}
        ]},
    }  # fmt: skip
