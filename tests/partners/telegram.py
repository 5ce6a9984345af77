"""How Telegram answers: messages in its own HTML, buttons, and the address they are told to."""

import html.parser
import re
from typing import TYPE_CHECKING, Any

from tests.partners.server import Reply, Request
from tests.partners.vendors import accepted, error

if TYPE_CHECKING:
    from tests.partners.provider import Provider

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


def telegram(partner: "Provider", request: Request) -> Reply:
    action = request.path.rpartition("/")[2]
    if action == "getMe":
        return Reply(
            200, {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "Desk", "username": "desk_bot"}}
        )
    message = request.json
    if action == "setWebhook":
        good = message["url"].startswith("https://") and SECRET.fullmatch(message.get("secret_token", ""))
        said = {"description": "Bad Request: bad webhook"}
        body = {"ok": True, "result": True, "description": "Webhook was set"}
        refused = Reply(400, error("telegram", 400, said))
        return accepted(partner, "telegram", request, message, body, refused, id="webhook") if good else refused
    if action == "answerCallbackQuery":
        if message["callback_query_id"] in partner.objects:  # answered before, or too old
            said = {"description": "Bad Request: query is too old and response timeout expired or query ID is invalid"}
            return Reply(400, error("telegram", 400, said))
        partner.objects[message["callback_query_id"]] = message
        answered = {"ok": True, "result": True}
        return accepted(partner, "telegram", request, message, answered, Reply(500), id="answer")
    if action not in ("sendMessage", "editMessageText"):
        return Reply(404, error("telegram", 404, {"description": "Not Found"}))
    reader = Markup()
    reader.feed(message["text"])
    reader.close()
    if reader.broken or reader.open or not 1 <= len(reader.text.encode("utf-16-le")) // 2 <= 4096:
        return Reply(400, error("telegram", 400, {"description": "Bad Request: can't parse entities, or too long"}))
    sent = [each for each in partner.sent("telegram") if each["path"] == "/sendMessage"]
    id = str(message.get("message_id") or len(sent) + 1)
    before = [each["body"] for each in partner.sent("telegram") if each["id"] == id]
    if action == "editMessageText" and not before:
        return Reply(400, error("telegram", 400, {"description": "Bad Request: message to edit not found"}))
    if action == "editMessageText" and all(before[-1].get(x) == message.get(x) for x in ("text", "reply_markup")):
        return Reply(400, error("telegram", 400, {"description": "Bad Request: message is not modified"}))
    body = {"ok": True, "result": {"message_id": int(id), "chat": {"id": message["chat_id"]}, "text": reader.text}}
    return accepted(partner, "telegram", request, message, body, Reply(500), id=id)


class Markup(html.parser.HTMLParser):
    """Telegram's HTML, roughly: few tags, each closed, and no bare `<`."""

    ALLOWED = ("b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.text, self.broken = "", False
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.broken |= tag not in self.ALLOWED
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.broken |= not self.open or self.open.pop() != tag

    def handle_data(self, data: str) -> None:
        self.broken |= "<" in data
        self.text += data

    def handle_entityref(self, name: str) -> None:
        self.broken |= name not in ("lt", "gt", "amp", "quot")
        self.text += "&"

    def handle_charref(self, name: str) -> None:
        self.text += "'"
