"""The out-tray: putting messages in, and what a person can do with them. The dispatcher does the rest."""

from datetime import datetime, timedelta
from typing import Any

from dashboard import clock
from dashboard.accounts.ownership import organization_id
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.database import hint, row, transaction
from dashboard.deliveries import alerts, mails
from dashboard.deliveries.tables import KINDS, Delivery, DeliveryState
from dashboard.errors import Conflict
from dashboard.leads.tables import Lead

UNDO = timedelta(seconds=10)
BY_HAND = "Cancelled by hand"
MAYBE = "Stopped by hand. An earlier try may have arrived."
# What may have arrived on an earlier try ends as unknown, as in withdrawing.py: nobody can say that it was not sent.
CANCEL = """
    UPDATE delivery SET state = CASE WHEN unclear_via <> '' THEN 'unknown' ELSE 'cancelled' END,
        why = CASE WHEN unclear_via <> '' THEN {} ELSE {} END, settled_at = {}
    WHERE id = {} AND state IN ('queued', 'held', 'failed') RETURNING state"""
SAFE_KEY = timedelta(hours=12)  # well within the life of an idempotency key at every provider


async def queue(
    organization: Organization | int | None, *, key: str, kind: str, name: str, recipient: str, title: str,
    payload: dict[str, Any], due_at: datetime | None = None, lead: int | None = None,
    subject: tuple[str, int] | None = None,
) -> bool:  # fmt: skip
    """Put one message or call in the out-tray; False when that key was there already, and then nothing changes."""
    if kind not in KINDS:
        raise ValueError(f"Nothing sends deliveries of kind {kind}")
    kind_of, id_of = subject or ("", None)
    delivery = Delivery(
        organization=organization_id(organization) if organization is not None else None,
        key=key, kind=kind, name=name, recipient=recipient.strip()[:254], title=mails.one_line(title)[:250],
        payload=payload, due_at=due_at or clock.now(), lead=lead, subject_kind=kind_of, subject_id=id_of,
    )  # fmt: skip
    inserted = (
        await Delivery.insert(delivery).on_conflict(target=Delivery.key, action="DO NOTHING").returning(Delivery.id)
    )
    if inserted:
        await _changed(delivery.organization)
    return bool(inserted)


async def queue_mail(
    organization: Organization, lead: Lead, name: str, /, *, key: str, subject: tuple[str, int] | None = None,
    due_at: datetime | None = None, **context: Any,
) -> bool:  # fmt: skip
    """Render one of our mails (mails.KINDS names the facts) to a lead and put it in the out-tray. Without an address
    nothing can be sent: False."""
    if not lead.email:
        return False
    mail = mails.render(name, organization, lead=lead, **context)
    payload = {
        "subject": mail.subject, "html": mail.html, "text": mail.text, "from_name": organization.name,
        "from": organization.from_address,
    }  # fmt: skip
    return await queue(
        organization, key=key, kind="mail", name=name, recipient=lead.email, title=mail.subject, payload=payload,
        due_at=due_at, lead=lead.id, subject=subject,
    )  # fmt: skip


async def queue_account_mail(name: str, /, *, key: str, recipient: str, one_time_token: int, **context: Any) -> bool:
    """Mail about an account, such as a reset: it belongs to no organization, and its link is made when it is sent."""
    mail = mails.render(name, None, **context)
    payload = {
        "subject": mail.subject, "html": mail.html, "text": mail.text, "from_name": "Backdesk",
        "one_time_token": one_time_token,
    }  # fmt: skip
    return await queue(None, key=key, kind="mail", name=name, recipient=recipient, title=mail.subject, payload=payload)


async def queue_alert(
    organization: Organization, name: str, *, key: str, title: str, lines: list[str], href: str,
    subject: tuple[str, int] | None = None, due_at: datetime | None = None,
) -> bool:  # fmt: skip
    """Tell the team, on each channel it has. Exactly one per key and channel, however often the cause is handled."""
    facts: dict[str, Any] = {"name": name, "title": title, "subject": subject, "due_at": due_at}
    facts["payload"] = {"title": title, "lines": lines, "href": href}
    for each, (kind, recipient) in zip(alerts.keys(key), await alerts.channels(organization), strict=False):
        if not await queue(organization, key=each, kind=kind, recipient=recipient, **facts) and each == key:
            return False  # told before, on the channels of that time
    return True


async def cancel(delivery: Delivery, by: Visitor | User) -> Delivery:
    """Take a message back that has not left, or give one up that could not. One that may have arrived on an earlier
    try is not tried again and ends as unknown: the caller looks at the state. Repeating it changes nothing."""
    async with transaction():
        stopped = await row(CANCEL, MAYBE, BY_HAND, clock.now(), delivery.id)
        if stopped:
            cancelled = stopped["state"] == DeliveryState.cancelled
            await _record(delivery, "cancelled" if cancelled else "stopped", by)
    found = await _reread(delivery)
    if not stopped and found.state != DeliveryState.cancelled and found.why != MAYBE:
        raise Conflict(f"{SINCE.get(found.state, 'This has changed.')} Nothing was changed.")
    return found


