"""What staff do with the work on an order."""

from zoneinfo import ZoneInfo

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.tables import Organization
from dashboard.database import transaction
from dashboard.errors import Invalid
from dashboard.intake import actions as intake
from dashboard.intake import queries as intakes
from dashboard.orders import actions, assignments, forms, handover, queries, reminders
from dashboard.orders.routes.showing import context, in_drawer, show
from dashboard.orders.tables import Order, Plan
from dashboard.pages import fragment

Form = URLEncodedBody[dict[str, str]]
REMINDED = {
    "sent": "Reminder queued for {name}.",
    "too soon": "{name} was reminded within this hour. Nothing was sent.",
    "not waiting": "Order {number} is not waiting for answers. Nothing was sent.",
    "no address": "There is no address to send a reminder to. Nothing was sent.",
}


@post("/{org:str}/orders/{number:int}/work", name="orders.start", guards=[agent], status_code=200)
async def start(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    order = await actions.start(organization, await queries.get_order(organization, number), user, now)
    return await show(request, organization, number, now, notice=f"Work on order {order.number} started.")


@post("/{org:str}/orders/{number:int}/delivery", name="orders.deliver", guards=[agent], status_code=200)
async def deliver(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    order = await handover.deliver(organization, await queries.get_order(organization, number), user, now)
    return await show(
        request, organization, number, now,
        notice=f"Order {number} marked done. The handover mail leaves in 10 seconds.",
        undo=f"/{organization.slug}/orders/{number}/delivery/{order.handovers}/reversal",
    )  # fmt: skip


@post(
    "/{org:str}/orders/{number:int}/delivery/{handover_nr:int}/reversal", name="orders.undo_deliver", guards=[agent],
    status_code=200,
)  # fmt: skip
async def undo_deliver(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int],
    handover_nr: FromPath[int],
) -> Template:  # fmt: skip
    order = await queries.get_order(organization, number)
    await handover.undo_deliver(organization, order, handover_nr, user, now)
    notice = f"Order {number} is in progress again. The handover mail was not sent."
    return await show(request, organization, number, now, notice=notice)


@get("/{org:str}/orders/{number:int}/cancellation", name="orders.cancel_form", guards=[agent])
async def ask_cancel(request: Request, organization: CurrentOrganization, number: FromPath[int]) -> Template:
    order = await queries.get_order(organization, number)
    return fragment(request, "orders/_cancel.html", order=order, drawer=in_drawer(request), open_dialog="#dialog")


@post("/{org:str}/orders/{number:int}/cancellation", name="orders.cancel", guards=[agent], status_code=200)
async def cancel(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int], data: Form
) -> Template:
    order = await queries.get_order(organization, number)
    await actions.cancel(organization, order, forms.cancel_reason(data), user, now)
    notice = f"Order {number} cancelled. No money was moved and no mail was sent."
    undo = f"/{organization.slug}/orders/{number}/reopening"
    return await show(request, organization, number, now, notice=notice, undo=undo, close_dialog=True)


@post("/{org:str}/orders/{number:int}/reopening", name="orders.reopen", guards=[agent], status_code=200)
async def reopen(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    await actions.reopen(organization, await queries.get_order(organization, number), user)
    return await show(request, organization, number, now, notice=f"Order {number} is open again.")


@get("/{org:str}/orders/{number:int}/assignment", name="orders.assign_form", guards=[agent])
async def ask_assign(request: Request, organization: CurrentOrganization, number: FromPath[int]) -> Template:
    order = await queries.get_order(organization, number)
    return fragment(
        request, "orders/_assign.html", order=order, team=await queries.team(organization), drawer=in_drawer(request),
        open_dialog="#dialog",
    )  # fmt: skip


@post("/{org:str}/orders/{number:int}/assignment", name="orders.assign", guards=[agent], status_code=200)
async def assign(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int], data: Form
) -> Template:
    order = await queries.get_order(organization, number)
    person = await assignments.person(organization, data.get("assignee", ""))
    assigned = await assignments.assign(organization, queries.only(order), person, user)
    whom = person.name if person else "nobody"
    if not assigned.changed:
        notice, undo = f"Order {number} belongs to {whom} already.", None
    else:
        notice = f"Order {number} assigned to {whom}."
        undo = f"/{organization.slug}/orders/{number}/assignment/{assigned.batch}/reversal"
    return await show(request, organization, number, now, notice=notice, undo=undo, close_dialog=True)


