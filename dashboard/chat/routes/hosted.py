"""The chat on a page of our own. It works without scripts, and while the model is away."""

import secrets
from typing import Any

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from dashboard import typed
from dashboard.accounts import attempts
from dashboard.accounts.current import Now, public
from dashboard.accounts.forms import address_problem
from dashboard.accounts.tables import Organization
from dashboard.chat import asking, origins
from dashboard.chat.forms import LONGEST, WRITE, Asked
from dashboard.chat.routes.api import CALLS, QUESTIONS, place
from dashboard.conversations import actions as conversations
from dashboard.conversations import queries
from dashboard.conversations.actions import RESUMES
from dashboard.formats import initials
from dashboard.tickets import actions as tickets

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "strict-origin"}
Form = URLEncodedBody[dict[str, str]]


@get("/chat/{brand:str}", name="chat.page", guards=[public])
async def show_chat(request: Request, brand: FromPath[str], now: Now) -> Template:
    """The visitor's thread, or the beginning of one. Looking changes nothing."""
    return await _shown(request, await origins.organization_of(brand), now)


@post("/chat/{brand:str}", name="chat.ask", guards=[public], status_code=200, outside=True)
async def ask(request: Request, brand: FromPath[str], now: Now, data: Form) -> Template | Redirect:
    """Keep the message and answer it; then the page again."""
    organization = await origins.organization_of(brand)
    message = typed.text(data, "message").strip()
    if not message or len(message) > LONGEST:
        wrong = "This message is too long. Send it in parts." if message else WRITE
        return await _shown(request, organization, now, status_code=422, error=wrong, message=message[:2000])
    await attempts.take([place(request, organization, "asks")], QUESTIONS, now)
    key = f"v:{word}" if (word := typed.text(data, "key")[:80]) else f"r:{secrets.token_hex(12)}"
    asked = Asked(message, request.cookies.get(_cookie_name(organization), ""), key, "", "", "", None)
    reply = await asking.ask(organization, asked, now)
    return _back(organization, reply.token)


@post("/chat/{brand:str}/person", name="chat.person", guards=[public], status_code=200, outside=True)
async def call_person(request: Request, brand: FromPath[str], now: Now, data: Form) -> Template | Redirect:
    """Talk to a person: a ticket, once; the answer comes here, and by mail where an address was given."""
    organization = await origins.organization_of(brand)
    email = typed.text(data, "email").strip()[:255]
    if email and address_problem(email):
        return await _shown(
            request, organization, now, status_code=422, email=email, email_error=address_problem(email)
        )
    await attempts.take([place(request, organization, "calls")], CALLS, now)
    token = request.cookies.get(_cookie_name(organization), "")
    asked = Asked("", token, f"r:{secrets.token_hex(12)}", "", email, "", None)
    _, _, token = await asking.escalate(organization, asked, now)
    return _back(organization, token)


async def _shown(
    request: Request, organization: Organization, now: Any, status_code: int = 200, **said: str
) -> Template:
    token = request.cookies.get(_cookie_name(organization), "")
    conversation = await conversations.resume(organization, token, now)
    messages = await queries.thread(conversation) if conversation else []
    ticket = await tickets.number_of(organization, conversation) if conversation else None
    context = {
        "brand": {
            "name": organization.name, "initials": initials(organization.name), "colour": organization.colour,
            "postal_address": organization.postal_address,
        },
        "base": f"/chat/{organization.slug}", "messages": messages, "ticket": ticket, "key": secrets.token_hex(12),
        "also": asking.also(conversation) if conversation else "", "now": now, "zone": organization.time_zone,
        "typed": {"message": "", "email": "", "error": "", "email_error": ""} | said,
    }  # fmt: skip
    return Template("chat/page.html", context=context, status_code=status_code, headers=HEADERS)


def _back(organization: Organization, token: str) -> Redirect:
    """To the page, which knows its thread by a cookie that scripts cannot read."""
    answer = Redirect(f"/chat/{organization.slug}", status_code=303, headers=HEADERS)
    answer.set_cookie(
        Cookie(
            key=_cookie_name(organization), value=token, path="/", secure=True, httponly=True, samesite="lax",
            max_age=int(RESUMES.total_seconds()),
        )
    )  # fmt: skip
    return answer


def _cookie_name(organization: Organization) -> str:
    return f"__Host-chat-{organization.id}"


ROUTES = [show_chat, ask, call_person]
