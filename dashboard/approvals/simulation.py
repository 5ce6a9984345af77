"""What a rule would have done with the decisions that people made."""

from dataclasses import dataclass, field
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.approvals import rules
from dashboard.approvals.tables import ApprovalRule
from dashboard.database import rows
from dashboard.tickets import due

LAST = 200
FEW = 5  # per cent of changed replies that nobody need be told of
STEPS = range(50, 101)

DECIDED = f"""
    SELECT s.id, s.sentiment, {rules.ASKED} AS asked,
           s.topic, s.confidence, s.sources, s.checks, s.draft, s.needs_person, s.outcome, s.created_at,
           s.decided_at, s.edit_ratio, s.reason, s.diff, c.channel,
           coalesce(nullif(c.name, ''), nullif(c.email, ''), 'Visitor') AS name
    FROM suggestion s JOIN conversation c ON c.id = s.conversation JOIN message m ON m.id = s.message
    WHERE s.organization = {{}} AND s.decided_at IS NOT NULL AND s.outcome IN ('unedited', 'edited', 'rejected')
      AND s.state IN ('sent', 'queued', 'rejected')
    ORDER BY s.decided_at DESC, s.id DESC LIMIT {{}}"""  # noqa: S608


@dataclass(frozen=True)
class Simulated:
    """Of `total` decisions the rule would have sent `would`; of those people left some, edited and rejected others."""

    total: int
    kept: int = 0
    edited: int = 0
    rejected: int = 0
    changed: list[dict[str, Any]] = field(default_factory=list)
    better: tuple[int, int] | None = None  # a confidence, and the per cent that would have been changed with it

    @property
    def would(self) -> int:
        return self.kept + self.edited + self.rejected

    @property
    def share(self) -> int:
        """Per cent of what would have been sent that people changed."""
        return round(100 * (self.edited + self.rejected) / self.would) if self.would else 0

    @property
    def figures(self) -> dict[str, int]:
        return {
            "total": self.total, "would": self.would, "kept": self.kept, "edited": self.edited,
            "rejected": self.rejected,
        }  # fmt: skip

    @property
    def said(self) -> str:
        """What somebody has seen before they arm the rule."""
        return f"{self.total}-{self.kept}-{self.edited}-{self.rejected}"


async def decisions(organization: Organization) -> list[dict[str, Any]]:
    """The newest decisions of people, and what a rule would have known then."""
    found = await rows(DECIDED, organization.id, LAST)
    hours = (await due.load(organization)).hours
    for each in found:
        each["working"] = hours.open_at(each["created_at"])
    return found


def simulate(rule: ApprovalRule, decided: list[dict[str, Any]]) -> Simulated:
    """Run a rule over decisions. Nothing is sent and nothing is counted against its cap."""
    hits = [each for each in decided if _would(rule, each)]
    counted = {name: sum(each["outcome"] == name for each in hits) for name in ("unedited", "edited", "rejected")}
    changed = [each for each in hits if each["outcome"] != "unedited"]
    made = Simulated(len(decided), counted["unedited"], counted["edited"], counted["rejected"], changed)
    return made if made.share <= FEW else Simulated(
        len(decided), counted["unedited"], counted["edited"], counted["rejected"], changed, _better(rule, hits)
    )  # fmt: skip


def _would(rule: ApprovalRule, decided: dict[str, Any]) -> bool:
    reason = rules.needs_person(decided["asked"], decided["sentiment"])
    if not rules.safe(decided["draft"], decided["sources"], decided["checks"], decided["needs_person"], reason):
        return False
    facts = rules.facts_of(
        decided["topic"], decided["confidence"], decided["sources"], decided["channel"], decided["working"]
    )
    return rules.matches(rule, facts)


def _better(rule: ApprovalRule, hits: list[dict[str, Any]]) -> tuple[int, int] | None:
    """The lowest higher confidence with which few would have been changed."""
    for least in STEPS:
        above = [each for each in hits if each["confidence"] >= least]
        if least <= rule.confidence or not above:
            continue
        share = round(100 * sum(each["outcome"] != "unedited" for each in above) / len(above))
        if share <= FEW:
            return least, share
    return None
