"""Mail in our words: what a message is, and the one channel it leaves by."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import getaddresses
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from dashboard.integrations.outcomes import NotConfigured, Refused
from dashboard.integrations.provider import Provider

if TYPE_CHECKING:
    from dashboard.integrations.resend import Resend
    from dashboard.integrations.smtp import Smtp

# What would end a header line, here or in a careless relay further on.
LINE_ENDS = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
PLAIN = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*@[A-Za-z0-9][A-Za-z0-9.-]*")
OURS = re.compile(
    r"from|to|cc|bcc|subject|sender|reply-to|date|message-id|mime-version|content-.*|return-path|received"
)


@dataclass(frozen=True)
class Attachment:
    filename: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Message:
    """One mail to one person. `from_` may be empty (the configured sender); `tags` come back in Resend's webhooks."""

    to: str
    subject: str
    html: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    from_: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Mail(Provider):
    """Resend when it has a key, else SMTP when it has an address, else not configured."""

    name: ClassVar[str] = "Mail"

    resend: "Resend"
    smtp: "Smtp"
    default_from: str = ""

    @property
    def channel(self) -> str:
        """resend, smtp, or empty."""
        if self.resend.key:
            return "resend"
        return "smtp" if self.smtp.url else ""

    @property
    def chosen(self) -> "Resend | Smtp":
        return self.smtp if self.channel == "smtp" else self.resend

    @property
    def key_lifetime(self) -> timedelta | None:
        return self.chosen.key_lifetime

    @property
    def missing(self) -> str:
        return self.chosen.missing if self.channel else "RESEND_API_KEY or SMTP_URL is not set"

    async def send(self, message: Message, key: str) -> str:
        """The provider's id of the mail it took. Called by the dispatcher only, outside any transaction."""
        self.require()
        return await self.chosen.send(self.checked(message), key)

    def checked(self, message: Message) -> Message:
        """The message with its sender, if it may leave; else NotConfigured or Refused."""
        if not message.from_:
            if not self.default_from:
                raise NotConfigured("AUTH_FROM_EMAIL is not set")
            message = replace(message, from_=self.default_from)
        check(message)
        return message

    @property
    def batches(self) -> "Resend | None":
        """The connection that takes many mails in one call, if the chosen one does."""
        return self.resend if self.channel == "resend" and self.resend.most_in_batch else None

    async def ping(self) -> None:
        await self.chosen.ping()


@lru_cache(256)
def _one_address(value: str) -> bool:
    found = getaddresses([value])
    return len(found) == 1 and bool(re.fullmatch(r"[^\s@,;<>]+@[^\s@,;<>]+", found[0][1]))


@lru_cache(256)
def _may_be_set(name: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9-]{1,70}", name)) and not OURS.fullmatch(name.lower())


def check(message: Message) -> None:
    """Refused if a header could be broken out of, or names something only we may set."""
    for what, value in (
        ("subject", message.subject),
        ("sender", message.from_),
        ("recipient", message.to),
        ("reply address", message.reply_to),
        *((f"header {name}", value) for name, value in message.headers.items()),
        *(("file name", file.filename) for file in message.attachments),
    ):
        if LINE_ENDS.search(value):
            raise Refused(f"The {what} contains a line break. Nothing was sent.")
    if not all(map(_may_be_set, message.headers)):
        raise Refused("A header of the mail has a name that is not allowed. Nothing was sent.")
    for what, value in (("recipient", message.to), ("sender", message.from_)):
        if not PLAIN.fullmatch(value) and not _one_address(value):
            raise Refused(f"The {what} is not one mail address. Nothing was sent.")
    if not message.html and not message.text:
        raise Refused("The mail is empty. Nothing was sent.")
