"""The support addresses for widgets, the company's own server and staff tools. JSON in, JSON out."""

import hmac
from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response, get, post, route
from litestar.enums import HttpMethod
from litestar.params import FromQuery

from dashboard import answers, settings
from dashboard.accounts import attempts, credentials
from dashboard.accounts.attempts import Limit
from dashboard.accounts.current import Now, machine, public
from dashboard.accounts.entrance import address_of
from dashboard.accounts.tables import Organization
from dashboard.assistant import escalation
from dashboard.chat import asking, forms, identity, origins
from dashboard.errors import DashboardError, Invalid, NotAllowed, NotFound, TooMany
from dashboard.leads.tables import Lead
from dashboard.tickets import queries as tickets
from dashboard.tickets.tables import TicketStatus

LOOKS = Limit(120, timedelta(minutes=1))  # at what is connected, and at tickets
QUESTIONS = Limit(30, timedelta(minutes=5))  # from one place, to one organization
CALLS = Limit(8, timedelta(minutes=10))  # for a person


def both(name: str) -> list[str]:
    """The address for the first organization, and the one that names it."""
    return [f"/api/support/{name}", f"/api/support/{{brand:str}}/{name}"]


async def asked_of(request: Request) -> Organization:
    return await origins.organization_of(request.path_params.get("brand", ""))


def with_origin(request: Request, problem: DashboardError) -> Response:
    """Errors, too, may be read by a listed site's page."""
    answer = answers.answer(request, problem)
    answer.headers.update(request.scope.get("origin_headers", {"Vary": "Origin"}))  # type: ignore[call-overload]
    return answer


# Strangers and other sites post here: what they may do is in the body, and no cookie counts.
OPEN: dict[str, Any] = {"outside": True, "any_site": True, "exception_handlers": {DashboardError: with_origin}}


@route([*both("public"), *both("private"), *both("escalate")], http_method=HttpMethod.OPTIONS, name="support.preflight",
       guards=[public], **OPEN)  # fmt: skip
async def preflight(request: Request) -> Response:
    """What a browser asks before it posts from another site."""
    return Response(None, status_code=204, headers=origins.preflight(request, await asked_of(request)))


@get(both("health"), name="support.health", guards=[public], exception_handlers={DashboardError: with_origin})
async def health(request: Request, now: Now) -> Response[dict[str, Any]]:
    """What is connected, for machines and listed sites."""
    organization = await asked_of(request)
    headers = origins.allowed(request, organization)
    await attempts.take([place(request, organization, "looks")], LOOKS, now)
    its = await credentials.integrations_for(organization.id)
    body = {
        "status": "ok", "openai_configured": its.openai.configured, "telegram_configured": its.telegram.configured,
        "whatsapp_configured": its.whatsapp.configured,
    }  # fmt: skip
    return Response(body, headers=headers)


@post(both("public"), name="support.ask", guards=[public], status_code=200, **OPEN)
async def ask(request: Request, now: Now) -> Response[dict[str, Any]]:
    """Answer from the knowledge alone."""
    organization = await asked_of(request)
    headers = origins.allowed(request, organization)
    asked = await forms.parse(request)
    await attempts.take([place(request, organization, "asks")], QUESTIONS, now)
    reply = await asking.ask(organization, asked, now, origin=request.headers.get("origin", ""))
    return Response(told(reply), headers=headers)


@post(both("private"), name="support.ask_signed", guards=[machine], status_code=200, **OPEN)
async def ask_signed(request: Request, now: Now) -> Response[dict[str, Any]]:
    """Answer a customer whose identity the company's server has signed; their own orders may be spoken of."""
    organization = await asked_of(request)
    headers = origins.allowed(request, organization)
    try:
        asked = await forms.parse(request, needs_message=False)
    except Invalid:  # what cannot be read proves nothing
        raise NotAllowed(identity.REFUSED) from None
    email, name = identity.proven(organization, asked.identity, now)
    if not asked.message:
        raise Invalid({"message": forms.WRITE})
    # The company's own server asks for all its customers from one place, so each of them has a limit of their own.
    await attempts.take([f"support:asks:{organization.id}:{attempts.account(email)}"], QUESTIONS, now)
    lead = await known(organization, email)
    asked = forms.Asked(asked.message, asked.conversation, asked.key, name, email, asked.page, None)
    reply = await asking.ask(
        organization, asked, now, lead=lead, identified=True, origin=request.headers.get("origin", "")
    )
    return Response(told(reply) | {"ticketId": reply.ticket}, headers=headers)


