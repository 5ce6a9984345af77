"""Questions that nobody could answer from the knowledge, put together where they ask the same: each could become an
article."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.database import row, rows, transaction
from dashboard.errors import NotFound
from dashboard.formats import num
from dashboard.knowledge.empty_words import EMPTY
from dashboard.knowledge.folding import as_written, fold

SINCE = timedelta(days=60)
MOST, SHOWN, CAP = 300, 20, 1000
LONGEST = 200
STEM, ALIKE = 5, 0.5  # letters of a word that count, and the share of words two questions have in common

# In the chat the answer said that it does not know; by mail there was nothing to draft from, and it asks something.
# What an erased person asked has only its own id for a key.
QUESTIONS = """
    (SELECT q.id FROM message a JOIN message q ON q.id = a.answers
     WHERE a.organization = {} AND a.outcome = 'unknown' AND a.created_at > {} AND q.key <> q.id::text
       AND NOT EXISTS (SELECT 1 FROM settled_question d WHERE d.message = q.id)
     ORDER BY a.created_at DESC LIMIT {})
    UNION ALL
    (SELECT q.id FROM suggestion s JOIN message q ON q.id = s.message
     WHERE s.organization = {} AND s.draft = '' AND s.needs_person AND s.created_at > {} AND q.key <> q.id::text
       AND q.text ~ '[?？؟]' AND NOT EXISTS (SELECT 1 FROM settled_question d WHERE d.message = q.id)
     ORDER BY s.created_at DESC LIMIT {})"""
ASKED = """
    SELECT m.id, m.text, m.created_at AS at, m.conversation,
           coalesce(nullif(c.name, ''), nullif(c.email, ''), 'A visitor') AS who
    FROM message m JOIN conversation c ON c.id = m.conversation WHERE m.id IN ({}) ORDER BY m.created_at DESC, m.id DESC
    LIMIT {}"""
OLDEST = "SELECT count(*) AS count, min(m.created_at) AS at FROM message m WHERE m.id IN ({})"
# What a person of the team answered afterwards, in the same thread.
ANSWERED = """
    SELECT m.text FROM message q JOIN message m ON m.conversation = q.conversation
    WHERE q.organization = {} AND q.id = ANY({}) AND m.number > q.number AND m.author_kind = 'staff'
    ORDER BY q.created_at DESC, m.number LIMIT 1"""
SETTLE = """
    INSERT INTO settled_question (organization, message, question, article, by, created_at)
    SELECT {}, unnest({}::bigint[]), {}, {}, {}, {} ON CONFLICT (message) DO NOTHING RETURNING id"""
BACK = "DELETE FROM settled_question WHERE organization = {} AND question = {} AND article IS NULL RETURNING id"


@dataclass(frozen=True)
class Question:
    """What several people asked. `id` is that of the newest message, by whose words it is named."""

    id: int
    text: str
    at: datetime
    messages: list[int]
    asked: list[dict[str, Any]]  # who, conversation: the newest three

    @property
    def times(self) -> int:
        return len(self.messages)


def waiting(organization: Organization, now: datetime, most: int = CAP) -> QueryString:
    """The ids of messages nobody could answer from the knowledge, as a statement."""
    since = now - SINCE
    return QueryString(QUESTIONS, organization.id, since, most, organization.id, since, most)


async def needs_person(organization: Organization, now: datetime) -> list[dict[str, Any]]:
    """One line for Today, as orders.attention has them, or none."""
    found = await row(OLDEST, waiting(organization, now)) or {}
    if not found.get("count"):
        return []
    href, count = f"/{organization.slug}/knowledge#unanswered", found["count"]
    what = "A question" if count == 1 else f"{num(count)} questions"
    return [
        {
            "key": "questions", "group": "later", "icon": "book-open", "tone": "neutral", "concerns": "Knowledge",
            "title": f"{what} nobody could answer",
            "why": "An article answers the next one by itself.", "at": found["at"], "href": href,
            "label": "Write an article", "post": "", "assignee": None,
        }
    ]  # fmt: skip


async def questions(organization: Organization, now: datetime) -> list[Question]:
    """Those asked most often first."""
    asked = await rows(ASKED, waiting(organization, now), MOST)
    groups: list[tuple[frozenset[str], list[dict[str, Any]]]] = []
    for each in asked:
        words = _words(each["text"])
        known = next((same for said, same in groups if _alike(said, words)), None)
        if known is None:
            groups.append((words, [each]))
        else:
            known.append(each)
    made = [_question(same) for _, same in groups]
    return sorted(made, key=lambda question: (-question.times, -question.at.timestamp()))[:SHOWN]


async def find(organization: Organization, id: int, now: datetime) -> Question:
    """The one this message stands in, or NotFound."""
    for each in await questions(organization, now):
        if id in each.messages:
            return each
    raise NotFound("This question was settled already.")


async def draft(organization: Organization, question: Question) -> str:
    """The text of an article to begin with: the question, and what a person answered."""
    said = await row(ANSWERED, organization.id, question.messages)
    heading = question.text.splitlines()[0].lstrip("# ").strip()[:150] or "A question"
    answer = "\n".join(line.lstrip("#") for line in said["text"].split("\n")) if said else ""
    return f"## {heading}\n\n{answer}\n"


async def settle(
    organization: Organization, question: Question, by: Visitor, now: datetime, article: int | None = None
) -> int:
    """Ask nobody for an article about it any more; how many messages that were. Repeating it changes nothing."""
    async with transaction():
        done = await rows(SETTLE, organization.id, question.messages, question.id, article, by.id, now)
    return len(done)


async def bring_back(organization: Organization, id: int) -> int:
    """A question that was put aside is there again."""
    return len(await rows(BACK, organization.id, id))


def _question(same: list[dict[str, Any]]) -> Question:
    newest = same[0]
    text = " ".join(newest["text"].split())
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return Question(newest["id"], text, newest["at"], [each["id"] for each in same], same[:3])


def _words(text: str) -> frozenset[str]:
    """The beginnings of the words that say something."""
    said = {fold(word) for word in as_written(text[:2000])}
    return frozenset(word[:STEM] for word in said - EMPTY if len(word) > 1) or frozenset(said)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one | other) and len(one & other) >= ALIKE * len(one | other)
