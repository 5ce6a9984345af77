"""What is known of a person: shown, given to them, withdrawn, forgotten. And how long leads are kept."""

import json
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, agent, viewer
from dashboard.accounts.entrance import address_of
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.deliveries import suppressed
from dashboard.erasure import actions, belongings, consents, export, log, retention
from dashboard.errors import Invalid, NotFound
from dashboard.leads import detail
from dashboard.leads.references import described
from dashboard.leads.tables import Lead
from dashboard.pages import fragment, page

Form = URLEncodedBody[dict[str, str]]
WHOLE, PART = "erasure/person.html", "erasure/_person.html"
SETTINGS, RETENTION = "settings/privacy.html", "settings/_retention.html"
SURE = "erase"


@get("/{org:str}/leads/{id:int}/privacy", name="privacy.person", guards=[agent])
async def show_person(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Consents, what is stored, and what forgetting them would do."""
    return page(request, WHOLE, PART, **await _person(organization, id, user, now))


@get("/{org:str}/leads/{id:int}/privacy.json", name="privacy.export", guards=[agent])
async def download(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Response:
    """Everything about them, as a file."""
    await detail.shown(organization, id)
    if asked := confirmation.before_file(request, user, now):
        return asked
    found = await export.export(organization, id, now)
    body = json.dumps(found, ensure_ascii=False, indent=1, default=str).encode()
    headers = {"Content-Disposition": f'attachment; filename="lead-{id}.json"', "Cache-Control": "no-store"}
    return Response(body, media_type="application/json", headers=headers)


@post(
    "/{org:str}/leads/{id:int}/consents/{consent:int}/withdrawal", name="privacy.withdraw", guards=[agent],
    status_code=200,
)  # fmt: skip
async def withdraw(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    consent: FromPath[int],
) -> Template:  # fmt: skip
    """They have told us that they agree no longer."""
    await consents.withdraw(organization, id, consent, now, user)
    return fragment(request, PART, notice="Consent withdrawn.", **await _person(organization, id, user, now))


@post("/{org:str}/leads/{id:int}/erasure", name="privacy.erase", guards=[admin], status_code=200)
async def erase(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template:
    """Forget them, after a fresh password and a word typed by hand: there is no way back."""
    context = await _person(organization, id, user, now)
    try:
        if typed.text(data, "sure").strip().lower() != SURE:
            raise Invalid({"sure": f"Write “{SURE}” to go on."})
        await confirmation.confirm_in(user, data, address_of(request), now)
    except Invalid as problem:
        asks = confirmation.FIELD in problem.fields or not user.confirmed_lately(now)
        return fragment(
            request, PART, status_code=422, **context | {"errors": problem.fields, "asks_password": asks}
        )  # fmt: skip
    counts = await actions.erase(organization, [id], "asked", now, user)
    done = described(counts, belongings.WORDS | dict.fromkeys(set(counts) - set(belongings.WORDS), ("", "")))
    return fragment(request, "erasure/_erased.html", who=context["lead"]["who"], done=done, notice="Forgotten.")


async def _person(organization: Organization, id: int, user: Visitor, now: datetime) -> dict[str, Any]:
    if id >= 2**63:
        raise NotFound("There is no lead at this address.")
    lead = await detail.shown(organization, id)
    person = await belongings.find(organization.id, [id])
    counts = await belongings.count(person)
    kept = {rule.table for rule in belongings.RULES if rule.kept}
    goes = {table: number for table, number in counts.items() if table in belongings.WORDS and table not in kept}
    stays = {table: number for table, number in counts.items() if table in belongings.WORDS and table in kept}
    barred = await suppressed.barred(organization, person.addresses)
    return {
        "lead": lead, "consents": await consents.of_lead(organization, id), "now": now, "zone": organization.time_zone,
        "goes": described(goes, belongings.WORDS), "stays": described(stays, belongings.WORDS),
        "others": len(await Lead.select_of(organization, Lead.id).where(Lead.merged_into == id)),
        "open_orders": await log.open_orders(person), "barred": [said.split(",")[0] for said in barred.values()],
        "errors": {}, "asks_password": not user.confirmed_lately(now), "sure": SURE,
    }  # fmt: skip


@get("/{org:str}/settings/privacy", name="settings.privacy", guards=[viewer])
async def show_settings(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """How long leads are kept, and who was forgotten."""
    days = retention.days_of(organization)
    return page(
        request, SETTINGS, RETENTION, typed=str(days or ""), days=days, errors={},
        count=await retention.count(organization, days, now), erasures=await log.erasures(organization), now=now,
        zone=organization.time_zone,
    )  # fmt: skip


@get("/{org:str}/settings/privacy/preview", name="settings.retention_preview", guards=[admin])
async def preview(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """How many leads a number of days would take tonight."""
    try:
        days = retention.parse(request.query_params.get("keep_leads", ""))
    except Invalid:
        days = 0
    count = await retention.count(organization, days, now)
    return fragment(request, "settings/_retention_count.html", days=days, count=count)


@post("/{org:str}/settings/privacy", name="settings.save_retention", guards=[admin], status_code=200)
async def save(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, data: Form
) -> Template:
    """Keep that many days. The first night comes at three."""
    given = typed.text(data, "keep_leads")
    try:
        days = retention.parse(given)
    except Invalid as problem:
        shown = given[:20]
        return fragment(request, RETENTION, status_code=422, typed=shown, days=0, count=0, errors=problem.fields)
    await retention.set_days(organization, days, user)
    return fragment(
        request, RETENTION, typed=str(days or ""), days=days, errors={}, notice="Saved.",
        count=await retention.count(organization, days, now),
    )  # fmt: skip


ROUTES = [show_person, download, withdraw, erase, show_settings, preview, save]
