"""Keeping filters under a name, for oneself or for the team."""

from dashboard.views.tables import SavedView
from tests.orders.cast import an_order


async def save(browser, name="Late ones", query="status=overdue", shared="", org="acme"):
    form = {"page": "orders", "name": name, "query": query, "shared": shared}
    return await browser.post(f"/{org}/views", data=form)


async def test_a_saved_view_is_a_tab_with_its_own_count(alice, acme):
    await an_order(acme, status="done")
    answer = await save(alice, "Finished", "status=done&after=x&evil=1")
    assert answer.headers["location"] == "/acme/orders?status=done"
    page = (await alice.get("/acme/orders?status=done")).text
    assert 'href="/acme/orders?status=done" aria-current="true"' in page and "Finished" in page
    counts = (await alice.get("/acme/orders/counts")).text
    assert 'id="tab-5" hx-morph-skip hx-swap-oob="true">1<' in counts


async def test_only_known_parameters_are_stored(alice, acme):
    await save(alice, query="status=new&junk=1&sort=-number&before=zzz&q=%3Cscript%3E")
    view = await SavedView.objects().first()
    assert view.query == "q=%3Cscript%3E&status=new&sort=-number"


async def test_a_private_view_is_seen_by_its_owner_alone_and_a_shared_one_by_the_team(alice, ana, acme):
    await save(ana, "Anas own", "assignee=me")
    await save(ana, "For everybody", "payment=disputed", shared="yes")
    mine, theirs = (await ana.get("/acme/orders")).text, (await alice.get("/acme/orders")).text
    assert "Anas own" in mine and "For everybody" in mine
    assert "Anas own" not in theirs and "For everybody" in theirs


async def test_the_same_name_changes_the_view_there_is(alice, acme):
    await save(alice, "Mine", "status=new")
    await save(alice, "Mine", "status=done")
    assert [view.query for view in await SavedView.objects()] == ["status=done"]


async def test_a_view_is_renamed_and_deleted(alice, acme):
    await save(alice)
    view = await SavedView.objects().first()
    assert 'value="Late ones"' in (await alice.get(f"/acme/views/{view.id}/name")).text
    await alice.post(f"/acme/views/{view.id}/name", data={"name": "Overdue", "shared": "yes"})
    await view.refresh()
    assert (view.name, view.shared, view.query) == ("Overdue", True, "status=overdue")
    assert (await alice.delete(f"/acme/views/{view.id}")).headers["location"] == "/acme/orders"
    assert await SavedView.count() == 0


async def test_without_a_name_the_form_comes_back_with_what_was_typed(alice, acme):
    answer = await save(alice, name="  ", shared="yes")
    assert answer.status_code == 422 and "Give the view a name" in answer.text
    assert 'value="status=overdue"' in answer.text and "checked" in answer.text
    assert await SavedView.count() == 0


async def test_nobody_but_the_owner_and_admins_change_a_shared_view(alice, ana, acme):
    await save(alice, "Alices", shared="yes")
    view = await SavedView.objects().first()
    assert (await ana.post(f"/acme/views/{view.id}/name", data={"name": "Anas"})).status_code == 403
    assert (await ana.delete(f"/acme/views/{view.id}")).status_code == 403
    await save(ana, "Anas", shared="yes")
    anas = await SavedView.objects().where(SavedView.name == "Anas").first()
    assert (await alice.delete(f"/acme/views/{anas.id}")).status_code == 303


async def test_bob_and_viewers_keep_out(alice, bob, vera, acme, borealis):
    await save(alice, "Secret canary", shared="yes")
    view = await SavedView.objects().first()
    assert (await save(bob)).status_code == 404 and (await save(vera)).status_code == 403
    for path in (f"/acme/views/{view.id}/name", f"/borealis/views/{view.id}/name"):
        answer = await bob.get(path)
        assert answer.status_code == 404 and "canary" not in answer.text
        assert (await bob.post(path, data={"name": "x"})).status_code == 404
    assert (await bob.delete(f"/borealis/views/{view.id}")).status_code == 404
    assert "canary" not in (await bob.get("/borealis/orders")).text
    await view.refresh()
    assert view.name == "Secret canary"
