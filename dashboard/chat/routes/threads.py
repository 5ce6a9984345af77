"""A visitor's thread, live: what they write, the answer as it is made, and whatever is said afterwards."""

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import ServerSentEvent, ServerSentEventMessage

from dashboard import typed
from dashboard.accounts import attempts
from dashboard.accounts.current import Now, public
from dashboard.accounts.entrance import address_of
from dashboard.accounts.tables import Organization
from dashboard.chat import asking, origins, thinking, visiting
from dashboard.chat.following import Following, Render, shown
from dashboard.chat.forms import LONGEST, WRITE, Asked
from dashboard.chat.routes.api import QUESTIONS, may_call, place
from dashboard.chat.seats import Seats
from dashboard.chat.thinking import Thinking
from dashboard.conversations import queries
from dashboard.conversations.actions import topic_of
from dashboard.conversations.tables import Conversation
from dashboard.database import translate
from dashboard.errors import Invalid, NotFound, TooMany
from dashboard.live import Hub

TOO_LONG = "This message is too long. Send it in parts."
FAILED = "The answer could not be made. Your message is kept, and a person sees it."
PING_EVERY = 20.0  # seconds
LOOK_EVERY = 3  # pings; so long may a hint be missed
RETRY = 3000  # ms
SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?!\s|$))*(?:[.!?](?=\s|$)|\n|$)\s*")
Form = URLEncodedBody[dict[str, str]]
Events = AsyncGenerator[ServerSentEventMessage, None]


def by_script(request: Request) -> bool:
    """Whether the page's script asks, which wants facts instead of a page."""
    return "application/json" in request.headers.get("accept", "")


def renderer(request: Request) -> Render:
    """Pieces of the chat as the page itself would show them."""
    engine: Any = request.app.template_engine

    def render(name: str, **context: Any) -> str:
        return str(engine.get_template(name).render(**context))

    return render


@post("/chat/{brand:str}/messages", name="chat.send", guards=[public], status_code=200, outside=True)
async def send(request: Request, brand: FromPath[str], now: Now, data: Form) -> Response[dict[str, Any]]:
    """Keep what the visitor wrote, once per `key`; its number is what an answer is asked for by."""
    organization = await origins.organization_of(brand)
    text = typed.text(data, "message").strip()
    if not text or len(text) > LONGEST:
        raise Invalid({"message": TOO_LONG if text else WRITE})
    await attempts.take([place(request, organization, "asks")], QUESTIONS, now)
    page, origin = origins.seen_at(data, organization)
    key = f"v:{word}" if (word := typed.text(data, "key")[:80]) else f"r:{secrets.token_hex(12)}"
    asked = Asked(text, visiting.token_of(request, organization), key, "", "", page, None)
    conversation, token, message = await asking.keep(organization, asked, now, origin=origin)
    [kept] = await visiting.said(organization, conversation, message.number - 1, 1)
    told = {"number": message.number, "message": shown(renderer(request), organization, kept)}
    return visiting.handed(request, organization, token, told)


@post("/chat/{brand:str}/answer", name="chat.answer", guards=[public], status_code=200, outside=True)
async def answer(request: Request, brand: FromPath[str], now: Now, data: Form) -> ServerSentEvent:
    """The answer to a message: what is being done for it, then its sentences, once all of it has been checked."""
    organization = await origins.organization_of(brand)
    conversation = await visiting.get(request, organization, now)
    message = await queries.asked(conversation, typed.number(data, "number"))
    if message is None:
        raise NotFound()
    await attempts.take([place(request, organization, "answers")], QUESTIONS, now)
    hub, topic = request.app.state.hub, topic_of(conversation.id)
    calls = await may_call(request, organization, message.text, now)
    made = thinking.begin(
        organization, conversation, message, now, lambda: hub.hear(f"{organization.id}:{topic}"), calls=calls
    )
    return _stream(_answered(renderer(request), organization, conversation, hub, made))


@get("/chat/{brand:str}/live", name="chat.live", guards=[public])
async def live(request: Request, brand: FromPath[str], now: Now) -> ServerSentEvent | Response[None]:
    """Whatever is said in the thread after Last-Event-ID, for as long as the page is open. Nothing where a page only
    asks whether it has a thread, and has none."""
    organization = await origins.organization_of(brand)
    if not visiting.token_of(request, organization):
        return Response(None, status_code=204, headers=visiting.HEADERS)
    conversation = await visiting.get(request, organization, now)
    last = request.headers.get("last-event-id", "")
    after = int(last) if last.isascii() and last.isdecimal() and len(last) < 10 else 0
    seats, where = _seats(request), attempts.place(address_of(request))
    seats.check(where, topic_of(conversation.id))
    page = Following(organization, conversation, after, renderer(request))
    return _stream(_following(request.app.state.hub, seats, where, page))


def _stream(events: Events) -> ServerSentEvent:
    return ServerSentEvent(events, headers=visiting.HEADERS)


def _seats(request: Request) -> Seats:
    state = request.app.state
    if "seats" not in state:
        state.seats = Seats()
    seats: Seats = state.seats
    return seats


async def _answered(
    render: Render, organization: Organization, conversation: Conversation, hub: Hub, made: Thinking
) -> Events:
    yield ServerSentEventMessage(comment="open", data=None)
    doing = ""
    with hub.thread(topic_of(conversation.id)) as news:
        while True:
            news.clear()
            if made.doing != doing:
                doing = made.doing
                yield ServerSentEventMessage(event="doing", data=doing)
            elif made.task.done() or hub.closing.is_set():
                break
            elif not await _heard(news):
                yield ServerSentEventMessage(comment="ping", data=None)
    if not made.task.done():
        return
    if made.failed:
        yield ServerSentEventMessage(event="failed", data=FAILED)
        return
    reply = made.task.result()
    if reply.message is None:
        return
    for sentence in filter(None, SENTENCE.findall(reply.text)):
        yield ServerSentEventMessage(event="part", data=sentence)
    for each in await visiting.said(organization, conversation, reply.message.number - 1, 1):
        yield ServerSentEventMessage(event="message", data=shown(render, organization, each))


async def _following(hub: Hub, seats: Seats, where: str, page: Following) -> Events:
    """No connection to the database is held while nothing is said. What fails ends the stream: the page asks again."""
    topic = topic_of(page.conversation.id)
    yield ServerSentEventMessage(comment="open", retry=RETRY, data=None)
    try:
        with seats.take(where, topic), hub.thread(topic) as news:
            quiet = 0
            while not hub.closing.is_set():
                news.clear()
                found = await page.news() if quiet % LOOK_EVERY == 0 else []
                for each in found:
                    yield each
                if len(found) == visiting.MOST or await _heard(news):
                    quiet = 0
                    continue
                quiet += 1
                yield ServerSentEventMessage(comment="ping", data=None)
    except (TooMany, NotFound):
        return
    except Exception as problem:
        if translate(problem) is None:
            raise


async def _heard(news: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(news.wait(), PING_EVERY)
    except TimeoutError:
        return False
    return True


ROUTES = [send, answer, live]
