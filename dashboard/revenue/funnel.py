"""How far the leads of a period came by its end: lead, qualified, order, done, repeat."""

from dataclasses import dataclass
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.revenue.arrivals import JOINED, MOMENTS, REACHED
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

# The leads of a period with what they had reached by its end, one by one; arrivals.py counts the same. Values: end of
# the period four times, those of REACHED, those of JOINED, organization, from, to.
PEOPLE = f"""
    SELECT id, name, email, company, source, stage, created_at,
           {", ".join(f"coalesce({step} < {{}}, false) AS {step}" for step in MOMENTS)}
    FROM (SELECT l.id, l.name, l.email, l.company, l.source, l.stage, l.created_at, {REACHED} FROM lead l {JOINED}
          WHERE l.organization = {{}} AND l.created_at >= {{}} AND l.created_at < {{}} AND l.deleted_at IS NULL
    ) l"""  # noqa: S608 – made of names of ours


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
    return *[period.end] * len(MOMENTS), outside, outside, outside, organization.id, period.start, period.end


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
