"""The same for many leads: those that were ticked, or all behind the filters of the page."""

from datetime import datetime
from typing import Any, NamedTuple

from litestar import Request, Response, get, post
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import adding, audience, editor, picking
from dashboard.campaigns.batches import OPENING
from dashboard.database import transaction
from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.formats import day, num
from dashboard.leads import batches, bulk, engine, outcomes, stages, tags
from dashboard.orders import assignments
from dashboard.orders import queries as orders
from dashboard.pages import fragment, redirect, toast

LARGEST_ID = 2**63 - 1


class Chosen(NamedTuple):
    """Which leads are meant: by their ids, or all up to the id `until` behind the filters of a query string."""

    ids: list[int] | None
    until: int = 0
    query: str = ""


async def chosen(request: Request, organization: Organization, user: Visitor, now: datetime) -> Chosen:
    """Those ticked, or with all=1 the filters of the page they were ticked on. A filter that is not understood would
    mean more leads than were seen, so it is refused; so is an id that is nobody's here."""
    data = await request.form()
    if data.get("all") != "1":
        given = [str(each) for each in data.getall("ids", [])]
        ids = [int(each) for each in given if each.isascii() and each.isdecimal() and len(each) < 19]
        if not ids or len(ids) != len(given) or len(ids) > bulk.SMALL:
            raise Invalid({}, "Tick the leads first. Nothing was changed.")
        return Chosen(await bulk.ticked(organization, ids))
    query = str(data.get("query", ""))
    filters = await audience.read(organization, query, user.id, now)
    if filters.misunderstood:
        raise Invalid({}, "These filters were not understood. Reload the page. Nothing was changed.")
    ids, until = await bulk.first_matching(organization, filters)
    return Chosen(ids) if len(ids) <= bulk.SMALL else Chosen(None, until, query)


async def begin(
    request: Request, organization: Organization, user: Visitor, now: datetime, kind: str, said: str,
    params: dict[str, Any],
) -> Response:  # fmt: skip
    """Do it at once where it is a page full, and say what came of it; else show how it goes in the background."""
    meant = await chosen(request, organization, user, now)
    params |= {"until": meant.until} if meant.ids is None else {"ids": meant.ids}
    async with transaction():
        total = len(meant.ids or ())
        id = await batches.start(
            organization, kind, f"Leads {said}", by=user, now=now, params=params, query=meant.query, total=total
        )
        running = await engine.take(id) if meant.ids is not None else None
    href = f"/{organization.slug}/leads/batches/{id}"
    if running is None:
        return redirect(request, href)
    await engine.carry_out(running, OPENING)
    batch = await outcomes.find(organization, id, now)
    undo = f"{href}/reversal" if batch["changed"] else None
    return toast(in_words(batch, said), undo=undo, undo_target="", close_dialog=True)


def in_words(batch: dict[str, Any], said: str) -> str:
    """What came of a batch that is done."""
    counts = batch["counts"]
    parts = [f"{bulk.leads(counts['updated'])} {said}." if counts["updated"] else "Nothing was changed."]
    if counts["skipped"]:
        parts.append(f"{num(counts['skipped'])} already {'was' if counts['skipped'] == 1 else 'were'}.")
    if counts["failed"]:
        parts.append(f"{num(counts['failed'])} could not be changed.")
    return " ".join([*parts, batch["error"]]).strip()


@get("/{org:str}/leads/bulk/assignment/new", name="leads.assign_many_form", guards=[agent])
async def ask_assign_many(request: Request, organization: CurrentOrganization) -> Template:
    """Whom to give them to; which leads, stays on the page behind the dialog."""
    return fragment(
        request, "leads/_assign_many.html", team=await orders.team(organization), open_dialog="#dialog"
    )  # fmt: skip


