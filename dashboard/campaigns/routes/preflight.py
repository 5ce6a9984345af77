"""Before a campaign is launched: what is missing, who would get what and when, a test, the launch."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import (
    conditions,
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
from dashboard.campaigns.routes.editor import BASE
from dashboard.campaigns.tables import Campaign
from dashboard.errors import Conflict
from dashboard.files.uploads import read_values
from dashboard.leads import tags
from dashboard.pages import fragment, page, redirect


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
            raise Conflict(launching.MEANWHILE)
        if checked.blocked:
            raise Conflict(f"{'. '.join(each.text for each in checked.blocked)}. Nothing was launched.")
        if open_ := [each for each in checked.asks if data.get(f"yes_{each.key}") != "1"]:
            raise Conflict(f"{open_[0].text}. Say yes to that, or leave them out. Nothing was launched.")
    await launching.launch(campaign, user, now)
    return redirect(request, f"/{organization.slug}/campaigns/{id}")


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
    names = {each["id"]: each["name"] for each in await tags.every(organization)}
    return page(
        request, "campaigns/recipients.html", "campaigns/_recipients.html", campaign=campaign, steps=steps, reach=reach,
        plan=plan, people=found, after=after, size=recipients.SIZE, limited=planning.limits(campaign),
        in_words={each["id"]: conditions.words(each["condition"] or {}, names) for each in steps},
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


ROUTES = [show_preflight, send_test, launch, show_recipients, show_preview]
