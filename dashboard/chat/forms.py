"""What arrives at the support addresses: JSON from anybody."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from litestar import Request

from dashboard.accounts.forms import address_problem
from dashboard.errors import Invalid

LONGEST = 1_048_576  # characters of a message
WRITE = "Write a message."


@dataclass(frozen=True)
class Asked:
    """`key` is what makes a message be there once: the page's own word for it, else a random one."""

    message: str
    conversation: str
    key: str
    name: str
    email: str
    page: str
    identity: Any


async def parse(request: Request, *, needs_message: bool = True) -> Asked:
    """The fields we know of; Invalid when it is no JSON object, or the message is missing or endless."""
    body = await request.body()
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise Invalid({"message": WRITE}, "Send a JSON object.")
    message = _text(data, "message", LONGEST + 1).strip()
    problems = {}
    if needs_message and not message:
        problems["message"] = WRITE
    elif len(message) > LONGEST:
        problems["message"] = "This message is too long. Send it in parts, or as a file by mail."
    email = _text(data, "email", 255).strip()
    if email and address_problem(email):
        problems["email"] = address_problem(email)
    if problems:
        raise Invalid(problems)
    key = _text(data, "messageId", 80).strip()
    return Asked(
        message, _text(data, "conversationId", 100), f"v:{key}" if key else f"r:{secrets.token_hex(12)}",
        _text(data, "name", 200), email, _text(data, "page", 300), data.get("identity"),
    )  # fmt: skip


def _text(data: dict[str, Any], name: str, longest: int) -> str:
    given = data.get(name)
    return given.replace("\0", "").encode("utf-8", "ignore").decode()[:longest] if isinstance(given, str) else ""
