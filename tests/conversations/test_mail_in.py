"""Mails that come in by Resend: fetched, trimmed, threaded; and everything that pretends to be one of ours."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard import settings as process_settings
from dashboard.conversations import queries
from dashboard.conversations.tables import Conversation, Message
from dashboard.database import rows, transaction
from dashboard.deliveries.tables import Delivery
from dashboard.files import storage
from dashboard.files.tables import File
from dashboard.leads.tables import Lead
from dashboard.tickets import work
from dashboard.tickets.tables import Ticket
from dashboard.webhooks import ledger
from dashboard.webhooks.handlers import HANDLERS
from dashboard.webhooks.tables import InboundEvent
from tests.canaries import RESEND_HOOKS, RESEND_KEY
from tests.partners.provider import provider
from tests.webhooks.posting import drain

INGRID = "Ingrid Solheim <ingrid@solheim.example>"


@pytest.fixture
async def inbox(settings, acme):
    """Resend on loopback, and Acme's own address."""
    await rows("UPDATE organization SET from_address = 'hello@acme.example' WHERE id = {}", acme.id)
    acme.from_address = "hello@acme.example"
    async with provider() as partner:
        changes = {"resend_api_key": RESEND_KEY, "resend_webhook_secret": RESEND_HOOKS, "resend_api_url": partner.url}
        process_settings.use(replace(settings, **changes))
        yield Inbox(acme, partner)


class Inbox:
    def __init__(self, acme, partner) -> None:
        self.acme, self.partner, self.count = acme, partner, 0

    async def gets(self, text="", *, sender=INGRID, to="hello@acme.example", subject="Wrong site", again=False, **more):
        """One mail arrives, and the worker handles it; what its event says came of it."""
        self.count += not again
        id, headers = f"in-{self.count}", more.pop("headers", {})
        message_id = more.pop("message_id", f"<m{self.count}@mail.solheim.example>")
        self.partner.objects[id] = {
            "id": id, "text": text, "headers": headers, "message_id": message_id, "to": [to], "from": sender,
        } | more  # fmt: skip
        data = {"email_id": id, "from": sender, "to": [to], "subject": subject, "message_id": message_id}
        body = json.dumps({"type": "email.received", "created_at": "2026-11-21T09:00:00Z", "data": data}).encode()
        now = clock.now()
        event = f"msg-{self.count}{'-again' if again else ''}"
        await ledger.record(self.acme.id, "resend", event, "email.received", body, now)
        await drain()
        found = await InboundEvent.of(self.acme).where(InboundEvent.external_id == event).first()
        return found.result or found.error

    async def threads(self):
        return await Conversation.of(self.acme).order_by(Conversation.id)

    async def messages(self):
        return await Message.of(self.acme).order_by(Message.id)


async def test_a_mail_becomes_a_conversation_a_person_and_a_ticket(inbox, acme, alice):
    text = (
        "Did you audit the wrong site?\n\nIngrid\n\nOn Fri, 20 Nov 2026 at 10:00, Acme wrote:\n> Your report is ready."
    )
    assert await inbox.gets(text) == "Ticket 1 opened."
    [thread], [message] = await inbox.threads(), await inbox.messages()
    assert (thread.channel, thread.email, thread.name, thread.subject) == (
        "mail", "ingrid@solheim.example", "Ingrid Solheim", "Wrong site",
    )  # fmt: skip
    assert thread.needs_reply and thread.unread and not thread.identified
    assert message.text == "Did you audit the wrong site?\n\nIngrid" and "Your report is ready." in message.quoted
    lead = await Lead.of(acme).first()
    assert (lead.email, lead.id) == ("ingrid@solheim.example", thread.lead)
    page = await alice.get("/acme/tickets/1")
    assert "Did you audit the wrong site?" in page.text and "Quoted text" in page.text


@pytest.mark.parametrize(
    ("text", "priority"),
    [
        ("Did you audit the wrong site?", "normal"), ("You hear from my lawyer.", "high"),
        ("My account was hacked.", "high"), ("THIS IS UNACCEPTABLE, A SCAM", "high"),
        ("Fine.\n\nOn Fri, 20 Nov 2026 at 10:00, Acme wrote:\n> my lawyer", "normal"),
    ],
)  # fmt: skip
async def test_an_angry_or_legal_mail_does_not_wait_its_turn(inbox, acme, text, priority):
    await inbox.gets(text)
    assert [each.priority for each in await Ticket.of(acme)] == [priority]


