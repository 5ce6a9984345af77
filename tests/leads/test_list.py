"""The leads page: what it shows, what it costs, the dialog of its filters, views, and the file."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.campaigns import audience
from dashboard.leads import attributes, queries
from dashboard.leads.tables import Lead
from dashboard.lists import spreadsheet
from dashboard.views.tables import SavedView
from tests.leads.cast import a_lead, a_tag


def names(page):
    """The names of the rows, in their order, without those below as spelled similarly."""
    return re.findall(r'<a href="/acme/leads/\d+"><b>([^<]*)</b>', page.partition('class="similar"')[0])


async def test_leads_are_listed_newest_first_with_all_that_is_known(alice, acme):
    now = clock.now()
    tag = await a_tag(acme, "restaurant", 3)
    await a_lead(acme, "Old Person", created_at=now - timedelta(days=2))
    await a_lead(
        acme, "Sofia Marchetti", company="Wren & Co", stage="qualified", value=820_050, currency="EUR", score=91, tags=[tag],
        owner=alice.user.id, last_contact_at=now - timedelta(hours=3), score_reasons=[[30, "Finished the calculator"]],
    )  # fmt: skip
    page = (await alice.get("/acme/leads")).text
    assert names(page) == ["Sofia Marchetti", "Old Person"]
    for shown in ("Wren &amp; Co", '<span class="badge positive">Qualified</span>', "€8,200", "Alice Arden", "3 h ago",
                  '<span class="tag c3">restaurant</span>', "Finished the calculator", "Why 91", "Campaign"):  # fmt: skip
        assert shown in page, shown


async def test_an_empty_list_says_what_will_fill_it(alice, vera):
    page = (await alice.get("/acme/leads")).text
    assert "No leads yet" in page and "data-new" in page and "/acme/leads/import" in page
    page = (await vera.get("/acme/leads")).text
    assert "No leads yet" in page and "data-new" not in page and "/acme/leads/import" not in page


async def test_filters_that_find_nobody_are_named_and_those_not_understood_too(alice, acme):
    await a_lead(acme)
    page = (await alice.get("/acme/leads?stage=won&2.score.over=90&2.owner=none&2.match=any&q=zz&score.over=lots")).text
    assert "No leads match" in page and "Not understood and left out: Score." in page
    assert "Nobody fits “zz” and “Stage is Won”, and “Score is at least 90” or “Owner is Nobody”." in page


async def test_what_is_spelled_similarly_stands_below_and_cannot_be_ticked(alice, acme):
    await a_lead(acme, "Øystein Kowalski")
    page = (await alice.get("/acme/leads?q=kowalsky")).text
    assert names(page) == [] and "Nobody is called “kowalsky”." in page and "<b>kowalski</b>" in page
    assert "Øystein Kowalski" in page and 'name="ids"' not in page and "data-check-all" not in page


async def test_htmx_gets_the_list_without_the_frame_at_the_same_address(alice, acme):
    await a_lead(acme)
    whole, part = await alice.get("/acme/leads"), await alice.part("/acme/leads")
    assert "<html" in whole.text and "<html" not in part.text and part.text.lstrip().startswith("<section")
    assert part.headers["vary"].startswith("HX-Request, HX-Request-Type, Cookie")


async def test_the_page_costs_few_queries_however_many_leads_there_are(alice, acme, queries):
    tag = await a_tag(acme, "hot")
    await attributes.add(acme, "City", "text", "", alice.user)
    for n in range(60):
        await a_lead(acme, f"Person {n}", tags=[tag], owner=alice.user.id, attributes={"city": "Oslo"})
    with queries() as seen:
        assert len(names((await alice.get("/acme/leads")).text)) == 50
    assert len(seen) <= 5, seen
    with queries() as seen:
        page = (await alice.get(f"/acme/leads?tag={tag}&owner=me&attr.city=oslo&2.score.under=50&q=person")).text
        assert len(names(page)) == 50
    assert len(seen) <= 8, seen


async def test_counts_come_in_one_query_of_their_own(alice, acme, queries):
    for name in ("One", "Two", "Three"):
        await a_lead(acme, name, score=90 if name == "One" else 10, owner=alice.user.id if name == "Two" else None)
    await save(alice, "Low", "score.under=50", "yes")
    with queries() as seen:
        counts = (await alice.get("/acme/leads/counts?q=t")).text
    assert re.findall(r"<span[^>]*>([^<]*)</span>", counts.replace("\n", "")) == ["2", "2", "3", "1", "1", "0", "2"]
    assert 'id="leads-total" data-matching' in counts and len(seen) <= 8, seen


async def test_a_view_that_takes_too_long_to_count_does_not_hide_the_others(alice, acme, monkeypatch):
    await a_lead(acme, "One")
    await save(alice, "Slow", "name.contains=slow", "yes")
    slow = replace(audience.COLUMNS[0], sql="l.name || pg_sleep(60)", near="")
    monkeypatch.setattr(audience, "LEADS", replace(audience.LEADS, columns=(slow, *audience.COLUMNS[1:])))
    monkeypatch.setattr(audience, "COLUMNS", (slow, *audience.COLUMNS[1:]))
    counts = (await alice.get("/acme/leads/counts")).text
    assert re.findall(r"<span[^>]*>([^<]*)</span>", counts.replace("\n", "")) == ["1", "1", "1", "0", "0", "0", ""]


async def test_pages_have_no_gap_and_no_overlap_in_any_order(acme):
    now = clock.now()
    for n in range(23):
        await a_lead(
            acme, f"Person {n % 5}", created_at=now - timedelta(days=n % 3), score=n % 4, value=n % 2 * 100, currency="EUR",
            last_contact_at=now - timedelta(days=n % 6) if n % 3 else None,
        )  # fmt: skip
    small = replace(audience.LEADS, size=5)
    for sort in [sign + name for name in small.sorts for sign in ("", "-")]:
        for more in ("", "&score.under=3&2.value=0&2.value=1&2.match=any", "&q=person"):
            seen, query = [], f"sort={sort}{more}"
            while query:
                filters = small.read(query, audience.asked(acme, 0, now))
                page, _ = await queries.find_leads(acme, filters)
                seen += [row["id"] for row in page.rows]
                query = page.following
            [expected] = await queries.count_leads(
                acme, [small.read(f"sort={sort}{more}", audience.asked(acme, 0, now))]
            )
            assert len(seen) == len(set(seen)) == expected > 5, (sort, more)


# ── the dialog ──


async def test_the_dialog_opens_with_the_filters_of_the_page(alice, acme):
    tag = await a_tag(acme, "hot")
    dialog = (
        await alice.part(
            f"/acme/leads/filters?tag={tag}&2.score.between=20..50&2.owner=me&2.match=any&q=anna&sort=name"
        )
    ).text
    assert 'name="q" value="anna"' in dialog and 'name="sort" value="name"' in dialog
    assert f'name="v.1.1" value="{tag}" checked' in dialog and 'value="20"' in dialog and 'value="50"' in dialog
    assert 'name="v.2.2" value="me" checked' in dialog and '<option value="any" selected>any condition' in dialog
    assert "Your questions" not in dialog
    await attributes.add(acme, "City", "text", "", alice.user)
    assert "Your questions" in (await alice.part("/acme/leads/filters")).text


async def test_show_goes_to_a_readable_address_or_says_what_is_wrong(alice, acme):
    form = {"c.1.1": "stage", "o.1.1": "", "v.1.1": ["new", "qualified"], "c.1.2": "score", "o.1.2": "over", "v.1.2": "50",
            "m.1": "any", "q": "anna", "sort": "-score", "do": "show"}  # fmt: skip
    answer = await alice.part("/acme/leads/filters", params=form)
    assert answer.headers["hx-redirect"] == "/acme/leads?q=anna&sort=-score&match=any&stage=new,qualified&score.over=50"
    board = await alice.part("/acme/leads/filters", params=form | {"at": "board", "q": "", "sort": ""})
    assert board.headers["hx-redirect"] == "/acme/leads/board?match=any&stage=new,qualified&score.over=50"
    wrong = await alice.part("/acme/leads/filters", params=form | {"v.1.2": "lots"})
    assert wrong.status_code == 422 and "Write a whole number, like 24." in wrong.text and 'value="lots"' in wrong.text
    assert 'aria-describedby="v-1-2-error"' in wrong.text
    assert (await alice.part("/acme/leads/filters?c.1.1=&do=show")).headers["hx-redirect"] == "/acme/leads"


async def test_a_changed_column_brings_its_own_operators_and_value(alice, acme):
    answer = await alice.part("/acme/leads/filters/condition?row=2.3&c.2.3=created&o.2.3=contains&v.2.3=pine")
    assert 'id="rest-2-3"' in answer.text and 'name="o.2.3"' in answer.text and "is in the last" in answer.text
    assert "pine" not in answer.text
    assert (await alice.part('/acme/leads/filters/condition?row="><b>&c.1.1=name')).text.count("rest-1-1") == 1


# ── views ──


async def save(browser, name, query, shared="", page="leads"):
    return await browser.post("/acme/views", data={"page": page, "name": name, "query": query, "shared": shared})


async def test_filters_are_kept_under_a_name_for_oneself_or_the_team(alice, ana, acme):
    await attributes.add(acme, "City", "text", "", alice.user)
    query = "match=any&stage=new&attr.city=oslo&2.owner=me&evil=1&groups=any"
    await save(alice, "Everyone's", query, "yes")
    await save(alice, "My own", "score.over=50")
    view = await SavedView.objects().where(SavedView.name == "Everyone's").first()
    assert view.query == "match=any&stage=new&attr.city=oslo&2.owner=me&groups=any"
    page = (await ana.get(f"/acme/leads?{view.query}")).text
    assert "Everyone&#39;s" in page and "My own" not in page and 'aria-current="true">Everyone' in page
    assert "My own" not in (await alice.get("/acme/orders")).text


async def test_the_filters_of_the_page_are_offered_to_be_saved_as_they_stand(alice, acme):
    dialog = (await alice.part("/acme/views/new?page=leads&match=any&stage=new&score.over=50")).text
    assert 'value="match=any&amp;stage=new&amp;score.over=50"' in dialog


# ── the file ──


def lines(answer):
    found = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    return [{name: spreadsheet.uncell(cell) for name, cell in line.items()} for line in found]


async def test_the_file_has_what_the_filters_show_and_every_question(ana, acme):
    tags = [await a_tag(acme, name) for name in ("retail", "hot")]
    await attributes.add(acme, "City", "text", "", ana.user)
    await a_lead(
        acme, "Bea", value=128405, currency="EUR", score=60, tags=tags, attributes={"city": "Łódź"}, owner=ana.user.id
    )
    await a_lead(acme, "Aiko", value=500, currency="JPY", score=70, stage="won")
    await a_lead(acme, "Cem", score=5)
    answer = await ana.get("/acme/leads.csv?score.over=50&sort=name")
    assert answer.headers["content-disposition"].startswith('attachment; filename="acme-leads-')
    found = lines(answer)
    assert [(line["Name"], line["Value"], line["Stage"], line["Tags"], line["City"], line["Owner"]) for line in found] == [
        ("Aiko", "500", "Won", "", "", ""), ("Bea", "1284.05", "New", "hot, retail", "Łódź", "Ana Alba"),
    ]  # fmt: skip


async def test_names_that_look_like_formulas_open_as_text_and_come_back(ana, acme):
    names = ['=HYPERLINK("http://evil.example")', "+49 Bau", "-1", "@home", "＝1+1", "Ingrid"]
    for name in names:
        await a_lead(acme, name, company=name)
    answer = await ana.get("/acme/leads.csv?sort=created")
    raw = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert all(line["Name"].startswith("'") and line["Company"].startswith("'") for line in raw[:-1])
    assert [line["Name"] for line in lines(answer)] == names


async def test_more_leads_than_a_batch_are_all_there_once(ana, acme, monkeypatch):
    monkeypatch.setattr(queries, "BATCH", 4)
    for n in range(11):
        await a_lead(acme, f"Person {n}")
    assert len({line["Lead"] for line in lines(await ana.get("/acme/leads.csv?q=person"))}) == 11


async def test_ticked_leads_alone_or_all_behind_the_filter_of_the_page(ana, acme):
    first, second, won = [await a_lead(acme, name) for name in ("One", "Two", "Won")]
    await Lead.update({Lead.stage: "won"}).where(Lead.id == won.id)
    ticked = await ana.get(f"/acme/leads.csv?ids={first.id}&ids={second.id}&query=stage%3Dnew")
    assert {line["Name"] for line in lines(ticked)} == {"One", "Two"}
    everything = await ana.get(f"/acme/leads.csv?ids={first.id}&all=1&query=stage%3Dwon")
    assert {line["Name"] for line in lines(everything)} == {"Won"}


async def test_a_filter_that_is_not_understood_exports_nothing(ana, acme):
    await a_lead(acme)
    for query in ("stage=nonsense", "attr.gone=1", "all=1&ids=1&query=score.over%3Dlots"):
        answer = await ana.get(f"/acme/leads.csv?{query}")
        assert answer.status_code == 422 and "Sofia" not in answer.text


# ── strangers ──


async def test_viewers_may_look_but_not_export(vera, acme):
    await a_lead(acme)
    page = (await vera.get("/acme/leads")).text
    assert "Sofia Marchetti" in page and 'name="ids"' not in page and "leads.csv" not in page and ">Assign<" not in page
    assert (await vera.get("/acme/leads.csv")).status_code == 403


async def test_bob_sees_none_of_it(bob, acme, borealis):
    lead, tag = await a_lead(acme, "Canary Person"), await a_tag(acme, "canarytag")
    await a_lead(borealis, "Own Person")
    for path in ("", "/counts", "/filters", "/filters/condition", ".csv"):
        answer = await bob.get(f"/acme/leads{path}")
        assert answer.status_code == 404 and "Canary" not in answer.text
    for query in (f"ids={lead.id}", f"tag={tag}", "q=canary", "q=canarie"):
        page = (await bob.get(f"/borealis/leads?{query}")).text
        assert "Canary Person" not in page and "canarytag" not in page
    assert "canarytag" not in (await bob.get("/borealis/leads/filters")).text
    assert "Own Person" in (await bob.get("/borealis/leads")).text


async def test_the_currency_of_the_organization_is_meant_where_none_is_typed(alice, acme):
    await a_lead(acme, "Dollars", value=200_000, currency="USD")
    await a_lead(acme, "Euros", value=200_000, currency="EUR")
    assert names((await alice.get("/acme/leads?value.over=1000")).text) == ["Euros"]
    await Organization.update({Organization.currency: "USD"}).where(Organization.id == acme.id)
    assert names((await alice.get("/acme/leads?value.over=1000")).text) == ["Dollars"]
