"""Leads by the day they came and their source, with the moments at which they reached each step of the funnel.

Kept (`revenue_arrival`) like the days of the journal in daily.py: triggers mark what changed, a marked day is read from
the leads themselves in the same statement, until `refresh` has made it anew. The moments are sorted, so how many had
got somewhere by the end of any period is one search in a list."""

from datetime import timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows, transaction
from dashboard.leads import stages
from dashboard.leads.tables import StageKind
from dashboard.revenue.daily import LOCAL, PATIENCE, only_one
from dashboard.revenue.periods import Period

DAYS_AT_ONCE = 30
MOMENTS = ("qualified", "ordered", "done", "repeat")

# When a lead `l` reached each step, beside JOINED. Values: stages that are not qualified.
REACHED = """o.ordered, o.done,
           CASE WHEN o.done IS NOT NULL AND o.again IS NOT NULL THEN greatest(o.done, o.again) END AS repeat,
           least(o.ordered, moved.at, CASE WHEN NOT l.stage = ANY({}::text[])
               THEN coalesce(l.stage_at, '-infinity') END) AS qualified"""
# Its orders, and the first move on its timeline into a stage that counts as qualified, or out of one; what was taken
# back never was. Values: stages that are not qualified twice.
JOINED = """
    LEFT JOIN LATERAL (
        SELECT min(confirmed_at) AS ordered, (array_agg(confirmed_at ORDER BY confirmed_at))[2] AS again,
               min(greatest(confirmed_at, done_at)) FILTER (WHERE status = 'done' AND done_at IS NOT NULL) AS done
        FROM orders WHERE organization = l.organization AND lead = l.id AND confirmed_at IS NOT NULL) o ON true
    LEFT JOIN LATERAL (
        SELECT min(a.created_at) AS at FROM activity a
        WHERE a.organization = l.organization AND a.subject_kind = 'lead' AND a.subject_id = l.id
          AND a.created_at >= l.created_at AND (a.data -> 'to' ->> 'stage') IS NOT NULL
          AND (NOT (a.data -> 'to' ->> 'stage') = ANY({}::text[])
               OR (a.data -> 'from' ->> 'stage') IS NOT NULL AND NOT (a.data -> 'from' ->> 'stage') = ANY({}::text[]))
          AND ((a.data ->> 'batch') IS NULL OR NOT EXISTS (
              SELECT FROM activity u
              WHERE u.organization = a.organization AND u.subject_kind = 'lead' AND u.subject_id = a.subject_id
                AND u.data ->> 'batch' = 'undo:' || (a.data ->> 'batch')))) moved ON true"""
# The leads of the days in `stale`, each with its moments. Values: those of REACHED, organization, time zone three
# times, those of JOINED.
PEOPLE = f"""
    SELECT l.day, l.source, {REACHED}
    FROM (SELECT stale.day, own.* FROM stale CROSS JOIN LATERAL (
        SELECT id, organization, source, stage, stage_at, created_at FROM lead
        WHERE organization = {{}} AND deleted_at IS NULL
        AND created_at >= stale.day::timestamp AT TIME ZONE {{}} - interval '3 hours'
        AND created_at < (stale.day + 1)::timestamp AT TIME ZONE {{}} + interval '3 hours'
        AND (created_at AT TIME ZONE {{}})::date = stale.day OFFSET 0) own) l {JOINED}"""  # noqa: S608
LISTS = ", ".join(
    f"coalesce(array_agg({name} ORDER BY {name}) FILTER (WHERE {name} IS NOT NULL), ARRAY[]::timestamptz[]) AS {name}"
    for name in MOMENTS
)
NAMES = f"day, source, leads, {', '.join(MOMENTS)}"
LIVE = f"SELECT day, source, count(*)::int AS leads, {LISTS} FROM ({PEOPLE}) person GROUP BY 1, 2"  # noqa: S608

