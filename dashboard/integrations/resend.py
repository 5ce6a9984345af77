"""Resend: mail out through its SDK, and the signature of its webhooks."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from json import dumps
from typing import Any, ClassVar
from urllib.parse import quote

from dashboard.errors import NotFound
from dashboard.integrations.mail import Message
from dashboard.integrations.outcomes import OverQuota, ProviderError, Refused, Unavailable, safe_words
from dashboard.integrations.provider import Provider
from dashboard.integrations.signatures import BadSignature, check_age, event_in, matches, seconds, secrets_in
from dashboard.integrations.wire import SECONDS, Answer, exchange, judged

NOWHERE = "https://resend.invalid"
NO_TAG = re.compile(r"[^A-Za-z0-9_-]")
QUOTAS = {"daily_quota_exceeded": "daily", "monthly_quota_exceeded": "monthly"}
SENTENCES = {
    "missing_api_key": "Resend did not accept the key. Check RESEND_API_KEY.",
    "invalid_api_key": "Resend did not accept the key. Check RESEND_API_KEY.",
    "restricted_api_key": "The Resend key is not allowed to do this.",
    "invalid_idempotent_request": "Resend already took a mail under this key, with other content.",
}


@dataclass
class _Call:
    """One call through the SDK: whose it is, and how it went on the wire."""

    account: "Resend"
    method: str = ""
    answer: Answer | None = None
    failure: ProviderError | None = None


# The SDK keeps its key, base URL and HTTP client in module globals, so two organizations would share them. It gets a
# client of ours that takes all three from the call in progress; without one it raises before anything leaves.
_current: ContextVar[_Call] = ContextVar("resend call")


@dataclass(frozen=True)
class Resend(Provider):
    name: ClassVar[str] = "Resend"
    remembers_keys: ClassVar[timedelta] = timedelta(hours=24)
    most_in_batch: ClassVar[int] = 100

    key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    base: str
    held: str = ""
    seconds: float = SECONDS

    @property
    def missing(self) -> str:
        return self.held if self.key else "RESEND_API_KEY is not set"

    @property
    def receives(self) -> bool:
        return bool(_keys(self.webhook_secret))

    async def send(self, message: Message, key: str) -> str:
        """Resend's id of the mail; the same key within 24 hours sends nothing new."""
        found = await self._ask(lambda sdk: sdk.Emails.send_async(_params(message), {"idempotency_key": key}))
        return str(found["id"])

    def batch(self, messages: Sequence[Message]) -> bytes:
        """The body of a call that hands these over; mails with files cannot leave in a batch."""
        return dumps([_params(message) for message in messages]).encode()

    async def send_batch(self, body: bytes, key: str) -> list[str]:
        """Resend's ids of the mails, in their order. All of them are taken or none: one that it refuses is Refused for
        all. Not through the SDK, which would write the body anew: under a key it must be the same to the byte."""
        self.require()
        call = _Call(self, "POST")
        head = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", "Idempotency-Key": key}
        head |= {"x-batch-validation": "strict"}
        target = self.base.rstrip("/") + "/emails/batch"
        call.answer = await exchange(self.name, "POST", target, headers=head, content=body, seconds=self.seconds)
        found = (call.answer.json or {}).get("data") if call.answer.good else None
        ids = [each.get("id") for each in found if isinstance(each, dict)] if isinstance(found, list) else []
        known = [id for id in ids if isinstance(id, str)]
        if not known or len(known) < len(ids):
            raise _outcome(call, self.key)
        return known

    async def received(self, email_id: str) -> dict[str, Any]:
        """The body and headers of a mail that came in; its webhook carries neither."""
        return await self._ask(lambda sdk: sdk.Emails.Receiving.get_async(email_id))

    async def attachment(self, email_id: str, id: str, largest: int) -> bytes:
        """The bytes of a file that came with a mail; Refused when it is larger. The address it is fetched from is the
        provider's word: only https, or this provider's own base, and none of our keys go there."""
        self.require()
        base = self.base.rstrip("/")
        head = {"Authorization": f"Bearer {self.key}"}
        path = f"/emails/receiving/{quote(email_id, safe='')}/attachments/{quote(id, safe='')}"
        found = await exchange(self.name, "GET", base + path, headers=head, seconds=self.seconds)
        address = (found.json or {}).get("download_url") if found.good else None
        if not isinstance(address, str):
            raise judged(self.name, "GET", found)
        if not address.startswith(("https://", f"{base}/")):
            raise Refused("Resend named an address for the file that is not safe to ask.")
        file = await exchange(self.name, "GET", address, headers={}, seconds=self.seconds, largest=largest)
        if not file.good:
            raise judged(self.name, "GET", file)
        return file.body

    async def ping(self) -> None:
        await self.domains()

    async def domains(self) -> dict[str, str]:
        """The status of each domain that mails may come from: verified, pending, …"""
        found = await self._ask(lambda sdk: sdk.Domains.list_async(), needs_id=False)
        listed = found.get("data")
        known = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        return {str(each.get("name", "")).lower(): str(each.get("status", "")) for each in known}

    def verify(self, body: bytes, headers: Mapping[str, str], now: int) -> dict[str, Any]:
        """The event, once its Svix signature is good; else BadSignature, or NotFound without a secret. The event's
        identity is the header `svix-id`, which stays the same over retries."""
        keys = _keys(self.webhook_secret)
        if not keys:
            raise NotFound
        id, sent, given = (headers.get(f"svix-{part}") or "" for part in ("id", "timestamp", "signature"))
        offered = [value for part in given.split() for version, _, value in [part.partition(",")] if version == "v1"]
        if not id or not offered:
            raise BadSignature("no signature")
        moment = seconds(sent)
        signed = f"{id}.{sent}.".encode() + body
        digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
        if not matches((base64.b64encode(digest).decode() for digest in digests), offered):
            raise BadSignature("signature did not match")
        check_age(moment, now)
        return event_in(body)

    async def _ask(self, ask: Callable[[Any], Awaitable[Any]], needs_id: bool = True) -> dict[str, Any]:
        self.require()
        sdk, call = _sdk(), _Call(self)
        token = _current.set(call)
        try:
            found = await ask(sdk)
        except Exception:
            # The SDK's own error, or what it stumbled over in an odd answer; without either it is a bug of ours.
            if call.failure is None and call.answer is None:
                raise
            raise _outcome(call, self.key) from None
        finally:
            _current.reset(token)
        if not isinstance(found, dict) or (needs_id and not isinstance(found.get("id"), str)):
            raise _outcome(call, self.key)
        return dict(found)


