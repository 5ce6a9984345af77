"""Every way a send can end, at real servers on loopback that keep a journal of what they accepted."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from dashboard import clock
from dashboard.activity import queries as activity
from dashboard.database import current_engine, rows
from dashboard.deliveries import actions, dispatcher, held
from dashboard.deliveries.lanes import Lanes
from dashboard.deliveries.outcomes import BACK_OFF
from dashboard.deliveries.tables import Delivery, DeliveryAttempt, Suppression
from tests.deliveries import PAYLOADS, World, a_delivery, again, world
from tests.partners.provider import provider
from tests.partners.smtp import mail_server

DAY = timedelta(days=1)


async def attempts(delivery: Delivery) -> list[str]:
    found = await DeliveryAttempt.objects().where(DeliveryAttempt.delivery == delivery.id).order_by(DeliveryAttempt.id)
    return [attempt.outcome for attempt in found]


# ── sent ──


@pytest.mark.parametrize(
    ("kind", "service"),
    [("mail", "resend"), ("telegram", "telegram"), ("whatsapp", "whatsapp"), ("refund", "stripe")],
)
async def test_what_is_due_is_sent_once(acme, kind, service):
    delivery = await a_delivery(acme, kind)
    async with world() as w:
        assert await w.work() == 1
        assert await w.work() == 0
        (entry,) = w.partner.sent(service)
    sent = await again(delivery)
    assert (sent.state, sent.attempt, sent.provider_id, sent.why) == ("sent", 1, entry["id"], "")
    assert sent.settled_at is not None and sent.lease_until is None
    assert await attempts(sent) == ["sent"]


async def test_a_mail_goes_out_under_its_key_with_its_tags(acme):
    delivery = await a_delivery(acme, key="payment_confirmation:7", name="payment_confirmation")
    async with world() as w:
        await w.work()
        (entry,) = w.partner.sent("resend")
    assert entry["key"] == "payment_confirmation:7"
    assert entry["body"]["from"] == '"Acme" <hi@acme.example>'
    assert {"name": "delivery", "value": f"{delivery.id}-0"} in entry["body"]["tags"]


async def test_an_alert_is_escaped_and_names_its_page(acme):
    await a_delivery(acme, "telegram")
    async with world() as w:
        await w.work()
        (entry,) = w.partner.sent("telegram")
    assert entry["body"]["text"] == (
        "<b>New order</b>\nRobin &lt;b&gt;Sample&lt;/b&gt; &amp; co\nhttps://test.local/acme/orders/1"
    )
    assert entry["body"]["chat_id"] == "-1001"


async def test_an_alert_of_any_length_fits(acme):
    lines = ["<&>" * 400] * 50
    await a_delivery(acme, "telegram", payload={"title": "é<" * 500, "lines": lines, "href": "/acme"})
    async with world() as w:
        await w.work()
        assert len(w.partner.sent("telegram")) == 1


async def test_a_refund_goes_through_stripe_under_its_key(acme):
    delivery = await a_delivery(acme, "refund", key="refund:9:1")
    async with world() as w:
        await w.work()
        (entry,) = w.partner.sent("stripe")
    assert entry["key"] == "refund:9:1"
    assert (entry["body"]["amount"], entry["body"]["payment_intent"]) == ("4900", "pi_1")
    assert entry["body"]["reason"] == "requested_by_customer", "Stripe knows three reasons"
    assert entry["body"]["metadata[reason]"] == "The customer <changed> their mind", "ours is kept beside it"
    named = {name: entry["body"][f"metadata[{name}]"] for name in ("delivery", "resend")}
    assert named == {"delivery": str(delivery.id), "resend": "0"}, "its event will say which one it was"


async def test_what_is_not_due_waits(acme):
    now = clock.now()
    delivery = await a_delivery(acme, due_at=now + actions.UNDO)
    async with world() as w:
        assert await w.work(now) == 0
        assert (await again(delivery)).state == "queued"
        assert await w.work(now + actions.UNDO) == 1
        assert (await again(delivery)).state == "sent"


async def test_cancelled_within_the_ten_seconds_never_leaves(acme, ana):
    now = clock.now()
    delivery = await a_delivery(acme, due_at=now + actions.UNDO)
    await actions.cancel(delivery, ana.user)
    async with world() as w:
        assert await w.work(now + DAY) == 0
        assert w.partner.journal.entries == []


# ── provider says no, or not now ──


@pytest.mark.parametrize(
    ("kind", "service"),
    [("mail", "resend"), ("telegram", "telegram"), ("whatsapp", "whatsapp"), ("refund", "stripe")],
)
async def test_refused_fails_at_once_and_says_why(acme, kind, service):
    delivery = await a_delivery(acme, kind, subject=("order", 5))
    async with world() as w:
        w.partner.mode(service, "400")
        await w.work()
        assert await w.work(clock.now() + DAY) == 0
    failed = await again(delivery)
    assert (failed.state, failed.attempt) == ("failed", 1)
    assert len(failed.why) > 15
    (line,) = [line for line in await activity.timeline(acme, "order", 5) if line["verb"] == "delivery_failed"]
    assert line["actor"] == "system" and line["detail"] == failed.why


async def test_eight_tries_with_growing_pauses_then_failed(acme):
    delivery = await a_delivery(acme)
    async with world() as w:
        w.partner.mode("resend", "500")
        now = clock.now()
        for number in range(1, 9):
            assert await w.work(now) == 1
            tried = await again(delivery)
            assert tried.attempt == number
            if number < 8:
                assert tried.state == "queued" and tried.why
                wait = (tried.due_at - now).total_seconds()
                assert BACK_OFF[number - 1] * 0.79 < wait < BACK_OFF[number - 1] * 1.21
                assert await w.work(now + timedelta(seconds=wait - 1)) == 0, "not before its time"
                now = tried.due_at
        assert (tried.state, tried.why.endswith("Tried 8 times.")) == ("failed", True)
        assert await w.work(now + 10 * DAY) == 0
        assert w.partner.journal.entries == []
    assert await attempts(delivery) == ["queued"] * 7 + ["failed"]


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 8),
        ("0", 1, 2),
        ("1000000000", 3600, 3961),
        ("-5", 4, 6),
        ("soon", 4, 6),
        (None, 4, 6),
        ("", 4, 6),
        ("date", 85, 100),
        ("1.5", 1.5, 2),
    ],
)
async def test_retry_after_is_honoured_within_our_cap(acme, header, least, most):
    delivery = await a_delivery(acme)
    now = clock.now()
    if header == "date":
        header = (datetime.now(UTC) + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    async with world() as w:
        w.partner.mode("resend", "429", 1, retry_after=header)
        await w.work(now)
        put_back = await again(delivery)
        assert (put_back.state, put_back.attempt) == ("queued", 1)
        assert least <= (put_back.due_at - now).total_seconds() <= most
        await w.work(put_back.due_at)
    assert (await again(delivery)).state == "sent"


async def test_a_quota_that_is_used_up_is_asked_again_hourly(acme):
    delivery = await a_delivery(acme)
    now = clock.now()
    async with world() as w:
        w.partner.mode("resend", "429", error={"name": "daily_quota_exceeded"})
        await w.work(now)
    waiting = await again(delivery)
    assert waiting.state == "queued" and "quota" in waiting.why
    assert waiting.due_at == now + timedelta(hours=1)


async def test_not_connected_is_held_and_names_the_setting(acme):
    needed = ("RESEND_API_KEY", "TELEGRAM_BOT_TOKEN", "WHATSAPP_ACCESS_TOKEN", "STRIPE_SECRET_KEY")
    made = [await a_delivery(acme, kind) for kind in PAYLOADS]
    quiet = World(None)
    assert await quiet.work() == len(needed)
    for delivery, setting in zip(made, needed, strict=True):
        waiting = await again(delivery)
        assert (waiting.state, waiting.attempt, waiting.first_tried_at) == ("held", 0, None)
        assert setting in waiting.why
        assert await attempts(waiting) == []


async def test_without_a_sender_address_mail_is_held_until_there_is_one(acme):
    delivery = await a_delivery(acme, payload=PAYLOADS["mail"] | {"from": ""})
    async with world(AUTH_FROM_EMAIL="") as w:
        await w.work()
        waiting = await again(delivery)
        assert waiting.state == "held" and "Sends from" in waiting.why
        assert await held.release_ready(w.integrations_for, clock.now()) == 0, "still nothing to send from"
        acme.from_address = "new@acme.example"
        await acme.save()
        assert await held.release_ready(w.integrations_for, clock.now()) == 1
        await w.work()
        (entry,) = w.partner.sent("resend")
    assert entry["body"]["from"] == '"Acme" <new@acme.example>'


async def test_connecting_lets_go_what_is_younger_than_a_day(acme, borealis):
    now = clock.now()
    young = await a_delivery(acme, state="held", created_at=now - timedelta(hours=23))
    old = await a_delivery(acme, state="held", created_at=now - timedelta(hours=25))
    alert = await a_delivery(acme, "telegram", state="held")
    theirs = await a_delivery(borealis, state="held")
    account = await a_delivery(None, state="held")
    async with world(TELEGRAM_BOT_TOKEN="") as w:
        only_acme = acme.id

        async def integrations_for(organization):
            return w.outside if organization == only_acme else World(None).outside

        assert await held.release_ready(integrations_for, now) == 1
    states = [(await again(each)).state for each in (young, old, alert, theirs, account)]
    assert states == ["queued", "held", "held", "held", "held"]
    assert await held.release_held(None, ["mail"], now) == 1
    assert (await again(account)).state == "queued"


# ── it may have happened ──


async def test_accepted_then_cut_is_no_second_mail(acme):
    delivery = await a_delivery(acme)
    async with world() as w:
        w.partner.mode("resend", "cut", 2)
        now = clock.now()
        for _ in range(3):
            await w.work(now)
            tried = await again(delivery)
            now = tried.due_at
        assert len(w.partner.asked("resend")) == 3
        (entry,) = w.partner.sent("resend")
    assert (tried.state, tried.provider_id, tried.unclear_via) == ("sent", entry["id"], "")
    assert await attempts(delivery) == ["queued", "queued", "sent"]


async def test_accepted_then_cut_is_no_second_refund(acme):
    delivery = await a_delivery(acme, "refund")
    async with world() as w:
        w.partner.mode("stripe", "cut", 1)
        await w.work()
        await w.work((await again(delivery)).due_at)
        assert len(w.partner.sent("stripe")) == 1
    assert (await again(delivery)).state == "sent"


@pytest.mark.parametrize("mode", ["cut", "malformed", "empty", "html", "wrong_type", "huge"])
async def test_telegram_knows_no_keys_so_a_person_decides(acme, mode):
    delivery = await a_delivery(acme, "telegram", subject=("order", 5))
    async with world() as w:
        w.partner.mode("telegram", mode, 1)
        await w.work()
        assert await w.work(clock.now() + DAY) == 0
        assert len(w.partner.sent("telegram")) == 1
    assert (await again(delivery)).state == "unknown"
    assert [line["verb"] for line in await activity.timeline(acme, "order", 5)] == ["delivery_unknown"]


@pytest.mark.parametrize("mode", ["cut", "hang"])
async def test_smtp_knows_no_keys_so_a_person_decides(acme, mode, monkeypatch):
    monkeypatch.setattr(dispatcher, "LONGEST_CALL", 1.0)
    delivery = await a_delivery(acme)
    async with mail_server() as server:
        server.mode = mode
        w = World(None, server)
        await w.work()
        assert await w.work(clock.now() + DAY) == 0
        assert len(server.taken) == 1
    assert (await again(delivery)).state == "unknown"


async def test_closed_before_it_was_read_is_tried_again_only_with_a_key(acme):
    mail, alert = await a_delivery(acme), await a_delivery(acme, "telegram")
    async with world() as w:
        w.partner.mode("resend", "close", 1)
        w.partner.mode("telegram", "close", 1)
        await w.work()
        assert [(await again(each)).state for each in (mail, alert)] == ["queued", "unknown"]


async def test_a_key_the_provider_forgot_protects_nothing(acme):
    """Cut off at first; the next try comes a day later, because we were down."""
    delivery = await a_delivery(acme)
    async with world() as w:
        w.partner.mode("resend", "cut", 1)
        now = clock.now()
        await w.work(now)
        assert (await again(delivery)).state == "queued"
        await w.work(now + DAY)
        assert len(w.partner.asked("resend")) == 1, "nobody was asked a second time"
    unknown = await again(delivery)
    assert unknown.state == "unknown" and "could do it twice" in unknown.why


async def test_a_key_protects_only_at_the_provider_that_saw_it(acme):
    """Cut off at Resend, then the company moves to SMTP, which has never heard of the key."""
    delivery = await a_delivery(acme)
    async with world() as w, mail_server() as server:
        w.partner.mode("resend", "cut", 1)
        await w.work()
        moved = World(None, server)
        await moved.work((await again(delivery)).due_at)
        assert server.taken == []
        assert len(w.partner.sent("resend")) == 1
    assert (await again(delivery)).state == "unknown"


@pytest.mark.parametrize("then", ["401", "500"])
async def test_failed_is_never_said_of_what_may_have_arrived(acme, then):
    delivery = await a_delivery(acme)
    async with world() as w:
        w.partner.mode("resend", "cut", 1)
        now = clock.now()
        for _ in range(9):
            await w.work(now)
            tried = await again(delivery)
            if tried.state != "queued":
                break
            w.partner.mode("resend", then)
            now = tried.due_at
    assert tried.state == "unknown" and tried.why.endswith("An earlier try may have arrived.")


async def test_sent_again_by_a_person_after_unknown_the_key_still_tells(acme, ana):
    delivery = await a_delivery(acme)
    now = clock.now()
    async with world() as w:
        w.partner.mode("resend", "cut", 1)
        await w.work(now)
        w.partner.mode("resend", "401", 1)
        await w.work((await again(delivery)).due_at)
        unknown = await again(delivery)
        assert unknown.state == "unknown"
        await actions.decide(unknown, arrived=False, by=ana.user, now=now + timedelta(minutes=5))
        await w.work(now + timedelta(minutes=5))
        (entry,) = w.partner.sent("resend")
    assert ((await again(delivery)).state, (await again(delivery)).provider_id) == ("sent", entry["id"])


async def test_sent_again_by_a_person_after_a_failure_is_really_sent(acme, ana):
    """Under the old key the provider would only repeat its old answer."""
    delivery = await a_delivery(acme, key="k")
    async with world() as w:
        await w.work()
        await Delivery.update({Delivery.state: "bounced"}).where(Delivery.key == "k")
        await actions.send_now(await again(delivery), ana.user, clock.now())
        await w.work()
        assert [entry["key"] for entry in w.partner.sent("resend")] == ["k", "k:1"]


# ── leases, crashes, two at once ──


async def test_two_dispatchers_never_send_the_same_twice(acme):
    for number in range(40):
        await a_delivery(acme, "telegram" if number % 4 == 0 else "mail", key=f"m{number}")
    async with world() as w:
        others = [World(w.partner), World(w.partner), w]
        while sum(await asyncio.gather(*(each.work() for each in others))):
            pass
        assert len(w.partner.sent("resend")) == len({entry["key"] for entry in w.partner.sent("resend")}) == 30
        assert len(w.partner.asked("resend")) == 30, "not even asked twice"
        assert len(w.partner.sent("telegram")) == 10
    assert {row["state"] for row in await Delivery.select(Delivery.state)} == {"sent"}


async def expire(*deliveries: Delivery) -> None:
    """As if the worker had died a minute ago."""
    for delivery in deliveries:
        await rows(
            "UPDATE delivery SET state = 'sending', attempt = 1, lease_token = 'dead', first_tried_at = {}, "
            "lease_until = clock_timestamp() - interval '1 second' WHERE id = {}",
            clock.now(),
            delivery.id,
        )


async def test_what_a_dead_worker_left_is_tried_again_only_where_a_key_protects(acme):
    made = mail, alert, *_ = [await a_delivery(acme, kind) for kind in PAYLOADS]
    await expire(*made)
    async with world() as w:
        assert await w.rescue() == 4
        assert await w.rescue() == 0
        states = [(await again(each)).state for each in made]
        assert states == ["queued", "unknown", "unknown", "queued"]
        assert "may have left" in (await again(alert)).why
        assert await w.work((await again(mail)).due_at + timedelta(minutes=1)) == 2


async def test_a_living_lease_is_left_alone(acme):
    delivery = await a_delivery(acme, "telegram")
    await rows("UPDATE delivery SET state = 'sending', lease_until = clock_timestamp() + interval '1 minute'")
    async with world() as w:
        assert await w.rescue() == 0
        assert await w.work(clock.now() + DAY) == 0
    assert (await again(delivery)).state == "sending"


async def test_a_worker_whose_lease_ran_out_writes_nothing(acme):
    """It slept through its lease; meanwhile another one has rescued the row."""
    delivery = await a_delivery(acme, "telegram")
    async with world() as w:
        hold = w.partner.hold("telegram")
        asleep = asyncio.create_task(w.work())
        await hold.asked.wait()
        await rows("UPDATE delivery SET lease_until = clock_timestamp() - interval '1 second'")
        assert await w.rescue() == 1
        hold.answer.set()
        assert await asleep == 1
    assert (await again(delivery)).state == "unknown"
    assert await attempts(delivery) == ["unknown"]


async def test_a_late_answer_does_not_settle_another_workers_try(acme):
    """Asleep past its lease, rescued, claimed again: two calls are under way, and only the second one's word counts."""
    delivery = await a_delivery(acme)
    async with world() as w:
        late = w.partner.hold("resend")
        first = asyncio.create_task(w.work())
        await late.asked.wait()
        await rows("UPDATE delivery SET lease_until = clock_timestamp() - interval '1 second'")
        assert await w.rescue() == 1
        hold = w.partner.hold("resend")
        second = asyncio.create_task(w.work((await again(delivery)).due_at))
        await hold.asked.wait()
        late.answer.set()
        await first
        meanwhile = await again(delivery)
        assert (meanwhile.state, meanwhile.attempt) == ("sending", 2)
        hold.answer.set()
        await second
        assert len(w.partner.sent("resend")) == 1, "the key made one of the two"
    assert (await again(delivery)).state == "sent"
    assert await attempts(delivery) == ["queued", "sent"]


