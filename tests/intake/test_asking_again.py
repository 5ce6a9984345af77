"""The team asks for one answer again: only that is opened, under the same link, and sending is again once."""

import asyncio

import pytest

from dashboard import clock
from dashboard.activity.tables import Activity
from dashboard.deliveries.tables import Delivery
from dashboard.errors import Conflict, Invalid
from dashboard.intake import actions
from dashboard.orders.tables import Order
from tests.intake.cast import RIGHT, again, an_intake, path


async def sent(customer, organization, by):
    intake = await an_intake(organization, by)
    await customer.post(path(intake), data=RIGHT)
    return await again(intake)


def href(intake, rest="/asks"):
    return f"/acme/orders/{intake.order.number}/intake{rest}"


async def test_only_the_questions_asked_for_are_opened_and_the_order_waits(stranger, ana, alice, acme):
    intake = await sent(stranger, acme, alice.user)
    await Order.update({Order.status: "in_progress", Order.started_at: clock.now()}).where(Order.id == intake.order.id)
    answer = await ana.post(href(intake), data={"fields": ["goal", "matter"], "message": "Which region?", "seen": "0"})
    assert answer.status_code == 200 and "Asked again" in answer.text and "close-dialog" in answer.headers["hx-trigger"]
    now = await again(intake)
    assert (now.state, now.asked_again, now.order.status) == ("open", ["goal", "matter"], "intake_pending")
    assert now.token == intake.token, "the same link"
    mail = await Delivery.of(acme).where(Delivery.name == "intake_again").first()
    assert mail.key == f"intake_again:{intake.id}:1" and "Which region?" in mail.payload["text"]
    assert intake.link in mail.payload["text"] and "What should the audit change?" in mail.payload["text"]
    page = (await stranger.get(path(intake))).text
    assert (
        "What should the audit change?" in page
        and "Which words should find you?" in page
        and "Main address" not in page
    )
    refused = await stranger.patch(path(intake), data={"q.website": "https://other.example", "q.goal": "The coast"})
    assert refused.status_code == 200
    now = await again(intake)
    assert now.answers["website"] == "https://meyerwerk.example" and now.answers["goal"] == "The coast"


async def test_answering_again_is_sent_once_and_completes_the_order_again(visit, stranger, alice, acme):
    intake = await sent(stranger, acme, alice.user)
    await actions.ask_again(intake, ["goal"], "", by=alice.user, now=clock.now())
    customers = [await visit(None) for _ in range(5)]
    answers = await asyncio.gather(*(c.post(path(intake), data={"q.goal": "The coast"}) for c in customers))
    assert {answer.status_code for answer in answers} == {303}
    now = await again(intake)
    assert (now.state, now.submissions, now.order.status, now.asked_again) == ("submitted", 2, "intake_complete", [])
    alerts = await Delivery.of(acme).where(Delivery.name == "intake_submitted").order_by(Delivery.id)
    assert [alert.key for alert in alerts] == [f"alert:intake_submitted:{intake.id}:{n}" for n in (1, 2)]
    line = await Activity.of(acme).where(Activity.title == "Answered again").first()
    assert line.detail == "What should the audit change?"


async def test_a_new_condition_can_bring_up_a_required_question(stranger, alice, acme):
    intake = await sent(stranger, acme, alice.user)
    await actions.ask_again(intake, ["matter"], "", by=alice.user, now=clock.now())
    missing = await stranger.post(path(intake), data={"q.matter": "search"})
    assert missing.status_code == 422 and "Which words should find you?" in missing.text
    assert (await stranger.post(path(intake), data={"q.matter": "search", "q.words": "bikes"})).status_code == 303
    assert (await again(intake)).answers["words"] == "bikes"


