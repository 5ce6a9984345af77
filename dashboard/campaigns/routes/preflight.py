"""Before a campaign is launched: whom it is for, what is missing, who would get what and when, a test, the launch."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import (
    audience,
    editor,
    launching,
    planning,
    preflight,
    previewing,
    reaching,
    recipients,
    trial,
)
from dashboard.campaigns.rendering import Texts
from dashboard.campaigns.tables import Campaign
from dashboard.errors import Conflict, Invalid
from dashboard.files.uploads import read_values
from dashboard.leads import queries as leads
from dashboard.lists import counted
from dashboard.pages import fragment, page, redirect
from dashboard.views import queries as views

BASE = "/{org:str}/campaigns/{id:int}"


async def looked(organization: Organization, id: int, user: Visitor, now: datetime) -> dict[str, Any]:
    """What the pre-flight shows."""
    campaign, steps = await editor.find(organization, id), await editor.steps(organization, id)
    checked = await preflight.look(organization, id, user.id, now)
    return {
        "campaign": campaign, "checked": checked, "reach": checked.reach,
        "plan": planning.plan(campaign, steps, checked.reach.people, organization.time_zone, now),
    }  # fmt: skip


@get(BASE + "/preflight", name="campaigns.preflight", guards=[viewer])
async def show_preflight(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """The list of findings, loaded after the editor: it counts the audience and asks the mail provider."""
    return fragment(request, "campaigns/_preflight.html", **await looked(organization, id, user, now))


@post(BASE + "/trial-mail", name="campaigns.test", guards=[agent], status_code=200)
async def send_test(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Every mail of it to whoever asks, and to nobody else."""
    data = dict(await read_values(request))
    campaign, steps = await editor.find(organization, id), await editor.steps(organization, id)
    sent = await trial.send(organization, campaign, steps, typed.number(data, "person"), user, now)
    request.app.state.out_tray.set()
    what = "One test mail" if sent == 1 else f"{sent} test mails"
    facts = await looked(organization, id, user, now)
    return fragment(request, "campaigns/_preflight.html", notice=f"{what} on the way to {user.email}", **facts)


