from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest

from dashboard.integrations.mail import Attachment, Message
from dashboard.integrations.outcomes import NotConfigured, Refused
from tests.integrations import connected
from tests.partners.provider import provider
from tests.partners.smtp import mail_server

MESSAGE = Message(to="robin@mail.example", subject="Quote", text="Hello")
BREAKS = ["\r\n", "\n", "\r", "\x00", "\u2028", "\x85"]


async def test_leaves_through_resend_when_both_ways_are_open():
    async with provider() as p, mail_server() as server:
        await connected(p, server).mail.send(MESSAGE, "k")
        assert len(p.sent("resend")) == 1 and server.taken == []
        await connected(p, server, RESEND_API_KEY="").mail.send(MESSAGE, "k")
        assert len(p.sent("resend")) == 1 and len(server.taken) == 1


@pytest.mark.parametrize("end", BREAKS, ids=ascii)
@pytest.mark.parametrize("way", ["resend", "smtp"])
async def test_no_field_can_smuggle_in_another_header(end, way):
    evil = f"x{end}Bcc: everyone@mail.example"
    async with provider() as p, mail_server() as server:
        mail = connected(p, server, **({"RESEND_API_KEY": ""} if way == "smtp" else {})).mail
        for message in (
            replace(MESSAGE, subject=evil),
            replace(MESSAGE, to=f"{evil} <robin@mail.example>"),
            replace(MESSAGE, from_=f"{evil} <hello@harbor.example>"),
            replace(MESSAGE, reply_to=f"{evil} <hello@harbor.example>"),
            replace(MESSAGE, headers={"X-Order": evil}),
            replace(MESSAGE, headers={f"X-Order{end}": "7"}),
            replace(MESSAGE, attachments=(Attachment(evil, b""),)),
        ):
            with pytest.raises(Refused, match="Nothing was sent"):
                await mail.send(message, "k")
        assert p.requests == [] and server.taken == []


@pytest.mark.parametrize(
    "word", ["=?utf-8?q?=0D=0ABcc:_all@mail.example?=", "=?utf-8?b?DQpCY2M6IGFsbEBtYWlsLmV4YW1wbGU=?="]
)
@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "Quote, {}"}, {"subject": "{} of {} and {} and {}"}, {"from_": '"{}" <hello@harbor.example>'},
        {"reply_to": "{} <hello@harbor.example>"}, {"to": '"{}" <robin@mail.example>'}, {"headers": {"X-Order": "{}"}},
        {"attachments": "{}.pdf"},
    ],
    ids=str,
)  # fmt: skip
async def test_what_looks_encoded_is_never_decoded_into_a_header(fields, word):
    said = {name: value.format(*[word] * 4) for name, value in fields.items() if isinstance(value, str)}
    said |= {name: dict.fromkeys(value, word) for name, value in fields.items() if isinstance(value, dict)}
    if "attachments" in said:
        said["attachments"] = (Attachment(said["attachments"], b"x", "application/pdf"),)
    async with mail_server() as server:
        try:
            await connected(mail=server).mail.send(replace(MESSAGE, **said), "k")
        except Refused:
            assert server.taken == []
            return
        [envelope], [found] = server.taken, server.mails()
        assert envelope.rcpt_tos == ["robin@mail.example"] and b"\r\nBcc:" not in envelope.content
        assert (
            "subject" not in said or str(make_header(decode_header(raw_subject(envelope.content)))) == said["subject"]
        )
        assert set(found.keys()) <= {"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version"} | {
            "Content-Type", "Content-Transfer-Encoding", "X-Order"
        }  # fmt: skip


def raw_subject(content: bytes) -> str:
    return message_from_bytes(content)["Subject"]


@pytest.mark.parametrize("name", ["Bcc", "to", "From", "Content-Type", "message-id", "X Y", "X:Y", ""])
async def test_a_header_only_we_may_set_is_refused(name):
    async with provider() as p:
        with pytest.raises(Refused, match="not allowed"):
            await connected(p).mail.send(replace(MESSAGE, headers={name: "x"}), "k")


@pytest.mark.parametrize(
    "to", ["", "robin", "a@mail.example, b@mail.example", "a@b@mail.example", "<>", "a b@mail.example"]
)
async def test_a_mail_goes_to_exactly_one_person(to):
    async with provider() as p:
        with pytest.raises(Refused, match="not one mail address"):
            await connected(p).mail.send(replace(MESSAGE, to=to), "k")
        assert p.requests == []


async def test_a_mail_without_a_sender_waits_for_the_setting_and_an_empty_one_is_refused():
    async with provider() as p:
        with pytest.raises(NotConfigured, match="AUTH_FROM_EMAIL"):
            await connected(p, AUTH_FROM_EMAIL="").mail.send(MESSAGE, "k")
        with pytest.raises(Refused, match="empty"):
            await connected(p).mail.send(replace(MESSAGE, text=""), "k")


async def test_half_a_surrogate_breaks_nothing():
    message = replace(MESSAGE, subject="\ud800", text="\ud800")
    async with provider() as p, mail_server() as server:
        await connected(p).mail.send(message, "k")
        assert p.sent("resend")[0]["body"]["subject"] == "\ud800"
        with pytest.raises(Refused, match="could not be written"):
            await connected(mail=server).mail.send(message, "k")
