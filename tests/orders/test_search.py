"""Finding an order by what somebody remembers of it."""

from tests.orders.cast import a_plan, an_order


async def found(browser, typed):
    page = (await browser.get("/acme/orders", params={"q": typed})).text
    return sorted(int(part.partition('"')[0]) for part in page.split('id="o')[1:] if part[0].isdigit())


async def test_a_number_finds_its_order_and_not_the_ones_that_contain_it(alice, acme):
    for n in range(12):
        await an_order(acme, customer_name="Unit 1 GmbH" if n == 5 else "Ingrid Solheim")
    assert await found(alice, "1") == [1]
    assert await found(alice, "#12") == [12]


async def test_a_number_without_an_order_is_looked_for_as_text(alice, acme):
    order = await an_order(acme, customer_name="Studio 4711")
    assert await found(alice, "4711") == [order.number]
    assert await found(alice, "99999999999") == []


async def test_part_of_a_name_an_address_or_a_plan_is_enough_whatever_its_case(alice, acme):
    plan = await a_plan(acme, "Website Audit")
    order = await an_order(acme, customer_name="Åse Lund", customer_email="ase@lund.example", plan=plan)
    await an_order(acme, customer_name="Other", customer_email="other@else.example")
    for typed in ("åse", "ÅSE", "se@LUND", "audit", " lund "):
        assert await found(alice, typed) == [order.number], typed


async def test_signs_with_a_meaning_in_sql_mean_themselves(alice, acme):
    exact = await an_order(acme, customer_name="100% Bio_Hof \\ Co")
    await an_order(acme, customer_name="1000 Bioxhof Co")
    for typed in ("100%", "bio_hof", "\\ co"):
        assert await found(alice, typed) == [exact.number], typed


async def test_a_search_keeps_the_other_filters(alice, acme):
    done = await an_order(acme, customer_name="Mei-Ling Chow", status="done")
    await an_order(acme, customer_name="Mei-Ling Chow")
    page = (await alice.get("/acme/orders?status=done&q=mei")).text
    assert f'id="o{done.number}"' in page and page.count('<tr role="row" id="o') == 1
    assert 'hx-get="/acme/orders?status=done"' in page
