"""Whether an answer may be believed: everything in it that could do harm must stand in what it cites.

Used before an automatic answer is shown, and for the marks beside a suggestion."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dashboard.assistant import amounts, naming
from dashboard.knowledge.empty_words import EMPTY
from dashboard.knowledge.folding import as_written, fold

MARKUP = re.compile(r"<\s*/?\s*[a-z!][^>]*>?|!\[|\]\s*\(|&#?\w+;|\bhx-|\bon\w+\s*=", re.I)
PROMISE = re.compile(
    r"\b(guarantee[sd]?|promise[sd]?|for free|free of charge|no charge|refund(?:ed)? you|gratis"
    r"|kostenlos|gratuit\w*|garantier\w*|garanti\w*)\b",
    re.I,
)
SENTENCE = re.compile(r"[^.!?\n]+")
GROUNDED, SHORTEST = 0.5, 4  # the share of a sentence's words that must stand in the sources; words it needs to count
RUN = 8  # words in a row that show somebody quotes our instructions


@dataclass(frozen=True)
class Check:
    """`said`: what was found, for people."""

    ok: bool
    name: str
    said: str


def check(
    answer: str,
    sources: Iterable[str],
    hosts: Iterable[str],
    instructions: str = "",
    asked: str = "",
    never: Iterable[str] = (),
) -> list[Check]:
    """Each thing that is looked at, in the order people read them. `sources`: the cited texts; `hosts`: where links may
    lead; `asked`: the question, whose own words an answer may repeat, though not its numbers, links or addresses;
    `never`: what the organization never says, whatever its sources say."""
    texts = list(sources)
    answer, known = naming.visible(answer), naming.visible("\n".join(texts))
    return [
        Check(bool(texts), "source", "Cites a source" if texts else "Cites no source"),
        _markup(answer), _links(answer, known, set(hosts)), _addresses(answer, known), _numbers(answer, known),
        _promises(answer, known), _never(answer, never), _secrets(answer, instructions),
        _grounded(answer, f"{known}\n{asked}"),
    ]  # fmt: skip


def passed(checks: Iterable[Check]) -> bool:
    return all(each.ok for each in checks)


def _markup(answer: str) -> Check:
    found = MARKUP.search(answer)
    return Check(not found, "markup", "Plain text" if not found else f"Has markup: {found[0][:40]}")


def _links(answer: str, known: str, hosts: set[str]) -> Check:
    """A link may lead to us, or stand in a source exactly so: half of another name is another host."""
    there = set(naming.links(known))
    foreign = [each for each in naming.links(answer) if each not in there and not naming.leads_to(each, hosts)]
    return Check(not foreign, "links", "No foreign link" if not foreign else f"Links elsewhere: {foreign[0][:80]}")


def _addresses(answer: str, known: str) -> Check:
    there = set(naming.addresses(known))
    strange = [each for each in naming.addresses(answer) if each not in there]
    return Check(
        not strange, "addresses", "No unknown address" if not strange else f"Unknown address: {strange[0][:80]}"
    )


def _numbers(answer: str, known: str) -> Check:
    """Prices, dates, percentages, numbers of any kind."""
    there = {amounts.worth(each) for each in amounts.numbers(known)}
    strange = [each for each in amounts.numbers(answer) if amounts.worth(each) not in there]
    said = "Every number stands in a source" if not strange else f"Number without a source: {strange[0][:40]}"
    return Check(not strange, "numbers", said)


def _promises(answer: str, known: str) -> Check:
    made = [each for each in PROMISE.findall(answer) if fold(each) not in fold(known)]
    return Check(not made, "promises", "Promises nothing new" if not made else f"Promises: {made[0]}")


def _never(answer: str, never: Iterable[str]) -> Check:
    """Whole words, and the last one however it ends: guarantee is also guaranteed."""
    said = " ".join(_words(answer))
    for phrase in never:
        words = _words(phrase)
        ending = r"\w{0,3}" if words and len(words[-1]) > 4 else ""
        if words and re.search(rf"\b{re.escape(' '.join(words))}{ending}\b", said):
            return Check(False, "never", f"Says what is never said: {phrase[:60]}")
    return Check(True, "never", "Says nothing that is never said")


def _words(text: str) -> list[str]:
    return [fold(word) for word in as_written(text)]


def _secrets(answer: str, instructions: str) -> Check:
    told, said = as_written(instructions), " ".join(as_written(answer))
    leaks = any(" ".join(told[at : at + RUN]) in said for at in range(max(0, len(told) - RUN + 1)))
    return Check(not leaks, "instructions", "Keeps its instructions" if not leaks else "Repeats its instructions")


def _grounded(answer: str, known: str) -> Check:
    """Most words of each sentence stand in the sources. An answer in another language than its sources cannot be held
    against them, so it does not pass: then the sources themselves are quoted, and a person may send the answer."""
    there = {_stem(word) for word in as_written(known)}
    weak = []
    for sentence in SENTENCE.findall(answer):
        words = [fold(word) for word in as_written(sentence)]
        content = [word for word in words if word not in EMPTY and len(word) > 2]
        if len(content) >= SHORTEST and sum(_stem(word) in there for word in content) < GROUNDED * len(content):
            weak.append(sentence.strip())
    said = "Stands in the sources" if not weak else f"Not in a source: {weak[0][:80]}"
    return Check(not weak, "grounded", said)


def _stem(word: str) -> str:
    plain = fold(word)
    return plain[:5] if len(plain) > 5 else plain.rstrip("s")
