"""Mails that are written when they leave: their deliveries hold only what tells one from the other. Who queues them
registers here how they are written, since the out-tray knows nothing of what stands above it."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

log = logging.getLogger(__name__)

# From the payloads of one organization's deliveries of one name, in their order, to payloads with subject, html, text,
# from_name, from, reply_to and headers. The same bytes each time; an exception where a mail cannot be written.
Writer = Callable[[int, Sequence[dict[str, Any]]], Awaitable[list[dict[str, Any] | Exception]]]
WRITERS: dict[str, Writer] = {}


async def written(organization: int | None, name: str, payload: Any) -> dict[str, Any]:
    """The payload with its texts."""
    if organization is None or name not in WRITERS or not isinstance(payload, dict) or "html" in payload:
        return payload
    [made] = await WRITERS[name](organization, [payload])
    if isinstance(made, Exception):
        raise made
    return made


async def shown(organization: int, name: str, payload: Any) -> Any:
    """The same for people who look at it; what cannot be written any more shows as nothing."""
    try:
        return await written(organization, name, payload)
    except Exception:
        log.info("a mail %s cannot be written any more", name, exc_info=True)
        return payload
