"""What the team does with an intake: send the form, ask for something once more, replace the link."""

import unicodedata
from datetime import datetime

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.errors import Conflict, Invalid
from dashboard.forms.definition import labels
from dashboard.forms.queries import current_version
from dashboard.intake.queries import IntakeView, askable, get
from dashboard.intake.tables import Intake, IntakeState
from dashboard.leads.tables import Lead
from dashboard.orders.tables import Order, Plan

LONGEST_MESSAGE = 1_000
NO_ADDRESS = "There is no e-mail address. Copy the link and send it another way."
REQUEST = """
    UPDATE orders SET status = 'intake_pending', intake_requested_at = {}
    WHERE id = {} AND organization = {} AND status = 'new' RETURNING id"""
ASK = """
    UPDATE intake SET state = 'open', asked_again = {}::jsonb, asks = asks + 1
    WHERE id = {} AND asks = {} AND (state = 'submitted' OR submissions > 0) RETURNING id"""
REOPEN = """
    UPDATE orders SET status = 'intake_pending', intake_requested_at = {}, intake_submitted_at = NULL,
        started_at = NULL, reminders = 0
    WHERE id = {} AND status IN ('intake_pending', 'intake_complete', 'in_progress') RETURNING id"""


async def request(organization: Organization, order: Order, now: datetime, *, by: Visitor | None = None) -> bool:
    """Send the plan's form for a new order: the intake begins with the version published now, the order waits for it,
    the mail with the private link is queued. False, and nothing happens, where the plan has no published form or it
    was sent before. Call it inside the transaction that confirms the order."""
    plan = await Plan.get_of(organization, order.plan) if order.plan else None
    version = await current_version(organization, plan.form) if plan else None
    if version is None:
        return False
    async with transaction():
        if not await row(REQUEST, now, order.id, organization.id):
            return False
        await Intake.insert(Intake(organization=organization.id, order=order.id, form_version=version.id)).on_conflict(
            target=Intake.order, action="DO NOTHING"
        )
        await order.refresh()
        intake = await get(organization, order)
        lead = await Lead.get_of(organization, order.lead)
        queued = await deliveries.queue_mail(
            organization, lead, "intake_request", key=f"intake_request:{order.id}", subject=("order", order.id),
            order=order, link=intake.link,
        )  # fmt: skip
        await activity.record(
            organization, "order", order.id, "intake_requested", "Intake form sent" if queued else "Intake form opened",
            by=by, detail=f"“{version.definition['title']}”, version {version.number}" if queued else NO_ADDRESS,
        )  # fmt: skip
    return True


async def ask_again(
    intake: IntakeView, keys: list[str], message: str, *, by: Visitor, now: datetime, seen: int | None = None
) -> bool:
    """Open some questions of a sent intake once more and mail the customer the same link; the order waits again.
    `seen` is `asks` as the person saw it: a second click, or a colleague who was faster, changes nothing (False)."""
    message = message.replace("\r\n", "\n").strip()
    offered = {key for key, _ in askable(intake)}
    errors = {}
    if not keys or not set(keys) <= offered:
        errors["fields"] = "Choose at least one question."
    if len(message) > LONGEST_MESSAGE:
        errors["message"] = f"Shorten this to {LONGEST_MESSAGE:,} characters; it has {len(message):,}."
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in message):
        errors["message"] = "This has characters that cannot be sent. Type it again instead of pasting it."
    if errors:
        raise Invalid(errors)
    organization, order = intake.organization, intake.order
    asked = [key for key, _ in askable(intake) if key in {*keys, *intake.asked_again}]
    async with transaction():
        if not await row(ASK, asked, intake.id, intake.asks if seen is None else seen):
            return await _not_asked(intake)
        if not await row(REOPEN, now, order.id):
            raise Conflict(f"Order {order.number} is over, so nothing can be asked any more. Nothing was changed.")
        await order.refresh()
        names = labels(intake.definition, keys)
        queued = await deliveries.queue_mail(
            organization, await Lead.get_of(organization, order.lead), "intake_again",
            key=f"intake_again:{intake.id}:{intake.asks + 1}", subject=("order", order.id), order=order,
            link=intake.link, fields=names, message=message,
        )  # fmt: skip
        await activity.record(
            organization, "order", order.id, "asked_again", "Asked again: " + ", ".join(names), by=by,
            detail=message if queued else NO_ADDRESS,
        )  # fmt: skip
    return True


async def _not_asked(intake: IntakeView) -> bool:
    now = await row("SELECT state, submissions FROM intake WHERE id = {}", intake.id)
    if now and now["state"] == IntakeState.open and not now["submissions"]:
        raise Conflict("The form has not been answered yet. Remind the customer instead. Nothing was changed.")
    return False


async def new_link(intake: IntakeView, *, by: Visitor, seen: int | None = None) -> bool:
    """Replace the private link; every link given out before is refused from now on. No mail is sent. `seen` is the
    link version the person saw: a second click changes nothing (False)."""
    version = intake.link_version if seen is None else seen
    async with transaction():
        raised = await row(
            "UPDATE intake SET link_version = link_version + 1 WHERE id = {} AND link_version = {} RETURNING id",
            intake.id, version,
        )  # fmt: skip
        if raised:
            await activity.record(
                intake.organization, "order", intake.order.id, "link_replaced", "Private link replaced", by=by,
                detail="The old link does not open the form any more.",
            )  # fmt: skip
    return bool(raised)
