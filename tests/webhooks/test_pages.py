"""The Events pages: what people see of what arrived, and what they may do about it."""

import json
from datetime import timedelta

import pytest
import time_machine

from dashboard import clock
from dashboard.activity.tables import Activity
from dashboard.webhooks import ledger
from dashboard.webhooks.ledger import Problem
from dashboard.webhooks.tables import InboundEvent
from tests.webhooks.posting import an_event, drain, send


async def a_failed_event(
    client, id="evt_1", kind="charge.refunded", words="The list of refunds could not be read.", **more
):
    async def broken(organization, event, now):
        raise Problem(words)

    await send(client, an_event(kind, id, **more))
    await drain(known={f"stripe:{kind}": broken})
    return await the_event(id)


async def the_event(id="evt_1"):
    return await InboundEvent.across_organizations().where(InboundEvent.external_id == id).first()


async def test_the_list_shows_what_arrived_with_its_result_and_repeats(vera, stranger, acme):
    await a_failed_event(stranger)
    await send(stranger, an_event("product.updated", "evt_2"))
    await send(stranger, an_event("product.updated", "evt_2"))
    await drain()
    await send(stranger, an_event("price.created", "evt_3"))
    text = (await vera.get("/acme/events")).text
    assert "The list of refunds could not be read. Nothing was changed." in text
    assert "Nothing here uses this kind of event. Received 2 times." in text
    assert "Next in line." in text
    assert text.index("price.created") < text.index("product.updated") < text.index("charge.refunded")


async def test_tabs_narrow_the_list_and_their_numbers_come_after_it(vera, stranger, acme):
    await a_failed_event(stranger)
    await send(stranger, an_event("price.created", "evt_3"))
    page = (await vera.get("/acme/events?state=failed")).text
    assert "charge.refunded" in page
    assert "price.created" not in page
    counts = (await vera.get("/acme/events/counts?state=failed")).text
    for label, number in (("All", 2), ("Failed", 1), ("Waiting", 1), ("Ignored", 0)):
        assert f'{label} <span class="n">{number}</span>' in counts
    assert "Replay" not in counts  # a viewer changes nothing


async def test_the_pages_of_a_long_list_meet_without_gap_or_double(vera, acme):
    now = clock.now()
    for n in range(120):
        at = now - timedelta(minutes=n // 3)  # three share each moment
        await ledger.record(acme.id, "stripe", f"evt_{n}", f"kind.number{n}x", b"{}", at)
    seen, address = [], "/acme/events"
    while address:
        text = (await vera.get(address)).text
        seen += [int(part.partition("x")[0]) for part in text.split("<b>kind.number")[1:]]
        following = (
            text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0] if 'rel="next"' in text else ""
        )
        address = f"/acme/events{following}" if following else ""
    assert len(seen) == 120
    assert sorted(seen) == list(range(120))


async def test_htmx_gets_the_table_alone_and_the_event_alone(vera, stranger, acme):
    event = await a_failed_event(stranger)
    table = await vera.part("/acme/events")
    assert table.text.lstrip().startswith('<div class="contents" id="events-table"')
    assert "HX-Request" in table.headers["vary"]
    drawer = await vera.part(f"/acme/events/{event.id}")
    assert "<html" not in drawer.text
    assert "evt_1" in drawer.text
    whole = (await vera.get(f"/acme/events/{event.id}")).text
    assert "<html" in whole
    assert 'id="drawer"' in whole
    assert "Failed attempts" in whole


async def test_refused_requests_are_one_line_each_hour_without_their_bodies(vera, stranger, acme):
    now = clock.now()
    with time_machine.travel(now, tick=False):
        for _ in range(4):
            await send(stranger, an_event("evil.kind"), header="t=1,v1=00")
        text = (await vera.get("/acme/events")).text
    hour = now.replace(minute=0)
    between = f"between {hour:%H:%M} and {hour + timedelta(hours=1):%H:%M}"
    assert f"Refused at /webhooks/stripe/acme, not stored: 4 {between}, signature did not match." in text
    assert "evil.kind" not in text


async def test_an_agent_replays_a_failed_event_after_the_fix(ana, stranger, acme):
    event = await a_failed_event(stranger)
    response = await ana.post(f"/acme/events/{event.id}/replay")
    assert response.status_code == 200
    assert json.loads(response.headers["hx-trigger"])["toast"]["text"] == "charge.refunded replayed."
    assert (await the_event()).state == "waiting"

    async def mended(organization, event, now):
        return "Order 7: refunded."

    await drain(known={"stripe:charge.refunded": mended})
    event = await the_event()
    assert (event.state, event.result, event.error, event.attempt) == ("handled", "Order 7: refunded.", "", 1)
    assert len(event.attempts) == 1  # what went wrong before stays readable
    replayed = await Activity.objects().where(Activity.subject_kind == "event").first()
    assert replayed.verb == "replayed"
    assert replayed.user == ana.user.id


