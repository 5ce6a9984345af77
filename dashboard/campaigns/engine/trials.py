"""A trial of two subjects: a share of the people gets one or the other, half each; after so many hours the one that
more people clicked, or replied to, goes to the rest. The same for both, or nobody at all: the first one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction

CLICKS, REPLIES = "clicks", "replies"
ALL = 100  # percent
COUNTED = """
    SELECT e.variant, count(*) AS sent, count(s.clicked_at) AS clicked, count(s.replied_at) AS replied
    FROM campaign_send s JOIN enrollment e ON e.id = s.enrollment
    WHERE s.campaign = {} AND s.step = {} AND s.state IN ('sent', 'delivered', 'bounced', 'complained')
    GROUP BY e.variant"""
DECIDE = """
    UPDATE campaign SET trial = {} WHERE id = {} AND state IN ('running', 'paused') AND NOT trial ? 'winner'
    RETURNING id"""


def ends(campaign: dict[str, Any]) -> datetime | None:
    """When the trial of a campaign is decided; None where there is none, or it was, or everybody takes part, so that
    nobody is left to get the winner."""
    trial = campaign["trial"] if isinstance(campaign["trial"], dict) else {}
    if not trial.get("subject") or trial.get("winner") or campaign["launched_at"] is None or everybody(trial):
        return None
    return campaign["launched_at"] + timedelta(hours=max(1, int(trial.get("hours") or 0)))


def everybody(trial: Mapping[str, Any]) -> bool:
    """Whether a trial is with all of the people: half get one subject, half the other, and nothing is decided."""
    return int(trial.get("share") or 0) >= ALL


def pending(campaign: dict[str, Any], now: datetime) -> datetime | None:
    """Until when those wait who get the better subject; None when it is known."""
    end = ends(campaign)
    return None if end is None else max(end, now + timedelta(minutes=1))


def winner(campaign: dict[str, Any]) -> str:
    trial = campaign["trial"] if isinstance(campaign["trial"], dict) else {}
    return "b" if trial.get("winner") == "b" else "a"


async def decide(
    campaign: dict[str, Any], organization: Organization, first_step: int, now: datetime
) -> bool:  # fmt: skip
    """Choose the winner once the hours are over; whether that was now."""
    end = ends(campaign)
    if end is None or now < end:
        return False
    trial = dict(campaign["trial"])
    fact = "replied" if trial.get("rule") == REPLIES else "clicked"
    found = {each["variant"]: each for each in await rows(COUNTED, campaign["id"], first_step)}
    figures = {
        variant: [found[variant][fact], found[variant]["sent"]] if variant in found else [0, 0] for variant in "ab"
    }
    rate = {variant: part / whole if whole else 0.0 for variant, (part, whole) in figures.items()}
    won = "b" if rate["b"] > rate["a"] else "a"
    decided = trial | {"winner": won, "decided_at": now.isoformat(), "figures": figures}
    async with transaction():
        if await row(DECIDE, decided, campaign["id"]) is None:
            return False
        lines = [f"Subject {variant.upper()}: {part} of {whole} {fact}" for variant, (part, whole) in figures.items()]
        await activity.record(
            organization, "campaign", campaign["id"], "trial_decided", f"Subject {won.upper()} goes to everybody else",
            actor="system", detail=". ".join(lines),
        )  # fmt: skip
    return True
