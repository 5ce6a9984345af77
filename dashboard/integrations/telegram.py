"""Telegram: alerts for staff, and the buttons under them. The bot's token is part of every address, so no address is
ever logged or shown."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from json import dumps
from typing import Any, ClassVar
from urllib.parse import quote

from dashboard.errors import NotFound
from dashboard.integrations.outcomes import (
    LONGEST_WAIT,
    NotConfigured,
    ProviderError,
    Refused,
    Unavailable,
    Unclear,
    safe_words,
)
from dashboard.integrations.provider import Provider
from dashboard.integrations.signatures import BadSignature, event_in, matches, secrets_in
from dashboard.integrations.wire import SECONDS, Answer, exchange, judged

LONGEST_TEXT = 4096
LONGEST_CALLBACK = 64  # bytes
LONGEST_POPUP = 200  # characters
ONE_ROW = 3  # buttons side by side; more of them stand below each other
NO_PREVIEW = {"is_disabled": True}
Buttons = Sequence[tuple[str, str]]  # (label, callback data of at most 64 bytes)


@dataclass(frozen=True)
class Telegram(Provider):
    name: ClassVar[str] = "Telegram"

    token: str = field(repr=False)
    chat_id: str
    webhook_secret: str = field(repr=False)
    base: str
    held: str = ""
    seconds: float = SECONDS

    @property
    def missing(self) -> str:
        if not self.token:
            return "TELEGRAM_BOT_TOKEN is not set"
        return self.held if self.chat_id else "TELEGRAM_CHAT_ID is not set"

    async def send(self, chat_id: str, html_text: str, buttons: Buttons = ()) -> str:
        """The id of the message. `html_text` is Telegram's HTML, its variable parts through `escape`. There is no
        idempotency key: Unclear must not be sent again."""
        self.require()
        params: dict[str, Any] = {"chat_id": chat_id or self.chat_id, "text": html_text, "parse_mode": "HTML"}
        params["link_preview_options"] = NO_PREVIEW
        if buttons:
            params["reply_markup"] = _keyboard(buttons)
        result = await self._ask("POST", "sendMessage", params)
        if not isinstance(result, dict) or not isinstance(result.get("message_id"), int):
            raise Unclear("Telegram sent an answer that makes no sense. It may have sent the message.")
        return str(result["message_id"])

    async def answer(self, callback: str, said: str) -> None:
        """Tell whoever pressed a button what came of it. Harmless to repeat; Refused when they waited too long."""
        self.require()
        params = {"callback_query_id": callback, "text": said[:LONGEST_POPUP], "show_alert": True}
        await self._repeatable("answerCallbackQuery", params)

    async def rewrite(self, chat_id: int, message: int, html_text: str, buttons: Buttons = ()) -> None:
        """Put another text and other buttons into a message of ours. Harmless to repeat."""
        self.require()
        params: dict[str, Any] = {"chat_id": chat_id, "message_id": message, "text": html_text, "parse_mode": "HTML"}
        params |= {"link_preview_options": NO_PREVIEW, "reply_markup": _keyboard(buttons)}
        try:
            await self._repeatable("editMessageText", params)
        except Refused as problem:
            if "not modified" not in problem.message:
                raise

    async def listen(self, url: str) -> None:
        """Have pressed buttons told to this address, under our secret. Harmless to repeat."""
        self.require()
        secrets = secrets_in(self.webhook_secret)
        if not secrets:
            raise NotConfigured("TELEGRAM_WEBHOOK_SECRET is not set")
        params = {"url": url, "secret_token": secrets[-1], "allowed_updates": ["callback_query"], "max_connections": 10}
        await self._repeatable("setWebhook", params)

    async def ping(self) -> None:
        """Needs no chat: it is what one asks before finding out the chat's id."""
        if self.held or not self.token:
            raise NotConfigured(self.held or self.missing)
        await self._ask("GET", "getMe")

    def verify(self, body: bytes, header: str) -> dict[str, Any]:
        """The update, once its secret header is ours; else BadSignature, or NotFound without a secret. Nothing dates
        it: only its `update_id` protects against a replay."""
        if not self.receives:
            raise NotFound
        if not header:
            raise BadSignature("no signature")
        if not matches(secrets_in(self.webhook_secret), [header]):
            raise BadSignature("signature did not match")
        return event_in(body)

    async def _repeatable(self, action: str, params: dict[str, Any]) -> Any:
        try:
            return await self._ask("POST", action, params)
        except Unclear as problem:
            raise Unavailable(problem.message) from None

    async def _ask(self, method: str, action: str, params: dict[str, Any] | None = None) -> Any:
        url = f"{self.base.rstrip('/')}/bot{quote(self.token, safe=':')}/{action}"
        head = {"Content-Type": "application/json"}
        content = dumps(params).encode() if params else b""
        answer = await exchange(self.name, method, url, headers=head, content=content, seconds=self.seconds)
        said = answer.json or {}
        if answer.good and said.get("ok") is True:
            return said.get("result")
        raise self._outcome(method, answer, said)

    def _outcome(self, method: str, answer: Answer, said: dict[str, Any]) -> ProviderError:
        given = said.get("parameters")
        more: dict[str, Any] = given if isinstance(given, dict) else {}
        refused = said.get("ok") is False
        if answer.status in (401, 404):
            return Refused("Telegram did not accept the bot's token. Check TELEGRAM_BOT_TOKEN.")
        if refused and answer.status == 429:
            wait: Any = more.get("retry_after")
            sensible = isinstance(wait, int) and wait >= 0
            return Unavailable("Telegram asks to slow down.", min(float(wait), LONGEST_WAIT) if sensible else None)
        if isinstance(new := more.get("migrate_to_chat_id"), int):
            return Refused(f"The Telegram group became a larger one. Set TELEGRAM_CHAT_ID to {new}.")
        words = f"Telegram refused: {safe_words(said.get('description'), self.token)}" if refused else ""
        if answer.status >= 500 and not refused and method == "POST":
            # A gateway spoke, not Telegram, and nothing guards against a second message.
            return Unclear("Telegram failed while taking the message. It may have been sent.")
        return Refused(words) if refused and answer.good else judged(self.name, method, answer, words)


def _keyboard(buttons: Buttons) -> dict[str, Any]:
    if any(not 1 <= len(data.encode()) <= LONGEST_CALLBACK for _, data in buttons):
        raise Refused("A button carries more than Telegram takes. Nothing was sent.")
    made = [{"text": label, "callback_data": data} for label, data in buttons]
    rows = [made] if len(made) <= ONE_ROW else [[each] for each in made]
    return {"inline_keyboard": rows if made else []}


def length(text: str) -> int:
    """How long Telegram counts a text: in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def escape(text: str, limit: int = LONGEST_TEXT) -> str:
    """Plain text for Telegram's HTML, cut to `limit` UTF-16 units as Telegram counts them: cut first, then escaped,
    so no entity is ever halved."""
    if length(text) > limit:
        kept = text.encode("utf-16-le", "surrogatepass")[: (limit - 1) * 2].decode("utf-16-le", "ignore")
        text = f"{kept}…"
    return html.escape(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
