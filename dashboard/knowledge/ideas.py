"""What a question asks for: its words, and everything that may be meant by each.

Synonyms of any language stand for words of the articles, mistyped words for the nearest known ones, and words that say
nothing, in a dozen languages, are left out."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dashboard.database import row, rows, transaction
from dashboard.knowledge.empty_words import EMPTY
from dashboard.knowledge.folding import as_written, fold
from dashboard.spelling import whole_distance

LONGEST_QUESTION, MOST_WORDS, LONGEST_PHRASE = 1000, 30, 4
OWN, SYNONYM, MISTYPED = 1.0, 0.85, 0.75  # how sure we are that it is meant
LIKENESS, CANDIDATES, ALTERNATIVES = 0.3, 40, 2
DICTIONARIES = (
    "danish", "dutch", "finnish", "french", "german", "italian", "norwegian", "portuguese", "spanish", "swedish",
)  # fmt: skip
SYNONYMS = """
    SELECT said, means FROM synonym
    WHERE organization = {} AND said = ANY({}::text[]) AND means <> '' ORDER BY length(said) DESC"""
# What a word is asked with is made once for each word, not for each section, and looked up in the index.
KNOWN = """
    WITH words AS MATERIALIZED (
        SELECT w.word, w.raw, public.asked(w.word) AS query FROM unnest({}::text[], {}::text[]) AS w (word, raw))
    SELECT w.word, 0 IN (DICTIONARIES) AS empty, count(s.id) > 0 AS here
    FROM words w LEFT JOIN article_section s ON s.organization = {} AND s.search @@ w.query
    GROUP BY w.word, w.raw""".replace(
    "DICTIONARIES", ", ".join(f"cardinality(ts_lexize('pg_catalog.{each}_stem', w.raw))" for each in DICTIONARIES)
)
SIMILAR = """
    SELECT t.word AS typed, w.word FROM unnest({}::text[]) AS t (word)
    CROSS JOIN LATERAL (
        SELECT k.word FROM knowledge_word k WHERE k.organization = {} AND k.word % t.word
        ORDER BY similarity(k.word, t.word) DESC LIMIT {}) w"""


@dataclass
class Idea:
    """What one word of a question may stand for: words of the articles with how sure that is."""

    said: str
    meant: dict[str, float] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        return bool(self.meant)


async def ideas_in(organization: int, question: str) -> list[Idea]:
    """The ideas of a question, in order."""
    raw = as_written(question[:LONGEST_QUESTION])[:MOST_WORDS]
    said = [fold(word) for word in raw]
    written = dict(zip(said, raw, strict=True))
    ideas = await _ideas(organization, written, said, EMPTY)
    if not ideas:  # such as: what do you know about me
        known = [idea for idea in await _ideas(organization, written, said, frozenset()) if idea.known]
        ideas = known if len(known) > 1 else []
    return ideas


async def _ideas(organization: int, written: dict[str, str], said: list[str], empty: frozenset[str]) -> list[Idea]:
    """The words of a question as ideas; what says nothing is left out."""
    meanings = await _synonyms(organization, said)
    ideas: list[Idea] = []
    position = 0
    while position < len(said):
        for length in range(min(LONGEST_PHRASE, len(said) - position), 0, -1):
            phrase = " ".join(said[position : position + length])
            if length > 1 and phrase not in meanings:
                continue
            ideas.append(Idea(phrase, dict.fromkeys(meanings.get(phrase, ()), SYNONYM)))
            position += length
            break
    return await _completed(organization, ideas, written, empty)


async def _completed(
    organization: int, ideas: list[Idea], written: dict[str, str], empty: frozenset[str]
) -> list[Idea]:
    """With the words themselves where an article has them, and what was meant where somebody mistyped."""
    single = [idea for idea in ideas if " " not in idea.said and (idea.meant or idea.said not in empty)]
    asked = [idea.said for idea in single]
    facts = await rows(KNOWN, asked, [written.get(word, word) for word in asked], organization)
    here = {each["word"] for each in facts if each["here"]}
    empty = empty | {each["word"] for each in facts if each["empty"] and empty}
    for idea in single:
        if idea.said in here:
            idea.meant = {idea.said: OWN, **{word: sure for word, sure in idea.meant.items() if word != idea.said}}
    kept = [idea for idea in ideas if idea.meant or (idea.said not in empty and not _trifle(idea.said))]
    strange = {idea.said for idea in kept if not idea.meant}
    meant = await _mistyped(organization, strange) if strange else {}
    again = await _synonyms(organization, {word for found in meant.values() for word in found}) if meant else {}
    for idea in kept:
        if not idea.meant:
            for word in meant.get(idea.said, ()):
                idea.meant |= dict.fromkeys([word, *again.get(word, ())], MISTYPED)
    return _once(kept)


def _once(ideas: list[Idea]) -> list[Idea]:
    """Said twice counts once."""
    first: dict[frozenset[str], Idea] = {}
    for idea in ideas:
        first.setdefault(frozenset(idea.meant) or frozenset([idea.said]), idea)
    return list(first.values())


def _trifle(word: str) -> bool:
    """Single letters, and numbers no article has."""
    return len(word) < 2 or word.isdecimal()


async def _synonyms(organization: int, said: Iterable[str]) -> dict[str, list[str]]:
    """By word or phrase what it means; sayings with * are compared with the beginnings of words."""
    given = list(said)
    phrases = {
        " ".join(given[at : at + length]): None
        for length in range(1, LONGEST_PHRASE + 1)
        for at in range(len(given) - length + 1)
    }
    stems = {f"{word[:end]}*" for word in given for end in range(3, len(word) + 1)}
    found = await rows(SYNONYMS, organization, [*phrases, *stems])
    exact = {each["said"]: each["means"].split() for each in found}
    meanings: dict[str, list[str]] = {}
    for phrase in phrases:
        ends = range(len(phrase), 2, -1) if " " not in phrase else ()
        stem = next((f"{phrase[:end]}*" for end in ends if f"{phrase[:end]}*" in exact), None)
        if means := exact.get(phrase) or (exact[stem] if stem else None):
            meanings[phrase] = means
    return meanings


async def _mistyped(organization: int, strange: set[str]) -> dict[str, list[str]]:
    """By word the known ones it is a slip or two away from."""
    long = [word for word in strange if len(word) >= 5 and any(letter.isalpha() for letter in word)]
    if not long:
        return {}
    async with transaction():
        await row("SELECT set_config('pg_trgm.similarity_threshold', {}, true)", str(LIKENESS))
        found = await rows(SIMILAR, long, organization, CANDIDATES)
    meant: dict[str, list[tuple[int, str]]] = {}
    for each in found:
        typed, word = each["typed"], each["word"]
        away = whole_distance(typed, word)
        if away <= _slips(typed) and (len(typed) > 6 or (typed[0] == word[0] and not _another(typed, word))):
            meant.setdefault(typed, []).append((away, word))
    return {
        typed: [word for away, word in sorted(near) if away == min(near)[0]][:ALTERNATIVES]
        for typed, near in meant.items()
    }


def _slips(word: str) -> int:
    """How many slips of the finger we believe in."""
    return 1 if len(word) < 8 else 2


def _another(typed: str, word: str) -> bool:
    """Whether a letter stands in another's place: of short words that is mostly another word, such as shoes and shops,
    while letters left out, doubled or swapped are slips."""
    return len(typed) == len(word) and sorted(typed) != sorted(word)
