"""Scores in sets: one statement judges a few thousand leads, stores what changed and writes it on their timelines."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from piccolo.querystring import QueryString

from dashboard.activity import actions as activity
from dashboard.database import row
from dashboard.scoring.signals import LONG_AGO, Rule, Rules

CHUNK = 2_000
NOTICEABLE = 10  # points; smaller moves are not worth a line

COLUMNS = """id, organization, created_at, name, company, phone_normalized, email_normalized, source, attributes,
             last_contact_at, score, score_reasons, scored_at"""
FACTS = {
    "orders": """
        SELECT count(*) AS times, greatest(max(x.placed_at), max(x.intake_submitted_at)) AS at FROM orders x
        WHERE x.lead = l.id AND x.confirmed_at IS NOT NULL AND x.status <> 'cancelled'""",
    "mails": """
        SELECT max(x.settled_at) FILTER (WHERE x.state = 'delivered') AS delivered_at,
               max(x.settled_at) FILTER (WHERE x.state = 'bounced') AS bounced_at, max(x.clicked_at) AS clicked_at,
               max(x.settled_at) FILTER (WHERE x.name IN ('campaign', 'recovery')) AS offered_at,
               max(x.settled_at) FILTER (WHERE x.name = 'reply' AND x.state IN ('sent', 'delivered')) AS answered_at
        FROM delivery x WHERE x.lead = l.id AND x.kind = 'mail'""",
    "timeline": """
        SELECT max(x.created_at) FILTER (WHERE x.actor = 'customer') AS at,
               max(x.created_at) FILTER (WHERE x.actor = 'customer' AND x.verb = 'abandoned_checkout') AS checkout_at,
               max((x.data -> 'to' ->> 'last_contact_at')::timestamptz) FILTER (WHERE x.verb = 'contacted') AS noted_at
        FROM activity x WHERE x.organization = l.organization AND x.subject_kind = 'lead' AND x.subject_id = l.id""",
}
POINTS = """
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(points), 0)::int AS total,
               coalesce(jsonb_agg(jsonb_build_array(points, why) ORDER BY nr), '[]'::jsonb) AS reasons
        FROM (VALUES {}) AS asked(nr, points, why, holds) WHERE holds) AS """

# The rows are locked as they are now, so that nothing which changes meanwhile is taken for judged; who is locked by
# somebody else waits for the next time. What is beyond the ends of the scale is a reason too: reasons add up.
STORE = f"""
    WITH chunk AS MATERIALIZED (SELECT {COLUMNS} FROM lead WHERE {{}} LIMIT {{}} FOR UPDATE SKIP LOCKED),
    judged AS (
        SELECT l.id, l.organization, l.score AS was, l.score_reasons AS had, l.scored_at AS before,
               least(100, greatest(0, asked.total)) AS score,
               asked.reasons || CASE
                   WHEN asked.total > 100
                       THEN jsonb_build_array(jsonb_build_array(100 - asked.total, 'More than 100 does not count'))
                   WHEN asked.total < 0
                       THEN jsonb_build_array(jsonb_build_array(-asked.total, 'Less than 0 does not count'))
                   ELSE '[]'::jsonb END AS reasons
        FROM chunk l {{}}),
    stored AS (
        UPDATE lead SET score = j.score, score_reasons = j.reasons, scored_at = {{}}
        FROM judged j
        WHERE lead.id = j.id AND ({{}}::boolean OR j.before IS NULL OR j.was <> j.score OR j.had <> j.reasons)
        RETURNING lead.id, j.was <> j.score AS moved),
    told AS (
        INSERT INTO activity (organization, subject_kind, subject_id, verb, actor, title, detail, data, created_at)
        SELECT j.organization, 'lead', j.id, 'scored', 'machine', 'Score went from ' || j.was || ' to ' || j.score,
               (SELECT coalesce(string_agg(why, ', '), '') FROM (
                    SELECT said ->> 1 AS why FROM jsonb_array_elements(j.reasons) said
                    WHERE (said ->> 0)::int * (j.score - j.was) > 0 AND NOT j.had @> jsonb_build_array(said)
                    UNION ALL
                    SELECT 'no longer: ' || (said ->> 1) FROM jsonb_array_elements(j.had) said
                    WHERE (said ->> 0)::int * (j.score - j.was) < 0 AND NOT j.reasons @> jsonb_build_array(said)) w),
               jsonb_build_object('from', j.was, 'to', j.score), {{}}
        FROM judged j JOIN stored USING (id)
        WHERE abs(j.score - j.was) >= {{}} AND j.had <> '[]'::jsonb AND coalesce(j.before >= {{}}::timestamptz, true)
        RETURNING subject_id)
    SELECT (SELECT count(*) FROM chunk) AS seen, (SELECT coalesce(max(id), 0) FROM chunk) AS last,
           (SELECT count(*) FROM stored) AS stored, (SELECT count(*) FROM stored WHERE moved) AS moved
    FROM (SELECT count(*) FROM told) AS written"""  # noqa: S608 – our own words


class Done(NamedTuple):
    """What became of one chunk. `last` is the largest id in it, `stored` how many rows were written."""

    seen: int
    last: int
    stored: int
    moved: int


def judging(rules: Sequence[Rule], now: datetime, name: str) -> QueryString:
    """SQL that gives every row `l` the total and the reasons of these rules, under a name."""
    asked = [rule for rule in rules if rule.enabled]
    line = "({}::int, {}::int, {}::text, {})"
    lines = ", ".join([line] * len(asked)) if asked else "(0, 0, '', false)"
    values = [value for nr, rule in enumerate(asked) for value in (nr, rule.points, rule.label, rule.condition(now))]
    return QueryString(POINTS.replace("{}", lines) + name, *values)


def facts(*sets: Sequence[Rule]) -> str:
    """The joins that the rules of these sets need."""
    needed = {fact for rules in sets for rule in rules if rule.enabled for fact in rule.kind.facts}
    return " ".join(f"LEFT JOIN LATERAL ({FACTS[name]}) {name} ON true" for name in FACTS if name in needed)


async def score(
    organization: int, rules: Rules, which: QueryString, now: datetime, *, stamp: datetime, touch: bool = True
) -> Done:
    """Score up to CHUNK leads of an organization that a condition finds, and say so on the timeline where it moved
    noticeably, but not where only the rules have changed. `stamp` is when the rules were read. Without `touch` only
    what changed is written."""
    joins = QueryString(facts(rules.rules) + " {}", judging(rules.rules, now, "asked"))
    mine = QueryString("organization = {} AND deleted_at IS NULL AND {}", organization, which)
    found = await row(STORE, mine, CHUNK, joins, stamp, touch, stamp, NOTICEABLE, rules.changed_at or LONG_AGO)
    done = Done(**found) if found else Done(0, 0, 0, 0)
    if done.moved:
        await activity.changed(organization, "leads")
    return done