async def test_what_another_worker_is_claiming_is_passed_over(acme):
    for number in range(10):
        await a_delivery(acme, key=f"k{number}")
    other = await current_engine().get_new_connection()
    try:
        async with other.transaction():
            await other.execute("SELECT id FROM delivery ORDER BY due_at, id LIMIT 8 FOR UPDATE")
            async with world() as w:
                async with asyncio.timeout(60):
                    assert await w.work() == 2
                assert {entry["key"] for entry in w.partner.sent("resend")} == {"k8", "k9"}
    finally:
        await other.close()


async def test_told_to_stop_it_lets_a_call_under_way_end(acme):
    delivery = await a_delivery(acme, "telegram")
    async with world() as w:
        w.lanes = Lanes()
        hold = w.partner.hold("telegram")
        task = asyncio.create_task(w.work())
        await hold.asked.wait()
        task.cancel()
        hold.answer.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await again(delivery)).state == "sent"


# ── one bad apple ──


async def test_poison_fails_alone(acme):
    poison = [
        await a_delivery(acme, payload={}, title="No body"),
        await a_delivery(acme, payload=PAYLOADS["mail"] | {"subject": "a\r\nBcc: x@evil.example"}),
        await a_delivery(acme, recipient="not an address"),
        await a_delivery(acme, recipient="a@b.example, c@d.example"),
        await a_delivery(acme, "telegram", payload={"title": "x"}),
        await a_delivery(acme, "refund", payload={"amount": "lots"}),
        await a_delivery(acme, payload=PAYLOADS["mail"] | {"html": ["not", "text"], "one_time_token": 1}),
    ]
    good = [await a_delivery(acme, kind) for kind in PAYLOADS]
    async with world() as w:
        while await w.work():
            pass
        assert len(w.partner.journal.entries) == len(good)
    for delivery in poison:
        failed = await again(delivery)
        assert (failed.state, failed.attempt) == ("failed", 1), failed.title
        assert "Nothing was sent" in failed.why
    assert [(await again(each)).state for each in good] == ["sent"] * len(good)


