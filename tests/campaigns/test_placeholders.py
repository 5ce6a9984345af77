"""Placeholders: what is filled in, and that nothing else ever is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.campaigns.placeholders import in_html, parse
from dashboard.errors import Invalid

HOSTILE = (
    "{{ 7*7 }}",
    "{{7*7}}",
    "{{ config }}",
    "{{ first_name.__class__ }}",
    "{{}}",
    "{{ }}",
    "{{ First_name }}",
    "{{ attribute.unknown }}",
    "{{ attribute. }}",
    "{{ lead.organization }}",
)
LITERAL = (
    "{% for x in y %}",
    "${7*7}",
    "<%= 7 %>",
    "%(x)s",
    "{0.__class__}",
    "{ first_name }",
    "{# no #}",
    "#{7}",
    "{{",
    "}}",
    "{{ first_name",
    "{{{",
)


def test_a_value_fills_its_place_and_a_fallback_fills_it_where_there_is_none():
    text = parse("Hi {{ first_name | there }}, {{company}}!")
    assert text.fill({"first_name": "Robin", "company": "Harbor"}) == "Hi Robin, Harbor!"
    assert text.fill({"company": "Harbor"}) == "Hi there, Harbor!"
    assert text.missing({}) == ["company"] and text.missing({"company": "Harbor"}) == []


def test_an_empty_fallback_is_a_fallback():
    assert parse("{{ company | }}").missing({}) == [] and parse("{{ company | }}").fill({}) == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_an_unknown_placeholder_is_refused_and_named_by_its_field(text):
    with pytest.raises(Invalid) as refused:
        parse(f"Hi {text}", frozenset({"size"}), field="subject")
    assert list(refused.value.fields) == ["subject"]


@pytest.mark.parametrize("text", LITERAL)
def test_the_syntax_of_template_engines_is_ordinary_text(text):
    assert parse(text).fill({"first_name": "x"}) == text


@pytest.mark.parametrize("value", [*HOSTILE, *LITERAL, "{{ company }}", "<b>", "a|b", "\\1", "\\g<0>"])
def test_a_value_comes_out_literally_and_is_never_read_again(value):
    text = parse("[{{ name }}] {{ company }}")
    assert text.fill({"name": value, "company": "secret"}) == f"[{value}] secret"
    assert in_html("<a href='x'>\"&") == "&lt;a href=&#x27;x&#x27;&gt;&quot;&amp;"


def test_own_attributes_are_known_by_their_keys():
    assert parse("{{ attribute.size | small }}", frozenset({"size"})).fill({"attribute.size": "20"}) == "20"


@given(st.text(max_size=80))
def test_any_text_without_placeholders_stays_as_it_is(text):
    if "{{" not in text:
        assert parse(text).fill({}) == text
