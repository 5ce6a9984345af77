"""An answer to one question: written by a model where one is connected and what it wrote can be believed, else quoted
from the knowledge, else "I do not know" and a person."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from dashboard import clock, settings
from dashboard.accounts.organizations import never_said
from dashboard.accounts.tables import Organization
from dashboard.assistant import budget, checking, prices, prompts
from dashboard.assistant.checking import Check
from dashboard.assistant.tables import AssistantCall, CallState
from dashboard.conversations.tables import Conversation
from dashboard.integrations.openai import Malformed, OpenAI, Written
from dashboard.integrations.outcomes import ProviderError, Refused, Unavailable
from dashboard.knowledge import search
from dashboard.knowledge.search import Found, Hit

DEADLINE = 12.0  # seconds for everything a model is asked, tries together
ONE_TRY, TRIES, PAUSE = 8.0, 2, 0.4
MOST_TOKENS = 700
LONGEST_QUOTE = 700
UNKNOWN = "I do not know that. A person can answer it: choose Talk to a person, and we write back."
LOOKING, WRITING = "Looking through the articles…", "Writing an answer from “{title}”…"
WRITING_ALONE = "Writing an answer…"
ANSWERED, NOT_KNOWN = "answered", "unknown"


@dataclass(frozen=True)
class Answer:
    """`outcome`: answered or unknown. `why_not`: why a model's answer was not used, for staff; empty where it was."""

    text: str
    outcome: str
    sources: list[dict[str, Any]] = field(default_factory=list)
    confidence: int = 0
    sentiment: str = ""
    topic: str = ""
    needs_person: bool = False
    model: str = ""
    call: int | None = None
    checks: list[Check] = field(default_factory=list)
    why_not: str = ""


@dataclass(frozen=True)
class Drafted:
    """What a model wrote, with what it cites and what the checks say."""

    text: str
    used: list[str]
    values: dict[str, Any]
    checks: list[Check]
    call: AssistantCall


async def answer(
    organization: Organization, conversation: Conversation, question: str, connection: OpenAI, now: datetime, *,
    records: Sequence[str] = (), before: Sequence[tuple[str, str]] = (), doing: Callable[[str], None] | None = None,
) -> Answer:  # fmt: skip
    """Never fails for want of a model: what went wrong there is in `why_not`, and the knowledge is quoted instead.
    `records`: facts about this very customer, who has proven who they are. `doing` hears what is being done, in words
    for whoever waits. No transaction may be open."""
    say = doing or (lambda _: None)
    say(LOOKING)
    found = await search.find(organization, question)
    fallback = quoted(found)
    if not connection.configured or not (found.hits or records):
        return fallback
    say(WRITING.format(title=found.hits[0].title) if found.hits else WRITING_ALONE)
    try:
        async with asyncio.timeout(DEADLINE):
            drafted = await draft(
                organization, conversation, question, found.hits[:4], connection, now, records=records, before=before
            )
    except ProviderError as problem:
        return _instead(fallback, problem.message)
    except TimeoutError:
        return _instead(fallback, "The model did not answer in time.")
    if drafted is None:
        return _instead(fallback, "The daily cap for the assistant is reached.")
    values, text = drafted.values, drafted.text
    facts: dict[str, Any] = {
        "sentiment": values["sentiment"], "topic": values["topic"], "model": connection.model, "call": drafted.call.id,
        "checks": drafted.checks,
    }  # fmt: skip
    if not text or not checking.passed(drafted.checks):
        wrong = next((each.said for each in drafted.checks if not each.ok), "It is empty")
        return _instead(fallback, f"The model’s answer was not used. {wrong}", **facts)
    if values["needs_person"] and not found.knows and not records:
        return _instead(fallback, "The model says that a person has to answer.", **facts)
    sources = [hit.source for n, hit in enumerate(found.hits[:4], 1) if f"S{n}" in drafted.used]
    sources += [{"kind": "record", "text": records[int(id[1:]) - 1]} for id in drafted.used if id[0] == "R"]
    return Answer(
        text, ANSWERED, sources, values["confidence"], needs_person=values["needs_person"], **facts
    )  # fmt: skip


async def draft(
    organization: Organization, conversation: Conversation, question: str, hits: Sequence[Hit], connection: OpenAI,
    now: datetime, *, records: Sequence[str] = (), before: Sequence[tuple[str, str]] = (), purpose: str = "answer",
    wish: str = "",
) -> Drafted | None:  # fmt: skip
    """What the model writes and how far it can be believed; None when the day's cap is reached. ProviderError when it
    could not be asked. `wish`: what a member of staff asked for, said to the model as an instruction."""
    told = prompts.instructions(organization) + (f"\nA member of staff asks for this draft: {wish}" if wish else "")
    text = prompts.shown(question, hits, records, before)
    version = await prompts.version_of(organization, purpose, prompts.instructions(organization))
    tried: ProviderError | None = None
    for attempt in range(TRIES):
        if attempt:
            await asyncio.sleep(min(getattr(tried, "retry_after", None) or PAUSE, 2.0))
        most = prices.most(connection.model, told + text, MOST_TOKENS)
        call = await budget.reserve(
            organization, purpose, connection.model, version, most, now, conversation=conversation.id
        )
        if call is None:
            if tried is not None:
                raise tried
            return None
        try:
            written = await _ask(connection, call, told, text)
            return _judged(organization, written, call, question, hits, records, told)
        except Unavailable as problem:
            tried = problem
    assert tried is not None
    raise tried


