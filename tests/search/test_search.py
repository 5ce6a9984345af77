"""Search: the exact number first, then what fits, from one's own organization only."""

import re

import pytest
from piccolo.querystring import QueryString

from dashboard import clock
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.forms.tables import Form
from dashboard.knowledge import actions as knowledge
from dashboard.search.queries import ORDERS
from tests.campaigns.seed import a_campaign
from tests.leads.cast import a_lead
from tests.orders.cast import a_plan, an_order
from tests.tickets.cast import a_conversation, a_person, a_ticket


async def options(browser, q, organization="acme"):
    """(group, label, address) of every option the palette gets."""
    response = await browser.part(f"/{organization}/search", params={"q": q})
    assert response.status_code == 200
    assert "<html" not in response.text
    found, group = [], ""
    for name, address, label in re.findall(
        r'role="group" aria-label="([^"]*)"|data-href="([^"]*)".*?class="lab">([^<]*)<', response.text, re.DOTALL
    ):
        group = name or group
        if address:
            found.append((group, label, address))
    return found


async def an_addressee(organization, recipient, title="Your form", state="sent"):
    await Delivery.insert(
        Delivery(
            organization=organization.id, key=f"{recipient}:{title}:{organization.id}", kind="mail", name="upsell",
            recipient=recipient, title=title, state=state, due_at=clock.now(),
        )
    )  # fmt: skip


async def test_a_number_finds_its_order_before_everything_else(vera, acme):
    for _ in range(12):
        await an_order(acme, customer_name="Client 1")
    found = await options(vera, "12")
    assert found[0] == ("Orders", "12 Client 1", "/acme/orders/12")
    assert (await options(vera, "#12"))[0][1] == "12 Client 1"
    assert len([each for each in found if each[0] == "Orders"]) <= 5


@pytest.mark.parametrize("typed", ["solh", "SOLHEIM", "rid sol", "ingrid@solheim"])
async def test_part_of_a_name_or_address_finds_the_order(vera, acme, typed):
    order = await an_order(acme, customer_name="Ingrid Solheim", customer_email="ingrid@solheim.example")
    await an_order(acme, customer_name="Tomás Herrera", customer_email="tomas@herrera.example")
    found = await options(vera, typed)
    assert [each[1] for each in found if each[0] == "Orders"] == [f"{order.number} Ingrid Solheim"]


async def test_two_letters_are_enough_also_in_other_scripts(vera, acme):
    order = await an_order(acme, customer_name="李明")
    assert ("Orders", f"{order.number} 李明", f"/acme/orders/{order.number}") in await options(vera, "李明")
    assert await options(vera, "李") == []


async def test_every_kind_is_found_and_leads_to_its_page(vera, alice, acme):
    await a_plan(acme, "Harbour audit")
    await Form(organization=acme.id, slug="h", name="Harbour form").save()
    await an_addressee(acme, "harbour@pine.example", state="held")
    found = await options(vera, "harbour")
    assert ("Plans", "Harbour audit", "/acme/settings/plans") in found
    assert ("Forms", "Harbour form", "/acme/settings/forms/1") in found
    assert ("Deliveries", "Your form", "/acme/outbox/1") in found
    assert ("Team", "Alice Arden", "/acme/settings/team") in await options(vera, "arden")
    assert ("Settings", "Integrations: Stripe, mail, Telegram", "/acme/settings/integrations") in await options(
        vera, "tele"
    )


@pytest.mark.parametrize("typed", ["%", "__", "%%", "100%", "\\", "a\\%", "_a"])
async def test_signs_that_mean_something_to_the_database_mean_themselves(vera, acme, typed):
    await an_order(acme, customer_name="Ingrid Solheim", customer_email="ingrid@solheim.example")
    assert await options(vera, typed) == []
    await an_order(acme, customer_name=f"x{typed}x", customer_email="x@x.example")
    found = [each for each in await options(vera, typed) if each[0] == "Orders"]
    assert len(found) == (1 if len(typed) > 1 else 0)


async def test_people_are_found_by_any_word_of_theirs_the_exact_ones_first(vera, acme):
    await a_lead(acme, "Jonas Jensen", company="Café Pine")
    await a_lead(acme, "Xjonax Berg")
    found = [each for each in await options(vera, "jonax") if each[0] == "Leads"]
    assert [each[1] for each in found] == ["Xjonax Berg", "Jonas Jensen"]
    [(_, _, address)] = await options(vera, "cafe pine")
    assert address.startswith("/acme/leads/")


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "a", "\x00\x00", "q\x00z", "x" * 5000, "'; DROP TABLE orders; --", "{}", "{0}", "9" * 30, "-1", "٣٣",
        "1e5", "😀😀",
    ],
    ids=lambda typed: typed[:12].encode("unicode_escape").decode() or "empty",
)  # fmt: skip
async def test_odd_queries_find_nothing_and_break_nothing(vera, acme, typed):
    await an_order(acme)
    assert await options(vera, typed) == []
    assert (await vera.get("/acme/search", params={"q": typed})).status_code == 200


async def test_a_ticket_is_found_by_its_number_first_then_by_its_subject_and_its_customer(vera, acme):
    person = await a_person(acme)
    for subject in ("Report 2 of 3", "Another thing", "Ingrid asks"):
        await a_ticket(acme, person, subject)
    assert [each[1] for each in await options(vera, "#2") if each[0] == "Tickets"] == ["2 Another thing"]
    found = [each for each in await options(vera, "2") if each[0] == "Tickets"]
    assert found == []  # one character is not enough to search by
    assert [each[1] for each in await options(vera, "report") if each[0] == "Tickets"] == ["1 Report 2 of 3"]
    found = [each[1] for each in await options(vera, "solheim") if each[0] == "Tickets"]
    assert sorted(found) == ["1 Report 2 of 3", "2 Another thing", "3 Ingrid asks"]
    found = [each[1] for each in await options(vera, "ingrid") if each[0] == "Tickets"]
    assert found[0] == "3 Ingrid asks" and len(found) == 3


