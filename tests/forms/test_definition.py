"""What a form may be, which questions it asks, and what is said about an answer."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.forms import answers, definition
from dashboard.forms.answers import problems, progress, submitted, take
from dashboard.forms.definition import complete, faults, visible, with_dependents
from tests.intake.cast import DEFINITION, posted

FORM = complete(DEFINITION)


def changed(**of_field):
    """The form with some fields changed: changed(website={"label": ""})."""
    form = deepcopy(FORM)
    for key, change in of_field.items():
        definition.find(form, key).update(change)
    return form


def chain():
    """a asks b, b asks c."""
    yes_no = [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}]
    fields = [
        {"key": "a", "type": "choice", "label": "A", "options": yes_no},
        {"key": "b", "type": "choices", "label": "B", "options": yes_no, "when": {"field": "a", "is": "yes"}},
        {"key": "c", "type": "consent", "label": "C", "required": True, "when": {"field": "b", "is": "no"}},
        {"key": "d", "type": "text", "label": "D", "required": True, "when": {"field": "c", "is": "no"}},
    ]
    return complete({"title": "Chain", "sections": [{"key": "s1", "title": "One", "fields": fields}]})


def test_a_good_form_has_no_faults():
    assert faults(FORM) == [] and faults(chain()) == []


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (complete(definition.empty("Empty")), "The form asks nothing yet"),
        (changed(website={"label": " "}), "has no question"),
        (changed(matter={"options": [{"value": "x", "label": "Only", "help": ""}]}), "needs at least two choices"),
        (changed(words={"when": {"field": "start", "is": "x"}}), "does not come before it"),
        (changed(words={"when": {"field": "website", "is": "x"}}), "can only depend on a choice"),
        (changed(words={"when": {"field": "matter", "is": "gone"}}), "does not offer any more"),
        (changed(words={"when": {"field": "words", "is": "x"}}), "does not come before it"),
        (changed(visits={"min": 5, "max": 1}), "the smallest number is larger"),
        (changed(words={"key": "website"}), "key that is taken"),
        (changed(words={"key": "<script>"}), "key that is taken or not allowed"),
        (FORM | {"title": ""}, "The form has no title"),
    ],
)
def test_every_fault_is_said_in_words(form, says):
    assert any(says in fault for fault in faults(form)), faults(form)


def test_conditions_reach_through_chains():
    form = chain()
    assert visible(form, {}) == {"a": True, "b": False, "c": False, "d": False}
    assert visible(form, {"a": "yes", "b": ["no"]}) == {"a": True, "b": True, "c": True, "d": True}
    assert visible(form, {"a": "yes", "b": ["no"], "c": True})["d"] is False
    assert visible(form, {"a": "no", "b": ["no"]})["c"] is False, "b is hidden, so what it said counts no more"


def test_hidden_questions_are_not_required_and_not_sent():
    form = chain()
    assert problems(form, {"a": "no"}, {}, complete=True) == {}
    assert set(problems(form, {"a": "yes", "b": ["no"]}, {}, complete=True)) == {"c", "d"}
    assert submitted(form, {"a": "no", "b": ["no"], "d": "x"}) == {"a": "no"}


def test_asking_one_question_again_opens_what_depends_on_it():
    assert with_dependents(chain(), ["b"]) == {"b", "c", "d"}
    assert with_dependents(chain(), ["d"]) == {"d"}


@pytest.mark.parametrize(
    ("key", "answer", "says"),
    [
        ("website", "meyerwerk", "Write the whole address, like https://company.example."),
        ("website", "javascript:alert(1)", "Write the whole address"),
        ("website", "https://user@host.example", "Write the whole address"),
        ("website", "https://[::1", "Write the whole address"),
        ("contact", "lucas@meyerwerk", "Write the whole address, like name@company.example."),
        ("contact", "a b@c.example", "like name@company.example."),
        ("visits", "many", "Write a number, like 12 or 3.5."),
        ("visits", "-1", "Write a number from 0 to 1,000,000."),
        ("visits", "1e3", "Write a number, like 12 or 3.5."),
        ("start", "2026-02-30", "like 2026-11-30."),
        ("start", "٢٠٢٦-٠١-٠١", "like 2026-11-30."),
        ("shops", ["goods", "time", "advice"], "Choose at most 2; 3 are chosen."),
    ],
)
def test_a_wrong_answer_is_named_with_an_example(key, answer, says):
    assert says in problems(FORM, {key: answer}, {}, complete=False)[key]


def test_good_answers_are_right_and_kept_in_one_spelling():
    good = {
        "website": "meyerwerk.example/shop", "goal": "x", "visits": "1234,5", "start": "2026-12-01",
        "contact": "lucas@meyerwerk.example", "screens": True, "shops": ["goods"],
    }  # fmt: skip
    assert problems(FORM, good, {}, complete=True) == {}
    kept = submitted(FORM, good)
    assert kept["website"] == "https://meyerwerk.example/shop" and kept["visits"] == "1234.5"


def test_too_many_files_are_a_problem_and_a_missing_required_one_too():
    form = changed(brand={"required": True})
    answered = {"matter": "search"}
    assert problems(form, answered, {}, complete=True)["brand"] == "Add at least one file."
    assert problems(form, answered, {"brand": 1, "extra": 2}, complete=False)["extra"].startswith(
        "Keep at most 1 files"
    )


def test_progress_counts_what_is_asked_now():
    assert progress(FORM, {}, {}) == (0, 9)
    assert progress(FORM, {"matter": "search", "goal": "x", "screens": False}, {"brand": 2}) == (3, 11)


def test_posted_answers_are_read_by_kind():
    boxes = [("q.shops", ""), ("q.shops", "time"), ("q.shops", "goods")]
    others = [("goal", "no"), ("q.brand", "no"), ("q.nope", "no")]
    typed = posted(goal=" a\r\nb ", website=" x\ty ", matter="speed", screens="on")
    taken = take(FORM, [*typed, *boxes, *others])
    assert taken.refused == {}
    assert taken.answers == {
        "goal": "a\nb", "website": "x y", "matter": "speed", "screens": True, "shops": ["goods", "time"],
    }  # fmt: skip


def test_what_cannot_be_kept_is_refused_in_words():
    taken = take(FORM, posted(goal="a\x00b", website="x" * 2001, matter="gone", words="\ud800", shops="gone"))
    assert taken.answers == {}
    assert taken.refused["website"] == "Shorten this to 2,000 characters; it has 2,001."
    assert "cannot be stored" in taken.refused["goal"] and "cannot be stored" in taken.refused["words"]
    assert "Choose from the answers" in taken.refused["matter"]


TEXT = st.text(max_size=80)
NAMES = st.sampled_from(["q." + f["key"] for f in definition.fields(FORM)] + ["q.", "x", "q.__class__"])


@given(st.lists(st.tuples(NAMES, TEXT), max_size=30))
def test_whatever_is_posted_can_be_stored_and_judged(values):
    taken = take(FORM, values)
    assert all(key in {f["key"] for f in definition.fields(FORM)} for key in taken.answers)
    text = repr(taken.answers)
    assert "\\x00" not in text and "\\ud8" not in text
    again = take(FORM, [(f"q.{k}", v) for k, a in taken.answers.items() for v in as_posted(a)])
    assert again.answers == taken.answers, "reading what was read changes nothing"
    problems(FORM, taken.answers, {}, complete=True)
    done, total = progress(FORM, taken.answers, {})
    assert 0 <= done <= total


def as_posted(answer):
    if isinstance(answer, bool):
        return ["yes" if answer else ""]
    return ["", *answer] if isinstance(answer, list) else [answer]


ANSWERS = st.fixed_dictionaries(
    {"a": st.sampled_from(["", "yes", "no"]), "b": st.lists(st.sampled_from(["yes", "no"])), "c": st.booleans()}
)


@given(ANSWERS)
def test_a_question_behind_a_hidden_one_is_always_hidden(given_answers):
    form = chain()
    seen = visible(form, given_answers)
    for field in definition.fields(form):
        if field["when"] and not seen[field["when"]["field"]]:
            assert not seen[field["key"]]
    assert set(submitted(form, given_answers)) <= {key for key, shown in seen.items() if shown}


def test_answers_are_shown_in_the_words_of_the_form():
    assert answers.words(definition.find(FORM, "shops"), ["time", "goods"]) == "Goods, Time"
    assert answers.words(definition.find(FORM, "screens"), True) == "Agreed"
    assert answers.words(definition.find(FORM, "goal"), None) == ""