@post("/{org:str}/leads/bulk/assignment", name="leads.assign_many", guards=[agent], status_code=200)
async def assign_many(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """Give them all to one person, or to nobody."""
    try:
        person = await assignments.person(organization, str((await request.form()).get("owner", "")))
    except Invalid:
        raise NotFound("Nobody of your team is meant. Nothing was changed.") from None
    name = person.name if person else "nobody"
    params = {"owner": person.id if person else None, "name": name}
    return await begin(request, organization, user, now, "assign", f"given to {name}", params)


@get("/{org:str}/leads/bulk/tags/new", name="leads.tag_many_form", guards=[agent])
async def ask_tag_many(request: Request, organization: CurrentOrganization) -> Template:
    return fragment(request, "leads/_tag_many.html", tags=await tags.every(organization), open_dialog="#dialog")


@post("/{org:str}/leads/bulk/tags", name="leads.tag_many", guards=[agent], status_code=200)
async def tag_many(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """Put a tag on them, which may be a new one, or take one off (`off=1`)."""
    data = await request.form()
    given, new, off = str(data.get("tag", "")), str(data.get("new", "")).strip(), data.get("off") == "1"
    if new and not off:
        await chosen(request, organization, user, now)  # nobody's leads make no tag
        tag = await tags.make(organization, new)
    else:
        id = typed.number({"tag": given}, "tag")
        if not id:
            raise Invalid({"tag": "Choose a tag."}, "Choose a tag first. Nothing was changed.")
        tag = {"id": id, "name": (await tags.named(organization, [id]))[id]}
    said = f"without the tag “{tag['name']}”" if off else f"tagged “{tag['name']}”"
    detail = f"{'Removed' if off else 'Added'} {tag['name']}"
    params = {"tags": [tag["id"]], "name": tag["name"], "detail": detail}
    return await begin(request, organization, user, now, "untag" if off else "tag", said, params)


@get("/{org:str}/leads/bulk/stage/new", name="leads.move_many_form", guards=[agent])
async def ask_move_many(request: Request, organization: CurrentOrganization) -> Template:
    return fragment(request, "leads/_move_many.html", steps=await stages.steps(organization), open_dialog="#dialog")


@post("/{org:str}/leads/bulk/stage", name="leads.move_many", guards=[agent], status_code=200)
async def move_many(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """Take them all to one stage. Won is for the deal's value; lost may say why."""
    data = await request.form()
    step = next((step for step in await stages.steps(organization) if step.key == data.get("stage")), None)
    if step is None:
        raise NotFound("There is no such stage. Nothing was changed.")
    reason = " ".join(typed.text({"reason": str(data.get("reason", ""))}, "reason").split())[:200]
    params = {"stage": step.key, "name": step.name, "kind": step.kind, "reason": reason}
    return await begin(request, organization, user, now, "stage", f"moved to {step.name}", params)


@post("/{org:str}/leads/bulk/deletion", name="leads.delete_many", guards=[agent], status_code=200)
async def delete_many(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """Take them away from every page; they can come back for 30 days."""
    return await begin(request, organization, user, now, "delete", "deleted", {})


@get("/{org:str}/leads/bulk/campaign/new", name="leads.enroll_many_form", guards=[agent])
async def ask_enroll_many(request: Request, organization: CurrentOrganization) -> Template:
    """Into which sequence that runs, which draft of picked leads, or into a new draft."""
    known, drafts = await adding.campaigns(organization), await picking.drafts(organization)
    return fragment(request, "leads/_enroll_many.html", campaigns=known, drafts=drafts, open_dialog="#dialog")


@post("/{org:str}/leads/bulk/campaign", name="leads.enroll_many", guards=[agent], status_code=200)
async def enroll_many(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """Take them into a sequence that runs, or into the audience of a draft, a new one without any. A draft sends
    nothing before somebody launches it."""
    data = await request.form()
    id = typed.number({"campaign": str(data.get("campaign", ""))}, "campaign")
    if not id:
        meant = await chosen(request, organization, user, now)
        query = str(data.get("query", "")) if data.get("all") == "1" else picking.audience(meant.ids or [])
        made = await editor.create(organization, {"name": f"Leads of {day(now)}", "start": "blast"}, user, now)
        await editor.set_audience(organization, made, 0, query, user, now)
        return redirect(request, f"/{organization.slug}/campaigns/{made}/edit")
    if draft := next((each for each in await picking.drafts(organization) if each["id"] == id), None):
        meant = await chosen(request, organization, user, now)
        if meant.ids is None:
            raise Conflict("So many are better chosen by a filter, in the draft itself. Nothing was changed.")
        await picking.pick(organization, draft, meant.ids, user, now)
        return redirect(request, f"/{organization.slug}/campaigns/{id}/edit")
    campaign = await adding.campaign(organization, id)
    if campaign is None:
        raise NotFound("This campaign does not run any more. Nothing was changed.")
    params = {"campaign": id, "name": campaign["name"]}
    return await begin(request, organization, user, now, adding.KIND, f"added to “{campaign['name']}”", params)


ROUTES = [
    ask_assign_many, assign_many, ask_tag_many, tag_many, ask_move_many, move_many, delete_many, ask_enroll_many,
    enroll_many,
]  # fmt: skip
