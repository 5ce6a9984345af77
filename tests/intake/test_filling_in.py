"""The customer opens the private link, stops, comes back, and sends."""

import asyncio
from datetime import timedelta

from dashboard import clock, links
from dashboard.activity.tables import Activity
from dashboard.deliveries.tables import Delivery
from dashboard.intake import answering
from dashboard.orders.tables import Order
from tests.intake.cast import RIGHT, again, an_intake, path, posted


async def names(organization):
    return [d["name"] for d in await Delivery.select_of(organization, Delivery.name).order_by(Delivery.id)]


async def test_the_form_opens_with_its_questions_and_looking_changes_nothing(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    page = await stranger.get(path(intake))
    assert page.status_code == 200
    assert "Tell us about your website" in page.text and "About" in page.text and "minutes" in page.text
    assert page.headers["referrer-policy"] == "no-referrer" and page.headers["cache-control"] == "no-store"
    assert "Welcome back" not in page.text
    now = await again(intake)
    assert (now.saved_at, now.state) == (None, "open")


async def test_what_is_typed_is_saved_and_shown_on_another_device(stranger, visit, acme, alice):
    intake = await an_intake(acme, alice.user)
    answer = await stranger.patch(path(intake), data={"q.goal": "More repair requests", "q.matter": "search"})
    assert answer.status_code == 200
    said = answer.json()
    assert (said["done"], said["total"]) == (2, 11)
    assert said["visible"]["words"] and said["visible"]["section:s2"] and said["saved_at"]
    phone = await (await visit(None)).get(path(intake))
    assert "More repair requests" in phone.text and "Welcome back, Lucas. We kept your answers from today" in phone.text


async def test_two_devices_keep_each_other_s_fields_and_the_last_write_of_a_field_wins(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    for data in ({"q.goal": "First"}, {"q.website": "https://a.example"}, {"q.goal": "Second"}):
        await stranger.patch(path(intake), data=data)
    assert (await again(intake)).answers == {"goal": "Second", "website": "https://a.example"}


async def test_an_answer_can_be_emptied_and_the_last_tick_taken_away(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    await stranger.patch(path(intake), data={"q.goal": "Words", "q.shops": ["", "goods"], "q.screens": ["", "yes"]})
    await stranger.patch(path(intake), data={"q.goal": "", "q.shops": "", "q.screens": ""})
    assert (await again(intake)).answers == {"goal": "", "shops": [], "screens": False}


async def test_only_the_form_s_own_fields_are_written(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    await stranger.patch(
        path(intake), data={"q.goal": "x", "q.state": "submitted", "state": "submitted", "q.brand": "9"}
    )
    now = await again(intake)
    assert now.answers == {"goal": "x"} and now.state == "open"


async def test_characters_that_cannot_be_stored_are_refused_and_the_rest_is_kept(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    for bad in ("nul\x00", "bell\x07", "x" * 20_001):
        answer = await stranger.patch(
            path(intake), data={"q.goal": bad, "q.website": "https://a.example"}, headers={"Accept": "application/json"}
        )
        assert answer.status_code == 422
        assert "What should the audit change?" in answer.json()["error"]
    assert (await again(intake)).answers == {"website": "https://a.example"}


async def test_sending_with_mistakes_keeps_everything_typed_and_says_what_to_do_at_each_field(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    answer = await stranger.post(
        path(intake), data={"q.website": "meyerwerk", "q.goal": "More repairs", "q.matter": "search"}
    )
    assert answer.status_code == 422
    assert 'value="meyerwerk"' in answer.text and "More repairs" in answer.text
    assert "Write the whole address, like https://company.example." in answer.text
    assert 'aria-invalid="true" aria-describedby="q-website-error"' in answer.text
    assert "Tick this to go on." in answer.text and "This is needed. A few words are enough." in answer.text
    now = await again(intake)
    assert now.state == "open" and now.answers["goal"] == "More repairs"


async def test_what_could_not_be_stored_is_still_in_its_field(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    answer = await stranger.post(path(intake), data=RIGHT | {"q.goal": "y" * 20_001})
    assert answer.status_code == 422
    assert "y" * 20_001 in answer.text and "Shorten this to 20,000 characters; it has 20,001." in answer.text


async def test_sending_completes_the_intake_and_tells_the_team(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    answer = await stranger.post(path(intake), data=RIGHT)
    assert (answer.status_code, answer.headers["location"]) == (303, path(intake, "/done"))
    done = await stranger.get(path(intake, "/done"))
    assert "We have everything" in done.text
    now = await again(intake)
    assert now.state == "submitted" and now.order.status == "intake_complete" and now.order.intake_submitted_at
    assert now.answers["website"] == "https://meyerwerk.example"
    alert = await Delivery.of(acme).where(Delivery.name == "intake_submitted").first()
    assert alert.key == f"alert:intake_submitted:{intake.id}:1" and f"order {intake.order.number}" in alert.title
    line = await Activity.of(acme).where(Activity.verb == "intake_submitted").first()
    assert line.actor == "customer" and line.detail == "4 answers, 0 files"


async def test_afterwards_the_link_shows_what_was_sent_and_takes_nothing_more(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    await stranger.post(path(intake), data=RIGHT)
    page = await stranger.get(path(intake))
    assert "What you sent" in page.text and "https://meyerwerk.example" in page.text and "<form" not in page.text
    late = await stranger.patch(path(intake), data={"q.goal": "late"}, headers={"Accept": "application/json"})
    assert late.status_code == 409 and "sent already" in late.json()["error"]
    assert late.headers["referrer-policy"] == "no-referrer" and late.headers["cache-control"] == "no-store"
    assert (await again(intake)).answers["goal"].startswith("More repair requests.")


async def test_answers_of_hidden_questions_are_not_sent(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    await stranger.patch(path(intake), data={"q.matter": "search", "q.words": "bicycle repair"})
    await stranger.post(path(intake), data=RIGHT)
    assert "words" not in (await again(intake)).answers


async def test_ten_posts_at_once_send_once(visit, acme, alice):
    intake = await an_intake(acme, alice.user)
    customers = [await visit(None) for _ in range(10)]
    answers = await asyncio.gather(*(customer.post(path(intake), data=RIGHT) for customer in customers))
    assert [answer.status_code for answer in answers] == [303] * 10
    assert (await names(acme)).count("intake_submitted") == 1
    assert await Activity.count().where(Activity.verb == "intake_submitted") == 1
    assert (await again(intake)).submissions == 1


async def test_saving_while_it_is_sent_never_changes_what_was_sent(visit, acme, alice):
    intake = await an_intake(acme, alice.user)
    customers = [await visit(None) for _ in range(6)]
    saves = [c.patch(path(intake), data={"q.goal": f"late {n}"}) for n, c in enumerate(customers[1:])]
    await asyncio.gather(customers[0].post(path(intake), data=RIGHT), *saves)
    sent = (await again(intake)).answers
    for customer in customers[1:]:
        await customer.patch(path(intake), data={"q.goal": "too late"})
    assert (await again(intake)).answers == sent


async def test_a_cancelled_order_needs_no_answers(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    await Order.update({Order.status: "cancelled", Order.cancelled_at: clock.now()}).where(Order.id == intake.order.id)
    assert "Nothing more is needed" in (await stranger.get(path(intake))).text
    assert (await stranger.post(path(intake), data=RIGHT)).status_code == 409
    assert (await again(intake)).state == "open"


async def test_every_flipped_character_of_the_link_is_refused_with_a_page_that_says_what_to_do(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    token = intake.token
    forged = [token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(len(token))]
    others = [
        links.token(links.DOWNLOAD, intake.id), links.token(links.INTAKE, intake.id, 2), f"{intake.id}.1", "x",
        token * 2,        f"0{token}", token.upper(), links.token(links.INTAKE, intake.id + 1),
    ]  # fmt: skip
    for wrong in forged + others:
        answer = await stranger.get(f"/f/{wrong}")
        assert answer.status_code == 403 and "This link is not valid any more" in answer.text, wrong
        assert answer.headers["referrer-policy"] == "no-referrer"
    for wrong in others:
        for method, rest in (
            ("PATCH", ""),
            ("POST", ""),
            ("GET", "/done"),
            ("POST", "/files/brand"),
            ("DELETE", "/uploads/1/removal"),
        ):
            assert (
                await stranger.request(method, f"/f/{wrong}{rest}", data=RIGHT if method != "GET" else None)
            ).status_code == 403
    assert (await again(intake)).saved_at is None


async def test_the_page_says_when_answers_were_kept(acme, alice, stranger):
    intake = await an_intake(acme, alice.user)
    tuesday = clock.now() - timedelta(days=3)
    await answering.save(intake, posted(goal="x"), tuesday)
    assert f"your answers from {tuesday:%A}" in (await stranger.get(path(intake))).text


async def test_another_site_cannot_post_for_a_customer_and_a_page_without_referrer_can(stranger, acme, alice):
    intake = await an_intake(acme, alice.user)
    for rest in ("", "/files/brand", "/uploads/1/removal"):
        for site in ("cross-site", "same-site", "none"):
            answer = await stranger.post(path(intake, rest), data=RIGHT, headers={"Sec-Fetch-Site": site})
            assert answer.status_code == 403, (rest, site)
    assert (
        await stranger.patch(path(intake), data=RIGHT, headers={"Origin": "https://evil.example"})
    ).status_code == 403
    assert (await again(intake)).saved_at is None
    assert (await stranger.post(path(intake), data=RIGHT, headers={"Origin": "null"})).status_code == 303