async def test_an_unknown_kind_is_refused_before_it_is_a_row(acme):
    with pytest.raises(ValueError, match="pigeon"):
        await actions.queue(acme, key="k", kind="pigeon", name="x", recipient="x", title="x", payload={})


# ── who must not be written to ──


@pytest.mark.parametrize(("reason", "word"), [("bounced", "bounced"), ("complained", "spam"), ("by hand", "blocked")])
async def test_a_suppressed_address_gets_nothing(acme, borealis, reason, word):
    await Suppression(organization=acme.id, email_normalized="robin@mail.example", reason=reason).save()
    stopped = await a_delivery(acme, recipient=" Robin@Mail.Example ")
    theirs = await a_delivery(borealis)
    alert = await a_delivery(acme, "telegram")
    async with world() as w:
        await w.work()
        assert len(w.partner.sent("resend")) == 1
    row = await again(stopped)
    assert (row.state, row.attempt, word in row.why) == ("suppressed", 0, True)
    assert row.settled_at is not None
    assert [(await again(each)).state for each in (theirs, alert)] == ["sent", "sent"]


async def test_unsubscribed_people_still_get_mail_about_their_orders(acme):
    await Suppression(organization=acme.id, email_normalized="robin@mail.example", reason="unsubscribed").save()
    order_mail, offer = await a_delivery(acme, name="handover"), await a_delivery(acme, name="upsell")
    async with world() as w:
        await w.work()
    assert [(await again(each)).state for each in (order_mail, offer)] == ["sent", "suppressed"]