async def _ask(connection: OpenAI, call: AssistantCall, told: str, text: str) -> Written:
    """One call, and what became of it written down, also when it is cut off by the deadline."""
    started = time.perf_counter()

    def passed() -> int:
        return round((time.perf_counter() - started) * 1000)

    try:
        written = await connection.write(told, text, "reply", prompts.SCHEMA, most_tokens=MOST_TOKENS, seconds=ONE_TRY)
        _whole(written)
    except Malformed as problem:
        await budget.settle(call, CallState.malformed, clock.now(), passed(), used=problem.used, why=problem.message)
        raise
    except Refused as problem:
        await budget.settle(call, CallState.refused, clock.now(), passed(), free=True, why=problem.message)
        raise
    except ProviderError as problem:
        free = isinstance(problem, Unavailable)
        await budget.settle(call, CallState.unavailable, clock.now(), passed(), free=free, why=problem.message)
        raise
    except asyncio.CancelledError:
        cut = budget.settle(call, CallState.unavailable, clock.now(), passed(), why="It took too long.")
        await asyncio.shield(cut)
        raise
    await budget.settle(call, CallState.answered, clock.now(), passed(), used=written.used)
    return written


def _whole(written: Written) -> None:
    """Every field there and of its kind; servers that ignore the schema exist."""
    values = written.values
    kinds = {"answer": str, "sources": list, "sentiment": str, "topic": str, "needs_person": bool}
    if any(not isinstance(values.get(name), kind) for name, kind in kinds.items()):
        raise Malformed("The model’s answer does not have the shape it was asked for.", written.used)
    given = values.get("confidence")
    # JSON has 1e999, which is no integer, and some write NaN.
    values["confidence"] = int(max(0, min(100, given))) if isinstance(given, int | float) and given == given else 0
    values["sentiment"] = values["sentiment"] if values["sentiment"] in prompts.MOODS else ""
    values["topic"] = values["topic"] if values["topic"] in prompts.TOPICS else "other"


def _judged(
    organization: Organization, written: Written, call: AssistantCall, question: str, hits: Sequence[Hit],
    records: Sequence[str], told: str,
) -> Drafted:  # fmt: skip
    texts = {f"S{n}": f"{hit.title} {hit.heading} {hit.text}" for n, hit in enumerate(hits, 1)}
    texts |= {f"R{n}": text for n, text in enumerate(records, 1)}
    used = list(dict.fromkeys(each for each in written.values["sources"] if isinstance(each, str) and each in texts))
    text = plain(written.values["answer"])
    checks = checking.check(
        text, [texts[id] for id in used], hosts_of(organization), told, question, never_said(organization)
    )
    return Drafted(text, used, written.values, checks, call)


def quoted(found: Found) -> Answer:
    """What the knowledge itself says, word for word and cited; or that we do not know."""
    if not found.knows:
        return Answer(UNKNOWN, NOT_KNOWN, confidence=found.confidence, needs_person=True)
    best = found.cited[0]
    return Answer(shortened(unmarked(best.text)), ANSWERED, [hit.source for hit in found.cited], found.confidence)


def _instead(fallback: Answer, why: str, **facts: Any) -> Answer:
    return replace(fallback, why_not=why, **facts)


def hosts_of(organization: Organization) -> set[str]:
    """Where links may lead: to us, to the sites the widget stands on, and to what the organization lists."""
    chosen: Any = organization.support or {}
    named = [*linked(organization), *(urlsplit(each).hostname or "" for each in chosen.get("origins", []))]
    return {urlsplit(settings.current().base_url).hostname or "", *named} - {""}


def linked(organization: Organization) -> list[str]:
    """The organization's other sites, as an admin listed them."""
    chosen: Any = organization.support or {}
    return [each.lower() for each in chosen.get("link_hosts", []) if isinstance(each, str)]


def plain(text: str) -> str:
    """Without the characters that hide or turn text round, and not endless."""
    kept = "".join(letter for letter in text if letter.isprintable() or letter in "\n ")
    return kept.strip()[:2000]


def unmarked(text: str) -> str:
    """Markdown as one would read it aloud: links become their words, marks go."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s{0,3}(?:[-*+]|#{1,6}|>)\s+", "", text, flags=re.MULTILINE)
    return re.sub(r"(\*\*|__|`|(?<!\w)[*_]|[*_](?!\w))", "", text).strip()


def shortened(text: str) -> str:
    """At most LONGEST_QUOTE characters, ended after a sentence."""
    if len(text) <= LONGEST_QUOTE:
        return text
    cut = text[:LONGEST_QUOTE]
    end = max(cut.rfind(". "), cut.rfind("\n"))
    return cut[: end + 1].strip() if end > LONGEST_QUOTE // 3 else f"{cut.rstrip()}…"
