"""Orders as a file: what the filters show, in batches, safe to open."""

import csv
import io

from dashboard.lists import spreadsheet
from dashboard.orders import queries
from tests.orders.cast import an_order


def lines(answer):
    found = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    return [{name: spreadsheet.uncell(cell) for name, cell in line.items()} for line in found]


async def test_the_file_has_what_the_filters_show_in_their_order(ana, acme):
    await an_order(acme, customer_name="Aiko", currency="JPY", amount=50000, status="done")
    await an_order(acme, customer_name="Bea", amount=128405, status="done")
    await an_order(acme, customer_name="Cem")
    answer = await ana.get("/acme/orders.csv?status=done&sort=customer")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="acme-orders-')
    found = lines(answer)
    assert [(line["Customer"], line["Amount"], line["Currency"]) for line in found] == [
        ("Aiko", "50000", "JPY"), ("Bea", "1284.05", "EUR"),
    ]  # fmt: skip


async def test_names_that_look_like_formulas_open_as_text_and_come_back(ana, acme):
    names = ['=HYPERLINK("http://evil.example")', "+49 Bau", "-1", "@home", "＝1+1", "'=x", "Ingrid"]
    for name in names:
        await an_order(acme, customer_name=name)
    answer = await ana.get("/acme/orders.csv?sort=number")
    raw = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert all(line["Customer"].startswith("'") for line in raw[:-1]) and raw[-1]["Customer"] == "Ingrid"
    assert [line["Customer"] for line in lines(answer)] == names


async def test_more_orders_than_a_batch_are_all_there_once(ana, acme, monkeypatch):
    monkeypatch.setattr(queries, "BATCH", 4)
    for _ in range(11):
        await an_order(acme)
    assert sorted(int(line["Order"]) for line in lines(await ana.get("/acme/orders.csv"))) == list(range(1, 12))


async def test_ticked_orders_alone_or_all_behind_the_filter_of_the_page(ana, acme):
    for _ in range(3):
        await an_order(acme)
    done = await an_order(acme, status="done")
    ticked = await ana.get("/acme/orders.csv?numbers=1&numbers=3&query=status%3Dnew")
    assert {line["Order"] for line in lines(ticked)} == {"1", "3"}
    everything = await ana.get("/acme/orders.csv?numbers=1&all=1&query=status%3Ddone")
    assert {line["Order"] for line in lines(everything)} == {str(done.number)}


async def test_a_filter_that_is_not_understood_exports_nothing(ana, acme):
    await an_order(acme)
    for query in ("status=nonsense", "all=1&numbers=1&query=status%3Dnonsense"):
        answer = await ana.get(f"/acme/orders.csv?{query}")
        assert answer.status_code == 422 and "Ingrid" not in answer.text


async def test_viewers_may_not_export(vera, acme):
    assert (await vera.get("/acme/orders.csv")).status_code == 403
