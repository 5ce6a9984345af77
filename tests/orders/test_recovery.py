"""A checkout that was left: shown on the person, brought back by one mail that somebody asks for."""

from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.database import row, rows
from dashboard.deliveries import dispatcher, mails
from dashboard.deliveries.tables import Delivery, Suppression
from dashboard.integrations import stripe_samples
from dashboard.leads import merging
from dashboard.leads.tables import Lead
from tests.integrations import connected
from tests.leads.cast import a_lead, said, undo_of
from tests.orders.cast import an_order
from tests.webhooks.posting import drain, send

EMAIL = "sofia@wren.example"


async def left(stranger, purchase="left", recovery=True, **facts) -> tuple[Lead, str]:
    """Somebody leaves a checkout; the lead, and the address of the button."""
    event = stripe_samples.event(
        "checkout.session.expired", purchase, email=EMAIL, name="Sofia Marchetti", amount=4900,
        now=int(clock.now().timestamp()),
    )  # fmt: skip
    event["data"]["object"] |= facts | ({} if recovery else {"after_expiration": None})
    assert (await send(stranger, event)).status_code == 200
    await drain()
    line = await row("SELECT id, subject_id FROM activity WHERE verb = 'abandoned_checkout' ORDER BY id DESC LIMIT 1")
    lead = await Lead.objects().get(Lead.id == line["subject_id"])
    return lead, f"/acme/leads/{lead.id}/checkouts/{line['id']}/recovery"


async def mails_to() -> list[dict]:
    return await rows("SELECT id, name, recipient, state, payload, due_at FROM delivery WHERE name = 'recovery'")


async def test_the_mail_carries_stripes_link_and_goes_once(stranger, ana, acme):
    lead, button = await left(stranger)
    page = (await ana.get(f"/acme/leads/{lead.id}")).text
    assert "Checkout abandoned" in page and "€49.00" in page and "Send recovery mail" in page
    assert "buy.stripe.com" not in page
    answer = await ana.post(button)
    assert said(answer) == f"The link is on its way to {EMAIL}." and "Send recovery mail" not in answer.text
    await ana.post(button)
    [mail] = await mails_to()
    assert mail["recipient"] == EMAIL and mail["state"] == "queued"
    assert "https://buy.stripe.com/r/cs_test_left" in mail["payload"]["text"] and "€49.00" in mail["payload"]["text"]
    assert "https://buy.stripe.com/r/cs_test_left" in mail["payload"]["html"]
    assert mail["due_at"] > clock.now()
    assert "cs_test_left" not in (await ana.get(f"/acme/outbox/{mail['id']}")).text
    assert "sent the link to the checkout again" in (await ana.get(f"/acme/leads/{lead.id}")).text


async def test_undo_takes_it_back_and_it_can_be_sent_after_all(stranger, ana, acme):
    _, button = await left(stranger)
    undo = undo_of(await ana.post(button))
    back = await ana.post(undo)
    assert said(back) == "Cancelled. Nothing was sent." and "Send recovery mail" in back.text
    await ana.post(button)
    [mail] = await mails_to()
    assert mail["state"] == "queued" and mail["due_at"] > clock.now()


@pytest.mark.parametrize("state", ["queued", "held"])
async def test_a_mail_that_has_not_left_when_they_buy_never_does(stranger, ana, acme, state):
    _, button = await left(stranger)
    await ana.post(button)
    await rows("UPDATE delivery SET state = {} WHERE name = 'recovery'", state)
    bought = stripe_samples.event(
        "checkout.session.completed", "another", email=EMAIL, now=int(clock.now().timestamp()), event_id="evt_bought"
    )
    await send(stranger, bought)
    await drain()
    [mail] = await rows("SELECT state, why FROM delivery WHERE name = 'recovery'")
    assert mail == {"state": "cancelled", "why": "They have bought since"}


async def test_who_has_bought_since_is_left_alone(stranger, ana, acme):
    lead, button = await left(stranger)
    order = await an_order(acme, customer_email=EMAIL, placed_at=clock.now() + timedelta(seconds=1))
    assert "Send recovery mail" not in (await ana.get(f"/acme/leads/{lead.id}")).text
    refused = await ana.post(button)
    assert refused.status_code == 409 and f"Order {order.number} was placed since" in refused.text
    assert await mails_to() == []


@pytest.mark.parametrize(("paid", "offered"), [(-25, True), (-23, False), (-1, False)])
async def test_who_bought_in_another_tab_before_the_first_one_expired_is_left_alone(stranger, ana, acme, paid, offered):
    now = clock.now()
    order = await an_order(acme, customer_email=EMAIL, placed_at=now + timedelta(hours=paid))
    await rows("UPDATE orders SET created_at = placed_at")
    lead, button = await left(stranger, created=int((now - timedelta(hours=24)).timestamp()))
    assert ("Send recovery mail" in (await ana.get(f"/acme/leads/{lead.id}")).text) == offered
    answer = await ana.post(button)
    assert (answer.status_code == 200) == offered == (len(await mails_to()) == 1)
    assert offered or f"Order {order.number} was placed since" in answer.text


