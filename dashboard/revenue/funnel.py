"""How far the leads of a period came by its end: lead, qualified, order, done, repeat."""

from dataclasses import dataclass
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.leads import stages
from dashboard.leads.tables import StageKind
from dashboard.revenue.periods import Period

STEPS = {"leads": "Leads", "qualified": "Qualified", "ordered": "Order", "done": "Done", "repeat": "Repeat"}
STATED = (
    "Leads that came in during the period. Qualified: by its end the lead had been in a stage beyond the first, not "
    "counting lost, or had bought. Order: paid by the end of the period; done: handed over by then; repeat: handed "
    "over, and paid for two or more orders."
)

# Leads that came into such a stage, or left one, before a moment, by their timeline; what was taken back never was.
# Values: organization, from, to, stages that are not qualified twice.
REACHED = """
    SELECT DISTINCT a.subject_id AS lead FROM activity a
    WHERE a.organization = {} AND a.subject_kind = 'lead' AND (a.data -> 'to' ->> 'stage') IS NOT NULL
      AND a.created_at >= {} AND a.created_at < {}
      AND (NOT (a.data -> 'to' ->> 'stage') = ANY({}::text[])
           OR (a.data -> 'from' ->> 'stage') IS NOT NULL AND NOT (a.data -> 'from' ->> 'stage') = ANY({}::text[]))
      AND ((a.data ->> 'batch') IS NULL
           OR NOT EXISTS (SELECT FROM activity u WHERE u.organization = a.organization AND u.subject_kind = 'lead'
                          AND u.subject_id = a.subject_id AND u.data ->> 'batch' = 'undo:' || (a.data ->> 'batch')))"""

# Values: stages that are not qualified, end of the period, those of REACHED, end of the period twice, organization,
# from, to.
PEOPLE = f"""
    SELECT l.id, l.name, l.email, l.company, l.source, l.stage, l.created_at,
           coalesce(o.paid, 0) > 0 OR reached.lead IS NOT NULL
               OR NOT l.stage = ANY({{}}::text[]) AND (l.stage_at IS NULL OR l.stage_at < {{}}) AS qualified,
           coalesce(o.paid, 0) > 0 AS ordered, coalesce(o.handed, 0) > 0 AS done,
           coalesce(o.handed, 0) > 0 AND o.paid > 1 AS repeat
    FROM lead l
    LEFT JOIN ({REACHED}) reached ON reached.lead = l.id
    LEFT JOIN LATERAL (
        SELECT count(*) AS paid, count(*) FILTER (WHERE status = 'done' AND done_at < {{}}) AS handed
        FROM orders WHERE organization = l.organization AND lead = l.id AND confirmed_at < {{}}) o ON true
    WHERE l.organization = {{}} AND l.created_at >= {{}} AND l.created_at < {{}} AND l.deleted_at IS NULL"""  # noqa: S608
COUNTED = f"""
    SELECT ({{}}::date[])[width_bucket((created_at AT TIME ZONE {{}})::date, {{}}::date[])] AS day, source,
           count(*) AS leads,
           count(*) FILTER (WHERE qualified) AS qualified, count(*) FILTER (WHERE ordered) AS ordered,
           count(*) FILTER (WHERE done) AS done, count(*) FILTER (WHERE repeat) AS repeat
    FROM ({PEOPLE}) person GROUP BY 1, 2"""  # noqa: S608 – made of names in this file


@dataclass
class Steps:
    """How many people reached each step; each holds the next."""

    leads: int = 0
    qualified: int = 0
    ordered: int = 0
    done: int = 0
    repeat: int = 0

    @property
    def conversion(self) -> float | None:
        """Share of the leads that ordered."""
        return self.ordered / self.leads if self.leads else None

    def add(self, line: dict[str, Any]) -> None:
        for step in STEPS:
            setattr(self, step, getattr(self, step) + line[step])


async def unqualified(organization: Organization) -> list[str]:
    """The stages of leads that are not qualified."""
    steps = await stages.steps(organization)
    return [steps[0].key, stages.FIRST, *stages.of_kind(steps, StageKind.lost)]


def asked(organization: Organization, period: Period, outside: list[str]) -> tuple[object, ...]:
    """The values of PEOPLE; `outside` are the stages that are not qualified."""
    reached = (organization.id, period.start, period.end, outside, outside)
    ends = (period.end, period.end)
    return outside, period.end, *reached, *ends, organization.id, period.start, period.end


async def counted(organization: Organization, period: Period, outside: list[str]) -> list[dict[str, Any]]:
    """People by the first day of the bucket in which they came and their source, with how many reached each step."""
    firsts = [each.first for each in period.buckets()]
    return await rows(COUNTED, firsts, period.zone, firsts, *asked(organization, period, outside))


def total(lines: list[dict[str, Any]]) -> Steps:
    found = Steps()
    for line in lines:
        found.add(line)
    return found


def by_source(lines: list[dict[str, Any]]) -> dict[str, Steps]:
    """The same by source, most leads first."""
    found: dict[str, Steps] = {}
    for line in lines:
        found.setdefault(line["source"], Steps()).add(line)
    return dict(sorted(found.items(), key=lambda each: (-each[1].leads, each[0])))
