"""When scores are computed: every minute for what changed, every night for all, because time passes."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from piccolo.querystring import QueryString

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.scoring.computing import CHUNK, Done, score
from dashboard.scoring.signals import Rules, rules_of

JOB = "score"
LATE = timedelta(seconds=60)  # how long a transaction that is under way may take to show what it wrote
RULES_LATE = timedelta(seconds=10)
LOOK_BACK = timedelta(minutes=10)
NEVER_RAN = timedelta(days=2)  # the night does the rest

# What a score depends on and does not clear scored_at itself.
NEWS = """
    SELECT l.organization, array_agg(DISTINCT l.id) AS leads FROM (
        SELECT subject_id AS lead, created_at AS at FROM activity
            WHERE created_at > {} AND subject_kind = 'lead' AND verb <> 'scored'
        UNION ALL
        SELECT o.lead, a.created_at FROM activity a JOIN orders o ON o.id = a.subject_id
            WHERE a.created_at > {} AND a.subject_kind = 'order'
        UNION ALL SELECT lead, settled_at FROM delivery WHERE settled_at > {} AND lead IS NOT NULL
        UNION ALL SELECT lead, clicked_at FROM delivery WHERE clicked_at > {} AND lead IS NOT NULL
        UNION ALL SELECT lead, created_at FROM consent WHERE created_at > {}
        UNION ALL SELECT lead, withdrawn_at FROM consent WHERE withdrawn_at > {}
        UNION ALL
        SELECT l.id, s.created_at FROM suppression s
            JOIN lead l ON l.organization = s.organization AND l.email_normalized = s.email_normalized
            WHERE s.created_at > {}) news
    JOIN lead l ON l.id = news.lead
    WHERE l.deleted_at IS NULL AND l.scored_at < news.at + {}::interval GROUP BY l.organization"""
LAST_RUN = "SELECT max(started_at) AS at FROM run WHERE job = {} AND outcome = 'ok'"


async def score_changed(now: datetime) -> dict[str, int]:
    """Score what is new, what was changed, what something happened to, and everything after the rules were changed."""
    stamp, scored, moved = clock.now(), 0, 0
    news = await _news(stamp)
    for organization in await _organizations():
        rules = await rules_of(organization)
        for which in _due(rules, news.get(organization, []), stamp):
            while (done := await score(organization, rules, which, now, stamp=stamp)).seen:
                scored, moved = scored + done.seen, moved + done.moved
                if done.seen < CHUNK:
                    break
    return {"scored": scored, "moved": moved}


def _due(rules: Rules, news: list[int], stamp: datetime) -> Iterable[QueryString]:
    """The conditions for the leads of one organization that are due; each holds no longer once they are scored."""
    yield QueryString("scored_at IS NULL")
    for start in range(0, len(news), CHUNK):
        yield QueryString("id = ANY({}::bigint[]) AND scored_at < {}", news[start : start + CHUNK], stamp)
    if rules.changed_at:
        yield QueryString("scored_at < {}", min(rules.changed_at + RULES_LATE, stamp))


async def score_all(now: datetime) -> dict[str, int]:
    """Score every lead, because what was lately is lately no more. Only what changed is written."""
    seen = moved = 0
    for organization in await _organizations():
        stamp, last = clock.now(), 0
        rules = await rules_of(organization)
        while True:
            which = QueryString("id > {} ORDER BY id", last)
            done: Done = await score(organization, rules, which, now, stamp=stamp, touch=False)
            seen, moved, last = seen + done.seen, moved + done.moved, done.last
            if done.seen < CHUNK:
                break
    return {"scored": seen, "moved": moved}


async def _organizations() -> list[int]:
    found = await Organization.select(Organization.id).order_by(Organization.id)
    return [each["id"] for each in found]


async def _news(stamp: datetime) -> dict[int, list[int]]:
    """By organization, the leads to whom something happened since they were scored."""
    ran = await row(LAST_RUN, JOB)
    since = max(stamp - NEVER_RAN, (ran["at"] if ran and ran["at"] else stamp - NEVER_RAN) - LOOK_BACK)
    found = await rows(NEWS, *([since] * 7), LATE)
    return {each["organization"]: each["leads"] for each in found}