async def test_an_older_line_that_does_not_say_when_it_began_counts_a_day_back(stranger, ana, acme):
    await an_order(acme, customer_email=EMAIL, placed_at=clock.now() - timedelta(hours=2))
    _, button = await left(stranger)
    await rows("UPDATE activity SET data = data - 'began' WHERE verb = 'abandoned_checkout'")
    await rows("UPDATE orders SET created_at = placed_at")
    assert (await ana.post(button)).status_code == 409


async def test_told_twice_it_is_one_line_and_the_person_is_known_as_well_as_a_buyer(stranger, ana, acme):
    who = {"email": EMAIL, "name": "Sofia Marchetti", "phone": "+47 555 01 99"}
    facts = {"customer_details": who, "metadata": {"utm_source": "newsletter", "utm_campaign": "spring"}}
    lead, _ = await left(stranger, **facts)
    await left(stranger, **facts)
    assert len(await rows("SELECT FROM activity WHERE verb = 'abandoned_checkout'")) == 1
    assert (lead.phone, lead.source) == ("+47 555 01 99", "newsletter")
    assert lead.source_data["utm_campaign"] == "spring"


@pytest.mark.parametrize("reason", ["unsubscribed", "bounced", "complained"])
async def test_who_may_not_be_written_to_is_left_alone(stranger, ana, acme, reason):
    _, button = await left(stranger)
    await Suppression(organization=acme.id, email_normalized=EMAIL, reason=reason).save()
    assert (await ana.post(button)).status_code == 409
    assert await mails_to() == []


async def test_who_unsubscribes_in_the_last_seconds_gets_nothing(stranger, ana, acme):
    _, button = await left(stranger)
    await ana.post(button)
    await Suppression(organization=acme.id, email_normalized=EMAIL, reason="unsubscribed").save()

    async def outside(_):
        return connected()

    await dispatcher.work(outside, clock.now() + timedelta(minutes=1), "mail")
    assert [mail["state"] for mail in await mails_to()] == ["suppressed"]


async def test_a_link_that_is_over_or_was_never_given_is_said(stranger, ana, acme):
    lead, button = await left(stranger, recovery=False)
    assert "Send recovery mail" not in (await ana.get(f"/acme/leads/{lead.id}")).text
    assert "Stripe gave no link" in (await ana.post(button)).text
    gone = {"recovery": {"url": "https://buy.stripe.com/r/x", "expires_at": int(clock.now().timestamp()) - 5}}
    _, button = await left(stranger, "old", after_expiration=gone)
    assert "The link to this checkout is over" in (await ana.post(button)).text
    assert await mails_to() == []


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://evil.example", "https://x/" + "y" * 3000, 5, None])
async def test_only_a_proper_link_is_kept(stranger, acme, url):
    _, _ = await left(stranger, after_expiration={"recovery": {"url": url, "expires_at": 1895200000}})
    data = (await row("SELECT data FROM activity WHERE verb = 'abandoned_checkout'"))["data"]
    assert "url" not in data and data["session"] == "cs_test_left"


async def test_after_a_merge_the_mail_goes_to_who_stayed(stranger, ana, alice, acme):
    loser, _ = await left(stranger)
    winner = await a_lead(acme, "Sofia", email="sofia.new@wren.example")
    await merging.merge(acme, winner.id, loser.id, {}, clock.now(), alice.user)
    line = await row("SELECT id FROM activity WHERE verb = 'abandoned_checkout'")
    await ana.post(f"/acme/leads/{winner.id}/checkouts/{line['id']}/recovery")
    assert [mail["recipient"] for mail in await mails_to()] == ["sofia.new@wren.example"]


async def test_strangers_and_viewers_send_nothing(stranger, vera, bob, acme, borealis):
    lead, button = await left(stranger)
    own = await a_lead(borealis)
    assert (await vera.post(button)).status_code == 403
    assert (await bob.post(button.replace("acme", "borealis"))).status_code == 404
    assert (await bob.post(button.replace(f"acme/leads/{lead.id}", f"borealis/leads/{own.id}"))).status_code == 404
    assert await Delivery.count() == 0


async def test_the_mail_reads_without_a_name_and_without_an_amount(acme):
    mail = mails.render(
        "recovery", acme, lead=Lead(organization=acme.id, name="<b>x"), amount="", link="https://buy.stripe.com/r/1"
    )
    assert "did not finish it" in mail.text and "for " not in mail.text.split("began an order")[1].split("\n")[0]
    assert mail.subject == "Your order at Acme is still open" and "<b>x" not in mail.html
