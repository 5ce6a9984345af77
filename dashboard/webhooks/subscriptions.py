"""What Stripe says of subscriptions: what they are worth, and renewals nobody could collect."""

from datetime import datetime

from dashboard.accounts.tables import Organization
from dashboard.formats import money as as_money
from dashboard.orders import money
from dashboard.payments import journal, subscriptions
from dashboard.webhooks import failures
from dashboard.webhooks.ledger import Handler, Problem
from dashboard.webhooks.reading import amount_of, id_of, moment, object_of, text_in
from dashboard.webhooks.stripe import invoice_references

RENEWAL = "subscription_cycle"


async def changed(organization: Organization, event: dict, now: datetime) -> str:
    """created, updated, deleted, paused, resumed: one report each; what changed is read off all of them."""
    subscription = object_of(event)
    try:
        said = subscriptions.read(subscription)
    except ValueError as problem:
        raise Problem(str(problem)) from None
    kept = await subscriptions.report(
        organization, text_in(event, "id"), text_in(subscription, "id"), said,
        customer=id_of(subscription.get("customer")), occurred_at=moment(event["created"]),
    )  # fmt: skip
    worth = f"{as_money(said.monthly, said.currency)} a month" if said.currency else "no recurring amount"
    return f"Subscription {said.status.replace('_', ' ')}: {worth}." if kept else "Known already."


async def invoice_failed(organization: Organization, event: dict, now: datetime) -> str:
    """An invoice that could not be collected. A renewal is told to the team: nobody sat at a checkout to see it."""
    invoice = object_of(event)
    references = invoice_references(invoice)
    due, currency = amount_of(invoice.get("amount_due")), text_in(invoice, "currency")
    await journal.lock(organization)
    payment = await journal.book_failure(
        organization, references["payment_intent"] or references["invoice"], currency=currency,
        occurred_at=moment(event["created"]), description="The invoice could not be collected.", **references,
    )  # fmt: skip
    order = await money.order_of(organization, payment)
    if order:
        await money.settle(organization, order)
    again = invoice.get("next_payment_attempt")
    if invoice.get("billing_reason") == RENEWAL:
        person = str(invoice.get("customer_name") or invoice.get("customer_email") or "")[:200]
        await failures.tell_renewal(
            organization, order, references["invoice"], int(invoice.get("attempt_count") or 1),
            f"Renewal failed: {as_money(due, currency.upper())}",
            [person, "Stripe tries again." if again else "Stripe does not try again."],
        )  # fmt: skip
    return "Not collected; Stripe tries again." if again else "Not collected; Stripe does not try again."


HANDLERS: dict[str, Handler] = {
    **{
        f"stripe:customer.subscription.{kind}": changed
        for kind in ("created", "updated", "deleted", "paused", "resumed")
    },
    "stripe:invoice.payment_failed": invoice_failed,
}