@post(
    "/{org:str}/orders/{number:int}/assignment/{batch:str}/reversal", name="orders.undo_assign", guards=[agent],
    status_code=200,
)  # fmt: skip
async def undo_assign(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int],
    batch: FromPath[str],
) -> Template:  # fmt: skip
    await queries.get_order(organization, number)
    back = await assignments.reverse(organization, batch, user)
    notice = "Assignment taken back." if back else "It has changed hands since. Nothing was changed."
    return await show(request, organization, number, now, notice=notice)


@get("/{org:str}/orders/{number:int}/deadline", name="orders.deadline_form", guards=[agent])
async def ask_deadline(request: Request, organization: CurrentOrganization, number: FromPath[int]) -> Template:
    order = await queries.get_order(organization, number)
    return _deadline(request, organization, order, {})


@post("/{org:str}/orders/{number:int}/deadline", name="orders.deadline", guards=[agent], status_code=200)
async def set_deadline(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int], data: Form
) -> Template:
    order = await queries.get_order(organization, number)
    try:
        day = forms.deadline(data)
    except Invalid as problem:
        return _deadline(request, organization, order, problem.fields, data.get("day", ""))
    await actions.set_deadline(organization, order, day, user)
    notice = f"Deadline of order {number} {'set' if day else 'taken away'}. The customer was not told."
    return await show(request, organization, number, now, notice=notice, close_dialog=True)


def _deadline(
    request: Request, organization: Organization, order: Order, errors: dict[str, str], typed: str | None = None
) -> Template:
    due = order.due_at.astimezone(ZoneInfo(organization.time_zone)).date().isoformat() if order.due_at else ""
    return fragment(
        request, "orders/_deadline.html", order=order, value=due if typed is None else typed[:20], errors=errors,
        drawer=in_drawer(request), status_code=422 if errors else 200, open_dialog="" if errors else "#dialog",
    )  # fmt: skip


@get("/{org:str}/orders/{number:int}/plan", name="orders.plan_form", guards=[agent])
async def ask_plan(request: Request, organization: CurrentOrganization, number: FromPath[int]) -> Template:
    order = await queries.get_order(organization, number)
    plans = await Plan.select_of(organization, Plan.id, Plan.name).where(Plan.archived_at.is_null()).order_by(Plan.name)
    return fragment(
        request, "orders/_plan.html", order=order, plans=plans, drawer=in_drawer(request), open_dialog="#dialog"
    )


@post("/{org:str}/orders/{number:int}/plan", name="orders.plan", guards=[agent], status_code=200)
async def choose_plan(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int], data: Form
) -> Template:
    """Choosing the plan of a paid order also asks for its intake."""
    order = await queries.get_order(organization, number)
    plan = await Plan.get_of(organization, forms.number(data, "plan"))
    async with transaction():
        await actions.choose_plan(organization, order, plan, user)
        if order.confirmed_at:
            await intake.request(organization, order, now)
    return await show(request, organization, number, now, notice=f"Order {number} is {plan.name}.", close_dialog=True)


@post("/{org:str}/orders/{number:int}/reminders", name="orders.remind", guards=[agent], status_code=200)
async def remind(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    order = await queries.get_order(organization, number)
    found = await intakes.of_order(organization, order)
    outcome = await reminders.remind(organization, order, found.link if found else "", user, now)
    notice = REMINDED[outcome].format(name=order.customer_name or order.customer_email, number=number)
    return await show(request, organization, number, now, notice=notice)


@post("/{org:str}/orders/{number:int}/notes", name="orders.note", guards=[agent], status_code=200)
async def add_note(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int], data: Form
) -> Template:
    order = await queries.get_order(organization, number)
    try:
        await actions.add_note(organization, order, forms.note(data), user)
    except Invalid as problem:
        facts = await context(organization, number, now)
        return fragment(request, "orders/_note.html", errors=problem.fields, status_code=422, **facts)
    return await show(request, organization, number, now, notice="Note added. Only your team sees it.")


ROUTES = [
    start, deliver, undo_deliver, ask_cancel, cancel, reopen, ask_assign, assign, undo_assign, ask_deadline,
    set_deadline, ask_plan, choose_plan, remind, add_note,
]  # fmt: skip
