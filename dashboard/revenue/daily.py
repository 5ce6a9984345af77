"""The journal by day, currency and what it is credited to: the sums every figure of the page is made of.

They are kept for each day (`revenue_day`). Triggers mark a day when its lines change, or what these are credited to; a
marked day is read from the journal itself, in the same snapshot, until `refresh` has made it anew. So the sums are
those of the journal at any moment, whoever books meanwhile."""

from collections.abc import Sequence
from datetime import date, timedelta

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows, transaction
from dashboard.revenue.attribution import COLUMNS, CREDITED, DIMENSIONS, MOVED
from dashboard.revenue.sums import ALL, COLUMN_NAMES, NAMES, Sheet

DAYS_AT_ONCE = 7  # made anew in one transaction: a second at a million payments a year
PATIENCE = 60  # seconds one such statement may take
MANY = 40  # stale days a page would rather wait for than read from the journal


KEYS = "day, currency, dimension, value"

# Of the days in `stale`, each along the index. Values: organization, then the time zone three times.
LINES = CREDITED.format(
    source=f"""
    SELECT {COLUMNS}, stale.day FROM stale CROSS JOIN LATERAL (
        SELECT * FROM payment WHERE organization = {{}} AND {MOVED}
        AND occurred_at >= stale.day::timestamp AT TIME ZONE {{}} - interval '3 hours'
        AND occurred_at < (stale.day + 1)::timestamp AT TIME ZONE {{}} + interval '3 hours'
        AND (occurred_at AT TIME ZONE {{}})::date = stale.day OFFSET 0) own"""  # noqa: S608 – made of names in this file
)
# `OFFSET 0`: what a line is credited to is found out once, not for each dimension. Values: those of LINES, the
# dimensions wanted.
PARTS = ", ".join(f"('{name}', {name})" for name in DIMENSIONS)
LIVE = f"""
    SELECT day, currency, dimension, value,
           coalesce(sum(amount) FILTER (WHERE kind = 'charge'), 0)::bigint AS gross,
           coalesce(-sum(amount) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunds,
           coalesce(-sum(amount) FILTER (WHERE kind = 'dispute'), 0)::bigint AS disputes,
           coalesce(sum(fee) FILTER (WHERE fee_currency = currency), 0)::bigint AS fees,
           coalesce(sum(amount) FILTER (WHERE first), 0)::bigint AS sold,
           count(*) FILTER (WHERE kind = 'charge') AS charges, count(*) FILTER (WHERE first) AS orders,
           count(*) FILTER (WHERE kind = 'refund') AS refunded, count(*) FILTER (WHERE kind = 'dispute') AS disputed,
           count(*) FILTER (WHERE fee <> 0 AND fee_currency = currency) AS with_fee
    FROM ({LINES} OFFSET 0) line, LATERAL (VALUES ('', ''), {PARTS}) part(dimension, value)
    WHERE dimension = ANY({{}}) GROUP BY 1, 2, 3, 4"""  # noqa: S608 – made of names in this file

# The days of a time zone in which a day of UTC has its first and its last moment.
LOCAL = """LATERAL (VALUES
            ((marked.day::timestamp AT TIME ZONE 'UTC' AT TIME ZONE {zone})::date),
            (((marked.day + 1)::timestamp AT TIME ZONE 'UTC' AT TIME ZONE {zone} - interval '1 microsecond')::date)
        ) local(day)"""
LOCAL_DAYS = f"""
    SELECT DISTINCT o.time_zone, local.day FROM unnest({{}}::date[]) marked(day), organization o,
        {LOCAL.format(zone="o.time_zone")} WHERE o.id = {{}}"""  # noqa: S608 – made of names in this file

# Days that cannot be read from revenue_day: marked ones, and all while the organization has another time zone than the
# one asked for. Values: first, last, organization, zone, organization, zone twice, first, last.
STALE = f"""
    SELECT day::date FROM generate_series({{}}::date, {{}}::date, interval '1 day') day
    WHERE NOT EXISTS (SELECT 1 FROM organization WHERE id = {{}} AND time_zone = {{}})
    UNION
    SELECT local.day FROM (SELECT DISTINCT day FROM revenue_stale WHERE organization = {{}}) marked,
    {LOCAL.format(zone="{}")} WHERE local.day BETWEEN {{}} AND {{}}"""  # noqa: S608 – made of names in this file
