"""How support goes: how soon people are answered and helped, and whether promises are kept. Every figure has rows."""

from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.tickets.filters import OTHER

# The first replies and the solutions of the last days; medians, because one forgotten ticket says little of the rest.
SUMMARY = """
    SELECT count(*) FILTER (WHERE t.created_at >= {}) AS opened,
           count(*) FILTER (WHERE t.first_replied_at IS NOT NULL) AS replied,
           count(*) FILTER (WHERE t.solved_at IS NOT NULL) AS solved,
           extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY t.first_replied_at - t.created_at))::float
               AS first_reply,
           extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY t.solved_at - t.created_at))::float AS solve,
           count(*) FILTER (WHERE t.first_replied_at <= t.first_reply_due_at) AS met,
           count(*) FILTER (WHERE t.first_reply_due_at IS NOT NULL
               AND (t.first_replied_at IS NOT NULL OR t.first_reply_due_at < {})) AS promised,
           count(*) FILTER (WHERE t.satisfaction = 'good') AS good,
           count(*) FILTER (WHERE t.satisfaction = 'bad') AS bad, sum(t.reopened)::int AS reopened
    FROM ticket t WHERE t.organization = {} AND t.created_at >= {} AND t.merged_into IS NULL"""
BY = """
    SELECT {} AS key, count(*) AS opened, count(*) FILTER (WHERE t.status IN ('open', 'waiting')) AS left,
           extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY t.first_replied_at - t.created_at))::float
               AS first_reply,
           count(*) FILTER (WHERE t.first_replied_at <= t.first_reply_due_at) AS met,
           count(*) FILTER (WHERE t.first_reply_due_at IS NOT NULL
               AND (t.first_replied_at IS NOT NULL OR t.first_reply_due_at < {})) AS promised
    FROM ticket t JOIN conversation c ON c.id = t.conversation LEFT JOIN app_user u ON u.id = t.assignee
    WHERE t.organization = {} AND t.created_at >= {} AND t.merged_into IS NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50"""
KEYS = {
    "priority": "t.priority", "channel": "c.channel", "person": "coalesce(u.id::text || '|' || u.name, 'none|Nobody')",
    "reason": f"CASE WHEN {OTHER} THEN 'other' ELSE t.reason END",
}  # fmt: skip


async def summary(organization: Organization, now: datetime, days: int) -> dict[str, Any]:
    """The figures of tickets opened in the last days; times in words, shares from 0 to 1 or None."""
    since = now - timedelta(days=days)
    found = await row(SUMMARY, since, now, organization.id, since) or {}
    return found | {
        "days": days, "first_reply": length(found["first_reply"]), "solve": length(found["solve"]),
        "kept": found["met"] / found["promised"] if found["promised"] else None,
        "helped": found["good"] / (found["good"] + found["bad"]) if found["good"] + found["bad"] else None,
    }  # fmt: skip


async def grouped(organization: Organization, now: datetime, days: int, by: str) -> list[dict[str, Any]]:
    """The same by priority, channel, person or reason: at most 50 lines."""
    since = now - timedelta(days=days)
    found = await rows(BY.replace("{}", KEYS[by], 1), now, organization.id, since)
    return [
        each
        | {
            "first_reply": length(each["first_reply"]),
            "kept": each["met"] / each["promised"] if each["promised"] else None,
        }
        for each in found
    ]


def length(seconds: float | None) -> str:
    """18 min, 3 h 40 min, 2 d 4 h; empty where nothing is known."""
    if seconds is None:
        return ""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 1440:
        return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    return f"{minutes // 1440} d" + (f" {minutes % 1440 // 60} h" if minutes % 1440 // 60 else "")
