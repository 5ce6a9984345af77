"""The steps from a first contact to a sale: an organization's own, or the usual ones while it has not changed them."""

from dataclasses import dataclass

from dashboard.accounts.tables import Organization
from dashboard.database import rows
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
LOCK = "lead_stages:{}"  # who changes the stages waits for who moves leads, and the other way round
TOGETHER = "SELECT pg_advisory_xact_lock_shared(hashtextextended({}, 0))"
GONE = """
    UPDATE lead SET stage = {}, stage_at = NULL WHERE organization = {} AND id = ANY({}) AND stage <> ALL({})
    RETURNING id"""
FIRST = USUAL[0].key  # where every new lead begins, also one that a payment made; cannot be removed


async def steps(organization: Organization) -> list[Step]:
    """All stages in their order."""
    columns = Stage.key, Stage.name, Stage.kind, Stage.tone
    stored = await Stage.select_of(organization, *columns).order_by(Stage.position).order_by(Stage.id)
    return [Step(**each) for each in stored] or list(USUAL)


async def keep(organization: Organization, ids: list[int]) -> list[int]:
    """At the end of a transaction that gave leads a stage: nobody removes one until it is over, and who was put into
    one that is gone by now begins anew; their ids."""
    await rows(TOGETHER, LOCK.format(organization.id))
    known = [step.key for step in await steps(organization)]
    return [each["id"] for each in await rows(GONE, FIRST, organization.id, ids, known)]


def named(steps: list[Step], key: str) -> Step:
    """The stage with this key; one that is gone shows its key."""
    return next((step for step in steps if step.key == key), Step(key, key.replace("_", " ").capitalize()))


def of_kind(steps: list[Step], kind: StageKind) -> list[str]:
    """The keys of all stages of one kind."""
    return [step.key for step in steps if step.kind == kind]
