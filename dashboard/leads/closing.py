"""How a lead moves through the stages, and how it ends: won with its money, or lost with the reason."""

from datetime import datetime
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.formats import money
from dashboard.leads.changes import Changed, Facts, change
from dashboard.leads.stages import Step

OPEN: dict[str, Any] = {"won_at": None, "won_amount": 0, "won_currency": "", "lost_at": None, "lost_reason": ""}


async def move(organization: Organization, id: int, step: Step, now: datetime, by: Visitor) -> Changed:
    """Take the lead to a stage that is still open; it then is neither won nor lost. There already: nothing."""

    def facts(before: dict[str, Any]) -> Facts:
        return into(before, step, now)

    return await change(organization, id, facts, "moved", f"moved the lead to {step.name}", by=by)


async def win(
    organization: Organization, id: int, step: Step, *, amount: int, currency: str, at: datetime, now: datetime,
    by: Visitor,
) -> Changed:  # fmt: skip
    """They bought: for so many minor units, then. The reminder has done its work."""

    def facts(before: dict[str, Any]) -> Facts:
        won = {
            "won_at": at.isoformat(),
            "won_amount": amount,
            "won_currency": currency,
            "remind_at": None,
            "remind": None,
        }
        return _into(before, step, now) | OPEN | won

    return await change(organization, id, facts, "won", "won the deal", by=by, detail=money(amount, currency))


async def lose(organization: Organization, id: int, step: Step, reason: str, now: datetime, by: Visitor) -> Changed:
    """They will not buy, and why."""

    def facts(before: dict[str, Any]) -> Facts:
        at = before["lost_at"] or now.isoformat()
        return (
            _into(before, step, now) | OPEN | {"lost_at": at, "lost_reason": reason, "remind_at": None, "remind": None}
        )

    return await change(organization, id, facts, "lost", "gave the deal up", by=by, detail=reason)


def into(before: dict[str, Any], step: Step, now: datetime) -> dict[str, Any]:
    """The columns of a lead that comes to a stage; neither won nor lost, unless the caller says so."""
    return _into(before, step, now) | OPEN


def _into(before: dict[str, Any], step: Step, now: datetime) -> dict[str, Any]:
    if before["stage"] == step.key:
        return {"stage": step.key}
    return {"stage": step.key, "stage_at": now.isoformat()}
