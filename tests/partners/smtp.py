"""A mail server on loopback (aiosmtpd) that refuses, delays or goes silent on request."""

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests import canaries


class MailServer:
    """`mode`: ok; 550 or 451 (the recipient is refused); 421 (busy at MAIL); 554 or 452 (refused after DATA); hang or
    cut (taken, then silence or a closed connection); stall (silent from RCPT on, nothing taken)."""

    def __init__(self, password: str = "", journal: Any = None, tls: ssl.SSLContext | None = None) -> None:
        self.mode = "ok"
        self.password = password
        self.taken: list[Envelope] = []
        self.asked: list[str] = []
        self.port = 0
        self._journal, self._tls = journal, tls
        self._hold = asyncio.Event()

    @property
    def url(self) -> str:
        return f"smtp://{f'desk:{self.password}@' if self.password else ''}127.0.0.1:{self.port}"

    def mails(self) -> list[EmailMessage]:
        """Every mail taken, parsed again by the standard library."""
        return [self._parsed(envelope) for envelope in self.taken]

    def _parsed(self, envelope: Envelope) -> EmailMessage:
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        return mail

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if self.mode == "421":
            return "421 4.3.2 Busy"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        if self.mode == "stall":
            await self._hold.wait()
        if self.mode in ("550", "451"):
            return f"{self.mode} {self.mode[0]}.1.1 Mailbox of <{address}> refused"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.mode in ("554", "452"):
            return f"{self.mode} {self.mode[0]}.3.0 Content refused"
        self.taken.append(envelope)
        canaries.look("mail", bytes(envelope.content or b"").replace(b"=\r\n", b""))  # quoted-printable, unfolded
        if self._journal is not None:
            mail = self._parsed(envelope)
            entry = {"service": "smtp", "id": mail["Message-ID"], "key": "", "body": {"to": envelope.rcpt_tos}}
            self._journal.append(entry)
        if self.mode == "hang":
            await self._hold.wait()
        if self.mode == "cut":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        self.asked.append(mechanism)
        good = isinstance(data, LoginPassword) and data.password == self.password.encode()
        # Without handled=False the client waits for ever for the refusal.
        return AuthResult(success=good, handled=False)

    def protocol(self) -> SMTP:
        return SMTP(
            self,
            loop=asyncio.get_running_loop(),
            hostname="127.0.0.1",
            authenticator=self.authenticate,
            auth_required=bool(self.password),
            auth_require_tls=self._tls is not None,
            tls_context=self._tls,
        )

    def release(self) -> None:
        self._hold.set()


@asynccontextmanager
async def mail_server(
    password: str = "", port: int = 0, journal: Any = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[MailServer]:
    """A mail server on loopback for the length of the block; with a password it asks for user `desk`, with a TLS
    context it offers STARTTLS and takes no password without."""
    server = MailServer(password, journal, tls)
    listener = await asyncio.get_running_loop().create_server(server.protocol, "127.0.0.1", port)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.release()
        listener.close()
        await listener.wait_closed()
