"""What is handed over: files in versions. A new file under the same title is the next version."""

from datetime import datetime

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import rows, serialize, transaction
from dashboard.errors import Conflict, NotFound
from dashboard.files import actions as files
from dashboard.files.storage import Stored
from dashboard.files.tables import File
from dashboard.orders.tables import Deliverable, Order, OrderStatus

LAST = """
    SELECT coalesce(max(version), 0) AS version FROM deliverable
    WHERE organization = {} AND "order" = {} AND title = {}"""


async def add(
    organization: Organization, order: Order, stored: Stored, name: str, *, title: str, is_report: bool, by: Visitor
) -> Deliverable:
    """Attach a file whose bytes are kept already, as the next version of its title. Cancelled orders take none."""
    async with transaction():
        await serialize(f"deliverables:{order.id}")
        await order.refresh()
        if order.status == OrderStatus.cancelled:
            raise Conflict(f"Order {order.number} is cancelled. The file was not added.")
        file = await files.record(organization, stored, name, "staff")
        title = " ".join(title.split())[:200] or file.name.rpartition(".")[0] or file.name
        last = (await rows(LAST, organization.id, order.id, title))[0]
        made = Deliverable(
            organization=organization.id, order=order.id, title=title, version=last["version"] + 1, file=file.id,
            is_report=is_report, made_by="staff", added_by=by.id,
        )  # fmt: skip
        await made.save()
        detail = f"{title}, version {made.version}"
        await activity.record(organization, "order", order.id, "deliverable", "File added", by=by, detail=detail)
    return made


async def withdraw(organization: Organization, order: Order, id: int, by: Visitor, now: datetime) -> Deliverable:
    """Take a file away again; links to it stop working. Repeating it changes nothing."""
    deliverable = await _get(organization, order, id)
    async with transaction():
        taken = (
            await Deliverable.update({Deliverable.withdrawn_at: now})
            .where(Deliverable.id == deliverable.id, Deliverable.withdrawn_at.is_null())
            .returning(Deliverable.id)
        )
        if taken:
            await files.revoke_links(await File.get_of(organization, deliverable.file))
            detail = f"{deliverable.title}, version {deliverable.version}"
            await activity.record(organization, "order", order.id, "withdrawn", "File taken away", by=by, detail=detail)
    return deliverable


async def restore(organization: Organization, order: Order, id: int, by: Visitor) -> Deliverable:
    """Undo a withdrawal. Links that were given out before stay dead."""
    deliverable = await _get(organization, order, id)
    async with transaction():
        back = (
            await Deliverable.update({Deliverable.withdrawn_at: None})
            .where(Deliverable.id == deliverable.id, Deliverable.withdrawn_at.is_not_null())
            .returning(Deliverable.id)
        )
        if back:
            title = f"{deliverable.title} is back"
            await activity.record(organization, "order", order.id, "deliverable", title, by=by)
    return deliverable


async def _get(organization: Organization, order: Order, id: int) -> Deliverable:
    found = await Deliverable.of(organization).where(Deliverable.id == id, Deliverable.order == order.id).first()
    if found is None:
        raise NotFound()
    return found
