"""Outside this machine mail goes out over TLS only, and only to the server the name belongs to."""

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dashboard.integrations import addresses, smtp
from dashboard.integrations.mail import Message
from dashboard.integrations.outcomes import Refused
from dashboard.integrations.smtp import Smtp
from tests.canaries import MAIL_PASSWORD
from tests.partners.smtp import mail_server

NAME = "mail.harbor.example"
MESSAGE = Message(to="robin@mail.example", subject="Quote", text="Hello", from_="hello@harbor.example")


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """A server context with a certificate for NAME, which this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)]), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "pair.pem").write_bytes(certificate + secret)
    (tmp_path / "trusted.pem").write_bytes(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")
    return context


def resolve_here(monkeypatch, port):
    """Every name leads to this machine, as a resolver would say."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lambda *_, **__: asyncio.sleep(0, found))


async def test_the_mail_and_the_password_go_out_after_starttls(certified, monkeypatch):
    async with mail_server(password=MAIL_PASSWORD, tls=certified) as server:
        resolve_here(monkeypatch, server.port)
        await Smtp(f"smtp://desk:{MAIL_PASSWORD}@{NAME}:{server.port}", trusted=True).send(MESSAGE, "k")
        assert len(server.taken) == 1


async def test_a_server_without_tls_never_sees_the_password(monkeypatch):
    async with mail_server(password=MAIL_PASSWORD) as server:
        resolve_here(monkeypatch, server.port)
        with pytest.raises(Refused, match="such as TLS"):
            await Smtp(f"smtp://desk:{MAIL_PASSWORD}@{NAME}:{server.port}", trusted=True).send(MESSAGE, "k")
        assert server.asked == server.taken == []


async def test_a_certificate_of_another_name_is_refused(certified, monkeypatch):
    async with mail_server(password=MAIL_PASSWORD, tls=certified) as server:
        resolve_here(monkeypatch, server.port)
        with pytest.raises(Refused, match="certificate is not valid for its name"):
            await Smtp(f"smtp://desk:{MAIL_PASSWORD}@other.harbor.example:{server.port}", trusted=True).send(
                MESSAGE, "k"
            )
        assert server.asked == server.taken == []


async def test_a_vetted_number_must_show_the_certificate_of_the_name(certified, monkeypatch):
    """The connection goes to the address that was checked, the certificate is checked against the name."""
    async with mail_server(password=MAIL_PASSWORD, tls=certified) as server:
        resolve_here(monkeypatch, server.port)
        monkeypatch.setattr(smtp, "PORTS", (server.port,))
        theirs = Smtp(f"smtp://desk:{MAIL_PASSWORD}@{NAME}:{server.port}", trusted=False)
        with pytest.raises(Refused, match="not a public one"):
            await theirs.send(MESSAGE, "k")
        monkeypatch.setattr(addresses, "INSIDE", [])
        await theirs.send(MESSAGE, "k")
        assert len(server.taken) == 1
        with pytest.raises(Refused, match="certificate"):
            await Smtp(f"smtp://desk:{MAIL_PASSWORD}@other.harbor.example:{server.port}", trusted=False).send(
                MESSAGE, "k"
            )
