"""Changing a draft: every change is a new definition, and the old one stays as it was."""

from copy import deepcopy

import pytest

from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.forms import editing, sections
from dashboard.forms.definition import TYPES, complete, empty, faults, fields, find
from tests.intake.cast import DEFINITION

FORM = complete(DEFINITION)


def keys(form):
    return [[field["key"] for field in section["fields"]] for section in form["sections"]]


@pytest.fixture(autouse=True)
def nothing_is_changed_in_place():
    before = deepcopy(FORM)
    yield
    assert before == FORM


def test_every_type_of_field_can_be_added_and_published_as_it_comes():
    form = empty("All types")
    for kind in TYPES:
        form, key = editing.add_field(form, "s1", kind)
        assert find(form, key)["type"] == kind
    assert faults(form) == []
    assert len({field["key"] for field in fields(form)}) == len(TYPES)


def test_fields_move_within_and_over_the_edge_of_a_section():
    assert keys(editing.move_field(FORM, "goal", -1))[0][:2] == ["goal", "website"]
    assert keys(editing.move_field(FORM, "shops", 1))[1] == ["shops", "brand", "extra"]
    assert keys(editing.move_field(FORM, "brand", -1))[0][-1] == "brand"
    assert keys(editing.move_field(FORM, "website", -1)) == keys(FORM)
    assert keys(editing.move_field(FORM, "screens", 1)) == keys(FORM)


def test_a_removed_field_comes_back_to_its_place():
    without = editing.remove_field(FORM, "goal")
    assert find(without, "goal") is None
    back = sections.put_back(without)
    assert keys(back) == keys(FORM) and sections.put_back(back) == back


def test_a_removed_section_comes_back_with_its_fields():
    without = sections.remove_section(FORM, "s2")
    assert keys(without) == [keys(FORM)[0], keys(FORM)[2]]
    assert keys(sections.put_back(without)) == keys(FORM)


def test_the_last_section_stays():
    with pytest.raises(Conflict):
        sections.remove_section(empty("One"), "s1")


def test_sections_are_added_named_and_moved():
    form, key = sections.add_section(FORM)
    form = sections.change_section(form, key, {"title": " Your \x00 shop ", "optional": "yes"})
    form = sections.move_section(form, key, -1)
    assert [section["title"] for section in form["sections"]] == ["Your website", "Files", "Your shop", "Agreement"]


def test_a_choice_keeps_its_value_when_it_is_renamed_and_new_ones_get_their_own():
    field = find(FORM, "matter")
    renamed = editing.options_from("Velocity | Pages open slowly\nSearch\nAccess\nNot sure", field["options"])
    assert [option["value"] for option in renamed] == ["speed", "search", "access", "unsure"]
    moved = editing.options_from("Not sure\nSpeed\nPrice\nSpeedy", field["options"])
    assert [option["value"] for option in moved] == ["unsure", "speed", "access", "speedy"]
    assert len({o["value"] for o in editing.options_from("A\nA!\nÄ\n日本\n中国", [])}) == 5


def test_a_field_s_form_writes_only_what_it_names():
    posted = {
        "label": " Main\n address ", "help": "h", "required": "", "type": "file", "key": "stolen", "options": "A\nB",
        "when": "matter=search", "max": "50",
    }  # fmt: skip
    field = find(editing.change_field(FORM, "words", posted), "words")
    assert field["label"] == "Main address" and field["type"] == "text" and field["required"] is False
    assert field["when"] == {"field": "matter", "is": "search"} and field["max"] == 50 and field["options"] == []


@pytest.mark.parametrize("bad", ["abc", "0", "-3", "2.5", "99999", "9" * 30])
def test_a_limit_that_is_none_is_refused_in_words(bad):
    with pytest.raises(Invalid) as refused:
        editing.change_field(FORM, "words", {"label": "x", "max": bad})
    assert refused.value.fields["max"] == "Write a whole number from 1 to 2,000."


def test_what_is_gone_is_said_to_be_gone():
    for change in (editing.remove_field, lambda form, key: editing.move_field(form, key, 1), sections.remove_section):
        with pytest.raises(NotFound):
            change(FORM, "nowhere")
    with pytest.raises(NotFound):
        editing.add_field(FORM, "s1", "script")
