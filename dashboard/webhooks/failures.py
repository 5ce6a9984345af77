"""A payment that failed is told to the team once, whichever of Stripe's events speaks of it first: the payment's own,
its checkout's or its invoice's. Call with the organization's money lock held."""

from dashboard.accounts.tables import Organization
from dashboard.database import row
from dashboard.deliveries import actions as deliveries
from dashboard.orders.tables import Order

TRIES = 8  # as often as Stripe tries to collect an invoice by itself
TOLD = "SELECT 1 AS told FROM delivery WHERE organization = {} AND key = ANY({}) LIMIT 1"
OF_INVOICE = """
    SELECT 1 AS told FROM payment p
    JOIN delivery d ON d.organization = p.organization AND d.key = {} || p.payment_intent
    WHERE p.organization = {} AND p.kind = 'failure' AND p.invoice = {} AND p.payment_intent <> '' LIMIT 1"""


async def tell(
    organization: Organization, order: Order | None, title: str, why: str, *, intent: str = "", session: str = "",
    invoice: str = "",
) -> None:  # fmt: skip
    """A payment that was declined, or a checkout whose bank did not pay. A failed renewal's invoice says more."""
    names = [intent, session or (order.session if order else "")]
    keys = [f"{_payments(organization)}{name}" for name in names if name]
    renewals = [_renewal(organization, invoice, attempt) for attempt in range(1, TRIES + 1)] if invoice else []
    if not await row(TOLD, organization.id, [*keys, *renewals]):
        await _queue(organization, order, keys[0], title, [why])


async def tell_renewal(
    organization: Organization, order: Order | None, invoice: str, attempt: int, title: str, lines: list[str]
) -> None:
    """An invoice nobody sat in front of; told for each try, the first of which its payment may have told already."""
    told = attempt == 1 and await row(OF_INVOICE, _payments(organization), organization.id, invoice)
    if not told:
        await _queue(organization, order, _renewal(organization, invoice, attempt), title, lines)


def _payments(organization: Organization) -> str:
    return f"alert:payment_failed:{organization.id}:"


def _renewal(organization: Organization, invoice: str, attempt: int) -> str:
    return f"alert:renewal_failed:{organization.id}:{invoice}:{attempt}"


async def _queue(organization: Organization, order: Order | None, key: str, title: str, lines: list[str]) -> None:
    await deliveries.queue_alert(
        organization, "payment_failed", key=key, title=title, lines=lines,
        href=f"/{organization.slug}/orders/{order.number}" if order else f"/{organization.slug}/events",
        subject=("order", order.id) if order else None,
    )  # fmt: skip
