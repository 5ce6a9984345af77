"""Giving money back: through Stripe as a delivery that can be taken back for ten seconds, else written down at once."""

from datetime import datetime
from typing import Any, NamedTuple

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries.tables import Delivery
from dashboard.errors import Invalid, NotFound
from dashboard.formats import money as as_money
from dashboard.orders import money
from dashboard.orders.tables import Order
from dashboard.payments import journal
from dashboard.payments.tables import PaymentKind

COUNTED = ("queued", "sending", "held", "unknown", "sent", "delivered")  # it has left, may have left, or will
# What was asked for and is not in the journal yet. A refund that was sent enters it with Stripe's own event.
UNDER_WAY = """
    SELECT id, payload, state, why, due_at, provider_id FROM delivery
    WHERE organization = {} AND kind = 'refund' AND subject_kind = 'order' AND subject_id = {}
    AND state = ANY({}) ORDER BY id"""
COUNT_UP = """
    UPDATE orders SET refunds_asked = refunds_asked + 1 WHERE organization = {} AND id = {} RETURNING refunds_asked"""
ASKED = "SELECT id FROM delivery WHERE organization = {} AND key LIKE {} AND payload ->> 'once' = {}"


# What Stripe has, it has: whatever we had concluded without its answer. A row on its way is left to whoever sends it.
NAMED = """
    UPDATE delivery SET provider_id = {},
        state = CASE WHEN state IN ('sending', 'sent', 'delivered') THEN state ELSE 'sent' END,
        why = CASE WHEN state IN ('sending', 'sent', 'delivered') THEN why ELSE 'Stripe has it: its event says so.' END,
        settled_at = CASE WHEN state IN ('sending', 'sent', 'delivered') THEN settled_at ELSE {} END
    WHERE organization = {} AND id = {} AND resends = {} AND kind = 'refund' AND provider_id = '' RETURNING id"""


class Source(NamedTuple):
    """A payment that can still be given back, at most `left` of it, in minor units of the order's currency."""

    payment_intent: str
    charge: str
    left: int


class Refundable(NamedTuple):
    """What may still be given back: in all, and from which payments, largest first. `by_hand`: none of it came through
    Stripe, so that a person sends it and here it is written down."""

    total: int
    sources: list[Source]
    by_hand: bool

    @property
    def at_once(self) -> int:
        """The most that one refund may be."""
        return self.total if self.by_hand else max((source.left for source in self.sources), default=0)


async def refundable(organization: Organization, order: Order) -> Refundable:
    """Charges less refunds, disputes and what is already on its way."""
    lines = await money.lines_of(organization, order)
    return left(order, lines, await rows(UNDER_WAY, organization.id, order.id, list(COUNTED)))


def left(order: Order, lines: list[dict[str, Any]], asked: list[dict[str, Any]]) -> Refundable:
    """The same from rows already read: the order's lines of the journal and its refund deliveries."""
    waiting = pending(lines, asked)
    total = max(0, money.refundable(order, lines) - sum(each["payload"]["amount"] for each in waiting))
    sources = []
    for charge in lines:
        if charge["kind"] != PaymentKind.charge or charge["currency"] != order.currency:
            continue
        if order.provider != "manual" and charge["provider"] == "manual":
            continue  # it did not come through Stripe, so it cannot go back that way
        taken = sum(-line["amount"] for line in lines if line is not charge and _same(charge, line))
        taken += sum(each["payload"]["amount"] for each in waiting if _same(charge, each["payload"]))
        amount = min(total, charge["amount"] - taken)
        if amount > 0:
            sources.append(Source(charge["payment_intent"], charge["charge"], amount))
    by_hand = order.provider == "manual" or (total > 0 and not sources)
    return Refundable(total, sorted(sources, key=lambda source: -source.left), by_hand)


