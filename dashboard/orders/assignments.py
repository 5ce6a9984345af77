"""Who does an order. One or ten thousand at once, and back again."""

import secrets
from typing import NamedTuple

from piccolo.querystring import QueryString

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Membership, Organization, User
from dashboard.activity import actions as activity
from dashboard.database import rows, transaction
from dashboard.errors import Invalid
from dashboard.orders import queries

# The rows are locked in the order of their ids, so that two of these never wait for each other.
ASSIGN = """
    WITH before AS (SELECT id, assignee FROM orders WHERE organization = {} AND id = ANY({})
                    AND assignee IS DISTINCT FROM {}::bigint ORDER BY id FOR UPDATE)
    UPDATE orders SET assignee = {} FROM before WHERE orders.id = before.id
    RETURNING orders.id, before.assignee AS before"""
REVERSE = """
    WITH batch AS (SELECT subject_id, (data ->> 'from')::bigint AS before, (data ->> 'to')::bigint AS after
                   FROM activity WHERE organization = {} AND subject_kind = 'order' AND data ->> 'batch' = {}),
         unchanged AS (SELECT o.id, batch.before FROM orders o JOIN batch ON batch.subject_id = o.id
                       WHERE o.organization = {} AND o.assignee IS NOT DISTINCT FROM batch.after
                       ORDER BY o.id FOR UPDATE OF o)
    UPDATE orders SET assignee = unchanged.before FROM unchanged
    WHERE orders.id = unchanged.id AND orders.assignee IS DISTINCT FROM unchanged.before RETURNING orders.id"""


class Assigned(NamedTuple):
    """How many orders changed hands, how many had that assignee already, and the name under which to take it back."""

    changed: int
    same: int
    batch: str


async def assign(organization: Organization, orders: QueryString, person: User | None, by: Visitor) -> Assigned:
    """Give every order a condition finds to somebody of the team, or to nobody; 500 to a transaction."""
    to = person.id if person else None
    title = f"Assigned to {person.name}" if person else "Assigned to nobody"
    batch, changed, seen = secrets.token_urlsafe(12), 0, 0
    async for ids in queries.batches(organization, orders):
        async with transaction():
            moved = await rows(ASSIGN, organization.id, ids, to, to)
            lines = [(each["id"], {"batch": batch, "from": each["before"], "to": to}) for each in moved]
            await activity.record_all(organization, "order", lines, "assigned", title, by=by)
        changed += len(moved)
        seen += len(ids)
    return Assigned(changed, seen - changed, batch)


async def reverse(organization: Organization, batch: str, by: Visitor) -> int:
    """Give the orders of one assignment back, but those that have changed hands since. How many."""
    async with transaction():
        back = await rows(REVERSE, organization.id, batch, organization.id)
        lines: list[tuple[int, dict]] = [(each["id"], {}) for each in back]
        await activity.record_all(organization, "order", lines, "assigned", "Assignment taken back", by=by)
    return len(back)


async def person(organization: Organization, given: str) -> User | None:
    """Whom a form names: somebody of this organization's team, None for nobody; Invalid for anybody else."""
    if given == "":
        return None
    id = int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else 0
    member = await Membership.exists().where(Membership.organization == organization.id, Membership.user == id)
    found = await User.objects().where(User.id == id, User.disabled_at.is_null()).first() if member else None
    if found is None:
        raise Invalid(
            {"assignee": "Choose somebody of your team."}, "Choose somebody of your team. Nothing was changed."
        )
    return found