# Values: organization, dimensions, first, last, stale days, currency twice.
KEPT = f"""
    SELECT {KEYS}, {COLUMN_NAMES} FROM revenue_day
    WHERE organization = {{}} AND dimension = ANY({{}}) AND day BETWEEN {{}} AND {{}} AND day <> ALL({{}}::date[])
      AND {{}} IN ('', currency)"""  # noqa: S608 – made of names in this file
# Values: stale days, those of LIVE, currency twice.
READ_NOW = f"""
    SELECT * FROM (WITH stale AS MATERIALIZED (SELECT unnest({{}}::date[]) AS day) {LIVE}) live
    WHERE {{}} IN ('', currency)"""  # noqa: S608 – made of names in this file
TOTALS = ", ".join(f"sum({name})::bigint AS {name}" for name in NAMES)
INSERT = f"""
    INSERT INTO revenue_day (organization, created_at, {KEYS}, {COLUMN_NAMES})
    WITH stale AS MATERIALIZED (SELECT unnest({{}}::date[]) AS day)
    SELECT {{}}::bigint, now(), live.* FROM ({LIVE}) live"""  # noqa: S608 – made of names in this file
TAKE = """
    DELETE FROM revenue_stale WHERE organization = {} AND day IN (
        SELECT DISTINCT day FROM revenue_stale WHERE organization = {} ORDER BY day DESC LIMIT {}) RETURNING day"""


async def read(
    organization: Organization, zone: str, cuts: Sequence[Sequence[date]], dimensions: Sequence[str] = (ALL,),
    currency: str = "", stale: list[date] | None = None,
) -> Sheet:  # fmt: skip
    """The sums of all currencies, or of one. Each cut is a rising list of days: place 0 lies between its first and its
    second, and the last day is outside. Inside a `snapshot` they are of one moment, and
    `stale` of an earlier sheet that held these days need not be asked for again."""
    first, last = min(each[0] for each in cuts), max(each[-1] for each in cuts) - timedelta(days=1)
    own, wanted = organization.id, list(dimensions)
    places = ", ".join(f"({nr}, width_bucket(day, {{}}::date[]) - 1, {len(cut) - 1})" for nr, cut in enumerate(cuts))
    if stale is None:
        stale = [each["day"] for each in await rows(STALE, first, last, own, zone, own, zone, zone, first, last)]
    kept: list[object] = [own, wanted, first, last, stale, currency]
    live: list[object] = [stale, own, zone, zone, zone, wanted, currency] if stale else []
    sql = f"""
        SELECT cut.nr AS cut, place, dimension, value, currency, min(day) AS begun, {TOTALS}
        FROM ({KEPT}{" UNION ALL " + READ_NOW if stale else ""}) every_day,
             LATERAL (VALUES {places}) cut(nr, place, count)
        WHERE place >= 0 AND place < cut.count GROUP BY 1, 2, 3, 4, 5"""  # noqa: S608 – made of our own names
    return Sheet(await rows(sql, *kept, *live, *(list(each) for each in cuts)), stale)


async def freshen(organization: Organization) -> None:
    """Before a page: when a great many days are stale, make them anew first. Others who do so already are not waited
    for; the page is right either way, only slower."""
    marked = "SELECT count(*) AS days FROM (SELECT DISTINCT day FROM revenue_stale WHERE organization = {}) marked"
    found = await row(marked, organization.id)
    if found and found["days"] > MANY:
        await refresh(organization.id)


async def refresh(organization: int) -> int:
    """Make every stale day anew, some at a time; the number of days. Nothing while another process is at it."""
    made = 0
    while days := await _refresh_some(organization):
        made += days
    return made


async def _refresh_some(organization: int) -> int:
    async with transaction():
        alone = await only_one(organization)
        # What is marked is visible from here on; what is booked from here on has a mark of its own.
        marked = await rows(TAKE, organization, organization, DAYS_AT_ONCE) if alone else []
        if not marked:
            return 0
        await rows(f"SET LOCAL statement_timeout = '{PATIENCE}s'")
        utc = {each["day"] for each in marked}
        found = await rows(LOCAL_DAYS, sorted(utc), organization)
        zone, days = found[0]["time_zone"], [each["day"] for each in found]
        await rows("DELETE FROM revenue_day WHERE organization = {} AND day = ANY({})", organization, days)
        await rows(INSERT, days, organization, organization, zone, zone, zone, [ALL, *DIMENSIONS])
        return len(utc)


async def only_one(organization: int) -> bool:
    """Whether this transaction alone makes sums of the organization's until it ends."""
    found = await row("SELECT pg_try_advisory_xact_lock(hashtextextended({}, 0)) AS got", f"revenue:{organization}")
    return bool(found and found["got"])
