"""The engine behind every list: what it understands, what it refuses, and that pages have no gap and no overlap."""

import contextlib
import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote

from hypothesis import given
from hypothesis import strategies as st

from dashboard.lists import CAP, Asked, counted, spreadsheet
from dashboard.lists.keyset import read as read_cursor
from dashboard.lists.keyset import write as write_cursor
from dashboard.orders import queries
from dashboard.orders.filters import ORDERS, VIEWS
from dashboard.orders.tables import Order
from tests.orders.cast import an_order

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ASKED = Asked(NOW, "Europe/Oslo", me=7)


def read(query):
    return ORDERS.read(query, ASKED)


def test_a_filter_becomes_a_condition_a_chip_and_a_link_without_it():
    filters = read("status=new&status=in_progress&placed=30d")
    assert [(chip.label, chip.operator, chip.text) for chip in filters.chips()] == [
        ("Status", "is any of", "New, In progress"), ("Placed", "in the last", "30 days"),
    ]  # fmt: skip
    assert filters.chips()[0].without == "placed=30d"
    assert filters.where.compile_string()[1] == [["new", "in_progress"], NOW - timedelta(days=30), NOW]


def test_unknown_parameters_mean_nothing_and_blank_ones_are_not_there():
    filters = read("utm_source=x&status=&view=2&organization=99&id=1")
    assert not filters and filters.misunderstood == () and filters.query() == ""


BAD = [
    ("status=shipped", "Status"), ("status=new&status=nonsense", "Status"), ("placed=soon", "Placed"),
    ("placed=0d", "Placed"), ("placed=99999d", "Placed"), ("placed_from=2026-13-01", "Placed"),
    ("placed_from=2026-11-21&placed_to=2026-11-01", "Placed"), ("placed=7d&placed_from=2026-11-01", "Placed"),
    ("placed_to=9999-12-31", "Placed"), ("assignee=Ana", "Assigned to"), ("assignee=-1", "Assigned to"),
    ("plan=9223372036854775808", "Plan"), ("numbers=1.5", "Order"), ("numbers=٣", "Order"), ("q=a&q=b", "Search"),
    (f"q={'x' * 201}", "Search"), ("q=%00", "Search"), ("sort=amount", "Sort"), ("sort=placed&sort=number", "Sort"),
    ("after=!!", "Page"), ("after=WzEsMl0x", "Page"), ("before=bnVsbA", "Page"), ("attention=no", "Attention"),
    ("&".join(f"status={n}" for n in range(150)), "Status"), ("&".join(f"a={n}" for n in range(500)), "Filters"),
]  # fmt: skip


def test_a_bad_value_leaves_that_filter_out_and_names_it():
    for query, named in BAD:
        filters = read(query)
        assert filters.misunderstood == (named,), query
        assert filters.conditions == (), query
        assert filters.cursor is None, query


def test_links_keep_the_filters_and_the_sort_but_never_the_page():
    filters = read("status=done&sort=customer&after=WyJBIiw1XQ&junk=1")
    assert filters.cursor is not None
    assert parse_qs(filters.query()) == {"status": ["done"], "sort": ["customer"]}
    assert parse_qs(filters.sorted_by("customer"))["sort"] == ["-customer"]
    assert "sort" not in parse_qs(filters.sorted_by("placed")), "newest first is how the list opens"
    assert filters.direction("customer") == "ascending" and filters.direction("placed") == ""


def test_me_follows_whoever_looks():
    assert read("assignee=me").conditions[0].values == ([7],)
    assert read("assignee=me").query() == "assignee=me"
    nobody = read("assignee=none&assignee=12").conditions[0]
    assert nobody.sql == "(o.assignee = ANY({}) OR o.assignee IS NULL)" and nobody.ids == (12,)


def test_days_are_days_of_the_organization():
    start, end = read("placed_from=2026-03-29&placed_to=2026-03-29").conditions[0].values
    assert (start, end) == (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)), "23 hours"


def test_built_in_views_are_written_the_way_filters_write_themselves():
    for name, query in VIEWS:
        assert read(query).query() == query, name
        assert not read(query).misunderstood, name


def test_a_saved_view_keeps_only_what_the_list_knows():
    kept = ORDERS.keep("status=new&after=WyJBIiw1XQ&evil=%3Cscript%3E&placed=never&sort=-number", ASKED)
    assert kept == "status=new&sort=-number"


def test_counts_are_exact_up_to_the_cap():
    assert [counted(number) for number in (0, 1284, CAP, CAP + 1)] == ["0", "1,284", "10,000", "10,000+"]


@given(st.integers(-(2**62), 2**62), st.integers(1, 2**63 - 1))
def test_a_cursor_comes_back_as_it_went_out(number, id):
    sort = ORDERS.sorts["number"]
    cursor = read_cursor(sort, write_cursor(sort, {"number": number, "id": id}), before=False)
    assert (cursor.value, cursor.id) == (number, id)


@given(st.text(max_size=60))
def test_no_text_whatever_makes_a_cursor_that_breaks(text):
    for sort in ORDERS.sorts.values():
        with contextlib.suppress(ValueError):
            read_cursor(sort, text, before=True)


