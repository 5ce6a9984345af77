"""What people call themselves, on the wire: each mail has the headers we gave it, and each of them one line."""

from tests.campaigns.world import days, days_by_smtp, launched
from tests.hostile import CORPUS
from tests.leads.cast import a_lead

INJECTIONS = (
    "Robin\r\nBcc: everyone@people.example", "Robin\nSubject: other\n\n<h1>pwned</h1>", "Robin\rX-Evil: 1",
    "Robin\x0b\x0c\x85\u2028\u2029Bcc: x", "\r\n\r\n<script pwned>alert(1)</script>", "Robin\u202eexe.moc",
    "=?utf-8?q?=0D=0ABcc:_x@people.example?=", "\"Robin\" <robin@other.example>, everyone@people.example",
)  # fmt: skip
TEXTS = {
    "subject": "{{ first_name | you }}, {{ name }} of {{ company }}",
    "html": "<p>{{ name }} {{ company }}</p><a href='{{ unsubscribe_link }}'>Stop</a>",
    "text": "{{ name }} {{ company }} {{ unsubscribe_link }}",
}
OF_SMTP = {
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "reply-to", "list-unsubscribe",
    "list-unsubscribe-post", "references", "content-transfer-encoding",
}  # fmt: skip
HEADERS = {"List-Unsubscribe", "List-Unsubscribe-Post", "References"}


async def test_no_name_makes_a_header_a_line_or_a_recipient_more(acme):
    texts = [*INJECTIONS, *(text for text in CORPUS if "\x00" not in text and "\ud800" not in text)]
    for number, text in enumerate(texts):
        await a_lead(acme, text[:200], company=text[:200], email=f"p{number}@crowd.example")
    async with days() as world:
        await launched(acme, texts=TEXTS, from_name=INJECTIONS[0], reply_to="answers@harbor.example")
        await world.round()
        mails = world.mails()
    assert len(mails) == len(texts)
    assert {each["to"][0] for each in mails} == {f"p{number}@crowd.example" for number in range(len(texts))}
    for mail in mails:
        assert set(mail) == {"from", "to", "subject", "html", "text", "reply_to", "headers", "tags"}
        assert set(mail["headers"]) == HEADERS and len(mail["to"]) == 1
        lines = [mail["subject"], mail["from"], mail["reply_to"], *mail["headers"].values()]
        assert not [each for each in lines if len(each.splitlines()) > 1], mail
        assert mail["from"] == '"Robin Bcc everyonepeople.example" <hello@harbor.example>'
        assert mail["reply_to"] == "answers@harbor.example" and "pwned49pwned" not in mail["subject"] + mail["html"]


async def test_by_smtp_no_name_makes_a_header_or_a_recipient_more(acme):
    for number, text in enumerate(INJECTIONS):
        await a_lead(acme, text, company=text, email=f"p{number}@crowd.example")
    async with days_by_smtp() as world:
        await launched(acme, texts=TEXTS, from_name="Harbor")
        await world.round()
        taken, read = world.mail.taken, world.mail.mails()
    assert len(taken) == len(INJECTIONS) and all(len(each.rcpt_tos) == 1 for each in taken)
    for envelope, mail in zip(taken, read, strict=True):
        assert {name.lower() for name in mail} <= OF_SMTP, list(mail)
        assert b"\r\nBcc:" not in envelope.content and b"\r\nX-Evil:" not in envelope.content
