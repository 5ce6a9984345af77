"""SMTP: the second way for mail to leave. It has no idempotency key, so after DATA only the server's word counts."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import SplitResult, unquote, urlsplit

from dashboard.integrations.addresses import is_loopback, public_address
from dashboard.integrations.mail import Message
from dashboard.integrations.mime import compose, mailbox
from dashboard.integrations.outcomes import ProviderError, Refused, Unavailable, Unclear, safe_words
from dashboard.integrations.provider import Provider

PORTS = (25, 465, 587, 2525)


class _Silence(Unavailable):
    """The server went away, or said nothing usable; whether that is harmless depends on how far we were."""


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
        return self.held or (
            "" if address(self.url) else "SMTP_URL is not an address like smtp://user:password@host:587"
        )

    async def send(self, message: Message, key: str) -> str:
        """The Message-ID. Unavailable and Refused mean the server did not take the mail; Unclear, that it may have."""
        self.require()
        id, content = compose(message, key)
        sender, recipient = mailbox(message.from_).addr_spec, mailbox(message.to).addr_spec
        handing = False

        async def hand_over(client: Any) -> None:
            nonlocal handing
            await client.mail(sender)
            await client.rcpt(recipient)
            handing = True
            await client.data(content)

        try:
            await self._talk(hand_over)
        except _Silence:
            if not handing:
                raise
            raise Unclear("The mail server went silent while taking the mail. It may have been sent.") from None
        return id

    async def ping(self) -> None:
        await self._talk(lambda client: client.noop())

    async def _talk(self, act: Callable[[Any], Awaitable[Any]]) -> None:
        """Connect, sign in, act, and leave, all within `seconds`; whatever goes wrong becomes one of our errors."""
        self.require()
        import aiosmtplib

        try:
            async with asyncio.timeout(self.seconds):
                client = aiosmtplib.SMTP(**await self._options())
                try:
                    await client.connect()
                    await act(client)
                    # What had to happen has happened; a bad farewell changes nothing.
                    with suppress(aiosmtplib.SMTPException, OSError):
                        await asyncio.wait_for(client.quit(), 2)
                finally:
                    client.close()
        except aiosmtplib.SMTPAuthenticationError as error:
            if error.code < 500:
                raise _answered(error) from None
            raise Refused("The mail server did not accept the name and password in SMTP_URL.") from None
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(error) from None
        except OSError as error:
            if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
                raise Refused("The mail server's certificate is not valid for its name.") from None
            raise _Silence("The mail server could not be reached or did not answer. Nothing was sent.") from None
        except (aiosmtplib.SMTPException, ValueError):
            raise Refused("The mail server does not offer what SMTP_URL asks for, such as TLS or signing in.") from None

    async def _options(self) -> dict[str, Any]:
        parts = address(self.url)
        assert parts is not None and parts.hostname is not None
        tls, host, here = parts.scheme == "smtps", parts.hostname, is_loopback(parts.hostname)
        port = parts.port or (465 if tls else 587)
        if not self.trusted and port not in PORTS:
            raise Refused(f"Mail can leave through the ports {', '.join(map(str, PORTS))} only.")
        return {
            "hostname": host if self.trusted else await public_address(host, port),
            "port": port,
            "use_tls": tls,
            # In clear only to this machine: never a password over the network without TLS.
            "start_tls": not tls and not here,
            "tls_context": _context(host) if tls or not here else None,
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "timeout": self.seconds,
            # Else it would be this machine's own name.
            "local_hostname": "[127.0.0.1]",
        }


def address(url: str) -> SplitResult | None:
    """The parts of SMTP_URL, or None when it is not one."""
    try:
        parts = urlsplit(url)
        return parts if parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def _context(name: str) -> ssl.SSLContext:
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.name = name
    context.load_default_certs()
    return context


def _answered(error: Any) -> ProviderError:
    said = f"{error.code} {safe_words(error.message)}".strip()
    if error.code >= 500:
        return Refused(f"The mail server refused: {said}")
    if error.code >= 400:
        return Unavailable(f"The mail server asks to try again later: {said}")
    return _Silence("The mail server gave an answer that makes no sense.")
