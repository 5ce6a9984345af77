"""Conditions in groups: what an address says, what it may not say, and the form that puts them together."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.campaigns.audience import COLUMNS, LEADS
from dashboard.campaigns.audience import VIEWS as LEAD_VIEWS
from dashboard.lists import Asked, drafts
from dashboard.lists.groups import MOST_CONDITIONS, MOST_GROUPS
from dashboard.lists.values import joined, parted

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ASKED = Asked(NOW, "Europe/Oslo", me=7, currency="EUR", organization=3)


def read(query):
    return LEADS.read(query, ASKED)


def words(query):
    return [(chip.label, chip.operator, chip.text) for chip in read(query).chips()]


def test_conditions_say_what_they_mean_in_words():
    assert words("stage=new,qualified&score.over=50&company.contains=pine") == [
        ("Stage", "is any of", "New, Qualified"), ("Score", "is at least", "50"), ("Company", "contains", "pine"),
    ]  # fmt: skip
    assert words("contact.last=30d&value.between=1,000..2,000 USD") == [
        ("Last contact", "is in the last", "30 days"),
    ], "amounts of two currencies are not compared"
    assert words("value.between=1,000 USD..2,000 USD&close.next=7&email.empty=yes&noreply=14d") == [
        ("Value", "is between", "$1,000.00 and $2,000.00"), ("Expected close", "is in the next", "7 days"),
        ("E-mail", "is empty", ""), ("No reply", "for at least", "14 days"),
    ]  # fmt: skip


def test_groups_are_joined_as_the_address_says():
    filters = read("stage=new&owner=me&2.score.over=80&2.tag=3&2.match=any&groups=any")
    first, second = filters.grouped.groups
    assert filters.grouped.any and second.any and not first.any
    sql, values = filters.where.compile_string()
    assert sql == (
        "(((l.stage = ANY($1)) AND (l.owner = ANY($2))) OR ((l.score >= $3::bigint) OR (l.tags && $4::bigint[])))"
    )
    assert values == [["new"], [7], 80, [3]]
    assert filters.query() == "stage=new&owner=me&2.match=any&2.score.over=80&2.tag=3&groups=any"


def test_a_chip_takes_only_its_own_condition_away():
    chips = read("name.contains=a&name.contains=b&2.score.over=80").chips()
    assert [chip.without for chip in chips] == [
        "name.contains=b&2.score.over=80", "name.contains=a&2.score.over=80", "name.contains=a&name.contains=b",
    ]  # fmt: skip


def test_nothing_that_is_typed_becomes_part_of_a_statement():
    evil = "'; DROP TABLE lead; -- %_\\{}$1"
    for query in (f"name.contains={evil}", f"company={evil}", f"source.not={evil}", f"2.email.starts={evil}"):
        sql, values = read(query.replace("%", "%25").replace(";", "%3B")).where.compile_string()
        assert "DROP" not in sql and any("DROP" in str(value) for value in values), query


BAD = [
    ("stage=shipped", "Stage"), ("stage.over=3", "Stage"), ("score.over=many", "Score"), ("score.between=9..2", "Score"),
    ("score.between=9", "Score"), ("score=1.5", "Score"), ("value.over=1.2.3", "Value"), ("value.over=5 XQX", "Value"),
    ("created.last=0d", "Created"), ("created.last=99999d", "Created"), ("created.before=2026-13-01", "Created"),
    ("created.between=2026-11-21..2026-11-01", "Created"), ("created=9999-12-31", "Created"), ("owner=Ana", "Owner"),
    ("tag=x", "Tag"), ("tag=9223372036854775808", "Tag"), ("ordered=maybe", "Has an order"), ("noreply=soon", "No reply"),
    ("created.empty=yes", "Created"), ("2.match=some", "Filters"), ("groups=none", "Filters"), ("2.groups=any", "Filters"),
    ("2.colour=red", "colour"), ("attr.gone=3", "gone"), ("attr.gone.over=3", "gone"), ("2.3.stage=new", "Groups inside groups"),
    ("name.contains=%00", "Name"), (f"name.contains={'x' * 2001}", "Name"), ("stage=" + ",".join("abc" * 60), "Stage"),
    ("q=" + "+".join("abcdefghi"), "Search"), ("ids=x", "Lead"), ("q=" + "x" * 9000, "Filters"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "named"), BAD)
def test_what_is_not_understood_is_left_out_and_named(query, named):
    filters = read(query)
    assert filters.misunderstood == (named,)
    assert not filters and filters.query() == ""


def test_unknown_parameters_mean_nothing_as_long_as_they_cannot_have_been_filters():
    filters = read("utm_source=x&page=leads&stage=&colour=red")
    assert not filters and filters.misunderstood == ()


def test_conditions_and_groups_are_capped():
    filters = read("&".join(f"name.contains=a{n}" for n in range(MOST_CONDITIONS + 5)))
    assert len(filters.grouped.conditions()) == MOST_CONDITIONS and filters.misunderstood
    filters = read("&".join(f"{n}.name.contains=a" for n in range(1, MOST_GROUPS + 3)))
    assert len(filters.grouped.groups) == MOST_GROUPS and filters.misunderstood


def test_built_in_views_are_written_the_way_filters_write_themselves():
    for name, query in LEAD_VIEWS:
        assert read(query).query() == query, name
        assert not read(query).misunderstood, name


def test_days_are_days_of_the_organization():
    [condition] = read("created=2026-03-29").grouped.conditions()
    assert condition.values == (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)), (
        "23 hours"
    )
    [condition] = read("close.next=7").grouped.conditions()
    assert condition.values == (date(2026, 11, 21), date(2026, 11, 29)), "today and the seven days after it"
    [condition] = read("contact.older=30d").grouped.conditions()
    assert condition.values == (NOW - timedelta(days=30),) and "IS NOT NULL" in condition.sql


@given(st.lists(st.text(min_size=1).map(str.strip).filter(bool), min_size=1, max_size=8, unique=True))
def test_values_in_one_parameter_come_back_as_they_went_in(values):
    assert parted(joined(values)) == values


NAMES = st.sampled_from([column.name for column in COLUMNS] + ["match", "groups", "attr.x", "q", "sort", "zzz"])
KEYS = st.sampled_from(
    ["", ".over", ".under", ".between", ".contains", ".not", ".empty", ".last", ".all", ".nope", ".2."]
)
PAIRS = st.lists(
    st.tuples(st.sampled_from(["", "1.", "2.", "9.", "2.2."]), NAMES, KEYS, st.text(max_size=20)), max_size=12
)


@given(PAIRS)
def test_no_address_whatever_is_an_error_and_each_writes_itself_the_same_again(parts):
    filters = read(urlencode([(before + name + key, value) for before, name, key, value in parts]))
    assert read(filters.query()).query() == filters.query()
    sql, values = filters.where.compile_string()
    assert sql.count("$") == len(values)


# ── the form ──


def form(query):
    return parse_qsl(query, keep_blank_values=True)


def test_the_form_of_an_address_makes_the_address_again():
    query = (
        "stage=new,qualified&value.between=1,000..2,000&name.contains=a,b&source=Web%5C,+site,Chat&2.match=any"
        "&2.owner=me,none&2.created.last=30d&2.company.empty=yes&3.ordered=no&groups=any"
    )
    draft = drafts.of(read(query))
    assert not read(query).misunderstood
    done, found = drafts.finished(draft, ASKED)
    assert found == read(query).query() and not done.wrong
    pairs = [("m", "any" if draft.any else "all")]
    for g, group in enumerate(draft.groups, 1):
        pairs.append((f"m.{g}", "any" if group.any else "all"))
        for r, row in enumerate(group.rows, 1):
            pairs += [(f"c.{g}.{r}", row.column.name), (f"o.{g}.{r}", row.operator.key)]
            pairs += [(f"v.{g}.{r}", value) for value in row.values]
    assert drafts.finished(drafts.typed(pairs, COLUMNS), ASKED)[1] == read(query).query()


def test_what_was_typed_for_another_column_is_gone_with_it():
    draft = drafts.typed(form("c.1.1=score&o.1.1=contains&v.1.1=pine"), COLUMNS)
    [row] = draft.groups[0].rows
    assert row.column.name == "score" and row.operator.key == "over" and row.values == ()


def test_conditions_and_groups_are_added_and_removed_where_the_button_is():
    draft = drafts.typed(form("c.1.1=stage&o.1.1=&v.1.1=new&c.2.1=score&o.2.1=over&v.2.1=5"), COLUMNS)
    more = drafts.edited(draft, "add.2")
    assert [len(group.rows) for group in more.groups] == [1, 2] and more.focus == "c-2-2"
    less = drafts.edited(draft, "remove.1.1")
    assert [group.rows[0].column.name for group in less.groups] == ["score"] and less.focus == "add-1"
    assert drafts.edited(drafts.edited(less, "remove.1.1"), "group").focus == "c-2-1"
    for nonsense in ("add.9", "add.x", "remove.1", "remove.7.7", "", "explode"):
        assert drafts.edited(draft, nonsense) == draft


def test_each_row_says_what_is_wrong_with_it_and_keeps_what_was_typed():
    draft = drafts.typed(
        form("c.1.1=score&o.1.1=over&v.1.1=many&c.1.2=stage&o.1.2=&c.1.3=&c.1.4=value&o.1.4=between&v.1.4=9&v.1.4="),
        COLUMNS,
    )
    done, found = drafts.finished(draft, ASKED)
    assert found == "" and [row.error for row in done.groups[0].rows] == [
        "Write a whole number, like 24.", "Choose at least one.", "Choose what to compare, or remove the condition.",
        "Fill in both ends.",
    ]  # fmt: skip
    assert done.groups[0].rows[0].values == ("many",) and done.focus == "v-1-1"


def test_an_untouched_form_filters_nothing():
    assert drafts.finished(drafts.typed(form("c.1.1="), COLUMNS), ASKED) == (drafts.Draft(), "")
