"""WhatsApp's Cloud API: alerts to the phone of whoever looks after things."""

from dataclasses import dataclass, field
from json import dumps
from typing import Any, ClassVar
from urllib.parse import quote

from dashboard.integrations.outcomes import (
    NotConfigured,
    OverQuota,
    ProviderError,
    Refused,
    Unavailable,
    Unclear,
    safe_words,
    wait_from,
)
from dashboard.integrations.provider import Provider
from dashboard.integrations.wire import SECONDS, Answer, exchange, judged

LONGEST_TEXT, LONGEST_PARAMETER = 4096, 900  # characters; a template's own words come on top
BETWEEN_TWO = 6.0  # seconds: about one message to one person in that time
WINDOW = (
    "WhatsApp takes free text only within 24 hours of the last message from that phone. Write to the number from it, "
    "or set an approved template in Settings, then test the connection"
)
REFUSED = {
    190: "WhatsApp did not accept the access token. Check WHATSAPP_ACCESS_TOKEN.",
    368: "Meta has blocked this WhatsApp account for a breach of its rules.",
    131026: "WhatsApp cannot deliver to this phone. Check WHATSAPP_ADMIN_PHONE.",
    132000: "The WhatsApp template must have exactly one variable in its body.",
    132001: "WhatsApp has no approved template of this name and language.",
    132012: "The WhatsApp template must have exactly one variable, a text, in its body.",
}
BUSY = (4, 80007, 130429)


@dataclass(frozen=True)
class WhatsApp(Provider):
    """`template`: the name of an approved template whose body has one variable, perhaps with `:` and its language."""

    name: ClassVar[str] = "WhatsApp"

    token: str = field(repr=False)
    sender_id: str
    admin_phone: str
    template: str
    base: str
    held: str = ""
    seconds: float = SECONDS

    @property
    def missing(self) -> str:
        for value, setting in (
            (self.token, "WHATSAPP_ACCESS_TOKEN"), (self.sender_id, "WHATSAPP_SENDER_ID"),
            (self.admin_phone, "WHATSAPP_ADMIN_PHONE"),
        ):  # fmt: skip
            if not value:
                return f"{setting} is not set"
        return self.held

    async def alert(self, text: str, reference: str) -> str:
        """WhatsApp's id of the message to the admin's phone: with a template whenever, without one only within 24 hours
        of that phone's last message (else NotConfigured). Nothing guards against a second message, so Unclear must not
        be sent again; `reference` comes back in the statuses."""
        self.require()
        body: dict[str, Any] = {"messaging_product": "whatsapp", "recipient_type": "individual"}
        body |= {"to": "".join(c for c in self.admin_phone if c.isdecimal()), "biz_opaque_callback_data": reference}
        result = await self._ask("POST", "/messages", body | self._content(text))
        messages = result.get("messages")
        first = messages[0] if isinstance(messages, list) and messages else None
        if not isinstance(first, dict) or not isinstance(first.get("id"), str):
            raise Unclear("WhatsApp sent an answer that makes no sense. It may have sent the message.")
        return first["id"]

    async def ping(self) -> None:
        """Reads the sender's number: the token is right and the number is ours."""
        self.require()
        await self._ask("GET", "?fields=display_phone_number")

    def _content(self, text: str) -> dict[str, Any]:
        if not self.template:
            return {"type": "text", "text": {"body": _cut(text, LONGEST_TEXT), "preview_url": False}}
        name, _, language = self.template.partition(":")
        line = " · ".join(" ".join(each.split()) for each in text.splitlines() if each.strip())
        parameter = {"type": "text", "text": _cut(line, LONGEST_PARAMETER)}
        components = [{"type": "body", "parameters": [parameter]}]
        about = {"name": name, "language": {"code": language or "en_US"}, "components": components}
        return {"type": "template", "template": about}

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        url = f"{self.base.rstrip('/')}/{quote(self.sender_id, safe='')}{path}"
        head = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        content = dumps(body).encode() if body else b""
        answer = await exchange(self.name, method, url, headers=head, content=content, seconds=self.seconds)
        said = answer.json
        if answer.good and said is not None and "error" not in said:
            return said
        raise self._outcome(method, answer, said or {})

    def _outcome(self, method: str, answer: Answer, said: dict[str, Any]) -> ProviderError:
        error = said.get("error")
        if not isinstance(error, dict):
            if answer.status >= 500 and method == "POST":  # a gateway spoke, not WhatsApp
                return Unclear("WhatsApp failed while taking the message. It may have been sent.")
            return Refused(REFUSED[190]) if answer.status == 401 else judged(self.name, method, answer)
        code = error.get("code")
        if code == 131047:
            return NotConfigured(WINDOW)
        if code in REFUSED:
            return Refused(REFUSED[code])
        if code == 131056:
            return Unavailable("WhatsApp asks to wait between two messages to one phone.", BETWEEN_TWO)
        if code in BUSY:
            return Unavailable("WhatsApp asks to slow down.", wait_from(answer.headers.get("retry-after")))
        if code == 131048:
            return OverQuota("WhatsApp has limited this number because people reported its messages.")
        words = f"WhatsApp refused: {safe_words(error.get('message'), self.token)}"
        return Refused(words) if answer.good else judged(self.name, method, answer, words)


def _cut(text: str, longest: int) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
