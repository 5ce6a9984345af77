"""The steps from a first contact to a sale: an organization's own, or the usual ones while it has not changed them."""

from dataclasses import dataclass

from dashboard.accounts.tables import Organization
from dashboard.leads.tables import Stage, StageKind


@dataclass(frozen=True)
class Step:
    """One stage as pages show it."""

    key: str
    name: str
    kind: str = "open"
    tone: str = "info"


USUAL = (
    Step("new", "New"),
    Step("qualified", "Qualified", tone="positive"),
    Step("quoted", "Quoted", tone="pending"),
    Step("won", "Won", "won", "positive"),
    Step("lost", "Lost", "lost", "neutral"),
)
FIRST = USUAL[0].key  # where every new lead begins, also one that a payment made; cannot be removed


async def steps(organization: Organization) -> list[Step]:
    """All stages in their order."""
    columns = Stage.key, Stage.name, Stage.kind, Stage.tone
    stored = await Stage.select_of(organization, *columns).order_by(Stage.position).order_by(Stage.id)
    return [Step(**each) for each in stored] or list(USUAL)


def named(steps: list[Step], key: str) -> Step:
    """The stage with this key; one that is gone shows its key."""
    return next((step for step in steps if step.key == key), Step(key, key.replace("_", " ").capitalize()))


def of_kind(steps: list[Step], kind: StageKind) -> list[str]:
    """The keys of all stages of one kind."""
    return [step.key for step in steps if step.kind == kind]