async def test_two_clicks_ask_once_and_a_later_question_joins_the_first(stranger, alice, acme):
    intake = await sent(stranger, acme, alice.user)
    clicks = [actions.ask_again(intake, ["goal"], "", by=alice.user, now=clock.now()) for _ in range(5)]
    assert sorted(await asyncio.gather(*clicks)) == [False] * 4 + [True]
    assert await Delivery.count().where(Delivery.name == "intake_again") == 1
    now = await again(intake)
    assert await actions.ask_again(now, ["website"], "", by=alice.user, now=clock.now())
    assert (await again(intake)).asked_again == ["website", "goal"]
    assert await Delivery.count().where(Delivery.name == "intake_again") == 2


async def test_the_dialog_offers_what_the_customer_was_asked(stranger, ana, alice, acme):
    intake = await sent(stranger, acme, alice.user)
    page = await ana.get(f"/acme/orders/{intake.order.number}")
    assert (
        page.status_code == 200 and href(intake, "/asks/new") in page.text and "More repair requests.<br>" in page.text
    )
    dialog = await ana.get(href(intake, "/asks/new"))
    assert "open-dialog" in dialog.headers["hx-trigger"]
    assert "Main address" in dialog.text and "Which words should find you?" not in dialog.text


async def test_asking_without_a_question_is_said_in_the_dialog(stranger, ana, alice, acme):
    intake = await sent(stranger, acme, alice.user)
    answer = await ana.post(href(intake), data={"message": "Which region?", "seen": "0"})
    assert answer.status_code == 422
    assert "Choose at least one question." in answer.text and "Which region?" in answer.text
    for keys in (["nope"], ["words"]):  # unknown, and hidden
        with pytest.raises(Invalid):
            await actions.ask_again(intake, keys, "", by=alice.user, now=clock.now())
    with pytest.raises(Invalid):
        await actions.ask_again(intake, ["goal"], "x\x00", by=alice.user, now=clock.now())


async def test_what_was_never_answered_or_is_over_cannot_be_asked_again(stranger, alice, acme):
    unanswered = await an_intake(acme, alice.user)
    with pytest.raises(Conflict, match="not been answered"):
        await actions.ask_again(unanswered, ["goal"], "", by=alice.user, now=clock.now())
    intake = await sent(stranger, acme, alice.user)
    for status in ("done", "cancelled"):
        await Order.update({Order.status: status}).where(Order.id == intake.order.id)
        with pytest.raises(Conflict, match="is over"):
            await actions.ask_again(intake, ["goal"], "", by=alice.user, now=clock.now())
    assert (await again(intake)).state == "submitted"


async def test_a_replaced_link_is_dead_and_the_new_one_opens_the_form(stranger, ana, alice, acme):
    intake = await an_intake(acme, alice.user)
    answer = await ana.post(href(intake, "/link"), data={"seen": "1"})
    assert answer.status_code == 200
    twice = await ana.post(href(intake, "/link"), data={"seen": "1"})
    assert "replaced already" in twice.headers["hx-trigger"]
    now = await again(intake)
    assert now.link_version == 2 and now.link in answer.text and now.link in twice.text
    assert (await stranger.get(path(intake))).status_code == 403
    assert (await stranger.patch(path(intake), data={"q.goal": "x"})).status_code == 403
    assert (await stranger.get(path(now))).status_code == 200


async def test_viewers_see_the_answers_but_no_link_and_no_buttons_and_others_nothing(
    stranger, vera, bob, alice, acme, borealis
):
    intake = await sent(stranger, acme, alice.user)
    for address in (href(intake), href(intake, "/link")):
        assert (await vera.post(address, data={"fields": "goal"})).status_code == 403
        assert (await bob.post(address, data={"fields": "goal"})).status_code == 404
        assert (await bob.post(address.replace("/acme/", "/borealis/"), data={"fields": "goal"})).status_code == 404
    page = (await vera.get(f"/acme/orders/{intake.order.number}")).text
    assert "More repair requests." in page and "Ask again…" not in page and intake.token not in page
    assert (await again(intake)).link_version == 1 and await Delivery.count().where(
        Delivery.name == "intake_again"
    ) == 0
