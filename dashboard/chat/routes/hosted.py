"""The chat on a page of our own. It works without scripts, and while the model is away."""

import secrets
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from dashboard import typed
from dashboard.accounts import attempts
from dashboard.accounts.current import Now, public
from dashboard.accounts.forms import address_problem
from dashboard.accounts.tables import Organization
from dashboard.chat import asking, origins, visiting, waiting
from dashboard.chat.forms import LONGEST, WRITE, Asked
from dashboard.chat.routes.api import CALLS, QUESTIONS, may_call, place
from dashboard.chat.routes.threads import TOO_LONG, by_script, renderer
from dashboard.conversations import actions as conversations
from dashboard.errors import Invalid

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
        wrong = TOO_LONG if message else WRITE
        return await _shown(request, organization, now, status_code=422, error=wrong, message=message[:2000])
    await attempts.take([place(request, organization, "asks")], QUESTIONS, now)
    key = f"v:{word}" if (word := typed.text(data, "key")[:80]) else f"r:{secrets.token_hex(12)}"
    asked = Asked(message, visiting.token_of(request, organization), key, "", "", "", None)
    calls = await may_call(request, organization, message, now)
    reply = await asking.ask(organization, asked, now, calls=calls)
    return _back(organization, reply.token)


@post("/chat/{brand:str}/person", name="chat.person", guards=[public], status_code=200, outside=True)
async def call_person(
    request: Request, brand: FromPath[str], now: Now, data: Form
) -> Template | Redirect | Response[dict[str, Any]]:
    """Talk to a person: a ticket, once; the answer comes here, and by mail where an address was given."""
    organization = await origins.organization_of(brand)
    email = typed.text(data, "email").strip()[:255]
    if email and (wrong := address_problem(email)):
        if by_script(request):
            raise Invalid({"email": wrong}, wrong)
        return await _shown(request, organization, now, status_code=422, email=email, email_error=wrong)
    await attempts.take([place(request, organization, "calls")], CALLS, now)
    token = visiting.token_of(request, organization)
    page, origin = origins.seen_at(data, organization)
    asked = Asked("", token, f"r:{secrets.token_hex(12)}", "", email, page, None)
    _, conversation, token = await asking.escalate(organization, asked, now, origin=origin)
    if not by_script(request):
        return _back(organization, token)
    line = await visiting.person(organization, conversation, now)
    return visiting.handed(request, organization, token, {"person": renderer(request)("chat/_person.html", **line)})


@post("/chat/{brand:str}/helped", name="chat.helped", guards=[public], status_code=200, outside=True)
async def thank(
    request: Request, brand: FromPath[str], now: Now, data: Form
) -> Redirect | Response[dict[str, Any]]:  # fmt: skip
    """That helps: the team sees which automatic answer did. Saying it again changes nothing."""
    organization = await origins.organization_of(brand)
    conversation = await visiting.get(request, organization, now)
    await attempts.take([place(request, organization, "thanks")], QUESTIONS, now)
    await conversations.thank(conversation, typed.number(data, "number"))
    token = visiting.token_of(request, organization)
    if not by_script(request):
        return _back(organization, token)
    current = await visiting.again(organization, conversation)
    line = await visiting.person(organization, current, now)
    return visiting.handed(request, organization, token, {"person": renderer(request)("chat/_person.html", **line)})


async def _shown(
    request: Request, organization: Organization, now: datetime, status_code: int = 200, **said: str
) -> Template:
    conversation = await visiting.find(request, organization, now)
    context = {
        "brand": visiting.brand_of(organization), "people": await waiting.people(organization, now),
        "messages": await visiting.said(organization, conversation) if conversation else [], "framed": False,
        "key": secrets.token_hex(12), "slug": organization.slug,
        "typed": {"message": "", "email": "", "error": "", "email_error": ""} | said,
    } | await visiting.person(organization, conversation, now)  # fmt: skip
    return Template("chat/page.html", context=context, status_code=status_code, headers=visiting.HEADERS)


def _back(organization: Organization, token: str) -> Redirect:
    answer = Redirect(f"/chat/{organization.slug}", status_code=303, headers=visiting.HEADERS)
    answer.set_cookie(visiting.cookie_for(organization, token))
    return answer


ROUTES = [show_chat, ask, call_person, thank]
