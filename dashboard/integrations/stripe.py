"""Stripe: refunds, re-reading what a webhook spoke of, and the signature of webhooks."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from dashboard.errors import NotFound
from dashboard.integrations.outcomes import ProviderError, Unavailable, Unclear, safe_words, wait_from
from dashboard.integrations.provider import Provider
from dashboard.integrations.signatures import BadSignature, check_age, event_in, matches, seconds, secrets_in
from dashboard.integrations.stripe_lists import LARGEST_PAGE, Listed, listed
from dashboard.integrations.wire import AGAIN_LATER, LARGEST_ANSWER, SECONDS, Answer, exchange, judged

SENTENCES = {
    "charge_already_refunded": "Stripe says this payment is already refunded in full.",
    "charge_disputed": "Stripe says this payment is disputed, so it cannot be refunded.",
    "balance_insufficient": "The Stripe balance is too low for this refund.",
    "insufficient_funds": "The Stripe balance is too low for this refund.",
    "resource_missing": "Stripe does not know this object. It may belong to another account or mode.",
    "idempotency_error": "Stripe was already asked for this under the same key, with other details.",
}
ACCESS = {
    401: "Stripe did not accept the secret key. Check STRIPE_SECRET_KEY.",
    403: "The Stripe key is not allowed to do this. Give it write access to refunds, or use another key.",
}
OBJECTS = {
    "charge": "charges",
    "checkout.session": "checkout.sessions",
    "dispute": "disputes",
    "event": "events",
    "invoice": "invoices",
    "payment_intent": "payment_intents",
    "refund": "refunds",
    "subscription": "subscriptions",
}


class Refund(NamedTuple):
    id: str
    status: str


@dataclass(frozen=True)
class Stripe(Provider):
    name: ClassVar[str] = "Stripe"
    remembers_keys: ClassVar[timedelta] = timedelta(hours=24)

    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    base: str
    held: str = ""
    seconds: float = SECONDS

    @property
    def missing(self) -> str:
        return self.held if self.secret_key else "STRIPE_SECRET_KEY is not set"

    @property
    def live(self) -> bool | None:
        """The mode of the key; None when there is no key or it does not say."""
        if self.secret_key.startswith(("sk_live_", "rk_live_")):
            return True
        return False if self.secret_key.startswith(("sk_test_", "rk_test_")) else None

    def verify(self, body: bytes, header: str, now: int) -> dict[str, Any]:
        """The event, once its signature is good for one of our secrets; else BadSignature, or NotFound without one.

        Checked here and not by the SDK: that takes one secret, accepts any time in the future, and costs a quarter of
        a second and 40 MB in every process that only receives."""
        secrets = secrets_in(self.webhook_secret)
        if not secrets:
            raise NotFound
        parts = [part.strip().partition("=") for part in header.split(",")]
        times = [value for name, _, value in parts if name == "t"]
        given = [value for name, _, value in parts if name == "v1"]
        if not times or not given:
            raise BadSignature("no signature")
        sent = seconds(times[0])
        signed = times[0].encode() + b"." + body
        if not matches((hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in secrets), given):
            raise BadSignature("signature did not match")
        check_age(sent, now)
        event = event_in(body)
        data = event.get("data")
        if event.get("object") != "event" or not isinstance(data, dict) or not isinstance(data.get("object"), dict):
            raise BadSignature("thin event")
        if self.live is not None and event.get("livemode") is not self.live:
            raise BadSignature("wrong mode")
        return event

    async def refund(
        self,
        *,
        amount: int,
        key: str,
        payment_intent: str = "",
        charge: str = "",
        reason: str = "requested_by_customer",
        metadata: Mapping[str, str] | None = None,
    ) -> Refund:
        """Give back `amount` minor units of one payment, in the payment's own currency. Called by the dispatcher only,
        outside any transaction; the same key within 24 hours gives the same refund."""
        params: dict[str, Any] = {"amount": amount, "reason": reason, "metadata": dict(metadata or {})}
        params |= {"payment_intent": payment_intent} if payment_intent else {"charge": charge}
        refund = await self._ask("POST", "refunds", "create_async", params, {"idempotency_key": key})
        if not isinstance(refund.get("id"), str) or not isinstance(refund.get("status"), str):
            raise Unclear("Stripe sent an answer that makes no sense. It may have refunded.")
        return Refund(refund["id"], refund["status"])

    async def retrieve(self, kind: str, id: str, expand: tuple[str, ...] = ()) -> dict[str, Any]:
        """The object as it is now, in the SDK's API version. `kind` is Stripe's own word, as in `checkout.session`."""
        params = {"expand": list(expand)} if expand else {}
        return await self._ask("GET", OBJECTS[kind], "retrieve_async", id, params)

    async def events(self, since: datetime, types: Sequence[str], after: str = "") -> Listed:
        """A page of what Stripe told or tried to tell since then, newest first: at most 20 types, 30 days back."""
        return await self._page("events", {"created": {"gte": _stamp(since)}, "types": list(types)}, after)

    async def balance_transactions(self, since: datetime, until: datetime, after: str = "") -> Listed:
        """A page of Stripe's own books, newest first, each with the charge, refund or dispute it is about."""
        span = {"gte": _stamp(since), "lt": _stamp(until)}
        return await self._page("balance_transactions", {"created": span, "expand": ["data.source"]}, after)

    async def _page(self, service: str, params: dict[str, Any], after: str) -> Listed:
        asked = {"limit": 100, **params} | ({"starting_after": after} if after else {})
        _, answer = await self._called("GET", service, "list_async", asked, largest=LARGEST_PAGE)
        return listed(self.name, answer)

    async def ping(self) -> None:
        await self._ask("GET", "balance", "retrieve_async")

    async def _ask(self, method: str, service: str, action: str, *arguments: Any) -> dict[str, Any]:
        found, _ = await self._called(method, service, action, *arguments)
        return found.to_dict()

    async def _called(
        self, method: str, service: str, action: str, *arguments: Any, largest: int = LARGEST_ANSWER
    ) -> tuple[Any, Answer]:
        """What the SDK made of the answer, and the answer itself."""
        self.require()
        sdk, http_client = _sdk()
        # No retries by the SDK: they would outlive the lease, and the dispatcher has its own.
        wire = http_client(self.seconds, largest)
        client = sdk.StripeClient(
            self.secret_key,
            base_addresses={"api": self.base.rstrip("/")},
            max_network_retries=0,
            http_client=wire,
        )
        asked = client.v1
        for name in service.split("."):
            asked = getattr(asked, name)
        try:
            return await getattr(asked, action)(*arguments), wire.answer
        except ProviderError:
            raise
        except Exception:
            # The SDK's own error, or what it stumbled over in an odd answer; without an answer it is a bug of ours.
            if wire.answer is None:
                raise
            raise _outcome(wire.answer, method, self.secret_key) from None


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp())


