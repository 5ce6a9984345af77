"""The same for many orders: those that were ticked, or all behind the filters of the page."""

from datetime import datetime

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from piccolo.querystring import QueryString

from dashboard import links
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.formats import num
from dashboard.intake.tables import Intake
from dashboard.lists import Asked
from dashboard.lists.chosen import chosen
from dashboard.orders import assignments, queries, reminders
from dashboard.orders.filters import ORDERS
from dashboard.orders.tables import Order
from dashboard.pages import fragment, toast


async def meant_by(request: Request, organization: Organization, user: Visitor, now: datetime) -> QueryString:
    """The condition for the orders that are meant."""
    return chosen(await request.form(), ORDERS, Asked(now, organization.time_zone, user.id), "orders")


@post("/{org:str}/orders/bulk/reminders", name="orders.remind_many", guards=[agent], status_code=200)
async def remind_many(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Response[str]:
    """Remind every customer among them whose intake is still open."""
    meant = await meant_by(request, organization, user, now)
    waiting = QueryString("{} AND o.status = 'intake_pending'", meant)
    done = {"sent": 0, "too soon": 0, "not waiting": 0, "no address": 0}
    async for ids in queries.batches(organization, waiting):
        addresses = await _links(organization, ids)
        for order in await Order.of(organization).where(Order.id.is_in(ids)).order_by(Order.id):
            done[await reminders.remind(organization, order, addresses.get(order.id, ""), user, now)] += 1
    return toast(reminded(done))


async def _links(organization: Organization, ids: list[int]) -> dict[int, str]:
    """The customers' private links, by order."""
    found = await Intake.select_of(organization, Intake.order, Intake.id, Intake.link_version).where(
        Intake.order.is_in(ids)
    )
    return {each["order"]: links.public(links.INTAKE, each["id"], each["link_version"]) for each in found}


def reminded(done: dict[str, int]) -> str:
    """What came of it, in words."""
    parts = [f"{orders(done['sent'])} reminded." if done["sent"] else "Nobody was reminded."]
    if done["too soon"]:
        parts.append(f"{num(done['too soon'])} had a reminder within this hour.")
    if done["no address"]:
        parts.append(f"{num(done['no address'])} have no address.")
    if not any(done.values()):
        parts.append("None of them waits for the customer’s answers.")
    return " ".join(parts)


@get("/{org:str}/orders/bulk/assignments/new", name="orders.assign_many_form", guards=[agent])
async def ask_assign_many(request: Request, organization: CurrentOrganization) -> Template:
    """Whom to give them to; which orders, stays on the page behind the dialog."""
    return fragment(request, "orders/_assign_many.html", team=await queries.team(organization), open_dialog="#dialog")


@post("/{org:str}/orders/bulk/assignments", name="orders.assign_many", guards=[agent], status_code=200)
async def assign_many(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Response[str]:
    """Give them all to one person."""
    meant = await meant_by(request, organization, user, now)
    person = await assignments.person(organization, str((await request.form()).get("assignee", "")))
    assigned = await assignments.assign(organization, meant, person, user)
    whom = person.name if person else "nobody"
    same = f" {num(assigned.same)} already were." if assigned.same else ""
    undo = f"/{organization.slug}/orders/bulk/assignments/{assigned.batch}/reversal" if assigned.changed else None
    notice = f"{orders(assigned.changed)} assigned to {whom}.{same}"
    return toast(notice, undo=undo, undo_target="", close_dialog=True)


@post(
    "/{org:str}/orders/bulk/assignments/{batch:str}/reversal",
    name="orders.undo_assign_many",
    guards=[agent],
    status_code=200,
)
async def undo_assign_many(
    request: Request, organization: CurrentOrganization, user: CurrentUser, batch: FromPath[str]
) -> Response[str]:
    """Take one assignment back, but where orders have changed hands since."""
    back = await assignments.reverse(organization, batch, user)
    return toast(f"{orders(back)} given back." if back else "They have changed hands since. Nothing was changed.")


def orders(number: int) -> str:
    return f"{num(number)} order{'' if number == 1 else 's'}"


ROUTES = [remind_many, ask_assign_many, assign_many, undo_assign_many]
