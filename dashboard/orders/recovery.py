"""A checkout that was left: one mail with Stripe's own link to take it up again, when a person asks for it."""

from datetime import datetime
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries import suppressed, withdrawing
from dashboard.deliveries.tables import Delivery, DeliveryState
from dashboard.errors import Conflict, NotFound
from dashboard.formats import money
from dashboard.leads.actions import normalize
from dashboard.leads.tables import Lead

VERB, SENT = "abandoned_checkout", "recovery_sent"
LEFT = """
    SELECT id, data FROM activity
    WHERE organization = {} AND subject_kind = 'lead' AND subject_id = {} AND id = {} AND verb = {}"""
KEPT = """
    SELECT id FROM activity WHERE organization = {} AND subject_kind = 'lead' AND subject_id = {} AND verb = {}
    AND data ->> 'session' = {} LIMIT 1"""
# A checkout expires a day after it began, unless it said otherwise. Whoever bought meanwhile in another one, begun
# earlier perhaps and paid later, has bought.
BEGAN = "coalesce((a.data ->> 'began')::timestamptz, a.created_at - interval '24 hours')"
SINCE = f"greatest(o.placed_at, o.created_at) > {BEGAN}"
BOUGHT = f"""
    SELECT o.number FROM orders o JOIN activity a ON a.organization = o.organization AND a.id = {{}}
    WHERE o.organization = {{}} AND (o.session = {{}} OR (o.lead = {{}} AND {SINCE})) ORDER BY o.number LIMIT 1"""  # noqa: S608 – made of names in this file
OPEN = f"""
    SELECT a.id FROM activity a
    WHERE a.organization = {{}} AND a.subject_kind = 'lead' AND a.subject_id = {{}} AND a.id = ANY({{}})
    AND a.verb = {{}} AND coalesce(a.data ->> 'url', '') <> '' AND (a.data ->> 'expires_at')::timestamptz > {{}}
    AND NOT EXISTS (SELECT FROM delivery d WHERE d.state <> 'cancelled'
                    AND d.key = 'recovery:' || a.organization || ':' || (a.data ->> 'session'))
    AND NOT EXISTS (SELECT FROM orders o WHERE o.organization = a.organization
                    AND (o.session = a.data ->> 'session' OR (o.lead = a.subject_id AND {SINCE})))"""  # noqa: S608 – made of names in this file


async def is_kept(organization: Organization, lead: Lead, session: str) -> bool:
    """Whether the person's timeline has this abandoned checkout already."""
    return bool(await row(KEPT, organization.id, lead.id, VERB, session))


async def open_lines(organization: Organization, lead: int, lines: list[int], now: datetime) -> set[int]:
    """Of these lines of a lead's timeline the abandoned checkouts that a mail can still bring back."""
    return {each["id"] for each in await rows(OPEN, organization.id, lead, lines, VERB, now)} if lines else set()


async def send(organization: Organization, lead: Lead, line: int, now: datetime, by: Visitor) -> int:
    """Queue the mail, due when it can no longer be cancelled by undo; the delivery's id. Asked again it is the same
    one. Conflict when they have bought since, may not be written to, or the link is over."""
    left = await row(LEFT, organization.id, lead.id, line, VERB) if line < 2**63 else None
    if left is None:
        raise NotFound("There is no such checkout.")
    data: dict[str, Any] = left["data"]
    session, link = str(data.get("session") or ""), str(data.get("url") or "")
    key = f"recovery:{organization.id}:{session}"
    before = await Delivery.of(organization).where(Delivery.key == key).first()
    if before and before.state == DeliveryState.cancelled and before.why == deliveries.BY_HAND:
        before = await deliveries.restore(before, by, now + deliveries.UNDO)
    if before:
        return before.id
    if not link:
        raise Conflict("Stripe gave no link for this checkout. Switch recovery on there for the next ones.")
    if datetime.fromisoformat(data["expires_at"]) <= now:
        raise Conflict("The link to this checkout is over. Nothing was sent.")
    if bought := await row(BOUGHT, line, organization.id, session, lead.id):
        raise Conflict(f"Order {bought['number']} was placed since. Nothing was sent.")
    if (address := normalize(lead.email)) is None:
        raise Conflict("This lead has no address. Nothing was sent.")
    if why := (await suppressed.barred(organization, [address])).get(address):
        raise Conflict(f"{why.split(',')[0]}. Nothing was sent.")
    async with transaction():
        queued = await deliveries.queue_mail(
            organization, lead, "recovery", key=key, subject=("lead", lead.id), due_at=now + deliveries.UNDO,
            amount=money(data.get("amount") or 0, data.get("currency") or ""), link=link,
        )  # fmt: skip
        if queued:
            await activity.record(organization, "lead", lead.id, SENT, "sent the link to the checkout again", by=by)
    return (await Delivery.of(organization).where(Delivery.key == key).first()).id


async def bought(organization: Organization, lead: Lead, now: datetime) -> None:
    """They have an order now: a mail about what they left, as far as it has not left, stays here."""
    await withdrawing.take_back_named(organization.id, ("lead", lead.id), ("recovery",), "They have bought since", now)


async def take_back(organization: Organization, lead: Lead, line: int, by: Visitor) -> bool:
    """Cancel the mail while it has not left; Conflict afterwards. False where an earlier try may have arrived."""
    left = await row(LEFT, organization.id, lead.id, line, VERB) if line < 2**63 else None
    key = f"recovery:{organization.id}:{left['data'].get('session')}" if left else ""
    sent = await Delivery.of(organization).where(Delivery.key == key).first()
    if sent is None:
        raise NotFound("There is no such mail.")
    return (await deliveries.cancel(sent, by)).state == DeliveryState.cancelled