@post(BASE + "/launch", name="campaigns.launch", guards=[agent], status_code=200)
async def launch(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Response:
    """Begin, where nothing stands against it. What only asks has to be answered with a yes."""
    data = dict(await read_values(request))
    campaign = await Campaign.get_of(organization, id)
    checked = await preflight.look(organization, id, user.id, now)
    if campaign.state == "draft":
        if typed.number(data, "revision") != campaign.revision:
            raise Conflict("The campaign was changed meanwhile. Look at it again first. Nothing was launched.")
        if checked.blocked:
            raise Conflict(f"{'. '.join(each.text for each in checked.blocked)}. Nothing was launched.")
        if open_ := [each for each in checked.asks if data.get(f"yes_{each.key}") != "1"]:
            raise Conflict(f"{open_[0].text}. Say yes to that, or leave them out. Nothing was launched.")
    await launching.launch(campaign, user, now)
    return redirect(request, f"/{organization.slug}/campaigns/{id}")


@post(BASE + "/overlap", name="campaigns.leave_out", guards=[agent], status_code=200)
async def leave_out(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    revision: FromQuery[int] = 0,
) -> Response:  # fmt: skip
    """A condition more: nobody who is in one of the campaigns that overlap."""
    campaign = await editor.find(organization, id)
    checked = await preflight.look(organization, id, user.id, now)
    others = ",".join(str(each["id"]) for each in checked.reach.overlaps)
    if others:
        query = _and(campaign["audience"], others)
        await editor.set_audience(organization, id, revision, query, user, now)
    return redirect(request, f"/{organization.slug}/campaigns/{id}/edit")


def _and(query: str, others: str) -> str:
    """The filters with a condition that holds beside all others: a group of its own where one group is not enough."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name.split(".")[-1] in ("match", "groups") for name, _ in pairs):
        return urlencode([*pairs, ("campaign.not", others)])
    if any(name == "groups" for name, _ in pairs):
        raise Conflict("The audience has groups joined by “or”. Leave them out in the audience itself.")
    used = [int(name.split(".")[0]) for name, _ in pairs if name.split(".")[0].isdecimal()]
    return urlencode([*pairs, (f"{max([1, *used]) + 1}.campaign.not", others)])


async def chosen(request: Request, organization: Organization, id: int, user: Visitor, now: datetime) -> dict[str, Any]:
    """What the chooser of an audience shows: the filters in its address."""
    campaign = await editor.find(organization, id)
    filters = await audience.read(organization, request.url.query or "", user.id, now)
    names = await audience.names(organization, filters)
    saved = await views.of_page(organization, user, "leads")
    people = [] if filters.misunderstood else await previewing.people(organization, filters.where)
    return {
        "campaign": campaign, "filters": filters, "groups": filters.chip_groups(names), "sample": people,
        "views": views.tabs(audience.VIEWS, saved, filters), "query": filters.query(),
        "new": filters.query() != campaign["audience"],
    }  # fmt: skip


@get(BASE + "/audience", name="campaigns.audience", guards=[viewer])
async def show_audience(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Choose by the filters of the lead list; the address says which. Nothing changes until somebody says so."""
    facts = await chosen(request, organization, id, user, now)
    return page(request, "campaigns/audience.html", "campaigns/_audience.html", **facts)


@get(BASE + "/audience/count", name="campaigns.count_audience", guards=[viewer])
async def count_audience(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """How many leads these filters find; loaded after the page."""
    await editor.find(organization, id)
    filters = await audience.read(organization, request.url.query or "", user.id, now)
    [found] = await leads.count_leads(organization, [filters])
    return fragment(request, "campaigns/_audience_count.html", found="" if found is None else counted(found))


@post(BASE + "/audience", name="campaigns.set_audience", guards=[agent], status_code=200)
async def set_audience(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Response:
    """Take the filters. One that is not understood would mean more people than were seen, so it is refused."""
    data = dict(await read_values(request))
    query = typed.text(data, "query")[:4000]
    filters = await audience.read(organization, query, user.id, now)
    if filters.misunderstood:
        raise Invalid({}, f"Not understood: {', '.join(filters.misunderstood)}. Nothing was changed.")
    await editor.set_audience(organization, id, typed.number(data, "revision"), filters.query(), user, now)
    return redirect(request, f"/{organization.slug}/campaigns/{id}/edit")


@get(BASE + "/recipients", name="campaigns.recipients", guards=[viewer])
async def show_recipients(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    after: FromQuery[int] = 0,
) -> Template:  # fmt: skip
    """Exactly who would get what and when, and who would not and why."""
    campaign, steps = await editor.find(organization, id), await editor.steps(organization, id)
    found = await recipients.some(organization, campaign, steps, user.id, after, now)
    reach = await reaching.count(organization, campaign, [], user.id, now)
    plan = planning.plan(campaign, steps, reach.people, organization.time_zone, now)
    return page(
        request, "campaigns/recipients.html", "campaigns/_recipients.html", campaign=campaign, steps=steps, reach=reach,
        plan=plan, people=found, after=after, size=recipients.SIZE,
    )  # fmt: skip


@get(BASE + "/preview", name="campaigns.preview", guards=[viewer])
async def show_preview(
    organization: CurrentOrganization, id: FromPath[int], step: FromQuery[int] = 0, person: FromQuery[int] = 0,
    subject: FromQuery[str] = "",
) -> Response[str]:  # fmt: skip
    """One step's mail as this person would get it; with `subject=b` under the second subject."""
    campaign, steps = await editor.find(organization, id), await editor.steps(organization, id)
    each = next((each for each in steps if each["id"] == step), steps[0] if steps else None)
    texts = Texts(each["subject"], each["html"], each["text"]) if each else Texts("No mail yet", "")
    if subject == "b" and isinstance(campaign["trial"], dict):
        texts = texts._replace(subject=str(campaign["trial"].get("subject") or texts.subject))
    lead = await previewing.person(organization, person)
    shown = previewing.shown(texts, lead, organization, from_name=campaign["from_name"])
    return Response(shown, media_type="text/html; charset=utf-8", headers=previewing.HEADERS)


ROUTES = [
    show_preflight, send_test, launch, leave_out, show_audience, count_audience, set_audience, show_recipients,
    show_preview,
]  # fmt: skip
