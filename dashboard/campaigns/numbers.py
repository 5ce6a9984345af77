"""The figures of a campaign, of its steps, and of templates: sums of counts that are kept while the ledger changes, so
that they cost the same whatever the campaign's size. Each figure names the rows of the ledger it was made of."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.campaigns.tables import SendState
from dashboard.database import rows

STATES = tuple(state.value for state in SendState)
LEFT = ("sent", "delivered", "bounced", "complained")  # a provider took it
ARRIVED = ("delivered", "complained")
COMING = ("waiting", "due", "queued")
TROUBLE = ("failed", "unknown")
FACTS = ("opened", "clicked", "replied", "unsubscribed")
WHY = "why:"

SUMS = """
    SELECT campaign, step, what, sum(number) AS number FROM campaign_count
    WHERE organization = {} AND campaign = ANY({}) GROUP BY campaign, step, what"""
TEMPLATES = """
    SELECT s.template, n.what, sum(n.number) AS number
    FROM campaign_count n JOIN campaign_step s ON s.id = n.step
    WHERE n.organization = {} AND s.organization = {} AND s.template IS NOT NULL GROUP BY s.template, n.what"""

USES = """
    SELECT c.id AS campaign, c.name, s.id AS step, s.day, c.kind, n.what, sum(n.number) AS number
    FROM campaign_step s JOIN campaign c ON c.id = s.campaign
    JOIN campaign_count n ON n.organization = s.organization AND n.campaign = s.campaign AND n.step = s.id
    WHERE s.organization = {} AND s.template = {} GROUP BY c.id, s.id, n.what ORDER BY c.id DESC, s.position, s.id"""


@dataclass
class Figures:
    """`mails` counts rows of the ledger by state, and by what became known of them (`*clicked` …); `people` counts
    enrollments by state and by why they stopped."""

    mails: Counter[str] = field(default_factory=Counter)
    people: Counter[str] = field(default_factory=Counter)
    mailed: int = 0  # people who were sent at least one mail: as many as the step that most of them reached

    def of(self, states: Iterable[str]) -> int:
        return sum(self.mails[state] for state in states)

    @property
    def recipients(self) -> int:
        return self.people["people"]

    @property
    def rows(self) -> int:
        """All rows of the ledger: the sum of all states."""
        return self.of(STATES)

    @property
    def sent(self) -> int:
        return self.of(LEFT)

    @property
    def delivered(self) -> int:
        return self.of(ARRIVED)

    @property
    def bounced(self) -> int:
        return self.mails["bounced"]

    @property
    def coming(self) -> int:
        return self.of(COMING)

    @property
    def trouble(self) -> int:
        return self.of(TROUBLE)

    def had(self, fact: str) -> int:
        """How many mails were opened, clicked, replied to, or unsubscribed by."""
        return self.mails[f"*{fact}"]

    @property
    def stopped(self) -> list[tuple[str, int]]:
        """Why people stopped, the most frequent first."""
        found = [(what.removeprefix(WHY), count) for what, count in self.people.items() if what.startswith(WHY)]
        return sorted(((why, count) for why, count in found if count), key=lambda each: (-each[1], each[0]))

    def rate(self, number: int, of: int | None = None) -> float | None:
        """A share of what was delivered, or of what is given."""
        whole = self.delivered if of is None else of
        return number / whole if whole else None


async def of_campaigns(organization: Organization, ids: Sequence[int]) -> dict[int, Figures]:
    """The figures of each of these campaigns as a whole."""
    found = await rows(SUMS, organization.id, list(ids)) if ids else []
    return {id: _summed([each for each in found if each["campaign"] == id])[0] for id in ids}


async def of_campaign(organization: Organization, id: int) -> tuple[Figures, dict[int, Figures]]:
    """The figures of one campaign, and of each of its steps by id."""
    return _summed(await rows(SUMS, organization.id, [id]))


async def of_templates(organization: Organization) -> dict[int, Figures]:
    """How the mails of each template did, in all campaigns, by its id; those that were never used are left out."""
    found: dict[int, Figures] = {}
    for each in await rows(TEMPLATES, organization.id, organization.id):
        found.setdefault(each["template"], Figures()).mails[each["what"]] += int(each["number"])
    return found


async def of_template(organization: Organization, template: int) -> list[dict[str, Any]]:
    """How the mails of one template did in each step that sent it, the newest campaign first: campaign, name, step,
    day, kind, and its `figures`."""
    found: dict[int, dict[str, Any]] = {}
    for each in await rows(USES, organization.id, template):
        use = found.setdefault(each["step"], each | {"figures": Figures()})
        use["figures"].mails[each["what"]] += int(each["number"])
    return list(found.values())


def _summed(lines: list[dict[str, Any]]) -> tuple[Figures, dict[int, Figures]]:
    whole, steps = Figures(), dict[int, Figures]()
    for each in lines:
        number = int(each["number"])
        if each["step"] is None:
            whole.people[each["what"]] += number
        else:
            whole.mails[each["what"]] += number
            steps.setdefault(each["step"], Figures()).mails[each["what"]] += number
    whole.mailed = max((step.sent for step in steps.values()), default=0)
    return whole, steps
