"""Connections to the outside: what is connected, testing, connecting, disconnecting."""

from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import links
from dashboard.accounts import channels, confirmation, connections, credentials, entrance
from dashboard.accounts.channels import Channel
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import rows, transaction
from dashboard.deliveries import held
from dashboard.errors import Invalid
from dashboard.pages import fragment, page

HELD = "SELECT kind, count(*) AS n FROM delivery WHERE organization = {} AND state = 'held' GROUP BY kind"
LAST_EVENT = "SELECT max(received_at) AS at FROM inbound_event WHERE organization = {} AND sender = 'stripe'"
LIST = "settings/_integrations.html"


async def _context(organization: Organization, user: Visitor, now: datetime) -> dict[str, Any]:
    waiting = {each["kind"]: each["n"] for each in await rows(HELD, organization.id)}
    last = await rows(LAST_EVENT, organization.id)
    return {
        "lines": await connections.lines(organization, await credentials.integrations_for(organization.id)),
        "held": {
            key: sum(waiting.get(kind, 0) for kind in channel.releases) for key, channel in channels.CHANNELS.items()
        },
        "last_event": last[0]["at"],
        "webhook_addresses": [
            (name, links.inside(f"/webhooks/{name.lower()}/{organization.slug}")) for name in ("Stripe", "Resend")
        ],
        "fresh": user.confirmed_lately(now),
    }  # fmt: skip


@get("/{org:str}/settings/integrations", name="settings.integrations", guards=[viewer])
async def show_integrations(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template:
    """Every connection with its state, where its secrets come from, and what its last test said."""
    return page(request, "settings/integrations.html", LIST, **await _context(organization, user, now))


@post("/{org:str}/settings/integrations/{channel:str}/test", name="settings.test", guards=[admin], status_code=200)
async def test_channel(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, channel: FromPath[str]
) -> Template:
    """Ask the provider something harmless and show its answer."""
    said = await _test(organization, channels.get(channel), now)
    return fragment(request, LIST, notice=said, **await _context(organization, user, now))


async def _test(organization: Organization, channel: Channel, now: datetime) -> str:
    """What came of it. A connection that works lets go what it was holding."""
    outside = await credentials.integrations_for(organization.id)
    works, said = await connections.test(organization, channel, outside, now)
    released = await held.release_held(organization.id, list(channel.releases), now) if works else 0
    if not released:
        return said
    return f"{said} {released} held {'message is' if released == 1 else 'messages are'} on the way."


@post("/{org:str}/settings/integrations/{channel:str}", name="settings.connect", guards=[admin], status_code=200)
async def connect_channel(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, channel: FromPath[str],
    data: URLEncodedBody[dict[str, str]],
) -> Template:  # fmt: skip
    """Keep the secrets, test them, and let go what waited for them. What was typed is never sent back."""
    found = channels.get(channel)
    known = next(
        line.sources
        for line in await connections.lines(organization, await credentials.integrations_for(organization.id))
        if line.channel is found
    )
    try:
        values = channels.parse(found, data, known)
        await confirmation.confirm_in(user, data, entrance.address_of(request), now)
    except Invalid as problem:
        return fragment(
            request, "settings/_connect.html", status_code=422, channel=found, sources=known, errors=problem.fields,
            fresh=user.confirmed_lately(now),
        )  # fmt: skip
    async with transaction():
        await connections.connect(organization, found, values, user, now)
        await activity.record(
            organization, "organization", organization.id, "connected", f"{found.name} connected", by=user
        )
    notice = f"{found.name} connected. {await _test(organization, found, now)}"
    context = await _context(organization, user, now) | {"fresh": True}
    return fragment(request, LIST, notice=notice, close_dialog=True, **context)


@post(
    "/{org:str}/settings/integrations/{channel:str}/removal",
    name="settings.disconnect",
    guards=[admin],
    status_code=200,
)
async def disconnect_channel(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, channel: FromPath[str],
    data: URLEncodedBody[dict[str, str]],
) -> Template:  # fmt: skip
    """Delete the secrets that were entered here. Messages for it are held from now on."""
    found = channels.get(channel)
    try:
        await confirmation.confirm_in(user, data, entrance.address_of(request), now)
    except Invalid as problem:
        return fragment(
            request, "settings/_disconnect.html", status_code=422, channel=found, errors=problem.fields, fresh=False
        )
    async with transaction():
        gone = await connections.disconnect(organization, found)
        if gone:
            title = f"{found.name} disconnected"
            await activity.record(organization, "organization", organization.id, "disconnected", title, by=user)
    notice = f"{found.name} disconnected. Its secrets are deleted."
    context = await _context(organization, user, now) | {"fresh": True}
    return fragment(request, LIST, notice=notice, close_dialog=True, **context)


ROUTES = [show_integrations, test_channel, connect_channel, disconnect_channel]