async def test_the_same_mail_twice_is_there_once(inbox):
    await inbox.gets("Once")
    assert await inbox.gets("Once", again=True) == "This mail is here already."
    assert len(await inbox.threads()) == len(await inbox.messages()) == 1


async def test_answers_join_their_thread_by_our_address_or_by_their_references(inbox, acme, alice):
    await inbox.gets("First")
    await alice.post(
        "/acme/tickets/1/replies", data={"text": "We look into it.", "once": "abcdefgh1234", "kind": "reply"}
    )
    [mail] = await Delivery.of(acme).where(Delivery.name == "reply")
    assert mail.payload["reply_to"].startswith("hello+") and mail.payload["reply_to"].endswith("@acme.example")
    await rows("UPDATE delivery SET state = 'sent' WHERE id = {}", mail.id)
    assert (
        await inbox.gets("By address", to=mail.payload["reply_to"], subject="Re: Wrong site") == "A mail in ticket 1."
    )
    for name in ("References", "In-Reply-To"):
        ours = mail.payload["headers"]["References"].split()[-1]
        assert await inbox.gets("By reference", headers={name: ours}) == "A mail in ticket 1."
    assert (
        await inbox.gets("By their own", headers={"References": "<m1@mail.solheim.example>"}) == "A mail in ticket 1."
    )
    assert len(await inbox.threads()) == 1 and len(await inbox.messages()) == 6
    ticket = await Ticket.of(acme).first()
    assert ticket.status == "open", "what waited for the customer is open again"


async def a_copy_of_a_chat(acme, alice, stranger):
    """Ingrid asked in the chat and left her address; Alice answered, and the ticket waits. The mail with the copy."""
    await stranger.request("POST", "/chat/acme", data={"message": "Is the report ready?"})
    await stranger.request("POST", "/chat/acme/person", data={"email": "ingrid@solheim.example"})
    await alice.post("/acme/tickets/1/replies", data={"text": "Which one?", "once": "abcdefgh1234", "kind": "reply"})
    [mail] = await Delivery.of(acme).where(Delivery.name == "reply")
    assert (await Ticket.of(acme).first()).status == "waiting"
    return mail


@pytest.mark.parametrize("by", ["address", "reference"])
async def test_an_answer_to_the_copy_of_a_chat_joins_it_and_opens_its_ticket_again(inbox, acme, alice, stranger, by):
    mail = await a_copy_of_a_chat(acme, alice, stranger)
    if by == "address":
        facts = {"to": mail.payload["reply_to"]}
    else:
        facts = {"headers": {"References": mail.payload["headers"]["References"]}}
    said = await inbox.gets("The one about zinnober.", subject="Re: Message from Acme", **facts)
    assert said == "A mail in ticket 1."
    assert len(await inbox.threads()) == 1 and (await Ticket.of(acme).first()).status == "open"
    ticket = (await alice.get("/acme/tickets/1")).text
    assert "zinnober" in ticket and "By mail, not shown in the chat" in ticket
    assert "zinnober" not in (await stranger.get("/chat/acme")).text, "its visitor only said that the address is theirs"
    await stranger.request("POST", "/chat/acme", data={"message": "Hello?", "key": "k2"})
    [chat] = await inbox.threads()
    last = await Message.of(acme).where(Message.conversation == chat.id).order_by(Message.id, ascending=False).first()
    assert "zinnober" not in str(await queries.said_before(chat, last))


async def test_nobody_joins_a_chat_by_mail_whom_no_copy_was_sent_to(inbox, acme, alice, stranger):
    await stranger.request("POST", "/chat/acme", data={"message": "Hello", "key": "k1"})
    await stranger.request("POST", "/chat/acme/person", data={"email": "ingrid@solheim.example"})
    [chat] = await inbox.threads()
    assert await inbox.gets("No copy yet", to=f"hello+{chat.public_id}@acme.example") == "Ticket 2 opened."
    await alice.post("/acme/tickets/1/replies", data={"text": "Yes?", "once": "abcdefgh1234", "kind": "reply"})
    theirs = {"sender": "Mallory <mallory@evil.example>", "to": f"hello+{chat.public_id}@acme.example"}
    assert await inbox.gets("Let me in", **theirs) == "Ticket 3 opened."
    assert await inbox.gets("Without its name", headers={"References": "<x@conversation.invalid>"}) != (
        "A mail in ticket 1."
    )


