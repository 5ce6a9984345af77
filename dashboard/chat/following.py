"""What is new in a visitor's thread, as the events their page understands."""

from collections.abc import Callable
from typing import Any

from litestar.response import ServerSentEventMessage

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.chat import visiting
from dashboard.conversations.tables import Conversation
from dashboard.errors import NotFound
from dashboard.tickets import presence

Render = Callable[..., str]


def shown(render: Render, organization: Organization, message: dict[str, Any]) -> str:
    """A message as the page shows it."""
    return render("chat/_message.html", each=message, brand={"name": organization.name})


class Following:
    """One open page. `after`: the number of the last message it has."""

    def __init__(self, organization: Organization, conversation: Conversation, after: int, render: Render) -> None:
        self.organization, self.conversation, self.after, self.render = organization, conversation, after, render
        self.person = self.writing = ""
        self.begun = False

    async def news(self) -> list[ServerSentEventMessage]:
        """What the page does not have yet. NotFound when the thread is not theirs any more."""
        current = await visiting.again(self.organization, self.conversation)
        if current is None:
            raise NotFound()
        found = []
        for each in await visiting.said(self.organization, current, self.after):
            self.after = each["number"]
            html = shown(self.render, self.organization, each)
            found.append(ServerSentEventMessage(event="message", id=self.after, data=html))
        if len(found) == visiting.MOST:  # there is more: the rest comes with the next look
            return found
        line = self.render("chat/_person.html", **await visiting.person(self.organization, current, clock.now()))
        if line != self.person:
            self.person = line
            found.append(ServerSentEventMessage(event="person", data=line))
        who = await presence.replying(self.organization, current.id, clock.now())
        if who or self.writing:
            found.append(ServerSentEventMessage(event="writing", data=who))
        self.writing = who
        if not self.begun:
            self.begun = True
            found.append(ServerSentEventMessage(event="ready", data=""))
        return found
