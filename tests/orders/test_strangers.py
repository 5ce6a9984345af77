"""Bob tries every door of orders and views: 404 with the words of what never was, and not a row has changed."""

import hashlib

from dashboard.database import rows
from dashboard.orders.routes import ROUTES as ORDERS
from dashboard.piccolo_app import APP_CONFIG
from dashboard.views.routes import ROUTES as VIEWS
from dashboard.views.tables import SavedView
from tests.orders.cast import a_deliverable, a_plan, deliveries_of, waiting_for_intake

CANARIES = ("Canary Person", "canary@canary.example", "Canary plan", "Canary file", "Canary view")
# Sessions remember when they were last seen; everything else must stay as it is.
QUIET = ("app_session",)


HASH = """SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) AS h FROM "TABLE" t"""


async def everything():
    """One number for all rows of all tables."""
    digest = hashlib.sha256()
    for table in sorted(table._meta.tablename for table in APP_CONFIG.table_classes):
        if table not in QUIET:
            digest.update((await rows(HASH.replace("TABLE", table)))[0]["h"].encode())
    return digest.hexdigest()


async def a_world(acme, owner):
    """An order with a file, a mail and a view; the values that fill the addresses."""
    order = await waiting_for_intake(acme, customer_name="Canary Person", customer_email="canary@canary.example")
    await a_plan(acme, "Canary plan")
    file = await a_deliverable(acme, order, "Canary file")
    view = SavedView(organization=acme.id, page="orders", name="Canary view", query="", owner=owner.id, shared=True)
    await view.save()
    [mail] = await deliveries_of(order, kind="mail")
    return order, {"number": order.number, "handover_nr": 1, "batch": "x", "id": mail.id}, file, view


def addresses(organization, values):
    """Every address of the two slices: (method, path), each number of the path filled with Acme's."""
    for handler in (*ORDERS, *VIEWS):
        for path in handler.paths:
            filled = path.replace("{org:str}", organization)
            for name, value in values.items():
                filled = filled.replace(f"{{{name}:int}}", str(value)).replace(f"{{{name}:str}}", str(value))
            assert "{" not in filled, filled
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                yield method, filled


async def test_bob_finds_nothing_at_acme_and_changes_nothing(bob, alice, acme):
    _, values, file, view = await a_world(acme, alice.user)
    before = await everything()
    for id in (values["id"], file.id, view.id):
        for method, path in addresses("acme", values | {"id": id}):
            answer = await bob.request(method, path, data={"assignee": alice.user.id} if method == "POST" else None)
            assert answer.status_code == 404, (method, path)
            never = await bob.request(method, path.replace("/acme/", "/nobody/"))
            assert answer.text == never.text, path
            assert not any(canary in answer.text + str(answer.headers) for canary in CANARIES)
    assert await everything() == before


async def test_acmes_numbers_do_not_exist_in_bobs_own_organization(bob, alice, acme, borealis):
    order, values, file, view = await a_world(acme, alice.user)
    before = await everything()
    for id in (values["id"], file.id, view.id):
        for method, path in addresses("borealis", values | {"id": id}):
            if "{number" not in path and f"/orders/{order.number}" not in path and f"/views/{id}" not in path:
                continue
            answer = await bob.request(method, path, data={} if method == "POST" else None)
            assert answer.status_code == 404, (method, path)
            assert not any(canary in answer.text for canary in CANARIES)
    assert await everything() == before


async def test_a_stranger_is_sent_to_sign_in_and_a_viewer_changes_nothing(stranger, vera, alice, acme):
    _, values, *_ = await a_world(acme, alice.user)
    before = await everything()
    for method, path in addresses("acme", values):
        assert (await stranger.request(method, path)).status_code in (303, 401, 403), (method, path)
        answer = await vera.request(method, path)
        assert answer.status_code == 403 or (method == "GET" and answer.status_code == 200), (method, path)
    assert await everything() == before


async def test_reading_changes_nothing(alice, acme):
    _, values, *_ = await a_world(acme, alice.user)
    before = await everything()
    for method, path in addresses("acme", values):
        if method == "GET":
            assert (await alice.get(path)).status_code in (200, 404), path
            assert (await alice.request("HEAD", path)).status_code in (200, 404, 405), path
    assert await everything() == before
