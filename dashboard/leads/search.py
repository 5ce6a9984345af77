"""Finding leads by what people type: parts of names, companies, addresses, telephone numbers and notes, without regard
to accents and case. All words have to be there, on the lead or in one note.

A condition that asks two tables is slow whichever way it is planned. So a page is asked for in two branches, each of
which has an index to go by; counts and whole selections use the condition."""

import re
from dataclasses import dataclass, replace

from piccolo.querystring import QueryString

from dashboard.leads.actions import digits
from dashboard.lists import Asked, Condition, Filters
from dashboard.lists.fields import LONGEST_TEXT, SEARCHED
from dashboard.lists.values import Given, single

NAME = "q"
MOST_WORDS = 8
SHORTEST = 3  # letters an index of trigrams can go by; fewer have to begin a word
TELEPHONE = re.compile(r"\+?[0-9][0-9()/ .-]{3,}")
ON_LEAD, IN_NOTE = "l.search", "public.fold(n.text)"
NOTES = "SELECT n.subject_id FROM note n WHERE n.organization = {} AND n.subject_kind = 'lead' AND "

Words = list[list[str]]  # each with the spellings that will do


@dataclass(frozen=True)
class LeadSearch:
    """The search field of the list."""

    name: str = NAME
    label: str = "Search"

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.name,)

    def read(self, given: Given, asked: Asked) -> Condition | None:
        typed = " ".join(single(given, self.name).split())
        if not typed:
            return None
        if len(typed) > LONGEST_TEXT or len(typed.split()) > MOST_WORDS:
            raise ValueError(self.name)
        return condition([[word] for word in words(typed)], asked.organization, typed)


def words(typed: str) -> list[str]:
    """What is looked for: the words, or the digits of a telephone number."""
    if TELEPHONE.fullmatch(typed):
        return [digits(typed)]
    return list(dict.fromkeys(typed.split()))


def typed_in(filters: Filters) -> str:
    """What somebody searches for with these filters."""
    return next(iter(filters.chosen(NAME)), "")


def condition(wanted: Words, organization: int, typed: str) -> Condition:
    """Leads that have every word, themselves or in one note."""
    lead, lead_values = _every(ON_LEAD, wanted)
    note, note_values = _every(IN_NOTE, wanted)
    sql = f"({lead} OR l.id = ANY(ARRAY({NOTES}{note})))"
    values = (*lead_values, organization, *note_values)
    return Condition(NAME, "Search", SEARCHED, (typed,), ((NAME, typed),), sql, values)


def branches(filters: Filters, wanted: Words, organization: int) -> list[Filters]:
    """The filters twice: for leads that have the words themselves, and for those with a note that has them."""
    lead, lead_values = _every(ON_LEAD, wanted)
    note, note_values = _every(IN_NOTE, wanted)
    return [
        _with(filters, QueryString(lead, *lead_values)),
        _with(filters, QueryString(f"l.id IN ({NOTES}{note})", organization, *note_values)),
    ]


def without(filters: Filters) -> Filters:
    """The other filters alone."""
    return replace(filters, conditions=tuple(each for each in filters.conditions if each.name != NAME))


def _with(filters: Filters, sql: QueryString) -> Filters:
    made = Condition(NAME, "", "", (), (), "{}", (sql,))
    return replace(without(filters), conditions=(*without(filters).conditions, made))


def _every(text: str, wanted: Words) -> tuple[str, list[str]]:
    parts, values = [], []
    for spellings in wanted:
        some = []
        for spelling in spellings:
            if len(spelling) >= SHORTEST:
                some.append(f"{text} LIKE public.containing({{}})")
                values.append(spelling)
            else:
                some.append(f"({text} LIKE public.beginning({{}}) OR {text} LIKE '% ' || public.beginning({{}}))")
                values += [spelling, spelling]
        parts.append(f"({' OR '.join(some)})")
    return " AND ".join(parts), values
