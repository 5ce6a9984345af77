"""What the tickets page can be filtered by, and its built-in views."""

from dashboard import lists
from dashboard.conversations.filters import CHANNELS
from dashboard.labels import STATUS
from dashboard.lists import Choice, Choices, Dates, Numbers, Person, Reference, Search, Sort
from dashboard.tickets.actions import REASONS
from dashboard.tickets.tables import Priority, TicketStatus

SAID = """(t.search LIKE {} OR t.conversation IN (
    SELECT id FROM conversation WHERE lower(name || ' ' || email) LIKE {}))"""
NUMBERED = """(t.number = {} OR (t.search LIKE {} AND NOT EXISTS (
    SELECT 1 FROM ticket n WHERE n.organization = t.organization AND n.number = {})))"""
STATUSES = (
    *(Choice(status.value, STATUS["ticket"][status][0]) for status in TicketStatus),
    Choice("overdue", STATUS["ticket"]["overdue"][0], "(t.status = 'open' AND t.due_at < {})"),
)
PRIORITIES = tuple(Choice(each.value, STATUS["priority"][each][0]) for each in reversed(Priority))
ANSWERS = (Choice("good", "It helped"), Choice("bad", "It did not help"))
LATE = "(t.first_replied_at > t.first_reply_due_at OR (t.first_replied_at IS NULL AND t.first_reply_due_at < {}))"
REPLIES = (
    Choice("given", "Was given", "t.first_replied_at IS NOT NULL"),
    Choice("in_time", "Came in time", "t.first_replied_at <= t.first_reply_due_at"),
    Choice("late", "Late or missing", LATE),
)
OTHER = f"(t.reason NOT IN {tuple(REASONS)})"
WHY = (
    *(Choice(each, words.capitalize() or "Opened by the team") for each, words in REASONS.items()),
    Choice("other", "Other", OTHER),
)
SHOWN = (Choice("all", "All tickets", "t.number > 0"), Choice("unmerged", "Not merged", "t.merged_into IS NULL"))

TICKETS = lists.List(
    page="tickets",
    fields=(
        Search("q", "Search", SAID, NUMBERED),
        Numbers("numbers", "Ticket", "t.number = ANY({})"),
        Choices("show", "Show", "", SHOWN),
        Choices("status", "Status", "t.status = ANY({})", STATUSES),
        Choices("priority", "Priority", "t.priority = ANY({})", PRIORITIES),
        Choices("channel", "Channel", "c.channel = ANY({})", tuple(Choice(k.value, v[0]) for k, v in CHANNELS.items())),
        Person("assignee", "Owner", "t.assignee"),
        Reference("lead", "Customer", "t.lead", nobody="Unknown"),
        Reference("tag", "Tag", "t.tags", nobody="None", among=" && {}::bigint[]", empty=" = ARRAY[]::bigint[]"),
        Choices("reason", "Reason", "t.reason = ANY({})", WHY),
        Choices("reply", "First reply", "", REPLIES),
        Choices("satisfaction", "Answer", "t.satisfaction = ANY({})", ANSWERS),
        Dates("opened", "Opened", "t.created_at"),
        Dates("solved", "Solved", "t.solved_at"),
    ),
    sorts={
        "due": Sort("t.due_at", "due_at", "time", descending=False),
        "number": Sort("t.number", "number", "number"),
        "opened": Sort("t.created_at", "created_at", "time"),
    },
    id_column="t.id",
)
FIRST = "status=open"  # what the page shows before anything is chosen
VIEWS = (
    ("Open", FIRST),
    ("Mine", "status=open&status=waiting&assignee=me"),
    ("Nobody's", "status=open&status=waiting&assignee=none"),
    ("Waiting", "status=waiting"),
    ("Solved", "status=solved"),
    ("All", "show=all"),
)
