"""How far the leads of a period came by its end: lead, qualified, order, done, repeat."""

from dataclasses import dataclass
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.revenue.arrivals import MOVED
from dashboard.revenue.periods import Period

STEPS = {"leads": "Leads", "qualified": "Qualified", "ordered": "Order", "done": "Done", "repeat": "Repeat"}
# Which of PEOPLE reached a step, and who is still before the second.
WHICH = {
    "leads": "true", "qualified": "qualified", "ordered": "ordered", "done": "done", "repeat": "repeat",
    "unqualified": "NOT qualified",
}  # fmt: skip
STATED = (
    "Leads that came in during the period. Qualified: by its end the lead had been in a stage beyond the first, not "
    "counting lost, or had bought. Order: paid by the end of the period; done: handed over by then; repeat: handed "
    "over, and paid for two or more orders."
)

# The leads of a period with what they had reached by its end, one by one; arrivals.py counts the same. A move on the
# timeline counts from when the lead came. Values: stages that are not qualified, end of the period, organization, from,
# to, those of MOVED, end of the period twice, organization, from, to.
PEOPLE = f"""
    SELECT l.id, l.name, l.email, l.company, l.source, l.stage, l.created_at,
           coalesce(o.paid, 0) > 0 OR reached.lead IS NOT NULL
               OR NOT l.stage = ANY({{}}::text[]) AND (l.stage_at IS NULL OR l.stage_at < {{}}) AS qualified,
           coalesce(o.paid, 0) > 0 AS ordered, coalesce(o.handed, 0) > 0 AS done,
           coalesce(o.handed, 0) > 0 AND o.paid > 1 AS repeat
    FROM lead l
    LEFT JOIN (
        SELECT a.subject_id AS lead, max(a.created_at) AS latest FROM activity a
        WHERE a.organization = {{}} AND a.subject_kind = 'lead' AND (a.data -> 'to' ->> 'stage') IS NOT NULL
          AND a.created_at >= {{}} AND a.created_at < {{}} AND {MOVED}
        GROUP BY 1) reached ON reached.lead = l.id AND reached.latest >= l.created_at
    LEFT JOIN LATERAL (
        SELECT count(*) AS paid, count(*) FILTER (WHERE status = 'done' AND done_at < {{}}) AS handed
        FROM orders WHERE organization = l.organization AND lead = l.id AND confirmed_at < {{}}) o ON true
    WHERE l.organization = {{}} AND l.created_at >= {{}} AND l.created_at < {{}} AND l.deleted_at IS NULL"""  # noqa: S608


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

    @property
    def unqualified(self) -> int:
        """Those who came no further."""
        return self.leads - self.qualified

    def add(self, line: dict[str, Any]) -> None:
        """Count a line of arrivals.counted in."""
        for step in STEPS:
            setattr(self, step, getattr(self, step) + line[step])


def asked(organization: Organization, period: Period, outside: list[str]) -> tuple[object, ...]:
    """The values of PEOPLE; `outside` are the stages that are not qualified."""
    reached = (organization.id, period.start, period.end, outside, outside)
    ends = (period.end, period.end)
    return outside, period.end, *reached, *ends, organization.id, period.start, period.end


def total(lines: list[dict[str, Any]]) -> Steps:
    """All of them together."""
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