def _outcome(answer: Answer, method: str, secret_key: str) -> ProviderError:
    given = (answer.json or {}).get("error")
    error: dict[str, Any] = given if isinstance(given, dict) else {}
    codes = [code for code in (error.get("code"), error.get("type")) if isinstance(code, str)]
    if "rate_limit" in codes or "lock_timeout" in codes:
        return Unavailable("Stripe asks to slow down.", wait_from(answer.headers.get("retry-after")))
    words = next((SENTENCES[code] for code in codes if code in SENTENCES), "")
    if answer.status in ACCESS:
        words = ACCESS[answer.status]
    elif not words and 400 <= answer.status < 500 and answer.status not in AGAIN_LATER:
        words = f"Stripe refused: {safe_words(error.get('message'), secret_key) or answer.status}"
    return judged(Stripe.name, method, answer, words)


@lru_cache(1)
def _sdk() -> tuple[Any, Any]:
    import stripe

    # Telemetry writes an id into the home folder and describes this machine to Stripe.
    stripe.enable_telemetry = False

    class Wire(stripe.HTTPClient):
        """The SDK's requests over our wire. An error raised here passes through the SDK unchanged."""

        name = "httpx"

        def __init__(self, seconds: float, largest: int) -> None:
            super().__init__()
            self.seconds, self.largest = seconds, largest
            self.answer: Answer | None = None

        async def request_async(
            self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
        ) -> tuple[bytes, int, Mapping[str, str]]:
            method, content = method.upper(), (post_data or "").encode()
            answer = await exchange(
                Stripe.name, method, url, headers=headers, content=content, seconds=self.seconds, largest=self.largest
            )
            if answer.json is None:
                raise judged(Stripe.name, method, answer)
            self.answer = answer
            return answer.body, answer.status, answer.headers

    return stripe, Wire