# The days that are marked, in UTC; NULL stands for every day. A mark of a lead that is gone says nothing.
# Values: organization.
MARKED = """
    SELECT m.id, m.day IS NULL AND m.lead IS NULL AS every,
           coalesce(m.day, (l.created_at AT TIME ZONE 'UTC')::date) AS day
    FROM revenue_arrival_stale m LEFT JOIN lead l ON l.id = m.lead AND l.organization = m.organization
    WHERE m.organization = {}"""
# Days that cannot be read from revenue_arrival, see daily.STALE. Values: organization, first, last, organization,
# zone, zone twice, first, last.
STALE = f"""
    WITH marked AS MATERIALIZED ({MARKED}),
    stale AS MATERIALIZED (
        SELECT day::date FROM generate_series({{}}::date, {{}}::date, interval '1 day') day
        WHERE EXISTS (SELECT 1 FROM marked WHERE every)
           OR NOT EXISTS (SELECT 1 FROM organization WHERE id = {{}} AND time_zone = {{}})
        UNION
        SELECT local.day FROM (SELECT DISTINCT day FROM marked WHERE day IS NOT NULL) marked, {LOCAL.format(zone="{}")}
        WHERE local.day BETWEEN {{}} AND {{}})"""  # noqa: S608 – made of names in this file
# Values: those of STALE, buckets twice, the last moment before the end four times, organization, first, last, those
# of LIVE.
COUNTED = f"""
    {STALE}
    SELECT ({{}}::date[])[width_bucket(day, {{}}::date[])] AS day, source, sum(leads)::bigint AS leads,
           {", ".join(f"sum(width_bucket({{}}::timestamptz, {name}))::bigint AS {name}" for name in MOMENTS)}
    FROM (SELECT {NAMES} FROM revenue_arrival
          WHERE organization = {{}} AND day BETWEEN {{}} AND {{}} AND day NOT IN (SELECT day FROM stale)
          UNION ALL SELECT {NAMES} FROM ({LIVE}) live) every_day
    GROUP BY 1, 2"""  # noqa: S608 – made of names in this file
# Every day with a lead instead of the mark that means them all. Values: organization three times.
SPREAD = """
    WITH every AS (
        DELETE FROM revenue_arrival_stale WHERE organization = {} AND day IS NULL AND lead IS NULL RETURNING id)
    INSERT INTO revenue_arrival_stale (organization, day, created_at)
    SELECT DISTINCT {}::bigint, (created_at AT TIME ZONE 'UTC')::date, now() FROM lead
    WHERE organization = {} AND EXISTS (SELECT 1 FROM every)"""
# Values: organization, how many days.
TAKE = f"""
    WITH marked AS MATERIALIZED ({MARKED}),
    days AS (SELECT DISTINCT day FROM marked WHERE day IS NOT NULL ORDER BY day DESC LIMIT {{}})
    DELETE FROM revenue_arrival_stale m USING marked
    WHERE m.id = marked.id AND NOT marked.every AND (marked.day IS NULL OR marked.day IN (SELECT day FROM days))
    RETURNING marked.day"""  # noqa: S608 – made of names in this file
LOCAL_DAYS = f"""
    SELECT DISTINCT o.time_zone, local.day FROM organization o, unnest({{}}::date[]) marked(day),
        {LOCAL.format(zone="o.time_zone")} WHERE o.id = {{}}"""  # noqa: S608 – made of names in this file
INSERT = f"""
    INSERT INTO revenue_arrival (organization, created_at, {NAMES})
    WITH stale AS MATERIALIZED (SELECT unnest({{}}::date[]) AS day)
    SELECT {{}}::bigint, now(), {NAMES} FROM ({LIVE}) live"""  # noqa: S608 – made of names in this file
