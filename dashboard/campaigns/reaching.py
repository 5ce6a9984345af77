"""Whom a campaign reaches: its audience counted, with those who are left out and why."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.campaigns import audience
from dashboard.campaigns.engine.enrolling import zones_of
from dashboard.campaigns.engine.windows import OWN_ZONE
from dashboard.campaigns.placeholders import ATTRIBUTE
from dashboard.database import row, rows
from dashboard.deliveries import suppressed
from dashboard.leads.queries import planned_anew
from dashboard.lists import Filters

# How mails.first_name reads a name, for PostgreSQL: the first word where it reads like one.
FIRST_WORD = "btrim((regexp_match(l.name, '[^[:space:]]+'))[1], ',;')"
GREETS = r"^(?![0-9_])\w(?:[\w''’\-]|\.(?!\w\w)){0,39}$"
LACKING = {
    "first_name": f"(coalesce({FIRST_WORD}, '') !~ '{GREETS}' OR {FIRST_WORD} LIKE '%.')",
    "name": "btrim(l.name) = ''",
    "company": "btrim(l.company) = ''",
    "email": "FALSE",
    "organization": "FALSE",
    "sender": "FALSE",
    "unsubscribe_link": "FALSE",
}
OF_ATTRIBUTE = "coalesce(l.attributes ->> {}::text, '') = ''"
ELSEWHERE = """EXISTS (SELECT FROM enrollment e JOIN campaign c ON c.id = e.campaign
    WHERE e.lead = l.id AND e.state = 'active' AND c.id <> {} AND c.state IN ('running', 'paused'))"""
ALREADY = "EXISTS (SELECT FROM enrollment e WHERE e.campaign = {} AND e.lead = l.id)"
BARRED = "EXISTS (SELECT FROM suppression s WHERE s.organization = l.organization AND s.email_normalized IN ({}))"
HIDDEN = "SELECT EXISTS (SELECT FROM suppression WHERE organization = {} AND email_normalized LIKE 'erased:%') AS some"
MEANT = "FROM lead l WHERE l.organization = {} AND l.deleted_at IS NULL AND {}"
ADDRESS = "l.email_normalized IS NOT NULL"
OVERLAPS = """
    SELECT c.id, c.name, count(*) AS people FROM campaign c JOIN enrollment e ON e.campaign = c.id
    JOIN lead l ON l.id = e.lead
    WHERE c.organization = {} AND c.id <> {} AND c.state IN ('running', 'paused') AND e.state = 'active'
      AND l.deleted_at IS NULL AND {} AND NOT {} GROUP BY c.id, c.name ORDER BY people DESC LIMIT 5"""


@dataclass(frozen=True)
class Reach:
    """`people` are those who get a mail. `lacking`: by placeholder, how many of them have nothing to fill it with."""

    matching: int = 0
    nameless: int = 0  # leads without an address
    barred: int = 0
    elsewhere: int = 0
    people: int = 0
    unasked: int = 0  # of them, those without a consent on record
    zoned: int = 0  # of them, those whose own time zone is known; counted where it is asked for
    lacking: dict[str, int] = field(default_factory=dict)
    overlaps: list[dict[str, Any]] = field(default_factory=list)
    misunderstood: tuple[str, ...] = ()


async def filters_of(organization: Organization, campaign: dict[str, Any], me: int, now: datetime) -> Filters:
    """The filters of a campaign's audience."""
    return await audience.read(organization, campaign["audience"], me, now)


async def barred(organization: Organization) -> QueryString:
    """The condition that a lead may not be written to. Hashes are made only where somebody was erased."""
    found = await row(HIDDEN, organization.id)
    if found and found["some"]:
        names = suppressed.names_of("l.email_normalized", "l.organization")
        return QueryString(BARRED.replace("{}", names), *suppressed.pads())
    return QueryString(BARRED.format("l.email_normalized"))


def lacking(name: str) -> QueryString:
    """The condition that nothing fills this placeholder for a lead."""
    if name.startswith(ATTRIBUTE):
        return QueryString(OF_ATTRIBUTE, name.removeprefix(ATTRIBUTE))
    return QueryString(LACKING.get(name, "FALSE").replace("{", "{{").replace("}", "}}"))


async def count(
    organization: Organization, campaign: dict[str, Any], names: list[str], me: int, now: datetime
) -> Reach:  # fmt: skip
    """Count the audience as it is now. `names`: placeholders without a fallback."""
    filters = await filters_of(organization, campaign, me, now)
    if filters.misunderstood:
        return Reach(misunderstood=tuple(filters.misunderstood))
    out = await barred(organization)
    reached = QueryString(f"{ADDRESS} AND NOT {{}}", out)
    columns = [
        QueryString("count(*) AS matching"),
        QueryString(f"count(*) FILTER (WHERE NOT ({ADDRESS})) AS nameless"),
        QueryString(f"count(*) FILTER (WHERE {ADDRESS} AND {{}}) AS barred", out),
        QueryString("count(*) FILTER (WHERE {}) AS people", reached),
        QueryString(f"count(*) FILTER (WHERE {{}} AND NOT {audience.AGREED}) AS unasked", reached),
        QueryString(f"count(*) FILTER (WHERE {{}} AND {ELSEWHERE}) AS elsewhere", reached, campaign["id"]),
        QueryString(f"count(*) FILTER (WHERE {{}} AND {OWN_ZONE} = ANY({{}})) AS zoned", reached, zones_of(campaign)),
        *(
            QueryString(f"count(*) FILTER (WHERE {{}} AND {{}}) AS lacking{at}", reached, lacking(name))
            for at, name in enumerate(names)
        ),
    ]
    select = "SELECT " + ", ".join(["{}"] * len(columns)) + " "
    async with planned_anew():
        found = await row(select + MEANT, *columns, organization.id, filters.where)
        assert found is not None
        overlaps = []
        if found["elsewhere"]:
            overlaps = await rows(OVERLAPS, organization.id, campaign["id"], filters.where, out)
    return Reach(
        found["matching"], found["nameless"], found["barred"], found["elsewhere"], found["people"], found["unasked"],
        found["zoned"], {name: found[f"lacking{at}"] for at, name in enumerate(names)}, overlaps,
    )  # fmt: skip