async def restore(delivery: Delivery, by: Visitor | User, now: datetime) -> Delivery:
    """Undo a cancellation by hand: it waits again, as it did before."""
    if delivery.state == DeliveryState.cancelled and delivery.why != BY_HAND:
        raise Conflict("This was cancelled together with what it was about. Nothing was changed.")
    again: dict[str, Any] = {"due_at": max(now, delivery.due_at), "settled_at": None}
    if delivery.attempt and not delivery.unclear_via:
        again |= _anew(delivery)
    return await _move(delivery, DeliveryState.queued, ("cancelled",), by, "queued again", again)


async def send_now(delivery: Delivery, by: Visitor | User, now: datetime) -> Delivery:
    """Queue a message again that failed or bounced, was held, or waits for its next try."""
    again = {"due_at": now, "attempt": 0, "settled_at": None}
    if delivery.state in (DeliveryState.failed, DeliveryState.bounced):
        again |= _anew(delivery)
        return await _move(delivery, DeliveryState.queued, (delivery.state,), by, "queued again", again)
    return await _move(delivery, DeliveryState.queued, ("queued", "held"), by, "queued again", again)


async def decide(delivery: Delivery, *, arrived: bool, by: Visitor | User, now: datetime) -> Delivery:
    """A person settles an unknown one: it arrived, or send it again although it may arrive twice."""
    if arrived:
        done = {"why": "Marked as arrived by hand", "settled_at": now}
        return await _move(delivery, DeliveryState.sent, ("unknown",), by, "marked as arrived", done)
    again: dict[str, Any] = {"due_at": now, "attempt": 0, "settled_at": None, "unclear_via": ""}
    if delivery.first_tried_at is None or now - delivery.first_tried_at > SAFE_KEY:
        again |= _anew(delivery)  # else the provider still knows the key and tells whether it has the message
    return await _move(delivery, DeliveryState.queued, ("unknown",), by, "queued again", again)


async def send_copy(delivery: Delivery, by: Visitor | User, now: datetime) -> Delivery:
    """Send the same message once more as a delivery of its own, after the ten seconds in which it can be cancelled.
    While such a copy has not left, asking again gives that one."""
    stem = delivery.key.partition(":copy:")[0]
    async with transaction():
        found = await row(
            "SELECT count(*) AS copies, max(id) FILTER (WHERE state IN ('queued', 'sending', 'held')) AS waiting "
            "FROM delivery WHERE organization = {} AND starts_with(key, {})", delivery.organization, f"{stem}:copy:",
        )  # fmt: skip
        copies, waiting = (found["copies"], found["waiting"]) if found else (0, None)
        if waiting:
            return await Delivery.get_of(delivery.organization, waiting)
        payload: Any = delivery.payload
        key = f"{stem}:copy:{copies + 1}"
        made = await queue(
            delivery.organization, key=key, kind=delivery.kind, name=delivery.name, recipient=delivery.recipient,
            title=delivery.title, payload=payload, due_at=now + UNDO, lead=delivery.lead,
            subject=(delivery.subject_kind, delivery.subject_id) if delivery.subject_kind else None,
        )  # fmt: skip
        copy = await Delivery.of(delivery.organization).where(Delivery.key == key).first()
        if made:
            await _record(copy, "queued once more", by)
        return copy


def _anew(delivery: Delivery) -> dict[str, Any]:
    return {"resends": delivery.resends + 1, "first_tried_at": None, "provider_id": "", "unclear_via": ""}


async def _move(
    delivery: Delivery, to: DeliveryState, allowed: tuple[str, ...], by: Visitor | User, verb: str, also: dict[str, Any]
) -> Delivery:
    changed: dict[Any, Any] = {"state": to.value, "why": ""} | also
    async with transaction():
        moved = (
            await Delivery.update(changed)
            .where(Delivery.id == delivery.id, Delivery.state.is_in(list(allowed)))
            .returning(Delivery.id)
        )
        if moved:
            await _record(delivery, verb, by)
    found = await _reread(delivery)
    if not moved and found.state != to:
        raise Conflict(f"{SINCE.get(found.state, 'This has changed.')} Nothing was changed.")
    return found


SINCE = {
    "queued": "This is queued by now.",
    "sending": "This is being sent at this moment.",
    "sent": "This was sent in the meantime.",
    "delivered": "This was delivered in the meantime.",
    "bounced": "This bounced in the meantime.",
    "failed": "This failed in the meantime.",
    "unknown": "Nobody knows whether this arrived. Decide that first.",
    "held": "This is held by now.",
    "suppressed": "The address may not be written to any more.",
    "cancelled": "Someone cancelled this in the meantime.",
}


async def _reread(delivery: Delivery) -> Delivery:
    # Not refresh(): Piccolo takes the dict of a jsonb column for a nested table and fails.
    return await Delivery.across_organizations().where(Delivery.id == delivery.id).first()


async def _record(delivery: Delivery, verb: str, by: Visitor | User) -> None:
    """One line on the delivery and one on what it is about."""
    if delivery.organization is None:
        return
    title, kind = f"{delivery.title} {verb}", f"delivery_{verb.replace(' ', '_')}"
    await activity.record(delivery.organization, "delivery", delivery.id, kind, title, by=by)
    if delivery.subject_kind:
        await activity.record(delivery.organization, delivery.subject_kind, delivery.subject_id, kind, title, by=by)


async def _changed(organization: int | None) -> None:
    """Wakes the dispatchers and the open pages; account mail concerns no page."""
    if organization is not None:
        await activity.changed(organization, "outbox")
    else:
        await hint("backdesk", "0:outbox")
