"""Who visits the chat, what they may see of it, and what their page shows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from litestar import Request, Response
from litestar.datastructures import Cookie

from dashboard import links
from dashboard.accounts.tables import Organization
from dashboard.assistant.answering import unmarked
from dashboard.chat import asking, waiting
from dashboard.conversations import actions as conversations
from dashboard.conversations import queries
from dashboard.conversations.actions import RESUMES
from dashboard.conversations.tables import Conversation
from dashboard.database import rows
from dashboard.errors import NotFound
from dashboard.formats import initials
from dashboard.tickets import actions as tickets

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "strict-origin"}
NAMED_BY = "x-conversation"  # how a page in a frame names its thread: there, many browsers keep no cookies of ours
MOST = 200  # messages shown at once, the newest
SECTIONS = """
    SELECT a.slug, s.anchor, s.text FROM article_section s JOIN article a ON a.id = s.article
    WHERE s.organization = {} AND a.archived_at IS NULL AND a.slug = ANY({}) AND s.anchor = ANY({})"""


def framed(request: Request) -> bool:
    """Whether a page in a frame asks."""
    return NAMED_BY in request.headers


def token_of(request: Request, organization: Organization) -> str:
    """What names the visitor's thread; empty for somebody new."""
    if framed(request):
        return request.headers.get(NAMED_BY) or request.cookies.get(f"__Host-panel-{organization.id}", "")
    return request.cookies.get(f"__Host-chat-{organization.id}", "")


def cookie_for(organization: Organization, token: str) -> Cookie:
    """The page of our own knows its thread by a cookie that scripts cannot read."""
    return Cookie(
        key=f"__Host-chat-{organization.id}", value=token, path="/", secure=True, httponly=True, samesite="lax",
        max_age=int(RESUMES.total_seconds()),
    )  # fmt: skip


def _framed_cookie(organization: Organization, token: str) -> str:
    """For browsers that give a frame no storage: a cookie of the site the frame stands on. Http.cookies of Python 3.11
    cannot write one."""
    return (
        f"__Host-panel-{organization.id}={token}; Path=/; Max-Age={int(RESUMES.total_seconds())}; "
        "Secure; HttpOnly; SameSite=None; Partitioned"
    )


async def find(request: Request, organization: Organization, now: datetime) -> Conversation | None:
    """The visitor's own thread. What somebody said after they had proven who they are is not shown on a token alone."""
    found = await conversations.resume(organization, token_of(request, organization), now)
    return found if found is not None and not found.identified else None


def handed(
    request: Request, organization: Organization, token: str, body: dict[str, Any]
) -> Response[dict[str, Any]]:  # fmt: skip
    """Facts for the page's script, and what names its thread from now on."""
    if framed(request):
        kept = {"Set-Cookie": _framed_cookie(organization, token)}
        return Response(body | {"conversation": token}, headers=HEADERS | kept)
    return Response(body, headers=HEADERS, cookies=[cookie_for(organization, token)])


async def get(request: Request, organization: Organization, now: datetime) -> Conversation:
    """The same, or NotFound."""
    found = await find(request, organization, now)
    if found is None:
        raise NotFound()
    return found


async def again(organization: Organization, conversation: Conversation) -> Conversation | None:
    """The same thread as it is now; None where it is gone, or not theirs on a token alone any more."""
    found = await Conversation.of(organization).where(Conversation.id == conversation.id).first()
    return found if found is not None and not found.identified else None


async def said(
    organization: Organization, conversation: Conversation, after: int | None = None, most: int = MOST
) -> list[dict[str, Any]]:
    """Messages after that number, oldest first; with no number the newest. With the words of the articles they cite,
    as these are today, and each with the links of its files."""
    start = max(0, conversation.messages - most) if after is None else after
    messages = await queries.thread(conversation, start, most, in_chat=True)
    cited = [each for message in messages for each in message["sources"] if each.get("slug")]
    known: dict[tuple[str, str], str] = {}
    if cited:
        names = [_all(cited, "slug"), _all(cited, "anchor")]
        found = await rows(SECTIONS, organization.id, *names)
        known = {(each["slug"], each["anchor"]): unmarked(each["text"]) for each in found}
    for message in messages:
        message["sources"] = [
            {"heading": each.get("heading") or "Your orders", "title": each.get("title", ""),
             "text": known.get((each.get("slug", ""), each.get("anchor", "")), "")}
            for each in message["sources"]
        ]  # fmt: skip
        for file in message["files"]:
            file["link"] = links.public(links.DOWNLOAD, file["id"], file["version"])
    return messages


def _all(cited: Iterable[dict[str, Any]], name: str) -> list[str]:
    return list({str(each.get(name, "")) for each in cited})


async def person(organization: Organization, conversation: Conversation | None, now: datetime) -> dict[str, Any]:
    """What the line about a person says: the number of the ticket, if there is one, and how soon somebody answers;
    before that, `helps` is the number of the answer that may have helped, and `thanked`: they said it did."""
    ticket = await tickets.number_of(organization, conversation) if conversation else None
    newest = conversation.messages if conversation and not ticket else 0
    thanked = bool(conversation and newest and conversation.helped == newest)
    asks = bool(conversation and newest and not thanked and await queries.answered_last(conversation))
    answered = bool(ticket and conversation and await queries.answered_by_person(conversation))
    return {
        "ticket": ticket, "answered": answered, "also": asking.also(conversation) if conversation else "",
        "asks_address": bool(conversation and not conversation.email),
        "soon": await waiting.usual(organization, now) if ticket and not answered else "",
        "helps": newest if asks else 0, "thanked": thanked, "base": f"/chat/{organization.slug}",
    }  # fmt: skip


def brand_of(organization: Organization) -> dict[str, Any]:
    """The organization as public pages name it."""
    return {
        "name": organization.name, "initials": initials(organization.name), "colour": organization.colour,
        "postal_address": organization.postal_address,
    }  # fmt: skip
