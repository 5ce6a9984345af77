"""The team's chat in Telegram: its people, what stands there, and pressing a button."""

import json
from itertools import count

from dashboard import clock
from dashboard.accounts import credentials
from dashboard.accounts.sessions import Visitor
from dashboard.conversations.tables import Message
from dashboard.deliveries import dispatcher
from dashboard.deliveries.tables import Delivery
from tests.canaries import EVERY
from tests.webhooks.posting import drain

ANA, ALICE, EVE = 424242, 515151, 666666
SECRET = EVERY["TELEGRAM_WEBHOOK_SECRET"]
number = count(910_001)


def visitor(browser) -> Visitor:
    user = browser.user
    return Visitor(user.id, user.email, user.name, False, 0, "", clock.now())


async def leave() -> None:
    """What is in the out-tray goes to Telegram."""
    while await dispatcher.work(credentials.integrations_for, clock.now(), "telegram"):
        pass


async def shown(partner) -> dict:
    """The suggestion's message as it stands in the chat now."""
    await leave()
    entries = [e for e in partner.sent("telegram") if e["path"] in ("/sendMessage", "/editMessageText")]
    return entries[-1]["body"] | {"message_id": int(entries[-1]["id"])}


def carries(message: dict, label: str) -> str:
    every = [each for row in message["reply_markup"]["inline_keyboard"] for each in row]
    return next(each["callback_data"] for each in every if each["text"] == label)


def labels(message: dict) -> list[str]:
    return [each["text"] for row in message.get("reply_markup", {}).get("inline_keyboard", []) for each in row]


def an_update(by: int, data: str, message: int = 1, update: int | None = None) -> dict:
    """As Telegram sends it: with the person, and with the whole message above the button."""
    update = update or next(number)
    return {
        "update_id": update,
        "callback_query": {
            "id": f"q{update}", "from": {"id": by, "is_bot": False, "first_name": "Operator"}, "chat_instance": "1",
            "message": {
                "message_id": message, "chat": {"id": -1001, "type": "group"}, "date": 1795200000,
                "text": "Suggested reply to Robin Sample zzwords",
            },
            "data": data,
        },
    }  # fmt: skip


async def post(stranger, update, secret=SECRET, slug="acme"):
    headers = {"Content-Type": "application/json"}
    if secret is not None:
        headers["X-Telegram-Bot-Api-Secret-Token"] = secret
    return await stranger.post(f"/webhooks/telegram/{slug}", content=json.dumps(update).encode(), headers=headers)


async def press(stranger, by: int, data: str, message: int = 1) -> str:
    """Press a button; what the person is told."""
    before = await Delivery.count().where(Delivery.name == "telegram_answer")
    assert (await post(stranger, an_update(by, data, message))).status_code == 200
    await drain()
    told = await Delivery.objects().where(Delivery.name == "telegram_answer").order_by(Delivery.id)
    assert len(told) == before + 1
    return told[-1].payload["popup"]


async def sent(suggestion) -> list[Message]:
    return await Message.of(suggestion.organization).where(Message.direction == "out")
