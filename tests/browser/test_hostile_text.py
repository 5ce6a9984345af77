"""What people write is shown as text: every page and every fragment, as everybody who may see it, in Chromium.

Twice: with our content security policy, which would report what it had to stop; and with the policy switched off, so
that whatever slipped through the escaping would really run."""

import pytest
from litestar import Response, get

from dashboard.accounts.current import CurrentOrganization, viewer
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.orders.tables import Order
from tests.browser.serving import serving
from tests.browser.walking import EVERYBODY, script, visitor, walked
from tests.hostile import CORPUS, MARKUP
from tests.hostile_rows import ROWS, fill_up
from tests.webhooks.posting import a_checkout, drain, send
from tests.world import World, doors

FEWEST = 60
# Needs a sign-in half done; never ends; leads elsewhere; speaks JSON to machines that know a secret.
UNSEEN = {"signin.code", "live", "chat.live", "campaigns.click", "support.tickets"}


@pytest.fixture
async def house(settings):
    """The application, full of hostile rows; (world, address)."""
    async with serving(settings) as (app, url):
        world = World(app)
        await world.build(rows_of_everything=False)
        await fill_up(world)
        yield world, url


def test_the_corpus_is_large_and_says_each_thing_once():
    assert len(set(CORPUS)) == len(CORPUS) and len(MARKUP) >= FEWEST


async def test_every_page_is_safe_for_everybody(house, chromium):
    answered, wrong = await walked(chromium, *house, protected=True, pages=EVERYBODY, rows={})
    assert wrong == []
    unseen = {door.handler.name for door in doors(house[0].app) if door.safe} - answered - UNSEEN
    assert not unseen, (
        "Nothing to look at: give WORDS in tests/world.py, or SAID in tests/hostile_rows.py, what these pages need."
    )


async def test_nothing_would_run_even_without_our_policy(house, chromium):
    most = dict.fromkeys(EVERYBODY, 1) | {"owner": ROWS, "nobody": ROWS}
    await rows("UPDATE delivery SET payload = payload - 'html'")  # a mail's frame has nothing but its policy
    _, wrong = await walked(chromium, *house, protected=False, pages=("owner", "nobody"), rows=most)
    assert wrong == []


async def test_mails_to_people_who_call_themselves_so_are_words_only(acme, stranger, chromium):
    for number, text in enumerate(CORPUS):
        person = {"email": f"x{number}@customer.example", "name": text[:190], "phone": text[:40]}
        more = {
            "customer_details": person,
            "metadata": {"plan": text[:120], "utm_source": text[:80], "utm_campaign": text},
        }
        assert (await send(stranger, a_checkout(f"evt_{number}", f"cs_{number}", **more))).status_code == 200
    await drain()
    mails = [each.payload["html"] for each in await Delivery.objects().where(Delivery.kind == "mail")]
    assert await Order.count() == len(CORPUS) <= len(mails)
    page = await chromium.new_page()
    assert await page.evaluate(script("inMails"), mails) == []
    assert await page.evaluate(script("inMails"), [MARKUP[0], "<p style='color: red' onclick='x'>"])
    await page.close()


# ── the looking itself ──


@get("/{org:str}/leaky", name="leaky", guards=[viewer])
async def leaky(organization: CurrentOrganization) -> Response[str]:
    """Writes what customers wrote as it is."""
    notes = [each["cancel_reason"] for each in await Order.select_of(organization, Order.cancel_reason)]
    return Response(f"<!doctype html><title>Leaky</title><p>{''.join(notes)}</p>", media_type="text/html")


@pytest.mark.parametrize("protected", [True, False])
async def test_a_page_that_forgets_to_escape_is_found(house, chromium, protected, monkeypatch):
    world, url = house
    world.app.register(leaky)
    monkeypatch.setattr(
        "tests.browser.walking.doors", lambda app: [door for door in doors(app) if door.handler.name == "leaky"]
    )
    _, wrong = await walked(chromium, world, url, protected, ("viewer",), {"agent": 1})
    assert [each for each in wrong if each.startswith("viewer: leaky: pwned <")]
    assert [each for each in wrong if each.startswith("agent: /acme/leaky: ")]
    reported = "Content Security Policy" if protected else "dialog: 1"
    assert [each for each in wrong if reported in each], wrong
    assert any("left for" in each for each in wrong) is not protected


async def test_each_text_would_be_found_where_a_page_takes_no_care(house, chromium):
    async with visitor(chromium, house[1], "nobody", True) as its:
        page = await its.open("/signin")
        assert await page.evaluate(script("missed"), MARKUP) == []