# Values: those of STALE, first, last, those of LIVE, organization.
DIFFERENT = f"""
    {STALE.replace("stale AS", "changed AS")},
    stale AS MATERIALIZED (
        SELECT day::date FROM generate_series({{}}::date, {{}}::date, interval '1 day') day
        EXCEPT SELECT day FROM changed),
    live AS MATERIALIZED (SELECT {NAMES} FROM ({LIVE}) live),
    kept AS MATERIALIZED (
        SELECT {NAMES} FROM revenue_arrival WHERE organization = {{}} AND day IN (SELECT day FROM stale))
    SELECT DISTINCT day, '' AS currency, 'leads' AS dimension, source AS value FROM (
        (SELECT * FROM live EXCEPT SELECT * FROM kept) UNION ALL (SELECT * FROM kept EXCEPT SELECT * FROM live)) either
    ORDER BY 1, 4"""  # noqa: S608 – made of names in this file
SPAN = """
    SELECT o.time_zone, least(d.first, l.first - 1) AS first, greatest(d.last, l.last + 1) AS last FROM organization o,
        (SELECT min(day) AS first, max(day) AS last FROM revenue_arrival WHERE organization = {}) d,
        (SELECT min(created_at)::date AS first, max(created_at)::date AS last FROM lead WHERE organization = {}) l
    WHERE o.id = {} AND coalesce(d.first, l.first) IS NOT NULL"""


async def unqualified(organization: Organization) -> list[str]:
    """The stages of leads that are not qualified."""
    steps = await stages.steps(organization)
    return [steps[0].key, stages.FIRST, *stages.of_kind(steps, StageKind.lost)]


async def counted(organization: Organization, period: Period, outside: list[str]) -> list[dict[str, Any]]:
    """People by the first day of the bucket in which they came and their source, with how many had reached each step
    by the end of the period; `outside` are the stages that are not qualified."""
    firsts, own, zone = [each.first for each in period.buckets()], organization.id, period.zone
    ends = period.first, period.last
    values = own, *ends, own, zone, zone, zone, *ends, firsts, firsts, *[period.end - timedelta(microseconds=1)] * 4
    return await rows(COUNTED, *values, own, *ends, *_people(own, zone, outside))


def _people(own: int, zone: str, outside: list[str]) -> tuple[object, ...]:
    return outside, own, zone, zone, zone, outside, outside


async def refresh(organization: int) -> int:
    """Make every marked day anew, some at a time; the number of days. Nothing while another process is at it."""
    made = 0
    while days := await _refresh_some(organization):
        made += days
    return made


async def _refresh_some(organization: int) -> int:
    async with transaction():
        if not await only_one(organization):
            return 0
        await rows(f"SET LOCAL statement_timeout = '{PATIENCE}s'")
        await rows(SPREAD, organization, organization, organization)
        taken = await rows(TAKE, organization, DAYS_AT_ONCE)
        utc = {each["day"] for each in taken} - {None}
        company = await Organization.objects().get(Organization.id == organization)
        if not utc or company is None:
            return 0
        found = await rows(LOCAL_DAYS, sorted(utc), organization)
        zone, days = found[0]["time_zone"], [each["day"] for each in found]
        await rows("DELETE FROM revenue_arrival WHERE organization = {} AND day = ANY({})", organization, days)
        outside = await unqualified(company)
        await rows(INSERT, days, organization, *_people(organization, zone, outside))
        return len(utc)


async def forget(organization: int) -> None:
    """Throw all of it away, to be made anew."""
    await rows("DELETE FROM revenue_arrival WHERE organization = {}", organization)
    await rows("INSERT INTO revenue_arrival_stale (organization, created_at) VALUES ({}, now())", organization)


async def differences(organization: int) -> list[dict[str, Any]]:
    """Days and sources that are not what the leads say, though nothing marked them."""
    company = await Organization.objects().get(Organization.id == organization)
    span = await row(SPAN, organization, organization, organization)
    found: list[dict[str, Any]] = []
    if company is None or span is None:
        return found
    outside, zone, first = await unqualified(company), span["time_zone"], span["first"]
    while first <= span["last"]:
        ends = first, first + timedelta(days=DAYS_AT_ONCE - 1)
        stale = organization, *ends, organization, zone, zone, zone, *ends
        found += await rows(DIFFERENT, *stale, *ends, *_people(organization, zone, outside), organization)
        first = ends[1] + timedelta(days=1)
    return found