def _outcome(call: _Call, key: str) -> ProviderError:
    if call.failure is not None:
        return call.failure
    assert call.answer is not None
    error = call.answer.json or {}
    name = given if isinstance(given := error.get("name"), str) else ""
    if name in QUOTAS:
        return OverQuota(f"The {QUOTAS[name]} quota at Resend is used up. Raise the plan or wait for the next period.")
    if name == "concurrent_idempotent_requests":
        return Unavailable("Resend is still working on this mail.")
    if name in SENTENCES:
        return Refused(SENTENCES[name])
    said = safe_words(error.get("message"), key)
    words = f"Resend refused: {said}" if said and call.answer.status < 429 else ""
    return judged("Resend", call.method, call.answer, words)


def _params(message: Message) -> dict[str, Any]:
    params: dict[str, Any] = {"from": message.from_, "to": [message.to], "subject": message.subject}
    params |= {name: value for name, value in (("html", message.html), ("text", message.text)) if value}
    if message.reply_to:
        params["reply_to"] = message.reply_to
    if message.headers:
        params["headers"] = dict(message.headers)
    if message.tags:
        params["tags"] = [{"name": _tag(name), "value": _tag(value)} for name, value in message.tags.items()]
    if message.attachments:
        params["attachments"] = [
            {
                "filename": file.filename,
                "content": base64.b64encode(file.content).decode(),
                "content_type": file.content_type,
            }
            for file in message.attachments
        ]
    return params


def _tag(text: str) -> str:
    return NO_TAG.sub("_", text)[:256]


def _keys(setting: str) -> list[bytes]:
    """The signing keys: base64 after `whsec_`. A secret that does not decode is as good as none."""
    keys = []
    for secret in secrets_in(setting):
        try:
            keys.append(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
        except (binascii.Error, ValueError):
            continue
    return [key for key in keys if key]


@lru_cache(1)
def _sdk() -> Any:
    import resend

    class Wire(resend.AsyncHTTPClient):
        async def request(
            self, method: str, url: str, headers: Any, json: Any = None, files: Any = None, data: Any = None
        ) -> Any:
            call = _current.get()
            account, call.method = call.account, method.upper()
            head = {**headers, "Authorization": f"Bearer {account.key}", "Content-Type": "application/json"}
            content = b"" if call.method == "GET" else dumps(json).encode()
            target = account.base.rstrip("/") + url.removeprefix(NOWHERE)
            try:
                answer = await exchange(
                    account.name, call.method, target, headers=head, content=content, seconds=account.seconds
                )
            except ProviderError as failure:
                call.failure = failure
                raise
            call.answer = answer
            return answer.body, answer.status, answer.headers

    resend.api_key, resend.api_url = "unset", NOWHERE
    resend.default_async_http_client = Wire()
    return resend