async def test_replaying_twice_is_once(ana, stranger, acme):
    event = await a_failed_event(stranger)
    for _ in range(2):
        assert (await ana.post(f"/acme/events/{event.id}/replay")).status_code == 200
    assert await drain() == 1


async def test_an_event_under_way_is_not_replayed(ana, stranger, acme):
    event = await a_failed_event(stranger)
    await InboundEvent.update({"state": "processing"}).where(InboundEvent.id == event.id)
    response = await ana.post(f"/acme/events/{event.id}/replay")
    assert response.status_code == 409
    assert "processing" in response.text


async def test_all_failed_events_are_replayed_and_no_others(ana, stranger, acme):
    for n in range(3):
        await a_failed_event(stranger, f"evt_{n}")
    await send(stranger, an_event("price.created", "evt_done"))
    await drain()
    response = await ana.post("/acme/events/replays")
    assert json.loads(response.headers["hx-trigger"])["toast"]["text"] == "3 events replayed."
    states = await InboundEvent.select(InboundEvent.state).order_by(InboundEvent.id)
    assert [row["state"] for row in states] == ["waiting"] * 3 + ["ignored"]


async def test_ignoring_keeps_the_reason_and_can_be_taken_back(ana, stranger, acme):
    event = await a_failed_event(stranger)
    response = await ana.post(f"/acme/events/{event.id}/dismissal", data={"reason": "A test of <b>ours</b>"})
    toast = json.loads(response.headers["hx-trigger"])
    assert toast["toast"]["undo"] == f"/acme/events/{event.id}/reopening"
    assert "close-dialog" in toast
    ignored = await the_event()
    assert ignored.state == "ignored"
    assert ignored.result == "Ignored by hand. A test of <b>ours</b>"
    assert "<b>ours" not in response.text
    assert (await ana.post(toast["toast"]["undo"])).status_code == 200
    assert (await the_event()).state == "failed"


async def test_only_what_failed_can_be_ignored_and_only_that_taken_back(ana, stranger, acme):
    await send(stranger, an_event())
    event = await the_event()
    assert (await ana.post(f"/acme/events/{event.id}/dismissal", data={})).status_code == 409
    await drain()
    assert (await ana.post(f"/acme/events/{event.id}/reopening")).status_code == 409
    assert (await the_event()).state == "ignored"


async def test_a_viewer_reads_and_changes_nothing(vera, stranger, acme):
    event = await a_failed_event(stranger)
    text = (await vera.get(f"/acme/events/{event.id}")).text
    assert "Replay" not in text
    assert "Ignore…" not in text
    for address in (f"{event.id}/replay", f"{event.id}/dismissal", f"{event.id}/reopening", "replays"):
        assert (await vera.post(f"/acme/events/{address}", data={})).status_code == 403
    assert (await the_event()).state == "failed"


async def test_another_company_finds_no_door(stranger, acme, bob):
    """Neither below Acme's address nor with Acme's ids below its own."""
    event = await a_failed_event(stranger)
    for address in ("/acme/events", "/acme/events/counts", f"/acme/events/{event.id}", f"/borealis/events/{event.id}"):
        response = await bob.get(address)
        assert response.status_code == 404
        assert "charge.refunded" not in response.text
    for organization in ("acme", "borealis"):
        for verb in ("replay", "dismissal", "reopening"):
            assert (await bob.post(f"/{organization}/events/{event.id}/{verb}", data={})).status_code == 404
    assert (await bob.post("/acme/events/replays")).status_code == 404
    await bob.post("/borealis/events/replays")
    unchanged = await the_event()
    assert unchanged.state == "failed"
    assert unchanged.attempt == 1
    assert "charge.refunded" not in (await bob.get("/borealis/events")).text


@pytest.mark.parametrize("address", ["0", "999999", str(2**63), "1x"])
async def test_an_event_that_never_was_is_not_found(vera, acme, address):
    assert (await vera.get(f"/acme/events/{address}")).status_code == 404


async def test_the_pages_ask_little_of_the_database(vera, stranger, acme, queries):
    event = await a_failed_event(stranger)
    for address, most in (("/acme/events", 4), ("/acme/events/counts", 3), (f"/acme/events/{event.id}", 5)):
        with queries() as seen:
            await vera.get(address)
        assert len(seen) <= most, seen
