"""What the customer does with the form: save while typing, send once."""

from collections.abc import Iterable
from datetime import datetime

from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries import withdrawing
from dashboard.errors import Conflict, Invalid
from dashboard.files import storage
from dashboard.forms.answers import problems, submitted, take
from dashboard.forms.definition import labels, visible
from dashboard.intake.queries import IntakeView, again

CLOSED = "These answers have been sent already. Reload the page to see them."
ASKING = ("intake_request", "intake_reminder", "intake_again")
ANSWERED = "The answers came first"
CANCELLED = "This order was cancelled. Nothing more is needed from you."
SAVE = """
    UPDATE intake SET answers = answers || {}::jsonb, saved_at = {}, opened_at = coalesce(opened_at, {})
    WHERE id = {} AND state = 'open' RETURNING id"""
SUBMIT = """
    UPDATE intake SET state = 'submitted', answers = {}::jsonb, asked_again = '[]'::jsonb, saved_at = {},
        submitted_at = {}, opened_at = coalesce(opened_at, {}), submissions = submissions + 1
    WHERE id = {} AND state = 'open' RETURNING submissions"""
COMPLETE = """
    UPDATE orders SET status = 'intake_complete', intake_submitted_at = {}
    WHERE id = {} AND status = 'intake_pending' RETURNING id"""
DROP_FILES = """
    WITH gone AS (DELETE FROM intake_file WHERE intake = {} AND field = ANY({}) RETURNING file)
    DELETE FROM file WHERE id IN (SELECT file FROM gone) RETURNING storage_key"""

Values = Iterable[tuple[str, str]]


def refuse_closed(intake: IntakeView) -> None:
    """Conflict unless the customer may still write."""
    if not intake.open:
        raise Conflict(CLOSED if intake.state == "submitted" else CANCELLED)


async def save(intake: IntakeView, posted: Values, now: datetime) -> IntakeView:
    """Keep what was typed so far; the last write of each field wins. What can be stored is, even when something else
    cannot: then Invalid says which and why. Conflict after it was sent."""
    refuse_closed(intake)
    taken = take(intake.definition, posted, only=intake.editable)
    if not await row(SAVE, taken.answers, now, now, intake.id):
        raise Conflict(CLOSED)
    if taken.refused:
        key, why = next(iter(taken.refused.items()))
        raise Invalid(taken.refused, f"Not saved: “{labels(intake.definition, [key])[0]}”. {why}")
    return await again(intake)


async def submit(intake: IntakeView, posted: Values, now: datetime) -> dict[str, str]:
    """Send the answers, exactly once: the order has them, the team hears of it, reminders stop, those included that
    wait in the out-tray. Returns what is still wrong, by field: then nothing was sent, but everything typed is kept.
    Repeating it changes nothing."""
    if intake.state == "submitted":
        return {}
    refuse_closed(intake)
    dropped: list[dict] = []
    async with transaction():
        if not await row("SELECT id FROM intake WHERE id = {} AND state = 'open' FOR UPDATE", intake.id):
            return {}
        held = await again(intake)
        refuse_closed(held)
        taken = take(held.definition, posted, only=held.editable)
        answers = held.answers | taken.answers
        wrong = problems(held.definition, answers, held.counts, complete=True, only=held.editable) | taken.refused
        if wrong:
            await row(SAVE, taken.answers, now, now, held.id)
            return wrong
        kept = submitted(held.definition, answers)
        hidden = [key for key, seen in visible(held.definition, answers).items() if not seen and held.counts[key]]
        if hidden:
            dropped = await rows(DROP_FILES, held.id, hidden)
        sent = (await rows(SUBMIT, kept, now, now, now, held.id))[0]
        await row(COMPLETE, now, held.order.id)
        await withdrawing.take_back_named(held.organization.id, ("order", held.order.id), ASKING, ANSWERED, now)
        await _tell(held, sent["submissions"], len(held.files) - len(dropped), kept)
    for file in dropped:
        await storage.delete(file["storage_key"])
    return {}


async def _tell(held: IntakeView, nth: int, files: int, answers: dict) -> None:
    """The timeline and the team."""
    order = held.order
    answered = sum(1 for answer in answers.values() if answer)
    counted = f"{answered} answer{'' if answered == 1 else 's'}, {files} file{'' if files == 1 else 's'}"
    what = ", ".join(labels(held.definition, held.asked_again)) if held.asked_again else counted
    await activity.record(
        held.organization, "order", order.id, "intake_submitted",
        "Answered again" if held.asked_again else "Intake submitted", actor="customer", detail=what,
    )  # fmt: skip
    await deliveries.queue_alert(
        held.organization, "intake_submitted", key=f"alert:intake_submitted:{held.id}:{nth}",
        title=f"Intake submitted: order {order.number}",
        lines=[" · ".join(filter(None, (order.customer_name, order.plan_name))), what],
        href=f"/{held.organization.slug}/orders/{order.number}", subject=("order", order.id),
    )  # fmt: skip