@given(st.text(max_size=200))
def test_no_query_string_whatever_is_an_error(text):
    filters = read(text)
    assert read(filters.query()).query() == filters.query()


# ── pages over real rows ──


SMALL = replace(ORDERS, size=7)


async def walk(organization, query, towards):
    """The numbers of each page from an address on, following one of its two links to the end; and the last address."""
    pages, filters = [], SMALL.read(query, ASKED)
    while True:
        assert filters.misunderstood == ()
        page = await queries.find_orders(organization, filters)
        pages.append([row["number"] for row in page.rows])
        query = getattr(page, towards)
        if not query:
            return pages, filters
        filters = SMALL.read(query, ASKED)


async def test_pages_have_no_gap_and_no_overlap_also_where_everything_is_equal(acme):
    same = NOW - timedelta(days=1)
    for n in range(30):
        placed = same if n < 20 else same + timedelta(microseconds=n)
        await an_order(acme, placed_at=placed, customer_name=("Aä", "ab", "Ab")[n % 3] if n < 24 else "Same")
    for sort in ("-placed", "placed", "-number", "number", "customer", "-customer"):
        pages, last = await walk(acme, f"sort={sort}", "following")
        numbers = [number for page in pages for number in page]
        assert len(numbers) == len(set(numbers)) == 30 and [len(page) for page in pages] == [7, 7, 7, 7, 2], sort
        end = await queries.find_orders(acme, last)
        back, _ = await walk(acme, end.previous, "previous")
        assert back[::-1] == pages[:-1], sort


async def test_an_order_that_arrives_in_between_shifts_nothing(acme):
    for n in range(16):
        await an_order(acme, placed_at=NOW - timedelta(hours=n + 1))
    first = await queries.find_orders(acme, SMALL.read("", ASKED))
    await an_order(acme, placed_at=NOW)
    second = await queries.find_orders(acme, SMALL.read(first.following, ASKED))
    assert [row["number"] for row in first.rows + second.rows] == list(range(1, 15))
    again = await queries.find_orders(acme, SMALL.read(second.previous, ASKED))
    assert [row["number"] for row in again.rows] == list(range(1, 8)) and again.previous


HOSTILE = [
    "' OR 1=1 --", "1); DROP TABLE orders; --", "${7*7}", "{}", "{0}", "{{7*7}}", "%", "_", "\\", "\\\\%",
    "a' AND pg_sleep(9)--",
    "placed; DELETE FROM orders", "placed DESC NULLS LAST", "o.amount", "Europe/Oslo'; DROP TABLE orders; --", "\ud7ff",
    "𝕏" * 50, "=cmd|' /C calc'!A0", "null", "NaN", "1e400", "0x7f", "--", "/*", "$1", "$$", "::text", "a\u202eb",
]  # fmt: skip


async def test_a_hostile_query_string_is_a_page_like_any_other(alice, acme):
    await an_order(acme)
    names = [name for field in ORDERS.fields for name in field.parameters] + ["sort", "after", "before", "page", "zone"]
    for value in HOSTILE:
        for name in names:
            filters = ORDERS.read(f"{name}={quote(value)}", ASKED)
            found = await queries.find_orders(acme, filters)
            assert len(found.rows) == (await queries.count_orders(acme, [filters]))[0] <= 1
        everything = "&".join(f"{name}={quote(value)}" for name in names)
        for path in ("/acme/orders", "/acme/orders/counts", "/acme/orders/filters"):
            assert (await alice.get(f"{path}?{everything}")).status_code == 200, (path, value)
        assert (await alice.get(f"/acme/orders.csv?{everything}")).status_code == 422
    assert await Order.count() == 1


# ── CSV ──

DANGEROUS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "  +1", '"=1', "'=1", '"\'=1', "＝1", "＋1",
    "－1", "＠a",
    "﹦1", "\u00a0=1", "\u200b=1", "\ufeff=1", "−5", "‘=1", "=HYPERLINK(\"http://evil.example\")",
]  # fmt: skip


ORDINARY = ["", "Ingrid", "'s-Hertogenbosch", "a=b", "1-2", "’t Hof", "O'Neil", "5 > 3", "日本"]


def test_what_could_be_a_formula_gets_an_apostrophe_and_comes_back_without():
    for text in DANGEROUS:
        assert spreadsheet.cell(text) == "'" + text, ascii(text)
        assert spreadsheet.uncell(spreadsheet.cell(text)) == text, ascii(text)


def test_ordinary_text_stays_as_it_is():
    for text in ORDINARY:
        assert spreadsheet.cell(text) == text == spreadsheet.uncell(text), text


def test_numbers_are_not_text():
    assert spreadsheet.cell(-5) == "-5" and spreadsheet.cell(None) == ""


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), max_size=5))
async def test_any_table_comes_back_as_it_went_out(lines):
    async def batches():
        yield lines

    data = b"".join([piece async for piece in spreadsheet.stream(("a", "b"), batches())]).decode("utf-8-sig")
    found = list(csv.reader(io.StringIO(data, newline="")))
    assert [[spreadsheet.uncell(cell) for cell in line] for line in found[1:]] == lines
