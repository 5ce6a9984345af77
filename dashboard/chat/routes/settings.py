"""The settings of the chat: which sites may use it, what the assistant may cost, and the secret identities are
signed with."""

import re
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, get, post
from litestar.params import URLEncodedBody
from litestar.response import Template

from dashboard import links, typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.assistant import answering, budget
from dashboard.chat import identity, origins
from dashboard.database import rows, transaction
from dashboard.errors import Invalid
from dashboard.pages import fragment, page

MOST_ORIGINS, MOST_DOLLARS = 20, 1000
HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")


@get("/{org:str}/settings/support", name="support.settings", guards=[admin])
async def show_settings(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """What is chosen now."""
    return page(request, "chat/settings.html", "chat/_settings.html", **await _shown(organization, now))


@post("/{org:str}/settings/support", name="support.save_settings", guards=[admin], status_code=200)
async def save_settings(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now,
    data: URLEncodedBody[dict[str, str]],
) -> Template:  # fmt: skip
    """Keep what was chosen; other keys of the support settings stay."""
    values = {name: typed.text(data, name)[:5000] for name in ("origins", "hosts", "cap")}
    try:
        chosen = parse(values)
    except Invalid as problem:
        context = await _shown(organization, now) | {"values": values, "errors": problem.fields}
        return fragment(request, "chat/_settings.html", status_code=422, **context)
    async with transaction():
        await rows("UPDATE organization SET support = support || {} WHERE id = {}", chosen, organization.id)
        await activity.record(
            organization, "organization", organization.id, "chat_settings", "Chat settings changed", by=user
        )
    saved = await Organization.objects().where(Organization.id == organization.id).first()
    assert saved is not None
    return fragment(request, "chat/_settings.html", notice="Saved", **await _shown(saved, now))


@post("/{org:str}/settings/support/secret", name="support.renew_secret", guards=[admin], status_code=200)
async def renew_secret(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now,
    data: URLEncodedBody[dict[str, str]],
) -> Template:  # fmt: skip
    """Another secret instead of the one that was shown, `version`; or, to take that back, the one before it again."""
    version, back = typed.number(dict(data), "version"), request.query_params.get("back") == "1"
    version = typed.number(dict(request.query_params), "version") if back else version
    changed = await identity.renew(organization, version, user, back=back)
    saved = await Organization.objects().where(Organization.id == organization.id).first()
    assert saved is not None
    notice = "Another secret was made since. Nothing was changed."
    if changed:
        notice = "The old secret works again." if back else "The old secret does not work any more."
    undo = (
        f"/{organization.slug}/settings/support/secret?back=1&version={version + 1}" if changed and not back else None
    )
    return fragment(
        request, "chat/_settings.html", notice=notice, undo=undo, undo_target="#chat-form", **await _shown(saved, now)
    )


def parse(values: dict[str, str]) -> dict[str, Any]:
    """origins: one site a line, as a browser says it; hosts: one name a line, to which answers may link; cap: US
    dollars a day. Invalid where one makes no sense."""
    problems = {}
    sites = list(dict.fromkeys(line.strip().rstrip("/").lower() for line in values["origins"].split() if line.strip()))
    wrong = [each for each in sites if not origins.ORIGIN.fullmatch(each) or not urlsplit(each).hostname]
    if wrong or len(sites) > MOST_ORIGINS:
        problems["origins"] = (
            f"{wrong[0][:60]} is no site. Write it like https://www.company.com, one on each line."
            if wrong
            else f"At most {MOST_ORIGINS} sites."
        )
    hosts = list(dict.fromkeys(line.strip().rstrip("/").lower() for line in values["hosts"].split()))
    hosts = [each.removeprefix("https://").removeprefix("http://") for each in hosts]
    strange = [each for each in hosts if not HOST.fullmatch(each)]
    if strange or len(hosts) > MOST_ORIGINS:
        problems["hosts"] = (
            f"{strange[0][:60]} is no name of a site. Write it like www.company.com, one on each line."
            if strange
            else f"At most {MOST_ORIGINS} sites."
        )
    cap = values["cap"].strip().replace(",", ".")
    dollars = float(cap) if cap.replace(".", "", 1).isdecimal() and cap.isascii() and len(cap) < 10 else -1.0
    if not 0 <= dollars <= MOST_DOLLARS:
        problems["cap"] = f"Write an amount from 0 to {MOST_DOLLARS}, like 5."
    if problems:
        raise Invalid(problems)
    return {"origins": sites, "link_hosts": hosts, "daily_cap_micros": round(dollars * 1_000_000)}


async def _shown(organization: Organization, now: Any) -> dict[str, Any]:
    cap = budget.cap_of(organization)
    sites, hosts = origins.listed(organization), answering.linked(organization)
    values = {"origins": "\n".join(sites), "hosts": "\n".join(hosts), "cap": f"{cap / 1_000_000:g}"}
    spent = await budget.spent(organization, now.date())
    return {
        "values": values, "errors": {}, "spent": f"{spent / 1_000_000:.2f}", "secret": identity.secret_of(organization),
        "secret_version": identity.version_of(organization),
        "sites": origins.listed(organization), "snippet": snippet(organization),
        "page": links.inside(f"/chat/{organization.slug}"),
    }  # fmt: skip


def snippet(organization: Organization) -> str:
    """What a site pastes before the end of its body. Without scripts it is a link to our own page."""
    script, page = links.inside(f"/embed/{organization.slug}.js"), links.inside(f"/chat/{organization.slug}")
    return f'<script async src="{script}"></script>\n<noscript><a href="{page}">Ask us in the chat</a></noscript>'


ROUTES = [show_settings, save_settings, renew_secret]
