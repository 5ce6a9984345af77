"""The out-tray. Everything that shall happen outside becomes a row here first; the dispatcher does the rest."""

from datetime import datetime, timedelta
from typing import Any

from dashboard import clock
from dashboard.accounts.ownership import organization_id
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.database import rows, transaction
from dashboard.deliveries import mails
from dashboard.deliveries.tables import Delivery, DeliveryState
from dashboard.errors import Conflict
from dashboard.leads.tables import Lead

UNDO = timedelta(seconds=10)
FRESH_ENOUGH = timedelta(hours=24)


async def queue(
    organization: Organization | int | None, *, key: str, kind: str, name: str, recipient: str, title: str,
    payload: dict[str, Any], due_at: datetime | None = None, lead: int | None = None, subject: tuple[str, int] | None = None,
) -> bool:  # fmt: skip
    """Put one message or call in the out-tray; False when that key was there already, and then nothing changes."""
    kind_of, id_of = subject or ("", None)
    delivery = Delivery(
        organization=organization_id(organization) if organization is not None else None,
        key=key, kind=kind, name=name, recipient=recipient[:254], title=title[:250], payload=payload,
        due_at=due_at or clock.now(), lead=lead, subject_kind=kind_of, subject_id=id_of,
    )  # fmt: skip
    inserted = (
        await Delivery.insert(delivery).on_conflict(target=Delivery.key, action="DO NOTHING").returning(Delivery.id)
    )
    if inserted and organization is not None:
        await activity.changed(organization, "outbox")
    return bool(inserted)


async def queue_mail(
    organization: Organization, lead: Lead, name: str, *, key: str, subject: tuple[str, int] | None = None,
    due_at: datetime | None = None, attachments: list[dict] | None = None, **context: Any,
) -> bool:  # fmt: skip
    """Render one of our mails to a lead and put it in the out-tray. Without an address nothing can be sent: False."""
    if not lead.email:
        return False
    mail = mails.render(name, organization, lead=lead, **context)
    payload = {
        "subject": mail.subject, "html": mail.html, "text": mail.text, "from_name": organization.name,
        "from": organization.from_address, "attachments": attachments or [],
    }  # fmt: skip
    return await queue(
        organization, key=key, kind="mail", name=name, recipient=lead.email, title=mail.subject, payload=payload,
        due_at=due_at, lead=lead.id, subject=subject,
    )  # fmt: skip


async def queue_account_mail(name: str, *, key: str, recipient: str, one_time_token: int, **context: Any) -> bool:
    """Mail about an account, such as a reset: belongs to no organization, and its link is made at the moment of sending."""
    mail = mails.render(name, None, **context)
    payload = {"subject": mail.subject, "html": mail.html, "text": mail.text, "one_time_token": one_time_token}
    return await queue(None, key=key, kind="mail", name=name, recipient=recipient, title=mail.subject, payload=payload)


async def queue_alert(
    organization: Organization, name: str, *, key: str, title: str, lines: list[str], href: str,
    subject: tuple[str, int] | None = None,
) -> bool:  # fmt: skip
    """Tell the team on Telegram. Exactly one per key, however often the cause is handled."""
    return await queue(
        organization, key=key, kind="telegram", name=name, recipient="Team chat", title=title,
        payload={"title": title, "lines": lines, "href": href}, subject=subject,
    )  # fmt: skip


async def cancel(delivery: Delivery, by: Visitor | User) -> Delivery:
    """Take a message back that has not left. Repeating it changes nothing."""
    return await _move(delivery, DeliveryState.cancelled, ("queued", "held"), "Cancelled by hand", by, "cancelled")


async def send_now(delivery: Delivery, by: Visitor | User, now: datetime) -> Delivery:
    """Queue a message again that failed, waits for its next try or was held."""
    states = ("queued", "failed", "held", "bounced")
    return await _move(delivery, DeliveryState.queued, states, "", by, "queued again", due_at=now, attempt=0)


async def decide(delivery: Delivery, *, arrived: bool, by: Visitor | User, now: datetime) -> Delivery:
    """A person settles an unknown one: it arrived, or send it again although it may arrive twice."""
    if arrived:
        return await _move(delivery, DeliveryState.sent, ("unknown",), "Marked as arrived by hand", by, "marked as arrived")
    return await _move(
        delivery, DeliveryState.queued, ("unknown",), "", by, "queued again", due_at=now, attempt=0, first_tried_at=None
    )


async def _move(
    delivery: Delivery, to: DeliveryState, allowed: tuple[str, ...], why: str, by: Visitor | User, verb: str, **also: Any
) -> Delivery:
    async with transaction():
        changed = {"state": to.value, "why": why} | also
        moved = (
            await Delivery.update(changed)
            .where(Delivery.id == delivery.id, Delivery.state.is_in(list(allowed)))
            .returning(Delivery.id)
        )
        if moved and delivery.organization is not None:
            title = f"{delivery.title} {verb}"
            await activity.record(delivery.organization, "delivery", delivery.id, verb.replace(" ", "_"), title, by=by)
            if delivery.subject_kind:
                await activity.record(
                    delivery.organization, delivery.subject_kind, delivery.subject_id, "delivery", title, by=by
                )
    await delivery.refresh()
    if not moved and delivery.state != to:
        raise Conflict(f"This is {delivery.state} by now, so nothing was changed.")
    return delivery


async def release_held(organization: int, kinds: list[str], now: datetime) -> int:
    """A channel was connected: queue what it held for less than 24 hours; older ones wait for a person. How many."""
    if not kinds:
        return 0
    released = await rows(
        "UPDATE delivery SET state = 'queued', why = '', due_at = {} WHERE organization = {} AND state = 'held' "
        "AND kind = ANY({}) AND created_at > {} RETURNING id",
        now, organization, kinds, now - FRESH_ENOUGH,
    )  # fmt: skip
    if released:
        await activity.changed(organization, "outbox")
    return len(released)