def pending(lines: list[dict[str, Any]], asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The refund deliveries whose money the journal does not show yet."""
    booked = {line["key"] for line in lines}
    return [each for each in asked if not (each["provider_id"] and each["provider_id"] in booked)]


def _same(charge: dict[str, Any], line: dict[str, Any]) -> bool:
    return any(charge.get(name) and charge[name] == line.get(name) for name in ("payment_intent", "charge"))


async def ask(
    organization: Organization, order: Order, amount: int, reason: str, by: Visitor, now: datetime, once: str
) -> Delivery | None:
    """Give `amount` minor units back. The form's token `once` makes two clicks one refund. Returns the delivery that
    can be taken back until it leaves, or None where the refund was only written down (it came by hand)."""
    async with transaction():
        await journal.lock(organization)
        await order.refresh()
        before = await _asked_before(organization, order, once)
        if before is not None:
            return before.delivery
        possible = await refundable(organization, order)
        source = _source(order, possible, amount)
        asked = await rows(COUNT_UP, organization.id, order.id)
        number, title = asked[0]["refunds_asked"], f"Refund of {as_money(amount, order.currency)}"
        if possible.by_hand:
            await _write_down(organization, order, amount, reason, now, f"manual:{order.id}:{once}")
            await activity.record(organization, "order", order.id, "refunded", title, by=by, detail=reason)
            return None
        key = f"refund:{order.id}:{number}"
        await deliveries.queue(
            organization, key=key, kind="refund", name="refund", recipient=order.customer_name or order.customer_email,
            title=f"{title} for order {order.number}", due_at=now + deliveries.UNDO, lead=order.lead,
            subject=("order", order.id), payload={
                "payment_intent": source.payment_intent, "charge": source.charge, "amount": amount,
                "currency": order.currency, "reason": reason, "once": once,
            },
        )  # fmt: skip
        await activity.record(
            organization, "order", order.id, "refund_asked", f"{title} asked for", by=by, detail=reason
        )
        return await Delivery.of(organization).where(Delivery.key == key).first()


async def named(organization: Organization, delivery: int, resends: int, refund: str, now: datetime) -> None:
    """Stripe's event names the delivery and the try it came from: nobody has to know its answer any more."""
    if await rows(NAMED, refund, now, organization.id, delivery, resends):
        await activity.changed(organization, "outbox")


class _Before(NamedTuple):
    delivery: Delivery | None


async def _asked_before(organization: Organization, order: Order, once: str) -> _Before | None:
    """What the same form already brought about, if it was sent before."""
    if f"manual:{order.id}:{once}" in {line["key"] for line in await money.lines_of(organization, order)}:
        return _Before(None)
    found = await row(ASKED, organization.id, f"refund:{order.id}:%", once)
    return _Before(await Delivery.get_of(organization, found["id"])) if found else None


def _source(order: Order, possible: Refundable, amount: int) -> Source:
    """The payment to give it back from: the smallest that has enough left."""
    if amount <= 0 or amount > possible.total:
        most = as_money(possible.total, order.currency)
        raise Invalid(
            {"amount": f"At most {most} can be given back." if possible.total else "Nothing is left to give back."}
        )
    enough = [source for source in possible.sources if source.left >= amount]
    if possible.by_hand:
        return Source("", "", amount)
    if not enough:
        most = as_money(possible.at_once, order.currency)
        raise Invalid({"amount": f"The money came in several payments. At most {most} can be given back at once."})
    return enough[-1]


async def _write_down(
    organization: Organization, order: Order, amount: int, reason: str, now: datetime, key: str
) -> None:
    await journal.book_refund(
        organization, key, amount=amount, currency=order.currency, status="succeeded", occurred_at=now,
        description=reason, provider="manual", session=order.session or "",
    )  # fmt: skip
    await money.settle(organization, order)


async def take_back(organization: Organization, order: Order, id: int, by: Visitor) -> Delivery:
    """Cancel a refund that has not left for Stripe. Conflict once it has; unknown where an earlier try may have."""
    delivery = await Delivery.of(organization).where(Delivery.id == id, Delivery.kind == "refund").first()
    if delivery is None or (delivery.subject_kind, delivery.subject_id) != ("order", order.id):
        raise NotFound()
    return await deliveries.cancel(delivery, by)
