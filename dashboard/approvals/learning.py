"""What people's decisions say about the drafts: by topic, model and prompt, with the size of each sample."""

import re
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.approvals.tables import Suggestion
from dashboard.conversations.tables import Message
from dashboard.database import rows
from dashboard.errors import NotFound

SINCE = timedelta(days=90)
LATEST = 20
FEW = 10  # decisions below which a rate says little
GREETING = re.compile(r"(hi|hello|hey|dear|hallo|guten|liebe\w*|bonjour|hola|ciao|good)\b[^\n]{0,60}", re.I)
SIGNED = re.compile(
    r"\s*((kind|best|warm|many)\b[\w ]*regards|regards|all the best|best wishes|best,|thanks|thank you|cheers|yours"
    r"|sincerely|viele gr|mit freundlichen|liebe gr|cordialement|saludos|un saludo)",
    re.I,
)
BY = {
    "topic": "coalesce(nullif(s.topic, ''), 'no topic')",
    "model": "coalesce(nullif(s.model, ''), 'Quoted, no model')",
    "prompt": "coalesce(p.name || ' ' || p.number, 'No prompt')",
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


async def as_article(organization: Organization, id: int) -> tuple[str, str]:
    """(title, text) of an article to begin with, from a reply that went out: the question, and the reply without its
    greeting and signature. NotFound where there is none. A person takes out what belongs to that customer alone."""
    found = await Suggestion.get_of(organization, id)
    if found.state != "sent":
        raise NotFound()
    asked = await Message.get_of(organization, found.message)
    question = " ".join(asked.text.split()).lstrip("# ")[:150] or "A question"
    said = [part for part in re.split(r"\n\s*\n", found.sent.strip()) if part.strip()]
    said = said[1:] if len(said) > 1 and GREETING.fullmatch(said[0].strip()) else said
    said = said[:-1] if len(said) > 1 and SIGNED.match(said[-1]) and said[-1].count("\n") < 4 else said
    plain = "\n".join(line.lstrip("#") for line in "\n\n".join(said).split("\n"))
    return question.rstrip("?"), f"## {question}\n\n{plain}\n"


def _rate(each: dict[str, Any]) -> dict[str, Any]:
    share = each["unedited"] / each["total"]
    return each | {"share": share, "per_cent": round(100 * share), "few": each["total"] < FEW}
