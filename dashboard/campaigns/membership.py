"""Which campaigns one person is in, and where in them: for the panels that show who they are."""

from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.campaigns.leaving import BY_HAND, WORDS
from dashboard.database import rows
from dashboard.deliveries.suppressed import WORDS as BARRED

MOST = 20
# `last` is the mail that was settled last, `next_at` when the next one is due.
OF_LEAD = """
    SELECT e.id, e.campaign, e.state, e.reason, e.entered_at, e.ended_at, c.name, c.kind, c.state AS campaign_state,
           sent.mails, next.due_at AS next_at, next.day AS next_day, x.reason AS barred, x.created_at AS barred_at
    FROM (SELECT {}::bigint AS organization, {}::bigint AS lead, {}::text AS email) person
    LEFT JOIN suppression x ON x.organization = person.organization AND x.email_normalized = person.email
    LEFT JOIN LATERAL (SELECT * FROM enrollment WHERE lead = person.lead AND organization = person.organization
                       ORDER BY entered_at DESC, id DESC LIMIT {}) e ON TRUE
    LEFT JOIN campaign c ON c.id = e.campaign
    LEFT JOIN LATERAL (SELECT count(*) AS mails FROM campaign_send s WHERE s.enrollment = e.id
                       AND s.state IN ('sent', 'delivered', 'bounced', 'complained')) sent ON TRUE
    LEFT JOIN LATERAL (SELECT s.due_at, t.day FROM campaign_send s JOIN campaign_step t ON t.id = s.step
                       WHERE s.enrollment = e.id AND s.state IN ('waiting', 'due', 'queued')
                       ORDER BY s.due_at, s.id LIMIT 1) next ON TRUE
    ORDER BY e.entered_at DESC, e.id DESC"""


async def of_lead(organization: Organization, lead: dict[str, Any]) -> dict[str, Any]:
    """The newest campaigns of a lead, each with what to say about it, and why nothing goes to its address at all:
    {"campaigns": […], "barred": words or "", "barred_at": …}."""
    found = await rows(OF_LEAD, organization.id, lead["id"], lead["email"].strip().lower(), MOST)
    barred = found[0]["barred"]
    return {
        "campaigns": [each | _told(each) for each in found if each["id"]],
        "barred": BARRED.get(barred, "Blocked by hand") if barred else "", "barred_at": found[0]["barred_at"],
    }  # fmt: skip


def _told(line: dict[str, Any]) -> dict[str, Any]:
    mails = f"{line['mails']} mail{'' if line['mails'] == 1 else 's'}"
    if line["state"] == "active" and line["next_at"]:
        words, tone = f"{mails}, next is day {line['next_day']}", "info"
    elif line["state"] == "active":
        words, tone = f"{mails}, nothing to come", "info"
    elif line["state"] == "finished":
        words, tone = f"Had all {mails}" if line["mails"] > 1 else f"Had {mails}", "neutral"
    else:
        words, tone = f"{mails}. {WORDS.get(line['reason'], 'The campaign was stopped')}", "neutral"
    return {
        "told": words, "tone": tone, "stoppable": line["state"] == "active",
        "by_hand": line["state"] == "stopped" and line["reason"] == BY_HAND,
    }  # fmt: skip
