"""Which section answers a question, with no key and no network: the two sets the issue asks for, and its ways."""

import pytest

from dashboard import clock
from dashboard.knowledge import actions, search
from tests.knowledge.held_out import HELD_OUT, HELD_OUT_OUTSIDE
from tests.knowledge.more_questions import MORE, MORE_OUTSIDE
from tests.knowledge.questions import OUTSIDE, QUESTIONS


async def share_cited(organization, questions) -> float:
    """How often the right section is among those an answer quotes."""
    right = 0
    for question, sections in questions:
        found = await search.find(organization, question)
        right += bool(sections & {f"{hit.slug}#{hit.anchor}" for hit in found.cited})
    return right / len(questions)


async def share_unknown(organization, questions) -> float:
    return sum([not (await search.find(organization, each)).knows for each in questions]) / len(questions)


async def test_of_the_questions_we_tuned_with_the_right_section_is_cited_in_85_of_100(knowing):
    share = await share_cited(knowing, QUESTIONS)
    print(f"\nright section, tuned: {share:.0%} of {len(QUESTIONS)}")
    assert share >= 0.85


async def test_of_the_questions_nobody_looked_at_the_right_section_is_cited_in_85_of_100(knowing):
    share = await share_cited(knowing, HELD_OUT)
    print(f"\nright section, held out: {share:.0%} of {len(HELD_OUT)}")
    assert share >= 0.85


async def test_nine_of_ten_questions_about_something_else_are_not_answered(knowing):
    tuned, held = await share_unknown(knowing, OUTSIDE), await share_unknown(knowing, HELD_OUT_OUTSIDE)
    print(f"\ndon't know, tuned: {tuned:.0%} of {len(OUTSIDE)}; held out: {held:.0%} of {len(HELD_OUT_OUTSIDE)}")
    assert tuned >= 0.9 and held >= 0.9


def test_there_are_sixty_questions_and_thirty_others_in_all():
    assert len(QUESTIONS) + len(HELD_OUT) == 60 and len(HELD_OUT) == 20
    assert len(OUTSIDE) + len(HELD_OUT_OUTSIDE) >= 30


async def test_an_organization_without_articles_knows_nothing(acme):
    found = await search.find(acme, "How much is the professional audit?")
    assert not found.knows and found.hits == [] and found.cited == []


async def test_what_another_organization_wrote_is_never_found(knowing, borealis):
    found = await search.find(borealis, "How much is the professional audit?")
    assert found.hits == []
    await actions.create_article(
        borealis, "Boats", "faq", "# Boats\n## Renting a boat\nA boat costs 900 euros a day.", clock.now()
    )
    assert [hit.heading for hit in (await search.find(borealis, "renting a boat")).hits] == ["Renting a boat"]
    assert not any(hit.title == "Boats" for hit in (await search.find(knowing, "renting a boat")).hits)


async def test_a_synonym_made_in_the_dashboard_counts_at_once(knowing):
    assert not (await search.find(knowing, "hvornår er frobnicket?")).knows
    await actions.save_synonym(knowing, "Frobnick*", "phone telephone number")
    found = await search.find(knowing, "frobnicket?")
    assert found.knows and found.hits[0].anchor == "telephone"


@pytest.mark.parametrize(
    "question",
    [
        "",
        "   ",
        "?!",
        "'; DROP TABLE article; --",
        "a" * 20_000,
        "\u202e🙂 \ud83d",
        "& | ! <-> :*",
        "{} {0} %s",
        "the of and",
    ],
)
async def test_anything_may_be_asked(knowing, question):
    found = await search.find(knowing, question.encode("utf-8", "ignore").decode())
    assert not found.knows


async def test_of_all_questions_we_tuned_with_most_are_right_and_few_others_answered(knowing):
    share, unknown = await share_cited(knowing, MORE), await share_unknown(knowing, MORE_OUTSIDE)
    print(
        f"\nmore to tune with: right section {share:.0%} of {len(MORE)}, don't know {unknown:.0%} of {len(MORE_OUTSIDE)}"
    )
    assert share >= 0.85 and unknown >= 0.9


@pytest.mark.parametrize(
    ("question", "most"), [("How much is the professional audit?", 3), ("how much is the profesional audti", 6)]
)
async def test_a_question_asks_the_database_little(knowing, queries, question, most):
    """Words, synonyms, sections; with something mistyped also what was meant, in a transaction."""
    with queries() as seen:
        assert (await search.find(knowing, question)).knows
    assert len(seen) <= most, seen
