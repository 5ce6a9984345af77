"""The sums that are kept, set against the journal, and made anew from it as a whole."""

from datetime import timedelta
from typing import Any

from dashboard.database import row, rows, transaction
from dashboard.revenue import arrivals, daily, recurring
from dashboard.revenue.attribution import DIMENSIONS
from dashboard.revenue.daily import DAYS_AT_ONCE, KEYS, LIVE, LOCAL
from dashboard.revenue.sums import ALL, COLUMN_NAMES

SETTLED = f"""
    WITH stale AS MATERIALIZED (
        SELECT day::date FROM generate_series({{}}::date, {{}}::date, interval '1 day') day
        EXCEPT SELECT local.day FROM revenue_stale marked, {LOCAL.format(zone="{}")} WHERE marked.organization = {{}}),
    live AS MATERIALIZED (SELECT * FROM ({LIVE}) live),
    kept AS MATERIALIZED (
        SELECT {KEYS}, {COLUMN_NAMES} FROM revenue_day
        WHERE organization = {{}} AND day IN (SELECT day FROM stale))
    SELECT DISTINCT day, currency, dimension, value FROM (
        (SELECT * FROM live EXCEPT SELECT * FROM kept) UNION ALL (SELECT * FROM kept EXCEPT SELECT * FROM live)) either
    ORDER BY 1, 2, 3, 4"""  # noqa: S608 – made of names in this file
SPAN = """
    SELECT o.time_zone, least(d.first, p.first - 1) AS first, greatest(d.last, p.last + 1) AS last FROM organization o,
        (SELECT min(day) AS first, max(day) AS last FROM revenue_day WHERE organization = {}) d,
        (SELECT min(occurred_at)::date AS first, max(occurred_at)::date AS last FROM payment WHERE organization = {}) p
    WHERE o.id = {} AND coalesce(d.first, p.first) IS NOT NULL"""


async def differences(organization: int) -> list[dict[str, Any]]:
    """Days whose sums are not those of the journal, though nothing marked them: none, unless somebody changed the
    tables by hand."""
    found: list[dict[str, Any]] = []
    for span in await rows(SPAN, organization, organization, organization):
        zone, first = span["time_zone"], span["first"]
        while first <= span["last"]:
            last = first + timedelta(days=DAYS_AT_ONCE - 1)
            found += await rows(
                SETTLED, first, last, zone, zone, organization, organization, zone, zone, zone, [ALL, *DIMENSIONS],
                organization,
            )  # fmt: skip
            first = last + timedelta(days=1)
    zone = await row("SELECT time_zone FROM organization WHERE id = {}", organization)
    values = organization, recurring.FOR_EVER, organization, organization
    found += await arrivals.differences(organization)
    return found + await rows(MOVED, zone["time_zone"] if zone else "UTC", *values)


MOVED = f"""
    WITH live AS MATERIALIZED ({recurring.BY_DAY}),
    kept AS MATERIALIZED (
        SELECT day, currency, kind, change, changes::bigint FROM revenue_movement WHERE organization = {{}})
    SELECT DISTINCT day, currency, 'movement' AS dimension, kind AS value FROM (
        (SELECT * FROM live EXCEPT SELECT * FROM kept) UNION ALL (SELECT * FROM kept EXCEPT SELECT * FROM live)) either
    WHERE NOT EXISTS (SELECT 1 FROM revenue_movement_stale WHERE organization = {{}}) ORDER BY 1, 2, 4"""  # noqa: S608


async def refresh(organization: int) -> int:
    """Make anew whatever is stale; the number of days whose payments were read."""
    await arrivals.refresh(organization)
    await recurring.refresh(organization)
    return await daily.refresh(organization)


async def rebuild(organization: int) -> int:
    """Throw all sums away and make them from the journal; the number of days."""
    async with transaction():
        await rows("DELETE FROM revenue_day WHERE organization = {}", organization)
        await rows(
            "INSERT INTO revenue_stale (organization, day, created_at) SELECT DISTINCT organization, "
            "(occurred_at AT TIME ZONE 'UTC')::date, now() FROM payment WHERE organization = {}", organization,
        )  # fmt: skip
        await rows("INSERT INTO revenue_movement_stale (organization, created_at) VALUES ({}, now())", organization)
        await arrivals.forget(organization)
    return await refresh(organization)
