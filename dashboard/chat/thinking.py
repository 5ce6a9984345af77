"""Answers on their way. They go on when the visitor leaves, and whoever asks again for the same one waits for it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dashboard.accounts.tables import Organization
from dashboard.chat import asking
from dashboard.chat.asking import Reply
from dashboard.conversations.tables import Conversation, Message
from dashboard.database import translate

log = logging.getLogger(__name__)


@dataclass
class Thinking:
    """`doing`: what is being done, in words for the visitor."""

    task: asyncio.Task[Reply]
    doing: str = ""

    @property
    def failed(self) -> bool:
        return self.task.cancelled() or self.task.exception() is not None


UNDER_WAY: dict[int, Thinking] = {}  # by message, in this process


def begin(
    organization: Organization, conversation: Conversation, message: Message, now: datetime, tell: Callable[[], None],
    *, calls: bool,
) -> Thinking:  # fmt: skip
    """The answer to this message, begun now unless it is. `tell` is called whenever there is something to see; `calls`
    as in asking.respond."""
    if (known := UNDER_WAY.get(message.id)) is not None:
        return known

    def doing(words: str) -> None:
        made.doing = words
        tell()

    def ended(task: asyncio.Task[Reply]) -> None:
        UNDER_WAY.pop(message.id, None)
        problem = None if task.cancelled() else task.exception()
        if problem is not None and translate(problem) is None:
            log.error("an answer in the chat failed; the message is kept", exc_info=problem)
        tell()

    task = asyncio.create_task(asking.respond(organization, conversation, message, now, calls=calls, doing=doing))
    made = UNDER_WAY[message.id] = Thinking(task)
    task.add_done_callback(ended)
    return made
