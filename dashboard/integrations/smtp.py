"""SMTP: the second way for mail to leave. It has no idempotency key, so after DATA only the server's word counts."""

import asyncio
import hashlib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any, ClassVar
from urllib.parse import SplitResult, unquote, urlsplit

from dashboard.integrations.addresses import is_loopback, public_address
from dashboard.integrations.mail import Message
from dashboard.integrations.outcomes import ProviderError, Refused, Unavailable, Unclear, safe_words
from dashboard.integrations.provider import Provider

PORTS = (25, 465, 587, 2525)


class _Policy(EmailPolicy):
    """Python encodes a long List-Unsubscribe as if it were prose, and then no receiver finds the address in it."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower().startswith("list-") and str(value).isascii():
            return f"{name}: {value}{self.linesep}".encode()
        return super().fold_binary(name, value)


POLICY = _Policy(linesep="\r\n")


class _NamedContext(ssl.SSLContext):
    """Asks for and checks the certificate of `name`, though the connection goes to a vetted number."""

    name = ""

    def wrap_bio(self, incoming: Any, outgoing: Any, server_side: bool = False, *_: Any, **__: Any) -> Any:
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname=self.name)


@dataclass(frozen=True)
class Smtp(Provider):
    """`trusted`: the address is the operator's own word. One that an organization typed in must be public."""

    name: ClassVar[str] = "SMTP"

    url: str = field(repr=False)
    trusted: bool = False
    held: str = ""
    seconds: float = 30.0

    @property
    def missing(self) -> str:
        if not self.url:
            return "SMTP_URL is not set"
        return self.held or ("" if address(self.url) else "SMTP_URL is not an address like smtp://user:password@host:587")

    async def send(self, message: Message, key: str) -> str:
        """The Message-ID. Unavailable and Refused mean the server did not take the mail; Unclear, that it may have."""
        recipient, sender = (_ascii(parseaddr(value)[1]) for value in (message.to, message.from_))
        mail = compose(message, key)
        content = mail.as_bytes()
        await self._talk(lambda client: _hand_over(client, sender, recipient, content))
        return str(mail["Message-ID"])

    async def ping(self) -> None:
        await self._talk(lambda client: client.noop())

    async def _talk(self, act: Any) -> None:
        """Connect, sign in, act, and leave, all within `seconds`; whatever goes wrong becomes one of our errors."""
        self.require()
        import aiosmtplib

        try:
            async with asyncio.timeout(self.seconds):
                client = aiosmtplib.SMTP(**await self._options())
                try:
                    await client.connect()
                    await act(client)
                    # The mail is the server's by now; a bad farewell changes nothing.
                    try:
                        await asyncio.wait_for(client.quit(), 2)
                    except (aiosmtplib.SMTPException, OSError):
                        pass
                finally:
                    client.close()
        except ProviderError:
            raise
        except aiosmtplib.SMTPAuthenticationError as error:
            if error.code < 500:
                raise _answered(error.code, error.message) from None
            raise Refused("The mail server did not accept the name and password in SMTP_URL.") from None
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(error.code, error.message) from None
        except ssl.SSLError:
            raise Refused("The mail server's certificate is not valid for its name.") from None
        except (aiosmtplib.SMTPNotSupported, ValueError):
            raise Refused("The mail server does not offer what SMTP_URL asks for, such as TLS or signing in.") from None
        except (aiosmtplib.SMTPException, OSError):
            raise Unavailable("The mail server could not be reached or did not answer. Nothing was sent.") from None

    async def _options(self) -> dict[str, Any]:
        parts = address(self.url)
        assert parts is not None and parts.hostname is not None
        secure, host = parts.scheme == "smtps", parts.hostname
        port = parts.port or (465 if secure else 587)
        context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
        context.name = host
        context.load_default_certs()
        if not self.trusted and not is_loopback(host) and port not in PORTS:
            raise Refused(f"Mail can leave through the ports {', '.join(map(str, PORTS))} only.")
        return {
            "hostname": host if self.trusted else await public_address(host, port),
            "port": port,
            "use_tls": secure,
            # In clear only to this machine: never a password over the network without TLS.
            "start_tls": not secure and not is_loopback(host),
            "tls_context": context,
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "timeout": self.seconds,
            "local_hostname": "localhost",
        }


def address(url: str) -> SplitResult | None:
    """The parts of SMTP_URL, or None when it is not one."""
    try:
        parts = urlsplit(url)
        return parts if parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def compose(message: Message, key: str) -> EmailMessage:
    """The mail as bytes go out. Its Message-ID follows from the key, so two copies are known as one."""
    mail = EmailMessage(policy=POLICY)
    domain = _ascii(parseaddr(message.from_)[1]).rpartition("@")[2]
    try:
        mail["From"], mail["To"], mail["Subject"] = message.from_, message.to, message.subject
        if message.reply_to:
            mail["Reply-To"] = message.reply_to
        mail["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"
        for name, value in message.headers.items():
            mail[name] = value
        mail.set_content(message.text or "This mail has an HTML part only.")
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        for file in message.attachments:
            kind, _, subtype = file.content_type.partition("/")
            mail.add_attachment(file.content, maintype=kind, subtype=subtype or "octet-stream", filename=file.filename)
    except (ValueError, UnicodeError):
        raise Refused("The mail could not be written: a header or a file has a value that is not allowed.") from None
    return mail


async def _hand_over(client: Any, sender: str, recipient: str, content: bytes) -> None:
    import aiosmtplib

    await client.mail(sender)
    await client.rcpt(recipient)
    try:
        await client.data(content)
    except aiosmtplib.SMTPResponseException as error:
        if error.code < 400:
            raise Unclear("The mail server gave an answer that makes no sense. It may have sent the mail.") from None
        raise
    except (aiosmtplib.SMTPException, OSError, asyncio.CancelledError):
        # Cancelled by our own deadline, or from outside: either way the text may already be with the server.
        raise Unclear("The mail server took the mail but did not confirm it. It may have been sent.") from None


def _answered(code: int, words: str) -> ProviderError:
    said = safe_words(words)
    if code >= 500:
        return Refused(f"The mail server refused: {code} {said}".strip())
    return Unavailable(f"The mail server asks to try again later: {code} {said}".strip())


def _ascii(address: str) -> str:
    local, _, domain = address.rpartition("@")
    try:
        return f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise Refused("The mail address has letters that mail servers do not take.") from None
