"""The organization's own page: what may be saved, by whom, and what is refused in words."""

import pytest

from dashboard import clock
from dashboard.accounts import organizations
from dashboard.accounts.tables import Organization
from dashboard.activity.tables import Activity
from dashboard.database import rows
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries.tables import Delivery
from tests.builders import a_member

PAGE = "/acme/settings"


def form(acme, **changes) -> dict[str, str]:
    typed = organizations.typed(acme) | changes
    return {name: text for name, text in typed.items() if text != ""}


async def saved() -> Organization:
    return await Organization.objects().order_by(Organization.id).first()


async def test_everything_on_the_page_is_saved(alice, acme):
    changes = {
        "name": "Harbour & Pine", "colour": "4", "from_address": "Hello@HarbourPine.example",
        "postal_address": "Strandgaten 4, Bergen",
        "time_zone": "Europe/Oslo", "currency": "NOK", "signs_as": "Maya", "tone": "Plain and factual",
        "never_says": "guarantee\n\n  a discount over 10%  ", "keep_events": "45", "sat_open": "1", "sat_from": "10:00",
        "sat_to": "14:30", "mon_open": "",
    }  # fmt: skip
    response = await alice.post(PAGE, data=form(acme, **changes))
    assert response.status_code == 200 and '"text": "Saved"' in response.headers["HX-Trigger"]
    now = await saved()
    assert (now.name, now.colour, now.currency, now.time_zone) == ("Harbour & Pine", 4, "NOK", "Europe/Oslo")
    assert (now.from_address, now.postal_address) == ("hello@harbourpine.example", "Strandgaten 4, Bergen")
    assert now.persona == {
        "signs_as": "Maya",
        "tone": "Plain and factual",
        "never_says": ["guarantee", "a discount over 10%"],
    }
    assert now.working_hours["sat"] == ["10:00", "14:30"] and "mon" not in now.working_hours
    assert now.retention == {"events": 45}
    page = await alice.get(PAGE)
    for words in ("Harbour &amp; Pine", "hello@harbourpine.example", 'value="14:30"', "a discount over 10%"):
        assert words in page.text
    assert await Activity.exists().where(Activity.verb == "changed", Activity.user == alice.user.id)


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"name": " "}, "name", "Give your organization a name."),
        ({"slug": "admin"}, "slug", "used by Backdesk itself"),
        ({"slug": "Acme Inc"}, "slug", "Use lower-case letters"),
        ({"slug": "static"}, "slug", "used by Backdesk itself"),
        ({"colour": "6"}, "colour", "Choose one of the colours."),
        ({"colour": "x"}, "colour", "Choose one of the colours."),
        ({"from_address": "hello"}, "from_address", "Write the whole address"),
        ({"from_address": "a@b.example\r\nBcc: x@y.example"}, "from_address", "Write the whole address"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone", "Choose a time zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "Choose a time zone"),
        ({"time_zone": "UTC'; DROP TABLE organization; --"}, "time_zone", "Choose a time zone"),
        ({"currency": "EURO"}, "currency", "Choose a currency"),
        ({"currency": "DEM"}, "currency", "Choose a currency"),
        ({"mon_open": "1", "mon_from": "17:00", "mon_to": "09:00"}, "mon_hours", "the end must be later"),
        ({"mon_open": "1", "mon_from": "25:00", "mon_to": "26:00"}, "mon_hours", "write both times"),
        ({"keep_events": "-1"}, "keep_events", "from 30 to 3650"),
        ({"keep_events": "7"}, "keep_events", "from 30 to 3650"),
        ({"keep_events": "٤٥"}, "keep_events", "from 30 to 3650"),
        ({"keep_events": "99999999999999999999"}, "keep_events", "from 30 to 3650"),
    ],
)
async def test_what_cannot_be_is_refused_at_its_field_and_typed_values_stay(alice, acme, changes, field, says):
    typed = form(acme, signs_as="Typed by hand", **changes)
    response = await alice.post(PAGE, data=typed)
    assert response.status_code == 422
    assert says in response.text.split(f'id="{field}-error"')[1].split("</p>")[0]
    assert 'value="Typed by hand"' in response.text
    assert (await saved()).persona == acme.persona and (await saved()).name == "Acme"


async def test_letters_that_cannot_be_stored_do_not_break_it(alice, acme):
    response = await alice.post(PAGE, data=form(acme, name="A\x00cme\u202e \U0001f331", never_says="a\x00b"))
    assert response.status_code == 200
    assert (await saved()).name == "A cme \U0001f331" and (await saved()).persona["never_says"] == ["a b"]


async def test_the_owner_changes_the_address_and_everything_follows(alice, acme, borealis):
    response = await alice.post(PAGE, data=form(acme, slug="harbour-pine"), headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == "/harbour-pine/settings"
    assert (await alice.get("/harbour-pine/settings")).status_code == 200
    assert (await alice.get(PAGE)).status_code == 404
    taken = await alice.post("/harbour-pine/settings", data=form(acme, slug="borealis"))
    assert taken.status_code == 409 and "There is another organization at /borealis." in taken.text
    assert (await saved()).slug == "harbour-pine"


async def test_an_admin_saves_all_but_what_is_the_owners(visit, acme):
    ada = await visit(await a_member(acme, "ada@acme.example", "Ada Admin", "admin"))
    response = await ada.post(PAGE, data=form(acme, name="By Ada", slug="taken-over", second_factor_required="1"))
    assert response.status_code == 200
    now = await saved()
    assert (now.name, now.slug, now.second_factor_required) == ("By Ada", "acme", False)
    page = (await ada.get(PAGE)).text
    assert 'name="second_factor_required"' not in page and "readonly" in page


async def test_who_may_not_change_it_sees_it_and_why(ana, vera, acme):
    for browser in (ana, vera):
        page = await browser.get(PAGE)
        assert page.status_code == 200 and "Only admins and the owner may change this." in page.text
        assert 'fieldset class="bare" disabled' in page.text and 'type="submit" form=' not in page.text
        response = await browser.post(PAGE, data=form(acme, name="Taken over"))
        assert response.status_code == 403
    assert (await saved()).name == "Acme"


async def test_a_sender_address_lets_held_mails_go(alice, acme):
    await deliveries.queue(
        acme, key="k1", kind="mail", name="intake_request", recipient="x@y.example", title="Hello", payload={}
    )
    await Delivery.update({Delivery.state: "held", Delivery.created_at: clock.now()}).where(Delivery.key == "k1")
    await alice.post(PAGE, data=form(acme, from_address="hello@acme.example"))
    assert (await Delivery.objects().first()).state == "queued"


async def test_the_page_asks_the_database_little(alice, queries):
    await alice.get(PAGE)
    with queries() as seen:
        assert (await alice.get(PAGE)).status_code == 200
    assert len(seen) <= 3


async def test_what_is_never_said_is_shown_a_phrase_a_line_also_where_it_was_stored_as_a_text(alice):
    for stored in (["guarantee", "a discount"], "guarantee\na discount"):
        await rows("UPDATE organization SET persona = {} WHERE slug = 'acme'", {"never_says": stored})
        assert "guarantee\na discount</textarea>" in (await alice.get(PAGE)).text
