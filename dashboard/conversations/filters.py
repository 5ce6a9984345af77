"""What the conversations page can be filtered by, and its built-in views."""

from dashboard import lists
from dashboard.conversations.tables import Channel
from dashboard.lists import Choice, Choices, Dates, Numbers, Person, Search, Sort

CHANNELS = {
    Channel.web: ("Chat", "message-square"), Channel.mail: ("E-mail", "mail"),
    Channel.messenger: ("Messenger", "message-circle"), Channel.instagram: ("Instagram", "message-circle"),
    Channel.whatsapp: ("WhatsApp", "message-circle"), Channel.telegram: ("Telegram", "send"),
}  # fmt: skip
HERE = "c.archived_at IS NULL"
# Whom it is with, as they call themselves or as we know them, its subject, and what was said: as much of a message as
# its page shows. EXISTS, not IN: a word that is in every message is then looked for thread by thread until the page is
# full, any other one by its index.
SAID = """(lower(c.name || ' ' || c.email || ' ' || c.subject) LIKE {}
    OR EXISTS (SELECT FROM message said WHERE said.conversation = c.id AND lower(left(said.text, 20000)) LIKE {})
    OR c.lead IN (
        SELECT known.id FROM lead known WHERE known.search LIKE public.fold({}) AND known.deleted_at IS NULL))"""
STATES = (
    Choice("inbox", "In the inbox", HERE),
    Choice("waiting", "Waits for us", f"(c.needs_reply AND {HERE})"),
    Choice("unread", "Unread", f"(c.unread AND {HERE})"),
    Choice("archived", "Archived", "c.archived_at IS NOT NULL"),
)
TICKET = "EXISTS (SELECT 1 FROM ticket t WHERE t.conversation = c.id AND t.status IN ('open', 'waiting'))"
TICKETS = (Choice("yes", "Has an open ticket", TICKET), Choice("no", "Has none", f"NOT {TICKET}"))
CONVERSATIONS = lists.List(
    page="conversations",
    fields=(
        Search("q", "Search", SAID),
        Numbers("numbers", "Conversation", "c.id = ANY({})"),
        Choices("state", "State", "", STATES),
        Choices("channel", "Channel", "c.channel = ANY({})", tuple(Choice(k.value, v[0]) for k, v in CHANNELS.items())),
        Choices("ticket", "Ticket", "", TICKETS),
        Person("assignee", "Owner", "c.assignee"),
        Dates("last", "Last message", "c.last_message_at"),
    ),
    sorts={"last": Sort("c.last_message_at", "last_message_at", "time")},
    id_column="c.id",
)
FIRST = "state=inbox"  # what the page shows before anything is chosen
VIEWS = (
    ("Inbox", FIRST),
    ("Waits for us", "state=waiting"),
    ("Unread", "state=unread"),
    ("Mine", "state=inbox&assignee=me"),
    ("Archived", "state=archived"),
)
