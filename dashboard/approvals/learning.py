"""What people's decisions say about the drafts: by topic, model and prompt, with the size of each sample."""

from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows

SINCE = timedelta(days=90)
LATEST = 20
FEW = 10  # decisions below which a rate says little
BY = {
    "topic": "coalesce(nullif(s.topic, ''), 'no topic')",
    "model": "coalesce(nullif(s.model, ''), 'quoted, no model')",
    "prompt": "coalesce(p.name || ' ' || p.number, 'none')",
}
RATES = """
    SELECT {by} AS name, count(*) AS total, count(*) FILTER (WHERE s.outcome = 'unedited') AS unedited,
           count(*) FILTER (WHERE s.outcome = 'edited') AS edited,
           count(*) FILTER (WHERE s.outcome = 'rejected') AS rejected,
           round(avg(s.edit_ratio) FILTER (WHERE s.outcome = 'edited')) AS ratio,
           round(avg(nullif(s.seconds, 0))) AS seconds, sum(s.cost_micros) AS cost
    FROM suggestion s LEFT JOIN prompt_version p ON p.id = s.prompt
    WHERE s.organization = {{}} AND s.decided_at > {{}} AND s.outcome IN ('unedited', 'edited', 'rejected')
    GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 20"""
REASONS = """
    SELECT split_part(reason, ':', 1) AS reason, count(*) AS total FROM suggestion
    WHERE organization = {} AND decided_at > {} AND outcome = 'rejected'
    GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 20"""
CHANGED = """
    SELECT s.id, s.topic, s.confidence, s.outcome, s.decided_at, s.edit_ratio, s.reason, s.diff, s.draft,
           coalesce(nullif(c.name, ''), nullif(c.email, ''), 'Visitor') AS name
    FROM suggestion s JOIN conversation c ON c.id = s.conversation
    WHERE s.organization = {} AND s.decided_at > {} AND s.outcome IN ('edited', 'rejected')
    ORDER BY s.decided_at DESC, s.id DESC LIMIT {}"""


async def rates(organization: Organization, now: datetime) -> list[tuple[str, list[dict[str, Any]]]]:
    """(topic, model or prompt; its rows with how many were sent as drafted)."""
    return [
        (key, [_rate(each) for each in await rows(RATES.format(by=by), organization.id, now - SINCE)])
        for key, by in BY.items()
    ]


async def reasons(organization: Organization, now: datetime) -> list[dict[str, Any]]:
    """Why people rejected, most frequent first."""
    return await rows(REASONS, organization.id, now - SINCE)


async def changed(organization: Organization, now: datetime) -> list[dict[str, Any]]:
    """The newest decisions that were no plain yes."""
    return await rows(CHANGED, organization.id, now - SINCE, LATEST)


def _rate(each: dict[str, Any]) -> dict[str, Any]:
    share = each["unedited"] / each["total"]
    return each | {"share": share, "per_cent": round(100 * share), "few": each["total"] < FEW}