async def test_a_number_that_only_a_ticket_has_brings_the_tickets_to_the_top(vera, acme):
    await an_order(acme, customer_name="Flat 310")
    await rows("UPDATE organization SET last_ticket_number = 309 WHERE id = {}", acme.id)
    await a_ticket(acme, await a_person(acme), "Wrong domain")
    assert (await options(vera, "310"))[0] == ("Tickets", "310 Wrong domain", "/acme/tickets/310")


async def test_threads_and_articles_are_found(vera, acme, borealis):
    made = await a_conversation(acme, await a_person(acme), subject="About the report")
    text = "## Moving the deadline\n\nWrite to us."
    article = await knowledge.create_article(acme, "Delivery times", "faq", text, clock.now())
    for typed in ("solheim", "ingrid@"):
        found = await options(vera, typed)
        assert ("Conversations", "Ingrid Solheim", f"/acme/conversations/{made.id}") in found
    for typed in ("delivery", "moving the dead"):
        assert ("Knowledge", "Delivery times", f"/acme/knowledge/{article.id}") in await options(vera, typed)
    await knowledge.archive(acme, article, clock.now(), vera.user)
    assert not [each for each in await options(vera, "delivery") if each[0] == "Knowledge"]


async def test_each_kind_is_capped_at_five(vera, acme):
    for n in range(8):
        await an_order(acme, customer_name=f"Solheim {n}")
        await an_addressee(acme, f"solheim{n}@x.example")
        await a_plan(acme, f"Solheim {n}")
    found = await options(vera, "solheim")
    for group in ("Orders", "Deliveries", "Plans"):
        assert len([each for each in found if each[0] == group]) == 5
    assert found[0][1].endswith("Solheim 0")  # placed last, so it is first


async def test_another_company_is_never_searched(acme, bob, borealis):
    await an_order(acme, customer_name="Secret Customer")
    await an_addressee(acme, "secret@acme.example")
    await a_plan(acme, "Secret plan")
    await Form(organization=acme.id, slug="s", name="Secret form").save()
    assert (await bob.part("/acme/search?q=secret")).status_code == 404
    assert await options(bob, "secret", "borealis") == []
    assert await options(bob, "1", "borealis") == []
    assert await options(bob, "01", "borealis") == []


async def test_names_are_text_and_every_option_has_its_own_id(vera, acme):
    for _ in range(3):
        await an_order(acme, customer_name='<img src=x onerror=alert(1)>"x')
    response = await vera.part("/acme/search?q=onerror")
    assert "<img" not in response.text
    ids = re.findall(r'role="option" id="([^"]+)"', response.text)
    assert len(ids) == len(set(ids)) == 6, "three orders and their customers"


async def test_without_a_script_there_is_a_page_with_places_and_things_to_do(vera, ana, acme):
    order = await an_order(acme, customer_name="Ingrid Solheim")
    text = (await vera.get("/acme/search?q=solheim")).text
    assert "<html" in text
    assert f'href="/acme/orders/{order.number}"' in text
    assert 'value="solheim"' in text
    assert 'href="/acme/orders/new"' in (await ana.get("/acme/search?q=new+order")).text
    assert 'href="/acme/orders/new"' not in (await vera.get("/acme/search?q=new+order")).text
    assert 'href="/acme/outbox"' in (await vera.get("/acme/search?q=outbox")).text
    assert "Try a number" in (await vera.get("/acme/search?q=zzzzz")).text
    assert "Try a number" not in (await vera.get("/acme/search")).text


async def test_search_asks_little_of_the_database(vera, acme, queries):
    await an_order(acme)
    for q in ("ingrid", "12", "in"):
        with queries() as seen:
            await vera.part(f"/acme/search?q={q}")
        assert len(seen) <= 10, seen
    with queries() as seen:
        assert [each[1] for each in await options(vera, "ingird")] == ["Ingrid Solheim"]
    assert len(seen) <= 11, seen


async def test_the_index_is_used_for_text(acme):
    """The trigram index answers, whatever the number of orders."""
    await rows("INSERT INTO lead (organization, email, name) VALUES ({}, 'x@x.example', 'x')", acme.id)
    await rows(
        "INSERT INTO orders (organization, number, lead, placed_at, customer_name) "
        "SELECT {}, n, (SELECT min(id) FROM lead), now() - n * interval '1 min', md5(n::text) "
        "FROM generate_series(1, 20000) n",
        acme.id,
    )
    await rows("VACUUM ANALYZE orders")  # what was just written waits beside the index until then, and makes it dear
    plan = await rows("EXPLAIN {}", QueryString(ORDERS, acme.id, -1, acme.id, -1, "%solheim%", 5, 5))
    assert "orders_search" in str(plan)


async def test_campaigns_and_their_templates_are_found_by_name_and_subject(vera, bob, acme, borealis):
    campaign = await a_campaign(acme, "Winter capacity", state="paused")
    template = (await rows("SELECT template FROM campaign_step WHERE campaign = {}", campaign.id))[0]["template"]
    found = await options(vera, "winter")
    assert ("Campaigns", "Winter capacity", f"/acme/campaigns/{campaign.id}") in found
    assert ("Templates", "Winter capacity 0", f"/acme/campaigns/templates/{template}") in found
    assert ("Templates", "Winter capacity 0", f"/acme/campaigns/templates/{template}") in await options(vera, "| there")
    assert await options(bob, "winter", "borealis") == []