# ── lanes ──


async def test_a_provider_that_is_away_burns_no_tries_of_what_waits(acme, borealis):
    many = [await a_delivery(acme) for _ in range(20)]
    theirs = await a_delivery(borealis, "telegram")
    now = clock.now()
    async with world() as w:
        w.lanes = Lanes()
        w.partner.mode("resend", "503", retry_after="60")
        while await w.work(now):
            pass
        assert 1 <= len(w.partner.asked("resend")) <= 8
        assert (await again(theirs)).state == "sent", "other lanes go on"
        tried = [(await again(each)).attempt for each in many]
        assert sum(tried) == len(w.partner.asked("resend"))
        w.partner.mode("resend", "ok")
        assert await w.work(now + timedelta(seconds=30), "mail") == 0, "closed for as long as was asked"
        later = now + timedelta(minutes=2)
        while await w.work(later):
            pass
        assert len(w.partner.sent("resend")) == 20
    assert {(await again(each)).state for each in many} == {"sent"}


async def test_a_slow_provider_holds_up_no_other_kind(acme):
    await a_delivery(acme, "telegram")
    mail = await a_delivery(acme)
    async with world() as w:
        hold = w.partner.hold("telegram")
        slow = asyncio.create_task(w.work(kind="telegram"))
        await hold.asked.wait()
        await w.work(kind="mail")
        assert (await again(mail)).state == "sent" and not slow.done()
        hold.answer.set()
        await slow


