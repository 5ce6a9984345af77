"""A message as bytes, for the channel that wants them (SMTP)."""

import hashlib
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any

from dashboard.integrations.mail import Message
from dashboard.integrations.outcomes import Refused

ENCODED = "=?"  # begins an encoded word: Python would read it, and write what is inside as header lines of its own


class _Policy(EmailPolicy):
    """Python encodes a long List-Unsubscribe as if it were prose, and then no receiver finds the address in it. And it
    decodes what looks encoded in a text that people typed, line breaks included: such a subject is encoded as it is."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        if name.lower() == "subject" and ENCODED in value:
            return name, Header(value, "utf-8", header_name=name).encode(linesep=self.linesep)
        return super().header_store_parse(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower().startswith("list-") and str(value).isascii():
            return f"{name}: {value}{self.linesep}".encode()
        return super().fold_binary(name, value)


POLICY = _Policy(linesep="\r\n")


def compose(message: Message, key: str) -> tuple[str, bytes]:
    """(Message-ID, the mail as it goes out). The id follows from the key, so two copies are known as one."""
    mail = EmailMessage(policy=POLICY)
    sender = mailbox(message.from_)
    id = f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{sender.domain}>"
    try:
        mail["From"], mail["To"], mail["Subject"] = sender, mailbox(message.to), message.subject
        mail["Date"], mail["Message-ID"] = format_datetime(datetime.now(UTC)), id
        if message.reply_to:
            mail["Reply-To"] = mailbox(message.reply_to)
        for name, value in message.headers.items():
            if ENCODED in value:
                raise ValueError(name)
            mail[name] = value
        if message.text or not message.html:
            mail.set_content(message.text)
            if message.html:
                mail.add_alternative(message.html, subtype="html")
        else:
            mail.set_content(message.html, subtype="html")
        for file in message.attachments:
            kind, _, subtype = file.content_type.partition("/")
            name = _never_decoded(file.filename)
            mail.add_attachment(file.content, maintype=kind, subtype=subtype or "octet-stream", filename=name)
        return id, mail.as_bytes()
    except (ValueError, UnicodeError, HeaderParseError):
        raise Refused("The mail could not be written: a header or a file has a value that is not allowed.") from None


def mailbox(text: str) -> Address:
    """A name and an address in the letters every mail server takes; a domain in other letters becomes its xn-- form."""
    name, spec = parseaddr(text)
    local, _, domain = spec.rpartition("@")
    try:
        return Address(
            _never_decoded(name), addr_spec=f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}"
        )
    except (ValueError, UnicodeError, HeaderParseError):
        raise Refused("A mail address has letters that mail servers do not take.") from None


def _never_decoded(name: str) -> str:
    return name.replace(ENCODED, "= ?")
