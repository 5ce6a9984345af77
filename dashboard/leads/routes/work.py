"""What staff do with a lead in one click: stage, owner, reminder, contact."""

from datetime import timedelta

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.tables import Organization
from dashboard.errors import Conflict, Invalid
from dashboard.formats import day, start_of_day
from dashboard.leads import changes, closing, detail, forms
from dashboard.leads.routes.dialogs import dialog
from dashboard.leads.routes.showing import show, today
from dashboard.orders import assignments
from dashboard.orders import queries as orders

Form = URLEncodedBody[dict[str, str]]
MORNING, NOON = timedelta(hours=9), timedelta(hours=12)


@post("/{org:str}/leads/{id:int}/stage", name="leads.move", guards=[agent], status_code=200)
async def move(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """Take it to an open stage. Won and lost have forms of their own, because they need more than a click."""
    lead = await detail.shown(organization, id)
    step = next((step for step in lead["steps"] if step.key == data.get("stage")), None)
    if step is None:
        raise Invalid({"stage": "Choose one of the stages."}, "There is no such stage. Nothing was changed.")
    if step.kind != "open":
        raise Conflict(f"{step.name} needs its amount or reason. Nothing was changed.")
    done = await closing.move(organization, id, step, now, user)
    notice = f"{lead['who']} moved to {step.name}." if done.done else f"{lead['who']} is in {step.name} already."
    return await show(request, organization, id, now, notice, done)


@get("/{org:str}/leads/{id:int}/assignment", name="leads.assign_form", guards=[agent])
async def ask_owner(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    lead = await detail.shown(organization, id)
    team = await orders.team(organization)
    return dialog(request, "leads/_assign.html", lead, {"owner": str(lead["owner"] or "")}, team=team)


@post("/{org:str}/leads/{id:int}/assignment", name="leads.assign", guards=[agent], status_code=200)
async def give_owner(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    person = await assignments.person(organization, typed.text(data, "owner"))
    done = await changes.give_owner(
        organization, id, person.id if person else None, person.name if person else "", user
    )
    whom = person.name if person else "nobody"
    notice = f"Given to {whom}." if done.done else f"It belongs to {whom} already."
    return await show(request, organization, id, now, notice, done)


@post("/{org:str}/leads/{id:int}/ownership", name="leads.take", guards=[agent], status_code=200)
async def take(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Response:
    """Make oneself the owner of a lead nobody owns."""
    lead = await detail.shown(organization, id)
    if lead["owner"] not in (None, user.id):
        raise Conflict(f"{lead['owner_name']} has taken {lead['who']}. Nothing was changed.")
    done = await changes.give_owner(organization, id, user.id, user.name, user)
    return await show(request, organization, id, now, f"{lead['who']} is yours.", done)


@get("/{org:str}/leads/{id:int}/reminder", name="leads.remind_form", guards=[agent])
async def ask_reminder(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    lead = await detail.shown(organization, id)
    return await _reminder(request, organization, lead, {"day": "", "whom": str(user.id)})


@post("/{org:str}/leads/{id:int}/reminder", name="leads.remind", guards=[agent], status_code=200)
async def remind(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """Put the lead on Today from that morning on."""
    lead = await detail.shown(organization, id)
    try:
        when = forms.reminder(data, today(organization, now))
    except Invalid as problem:
        return await _reminder(request, organization, lead, data, problem.fields)
    person = await assignments.person(organization, typed.text(data, "whom"))
    at = start_of_day(when, organization.time_zone) + MORNING
    said = f"{day(when, weekday=True)}, {person.name if person else 'everybody'}"
    done = await changes.remind(organization, id, at, person.id if person else None, said, user)
    notice = f"On Today from {day(when, weekday=True)}." if done.done else "That reminder is set already."
    return await show(request, organization, id, now, notice, done)


@post("/{org:str}/leads/{id:int}/reminder/removal", name="leads.reminded", guards=[agent], status_code=200)
async def reminded(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Response:
    done = await changes.remind(organization, id, None, None, "", user)
    notice = "Reminder ticked off." if done.done else "There is no reminder any more."
    return await show(request, organization, id, now, notice, done)


@get("/{org:str}/leads/{id:int}/contacts", name="leads.contact_form", guards=[agent])
async def ask_contact(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Template:
    lead = await detail.shown(organization, id)
    values = {"how": "call", "day": today(organization, now).isoformat(), "said": "", "once": typed.once()}
    return dialog(request, "leads/_contact.html", lead, values)


@post("/{org:str}/leads/{id:int}/contacts", name="leads.contact", guards=[agent], status_code=200)
async def contact(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """Count a contact: a call, a meeting, a mail that did not leave from here."""
    lead, current = await detail.shown(organization, id), today(organization, now)
    word = typed.token(data)
    try:
        how, when, said = forms.contact(data, current)
    except Invalid as problem:
        return dialog(request, "leads/_contact.html", lead, data, problem.fields)
    at = now if when == current else start_of_day(when, organization.time_zone) + NOON
    done = await changes.contacted(organization, id, forms.WAYS[how], at, said, word, user)
    return await show(request, organization, id, now, "Contact noted.", done)


async def _reminder(
    request: Request,
    organization: Organization,
    lead: dict,
    values: dict[str, str],
    errors: dict[str, str] | None = None,
) -> Template:
    team = await orders.team(organization)
    return dialog(request, "leads/_reminder.html", lead, values, errors, team=team)


ROUTES = [
    move, ask_owner, give_owner, take, ask_reminder, remind, reminded, ask_contact, contact,
]  # fmt: skip
