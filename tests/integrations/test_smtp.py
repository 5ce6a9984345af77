from dataclasses import replace
from urllib.parse import quote

import pytest

from dashboard.integrations.mail import Attachment, Message
from dashboard.integrations.outcomes import Refused, Unavailable, Unclear
from dashboard.integrations.smtp import Smtp
from tests.canaries import MAIL_PASSWORD
from tests.integrations import connected
from tests.partners.smtp import mail_server

UNSUBSCRIBE = f"<https://app.harbor.example/u/{'A.b-' * 60}>"
MESSAGE = Message(
    to="Robin Sämple <robin@mail.example>",
    subject="Your quöte " * 10,
    html="<p>Grüße</p>",
    text="Grüße\n.\nfrom us",
    reply_to="r+42@in.harbor.example",
    headers={"List-Unsubscribe": UNSUBSCRIBE, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    attachments=(Attachment("quöte.pdf", b"%PDF\x00", "application/pdf"),),
)


async def test_the_mail_arrives_whole_as_another_parser_reads_it():
    async with mail_server() as server:
        mail = connected(mail=server).mail
        assert mail.channel == "smtp" and not mail.honours_keys and mail.key_lifetime is None
        id = await mail.send(MESSAGE, "reply:91")
        [envelope], [found] = server.taken, server.mails()
        assert (envelope.mail_from, envelope.rcpt_tos) == ("hello@harbor.example", ["robin@mail.example"])
        assert (found["From"], found["Subject"]) == ("Harbor <hello@harbor.example>", MESSAGE.subject)
        assert found["To"].addresses[0].display_name == "Robin Sämple"
        assert found["Reply-To"] == "r+42@in.harbor.example" and found["Message-ID"] == id and found["Date"]
        assert found.get_body(("plain",)).get_content().splitlines() == MESSAGE.text.splitlines()
        assert found.get_body(("html",)).get_content().strip() == MESSAGE.html
        [file] = found.iter_attachments()
        assert (file.get_filename(), file.get_content()) == ("quöte.pdf", b"%PDF\x00")
        assert f"\r\nList-Unsubscribe: {UNSUBSCRIBE}\r\n".encode() in envelope.content


async def test_two_copies_under_one_key_carry_one_message_id():
    async with mail_server() as server:
        mail = connected(mail=server).mail
        first, again = await mail.send(MESSAGE, "k"), await mail.send(MESSAGE, "k")
        assert first == again != await mail.send(MESSAGE, "another")


@pytest.mark.parametrize(
    ("mode", "error", "words"),
    [
        ("550", Refused, "550 5.1.1 Mailbox of"),
        ("554", Refused, "554 5.3.0 Content refused"),
        ("451", Unavailable, "451 4.1.1"),
        ("452", Unavailable, "452 4.3.0"),
        ("421", Unavailable, "421 4.3.2 Busy"),
        ("stall", Unavailable, "Nothing was sent"),
        ("hang", Unclear, "may have been sent"),
        ("cut", Unclear, "may have been sent"),
    ],
)
async def test_the_servers_word_decides_and_its_silence_after_the_text_is_unclear(mode, error, words):
    async with mail_server() as server:
        smtp = connected(mail=server).smtp
        smtp = replace(smtp, seconds=3) if mode in ("stall", "hang") else smtp
        server.mode = mode
        with pytest.raises(error, match=words):
            await smtp.send(replace(MESSAGE, from_="hello@harbor.example"), "k")
        assert len(server.taken) == (1 if error is Unclear else 0)


async def test_signs_in_and_says_when_the_password_is_wrong_without_showing_it():
    password = f"{MAIL_PASSWORD}@/%"
    async with mail_server(password=password) as server:
        its = connected(SMTP_URL=f"smtp://desk:{quote(password, safe='')}@127.0.0.1:{server.port}")
        assert (await its.smtp.test()).startswith("SMTP answered in ")
        await its.mail.send(MESSAGE, "k")
        assert len(server.taken) == 1
        wrong = connected(SMTP_URL=f"smtp://desk:{MAIL_PASSWORD}@127.0.0.1:{server.port}")
        for attempt in (wrong.smtp.test(), wrong.mail.send(MESSAGE, "k")):
            with pytest.raises(Refused, match="did not accept the name and password") as caught:
                await attempt
            assert MAIL_PASSWORD not in str(caught.value)


async def test_a_server_that_cannot_be_reached_has_certainly_sent_nothing():
    async with mail_server() as server:
        its = connected(mail=server)
    for attempt in (its.smtp.test(), its.mail.send(MESSAGE, "k")):
        with pytest.raises(Unavailable, match="could not be reached"):
            await attempt


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.5", "169.254.169.254", "2130706433", "[::1]"])
async def test_a_server_that_an_organization_names_must_be_public(host):
    with pytest.raises(Refused, match="not a public one"):
        await Smtp(f"smtp://{host}:25", trusted=False).test()


async def test_a_server_that_an_organization_names_is_reached_through_mail_ports_only():
    with pytest.raises(Refused, match="ports 25, 465, 587, 2525 only"):
        await Smtp("smtp://mail.harbor.example:5432", trusted=False).test()


@pytest.mark.parametrize(
    "url", ["mail.harbor.example", "http://mail.harbor.example", "smtp://", "smtp://h:99999", "smtp://["]
)
def test_says_when_the_setting_is_no_address(url):
    assert "is not an address" in Smtp(url, trusted=True).missing


async def test_an_address_in_other_letters_goes_out_in_its_plain_form_or_not_at_all():
    async with mail_server() as server:
        mail = connected(mail=server).mail
        await mail.send(replace(MESSAGE, to="robin@bücher.example"), "k")
        assert server.taken[0].rcpt_tos == ["robin@xn--bcher-kva.example"]
        with pytest.raises(Refused, match="letters that mail servers do not take"):
            await mail.send(replace(MESSAGE, to="röbin@mail.example"), "k")
