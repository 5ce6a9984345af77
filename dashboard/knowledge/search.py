"""Which sections answer a question, and whether any does.

A question becomes ideas: a word, or several, with everything that may be meant by it (synonyms of any language, what
was mistyped). Rare ideas weigh more. We know the answer only where most of what was asked is found in one section."""

from dataclasses import dataclass
from math import exp, log
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.knowledge.ideas import Idea, ideas_in

SECOND = 0.3  # what a second alternative of the same idea adds
COVERS = 1.0  # how much a section gains by having all of a question
TEXT = 0.45  # what a word counts in the text
PLACES = [0.0, 0.7, 0.4, 1.0]  # in the keywords, the title, the heading
UNKNOWN = 1.4  # how much a word nobody has written weighs, against one that stands in one section
ELSEWHERE = 0.5  # how much a word weighs that only other sections have
CLEAR, CLEARNESS, ENOUGH, STEEPNESS = 3.0, 0.1, 0.8, 8.0
MOST_CITED, NEARLY = 3, 0.6
KNOWS = 50  # per cent of confidence from which on we answer

SCORES = """
    WITH terms AS MATERIALIZED (
        SELECT t.idea, t.sure, t.term, public.asked(t.word) AS query
        FROM unnest({}::int[], {}::text[], {}::real[]) WITH ORDINALITY AS t (idea, word, sure, term)),
    total AS (SELECT count(*)::real AS n FROM article_section WHERE organization = {}),
    hits AS (
        SELECT t.idea, t.term, s.id, t.sure * CASE WHEN s.head @@ t.query
            THEN least(1, {} / 3 + ts_rank({}::real[], s.head, t.query) / 0.6079271) ELSE {} END AS weight
        FROM terms t JOIN article_section s ON s.organization = {} AND s.search @@ t.query),
    rarity AS (
        SELECT h.idea, h.term, ln(1 + (t.n - count(*) + 0.5) / (count(*) + 0.5)) AS rare
        FROM hits h CROSS JOIN total t GROUP BY h.idea, h.term, t.n),
    best AS (
        SELECT h.idea, h.id, max(h.weight * r.rare) AS top, sum(h.weight * r.rare) AS whole
        FROM hits h JOIN rarity r ON r.term = h.term GROUP BY h.idea, h.id),
    summed AS (
        SELECT id, sum(top + {} * (whole - top)) AS score, bit_or(1::bigint << idea) AS ideas
        FROM best GROUP BY id ORDER BY score DESC, id LIMIT {}),
    worth AS (SELECT jsonb_object_agg(idea, rare) AS worths FROM (
        SELECT idea, max(rare) AS rare FROM rarity GROUP BY idea) w)
    SELECT s.id, m.score::float8 AS score, m.ideas, w.worths, t.n, s.article, s.anchor, s.title, s.heading,
           s.text, a.slug, a.category
    FROM summed m JOIN article_section s ON s.id = m.id JOIN article a ON a.id = s.article
    CROSS JOIN worth w CROSS JOIN total t ORDER BY m.score DESC, s.id"""


@dataclass(frozen=True)
class Hit:
    """A section with how well it answers. `covers`: the share of the question found in it, 0 to 1."""

    id: int
    article: int
    slug: str
    category: str
    anchor: str
    title: str
    heading: str
    text: str
    score: float
    covers: float

    @property
    def worth(self) -> float:
        return self.score * self.covers**COVERS

    @property
    def source(self) -> dict[str, Any]:
        """As it is cited and stored with an answer."""
        return {
            "section": self.id, "article": self.article, "slug": self.slug, "anchor": self.anchor,
            "title": self.title, "heading": self.heading, "score": round(self.score, 2),
        }  # fmt: skip


@dataclass(frozen=True)
class Found:
    hits: list[Hit]
    confidence: int  # 0-100
    ideas: list[Idea]

    @property
    def knows(self) -> bool:
        """Whether the first section answers what was asked, as far as that can be told."""
        return self.confidence >= KNOWS

    @property
    def cited(self) -> list[Hit]:
        """What an answer rests on: the best section, and up to two others that are nearly as good."""
        return [hit for hit in self.hits[:MOST_CITED] if hit.worth >= NEARLY * self.hits[0].worth] if self.knows else []


async def find(organization: Organization | int, question: str, limit: int = 5) -> Found:
    """The best sections for a question in any words, best first."""
    id = organization if isinstance(organization, int) else organization.id
    ideas = await ideas_in(id, question)
    terms = [(n, word, sure) for n, idea in enumerate(ideas) for word, sure in idea.meant.items()]
    if not terms:
        return Found([], 0, ideas)
    found = await rows(
        SCORES, [each[0] for each in terms], [each[1] for each in terms], [each[2] for each in terms], id, TEXT, PLACES,
        TEXT, id,
        SECOND, 4 * limit,
    )  # fmt: skip
    return _judged(found, ideas)


SHOWN = ("id", "article", "slug", "category", "anchor", "title", "heading", "text")


def _judged(found: list[dict[str, Any]], ideas: list[Idea]) -> Found:
    if not found:
        return Found([], 0, ideas)
    rarest = _rarity(found[0]["n"])
    worth = {int(idea): value for idea, value in found[0]["worths"].items()}
    everything = [worth.get(n, UNKNOWN * rarest) for n in range(len(ideas))]
    hits = [
        Hit(
            **{name: each[name] for name in SHOWN},
            score=each["score"], covers=_covered(_places(each["ideas"]), worth, everything),
        )
        for each in found
    ]  # fmt: skip
    hits.sort(key=lambda hit: -hit.worth)
    return Found(hits, confidence(hits[0]), ideas)


def _places(bits: int) -> set[int]:
    """The numbers of the ideas, which come as one number: an array for each section would not fit into memory."""
    return {n for n in range(bits.bit_length()) if bits >> n & 1}


def _covered(here: set[int], worth: dict[int, float], everything: list[float]) -> float:
    """The share of a question a section has, 0 to 1. What other sections have counts less than what none has: words
    of the company's own trade do not make it a question about something else."""
    has = sum(worth[idea] for idea in here)
    lacks = sum(value * (ELSEWHERE if n in worth else 1) for n, value in enumerate(everything) if n not in here)
    return has / (has + lacks)


def _rarity(sections: float) -> float:
    """What a word weighs that stands in one section only."""
    return log(1 + (sections - 1 + 0.5) / 1.5)


def confidence(best: Hit) -> int:
    """0-100, from how much of the question the best section has and how clearly it has it. Where 50 lies was set with
    the questions of tests/knowledge/questions.py: nearly all of them are above, nearly all others below."""
    return round(100 / (1 + exp(-STEEPNESS * (best.covers + CLEARNESS * min(best.score, CLEAR) - ENOUGH))))
