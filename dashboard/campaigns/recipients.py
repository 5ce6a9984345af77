"""Who would get what and when, before anything is sent: the audience person by person, and each of their mails."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.campaigns import placeholders, reaching, rendering
from dashboard.campaigns.engine import trials
from dashboard.campaigns.engine.enrolling import VARIANT, ZONE, drawn, due_at, zones_of
from dashboard.campaigns.engine.sorting import HALF_A_DAY
from dashboard.campaigns.engine.windows import window, zone_of
from dashboard.database import rows
from dashboard.deliveries.mails import one_line

SIZE = 50
PEOPLE = f"""
    SELECT l.id, l.name, l.company, l.email, l.attributes, {ZONE} AS zone, {VARIANT} AS variant,
           CASE WHEN l.email_normalized IS NULL THEN 'No address'
                WHEN {{}} THEN 'Unsubscribed, bounced or complained' ELSE '' END AS out,
           (SELECT c.name FROM enrollment e JOIN campaign c ON c.id = e.campaign
            WHERE e.lead = l.id AND e.state = 'active' AND c.id <> {{}} AND c.state IN ('running', 'paused')
            ORDER BY e.id LIMIT 1) AS elsewhere
    FROM lead l WHERE l.organization = {{}} AND l.deleted_at IS NULL AND l.id > {{}} AND {{}} ORDER BY l.id
    LIMIT {{}}"""  # noqa: S608 – our own words


class Mail(NamedTuple):
    """One mail one person would get. `subjects`: one; two where the trial decides first. `variant`: the subject its
    preview shows. `at`: the moment from which it may leave."""

    step: int
    day: int
    subjects: list[str]
    variant: str
    at: datetime


async def some(
    organization: Organization,
    campaign: dict[str, Any],
    steps: list[dict[str, Any]],
    me: int,
    after: int,
    now: datetime,
) -> list[dict[str, Any]]:
    """SIZE people of the audience behind the lead `after`, and one more where there are more: each with `out` (why they
    get nothing, or ""), their own `zone` where it is known and counts, and `mails`, as they are drawn for the trial."""
    filters = await reaching.filters_of(organization, campaign, me, now)
    if filters.misunderstood:
        return []
    out: QueryString = await reaching.barred(organization)
    found = await rows(
        PEOPLE, zones_of(campaign), *drawn(campaign), out, campaign["id"], organization.id, after, filters.where,
        SIZE + 1,
    )  # fmt: skip
    subjects = _subjects(campaign, steps)
    start = max(campaign["starts_at"] or now, now)
    for each in found:
        values = rendering.values(each, organization)
        each["mails"] = [
            Mail(
                step["id"], step["day"], [one_line(subject.fill(values)) for subject in _of(each, subjects[number])],
                each["variant"], at,
            )
            for number, (step, at) in enumerate(
                zip(steps, _times(campaign, steps, start, organization, each), strict=True)
            )
        ]  # fmt: skip
    return found


def _subjects(campaign: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of each step by variant, ready to be filled in. Only the first mail has two."""
    found = [{"a": placeholders.read(step["subject"])} for step in steps]
    trial = campaign["trial"] if isinstance(campaign["trial"], dict) else {}
    if found and trial.get("subject"):
        found[0]["b"] = placeholders.read(str(trial["subject"]))
    return found


def _of(person: Mapping[str, Any], subjects: dict[str, Any]) -> list[Any]:
    if person["variant"] == "-":
        return list(subjects.values())
    return [subjects.get(person["variant"], subjects["a"])]


def _times(
    campaign: dict[str, Any], steps: Sequence[Mapping[str, Any]], start: datetime, organization: Organization,
    person: Mapping[str, Any],
) -> list[datetime]:  # fmt: skip
    """When each step may leave, as the engine decides it for somebody who comes in at `start`."""
    hours, ours = window(campaign), zone_of("", organization.time_zone)
    theirs: ZoneInfo = zone_of(person["zone"], organization.time_zone)
    decided = trials.ends(campaign | {"launched_at": start}) if person["variant"] == "-" else None
    found: list[datetime] = []
    for number, step in enumerate(steps):
        due = due_at(start, step["day"], ours, hours)
        if not number and decided:
            due = max(due, decided)
        if found:
            gap = step["day"] - steps[number - 1]["day"]
            if gap and found[-1] > due - timedelta(days=gap) + HALF_A_DAY:
                due = hours.on_day(found[-1], gap, ours)
            due = max(due, found[-1])
        found.append(hours.opens(due, theirs))
    return found