@post(both("escalate"), name="support.escalate", guards=[public], status_code=200, **OPEN)
async def escalate(request: Request, now: Now) -> Response[dict[str, Any]]:
    """Call a person: a ticket and an alert to the team, once."""
    organization = await asked_of(request)
    headers = origins.allowed(request, organization)
    asked = await forms.parse(request, needs_message=False)
    if not asked.message and not asked.conversation:
        raise Invalid({"message": "Write what it is about, or name the conversation."})
    lead, identified = None, False
    if asked.identity is not None:
        email, _ = identity.proven(organization, asked.identity, now)
        lead, identified = await known(organization, email), True
    await attempts.take([place(request, organization, "calls")], CALLS, now)
    number, conversation, token = await asking.escalate(
        organization, asked, now, lead=lead, identified=identified, origin=request.headers.get("origin", "")
    )
    message = f"A person will answer: ticket {number}. The answer comes here{asking.also(conversation)}."
    body = {"status": "open", "ticketId": number, "message": message, "conversationId": token}
    return Response(body, headers=headers)


@get(both("tickets"), name="support.tickets", guards=[machine])
async def list_tickets(
    request: Request, now: Now, limit: FromQuery[int] = 50, status: FromQuery[str] = ""
) -> Response[dict[str, Any]]:
    """The newest tickets and how many there are, for staff tools that know the internal secret."""
    secret = settings.current().internal_api_secret
    if not secret:
        raise NotFound()
    await attempts.take([f"support:tickets:{attempts.place(address_of(request))}"], LOOKS, now)
    if not hmac.compare_digest(request.headers.get("x-internal-secret", "").encode(), secret.encode()):
        raise NotAllowed("The header X-Internal-Secret is missing or wrong.")
    if status and status not in [each.value for each in TicketStatus]:
        raise Invalid({"status": "Known are open, waiting, solved and closed."})
    organization = await asked_of(request)
    found = await tickets.latest(organization, status, max(1, min(limit, 200)))
    shown = [
        {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in each.items()}
        for each in found
    ]
    body = {"tickets": shown, "stats": await tickets.stats(organization)}
    return Response(body, headers={"Cache-Control": "no-store"})


def told(reply: asking.Reply) -> dict[str, Any]:
    """An answer as JSON. Sources say where, not what else we know about them."""
    sources = [
        {"title": each.get("title", "Your orders"), "heading": each.get("heading", ""), "slug": each.get("slug", ""),
         "anchor": each.get("anchor", "")}
        for each in reply.sources
    ]  # fmt: skip
    return {
        "reply": reply.text, "sources": sources, "escalationSuggested": reply.suggests_person,
        "conversationId": reply.token,
    }  # fmt: skip


def place(request: Request, organization: Organization, what: str) -> str:
    return f"support:{what}:{organization.id}:{attempts.place(address_of(request))}"


async def may_call(request: Request, organization: Organization, text: str, now: datetime) -> bool:
    """Whether a message may call a person by itself: as often as somebody may ask for one. It is kept either way."""
    if not escalation.reason_in(text):
        return True
    try:
        await attempts.take([place(request, organization, "calls")], CALLS, now)
    except TooMany:
        return False
    return True


async def known(organization: Organization, email: str) -> Lead | None:
    return await Lead.of(organization).where(Lead.email_normalized == email, Lead.deleted_at.is_null()).first()


ROUTES = [preflight, health, ask, ask_signed, escalate, list_tickets]