async def test_nothing_is_lost_between_the_states(acme):
    """Eligible = sent + failed + suppressed + unknown + held + cancelled + pending, with pending 0 at the end."""
    await Suppression(organization=acme.id, email_normalized="gone@mail.example", reason="bounced").save()
    for number in range(60):
        recipient = "gone@mail.example" if number % 10 == 0 else "robin@mail.example"
        kind = "telegram" if number % 3 == 0 else "mail"
        await a_delivery(acme, kind, key=f"k{number}", **({"recipient": recipient} if kind == "mail" else {}))
    async with provider() as partner:
        w = World(partner)
        modes = ["cut", "500", "429", "400", "malformed", "ok", "close", "empty"]
        now = clock.now()
        for turn in range(60):
            partner.mode("resend", modes[turn % len(modes)], 1)
            partner.mode("telegram", modes[(turn * 3) % len(modes)], 1)
            while await w.work(now):
                pass
            now += timedelta(minutes=20)
        counted = await rows("SELECT state, count(*) AS n FROM delivery GROUP BY state")
        by_state = {row["state"]: row["n"] for row in counted}
        keys = [entry["key"] for entry in partner.sent("resend")]
        assert len(keys) == len(set(keys)), "at most one accepted send per key"
        texts = len(partner.sent("telegram"))
        assert texts <= by_state.get("sent", 0) + by_state.get("unknown", 0)
    assert sum(by_state.values()) == 60
    assert not set(by_state) & {"queued", "sending"}
    assert by_state["suppressed"] == 4