async def test_somebody_else_never_gets_into_a_thread(inbox, acme, alice):
    await inbox.gets("First")
    [thread] = await inbox.threads()
    theirs = {"sender": "Mallory <mallory@evil.example>", "to": f"hello+{thread.public_id}@acme.example"}
    assert (
        await inbox.gets("Let me in", headers={"References": "<m1@mail.solheim.example>"}, **theirs)
        == "Ticket 2 opened."
    )
    first, second = await inbox.threads()
    assert (first.messages, second.email) == (1, "mallory@evil.example")
    assert await inbox.gets("We are Acme", sender="Acme <hello+x@acme.example>") != "Ticket 3 opened."
    assert all(each.author_kind == "visitor" and each.direction == "in" for each in await inbox.messages())


async def test_another_organization_does_not_know_the_thread(inbox, acme, borealis):
    await inbox.gets("First")
    [thread] = await inbox.threads()
    mail = {
        "from": INGRID, "to": [f"hello+{thread.public_id}@acme.example"], "subject": "Hello", "text": "Hello",
        "headers": {"References": "<m1@mail.solheim.example>"}, "message_id": "<m9@mail.solheim.example>",
    }  # fmt: skip
    async with transaction():
        await HANDLERS["resend:email.received"](borealis, {"type": "email.received", "data": mail}, clock.now())
    assert len(await Conversation.of(borealis)) == 1 and (await inbox.threads())[0].messages == 1


@pytest.mark.parametrize(
    "headers", [{"Auto-Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X-Autoreply": "yes"}], ids=str
)
async def test_an_automatic_answer_is_kept_and_calls_nobody(inbox, acme, headers):
    await inbox.gets("First")
    await work.set_status(acme, await Ticket.of(acme).first(), "waiting", clock.now())
    answer = {"References": "<m1@mail.solheim.example>"} | headers
    assert "automatic" in await inbox.gets("I am away until Monday.", headers=answer)
    assert (await Ticket.of(acme).first()).status == "waiting"
    assert "automatic" in await inbox.gets("Away", sender="Bot <bot@else.example>", headers=headers)
    assert len(await Ticket.of(acme)) == 1 and (await inbox.threads())[1].archived_at is not None
    assert len(await inbox.messages()) == 3


async def test_mails_that_go_in_circles_stop_calling_anybody(inbox, acme):
    for number in range(33):
        await inbox.gets(f"Loop {number}", subject=f"Loop {number}")
    assert len(await inbox.messages()) == 33
    assert len(await Ticket.of(acme)) == 31


async def test_files_are_kept_within_their_limits(inbox, acme, alice):
    url, objects = inbox.partner.url, inbox.partner.objects
    objects["a1"] = {"id": "a1", "download_url": f"{url}/received-files/a1"}
    objects["/received-files/a1"] = {"bytes": b"the picture"}
    listed = [
        {"id": "a1", "filename": "page-3.png", "size": 11},
        {"id": "a2", "filename": "film.mov", "size": 90_000_000},
        {"id": "gone", "filename": "gone.pdf"},
    ]
    await inbox.gets("See the page.", attachments=listed)
    [file] = await File.of(acme)
    assert (file.name, file.size, file.given_by) == ("page-3.png", 11, "customer")
    assert b"".join([piece async for piece in storage.read(file.storage_key)]) == b"the picture"
    [message] = await inbox.messages()
    assert "film.mov, gone.pdf" in message.text
    page = (await alice.get("/acme/tickets/1")).text
    assert f"/acme/files/{file.id}" in page and "page-3.png" in page


async def test_while_resend_is_away_the_mail_waits_and_is_not_lost(inbox, acme):
    inbox.partner.mode("resend", "500", times=1)
    assert "could not be fetched" in await inbox.gets("Patient")
    assert await inbox.messages() == []
    await drain(clock.now() + timedelta(minutes=1))
    [message] = await inbox.messages()
    assert message.text == "Patient"


async def test_an_html_mail_is_read_as_text(inbox, alice):
    html = "<style>p{}</style><p>Hello <b>there</b></p><script>alert(1)</script><blockquote>Older words</blockquote>"
    await inbox.gets("", html=html)
    [message] = await inbox.messages()
    assert (message.text, message.quoted) == ("Hello there", "> Older words")
    assert "alert(1)" not in (await alice.get("/acme/tickets/1")).text
