"""The out-tray: mails, dispatcher, outbox. Providers are real servers on loopback."""

from contextlib import asynccontextmanager
from typing import Any

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.deliveries import actions, dispatcher
from dashboard.deliveries.lanes import Lanes
from dashboard.deliveries.tables import Delivery
from dashboard.integrations import Integrations
from tests.integrations import connected
from tests.partners.provider import provider

PAYLOADS: dict[str, dict[str, Any]] = {
    "mail": {
        "subject": "Hello",
        "html": "<p>Hello</p>",
        "text": "Hello",
        "from_name": "Acme",
        "from": "hi@acme.example",
    },
    "telegram": {"title": "New order", "lines": ["Robin <b>Sample</b> & co"], "href": "/acme/orders/1"},
    "whatsapp": {"title": "New order", "lines": ["Robin *Sample* & co", ""], "href": "/acme/orders/1"},
    "refund": {"amount": 4900, "payment_intent": "pi_1", "reason": "The customer <changed> their mind"},
}


async def a_delivery(organization: Organization | None, kind: str = "mail", key: str = "", **changes: Any) -> Delivery:
    """A queued delivery; `changes` are put into the row afterwards."""
    key = key or f"{kind}:{await Delivery.count()}"
    recipient = {"mail": "robin@mail.example", "refund": "Robin Sample"}.get(kind, "Team chat")
    payload = changes.pop("payload", PAYLOADS[kind])
    fields = {name: changes.pop(name) for name in ("due_at", "subject", "lead") if name in changes}
    await actions.queue(
        organization,
        key=key,
        kind=kind,
        name=changes.pop("name", "hello"),
        recipient=changes.pop("recipient", recipient),
        title=changes.pop("title", payload.get("subject") or payload.get("title") or "Refund"),
        payload=payload,
        **fields,
    )
    if changes:
        await Delivery.update(changes).where(Delivery.key == key)
    return await again(key)


async def again(delivery: Delivery | str) -> Delivery:
    """The row as it is now."""
    key = delivery if isinstance(delivery, str) else delivery.key
    return await Delivery.objects().where(Delivery.key == key).first()


class World:
    """A dispatcher and the outside it talks to."""

    def __init__(self, partner, mail=None, **env: str) -> None:
        self.partner, self.mail, self.env = partner, mail, env
        self.lanes: Lanes | None = None

    @property
    def outside(self) -> Integrations:
        return connected(self.partner, self.mail, **self.env)

    async def integrations_for(self, organization: int | None) -> Integrations:
        return self.outside

    async def work(self, now=None, kind: str | None = None) -> int:
        return await dispatcher.work(self.integrations_for, now or clock.now(), kind, self.lanes)

    async def rescue(self, now=None) -> int:
        return await dispatcher.rescue(self.integrations_for, now or clock.now())


@asynccontextmanager
async def world(**env: str):
    async with provider() as partner:
        yield World(partner, **env)
