"""Writing the timeline. The stream that live pages, rules and notifications read."""

from typing import Any

from dashboard.accounts.ownership import organization_id
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity.tables import Activity, Note
from dashboard.database import hint, rows

TOPICS = {
    "order": "orders", "delivery": "outbox", "event": "events", "intake": "orders", "organization": "settings",
    "lead": "leads", "campaign": "campaigns",
}  # fmt: skip
EVERYWHERE = """
    INSERT INTO activity (organization, subject_kind, subject_id, verb, actor, "user", title, detail, data, created_at)
    SELECT {}, {}, id, {}, {}, {}, {}, {}, {}, now() FROM unnest({}::bigint[]) id"""


async def record(
    organization: Organization | int, subject_kind: str, subject_id: int, verb: str, title: str, *,
    by: Visitor | User | None = None, actor: str = "", detail: str = "", data: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """One line: what happened to what, by whom. `actor` is customer, machine or system where it was no member of staff.
    Call it inside the transaction of the change itself."""
    await Activity.insert(
        Activity(
            organization=organization_id(organization),
            subject_kind=subject_kind,
            subject_id=subject_id,
            verb=verb,
            title=title[:200],
            detail=detail,
            data=data or {},
            user=by.id if by else None,
            actor=actor or ("staff" if by else "system"),
        )
    )
    await changed(organization, TOPICS.get(subject_kind, subject_kind))


async def record_all(
    organization: Organization, subject_kind: str, subjects: list[tuple[int, dict[str, Any]]], verb: str, title: str, *,
    by: Visitor | User,
) -> None:  # fmt: skip
    """The same line for many things at once; each (id, data). For bulk actions, in batches of at most 500."""
    if not subjects:
        return
    lines = [
        Activity(
            organization=organization.id, subject_kind=subject_kind, subject_id=id, verb=verb, title=title[:200],
            data=data, user=by.id, actor="staff",
        )
        for id, data in subjects
    ]  # fmt: skip
    await Activity.insert(*lines)
    await changed(organization, TOPICS.get(subject_kind, subject_kind))


async def record_everywhere(
    organization: Organization, subject_kind: str, ids: list[int], verb: str, title: str, *,
    by: Visitor | User | None = None, detail: str = "", data: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """The very same line on any number of things, in one statement."""
    if not ids:
        return
    await rows(
        EVERYWHERE, organization.id, subject_kind, verb, "staff" if by else "system", by.id if by else None,
        title[:200], detail, data or {}, ids,
    )  # fmt: skip
    await changed(organization, TOPICS.get(subject_kind, subject_kind))


async def changed(organization: Organization | int, topic: str) -> None:
    """Hint to open pages that a topic has news, delivered when the transaction commits."""
    await hint("backdesk", f"{organization_id(organization)}:{topic}")


async def write_note(organization: Organization, subject_kind: str, subject_id: int, text: str, by: Visitor) -> Note:
    """What the team writes to itself; the customer never sees it."""
    note = Note(
        organization=organization.id, subject_kind=subject_kind, subject_id=subject_id, text=text[:10_000], author=by.id
    )
    await note.save()
    await changed(organization, TOPICS.get(subject_kind, subject_kind))
    return note
