"""The Outbox as people see and work it."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest

from dashboard import clock, links
from dashboard.accounts import one_time
from dashboard.database import rows
from dashboard.deliveries import actions, queries
from dashboard.deliveries.tables import Delivery
from dashboard.leads import actions as leads
from dashboard.orders.tables import Order
from tests.deliveries import PAYLOADS, a_delivery, again, world

STATES = ["queued", "sending", "sent", "delivered", "bounced", "failed", "unknown", "held", "suppressed", "cancelled"]


async def an_order(organization, number=1042) -> Order:
    lead = await leads.find_or_create(organization, "robin@mail.example", "Robin Sample")
    order = Order(
        organization=organization.id,
        lead=lead.id,
        number=number,
        placed_at=clock.now(),
        plan_name="Audit",
        customer_name="Robin Sample",
        customer_email="robin@mail.example",
        amount=4900,
        currency="EUR",
    )
    await order.save()
    return order


def cells(html: str) -> list[str]:
    """The names in the What column, top to bottom."""
    return re.findall(r"<a href=\"/acme/outbox/\d+\"[^>]*><b>([^<]+)</b>", html)


def row_of(html: str, id: int) -> str:
    found = re.search(rf'<tr role="row" id="delivery-{id}".*?</tr>', html, re.S)
    return found[0] if found else ""


async def in_state(organization, state: str, **more) -> Delivery:
    return await a_delivery(organization, key=f"in-{state}", state=state, why=f"Because {state}", **more)


# ── reading ──


async def test_shows_everything_that_leaves_newest_first(vera, acme):
    order = await an_order(acme)
    await a_delivery(acme, name="intake_reminder", subject=("order", order.id))
    await a_delivery(acme, "telegram", name="new_order")
    await a_delivery(acme, "refund", name="refund", subject=("order", order.id))
    response = await vera.get("/acme/outbox")
    assert response.status_code == 200
    assert cells(response.text) == ["Refund", "New order alert", "Intake reminder"]
    assert "E-mail · Order 1042" in response.text and "Stripe · Order 1042" in response.text
    assert "0 of 8" in response.text


async def test_htmx_gets_the_table_alone_and_the_back_button_a_page(vera, acme):
    await a_delivery(acme)
    part = await vera.part("/acme/outbox")
    assert part.text.lstrip().startswith('<div class="contents" id="outbox-table"')
    assert "HX-Request" in part.headers["vary"]
    back = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<!doctype html>" in (await vera.get("/acme/outbox", headers=back)).text


@pytest.mark.parametrize("state", STATES)
async def test_each_state_says_why_and_has_its_own_button(alice, vera, acme, state):
    delivery = await in_state(acme, state)
    if state == "queued":
        await Delivery.update({Delivery.attempt: 3}).where(Delivery.id == delivery.id)
    row = row_of((await alice.get("/acme/outbox")).text, delivery.id)
    assert f"Because {state}" in row
    button = {"queued": "Send now", "failed": "Send now", "held": "Connect", "unknown": "Decide…"}.get(state)
    found = re.findall(r"(Send now|Connect|Decide…|Cancel)</?", re.sub(r"\s+", " ", row).replace(" </", "</"))
    assert found == ([button] if button else [])
    if button == "Connect":
        assert 'href="/acme/settings/integrations"' in row
    viewers = row_of((await vera.get("/acme/outbox")).text, delivery.id)
    assert viewers and "<button" not in viewers and "/settings/integrations" not in viewers


async def test_held_for_more_than_a_day_waits_for_a_person(ana, acme):
    delivery = await in_state(acme, "held")
    row = row_of((await ana.get("/acme/outbox")).text, delivery.id)
    assert "Connect" not in row and "Send now" not in row, "an agent can connect nothing, and once connected it goes"
    await Delivery.update({Delivery.created_at: clock.now() - timedelta(hours=25)}).where(Delivery.id == delivery.id)
    assert "/sending" in row_of((await ana.get("/acme/outbox")).text, delivery.id)


async def test_what_waits_for_its_ten_seconds_says_so(ana, acme):
    delivery = await a_delivery(acme, due_at=clock.now() + actions.UNDO)
    row = row_of((await ana.get("/acme/outbox")).text, delivery.id)
    assert re.search(r"in \d+ s<", row) and "/cancellation" in row


async def test_the_list_costs_a_fixed_number_of_statements(ana, acme, queries):
    order = await an_order(acme)
    for number in range(60):
        await a_delivery(acme, key=f"k{number}", subject=("order", order.id))
    await ana.get("/acme/outbox")
    with queries() as seen:
        response = await ana.get("/acme/outbox")
    assert len(cells(response.text)) == 50
    assert len(seen) <= 4, seen
    with queries() as seen:
        await ana.get("/acme/outbox/counts")
    assert len(seen) <= 3, seen


async def test_pages_follow_each_other_without_gap_or_overlap(ana, acme, borealis):
    moment = clock.now()
    for number in range(120):
        await a_delivery(
            acme, key=f"k{number}", title=f"Title {number}", created_at=moment - timedelta(minutes=number // 7)
        )
    await a_delivery(borealis)
    seen, href = [], "/acme/outbox"
    for _ in range(4):
        response = await ana.get(href)
        seen += re.findall(r'id="delivery-(\d+)"', response.text)
        following = re.search(r'href="(\?[^"]*after=[^"]*)"', response.text)
        if not following:
            break
        await a_delivery(acme, key=f"late{len(seen)}")  # what arrives in between moves nothing
        href = "/acme/outbox" + following[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 120
    back = re.search(r'href="(\?[^"]*before=[^"]*)"', response.text)
    earlier = await ana.get("/acme/outbox" + back[1].replace("&amp;", "&"))
    assert re.findall(r'id="delivery-(\d+)"', earlier.text) == seen[50:100]


async def test_filters_narrow_the_list(ana, acme):
    now = clock.now()
    await a_delivery(acme, key="a", name="handover", recipient="ingrid@solheim.example", state="delivered")
    await a_delivery(acme, key="b", name="upsell", recipient="robin@mail.example", created_at=now - timedelta(days=40))
    await a_delivery(acme, "telegram", key="c", name="new_order", state="failed", title="50% off_x")
    for query, expected in [
        ("q=SOLHEIM", ["Handover"]),
        ("q=50%25+off_", ["New order alert"]),
        ("q=%25", ["New order alert"]),
        ("q=_z", []),
        ("kind=telegram", ["New order alert"]),
        ("state=delivered&state=failed", ["New order alert", "Handover"]),
        ("what=upsell", ["Upsell"]),
        ("created=30d", ["New order alert", "Handover"]),
        ("needs=you", ["New order alert"]),
        ("state=nonsense", ["New order alert", "Handover", "Upsell"]),
        ("created=1d&kind=mail", ["Handover"]),
    ]:
        response = await ana.get(f"/acme/outbox?{query}")
        assert cells(response.text) == expected, query
        assert ("left out" in response.text) is ("nonsense" in query)
    assert "Channel is <b>Telegram</b>" in (await ana.get("/acme/outbox?kind=telegram")).text


async def test_tabs_count_after_the_rows_and_keep_the_other_filters(ana, acme):
    for number, state in enumerate(["failed", "failed", "unknown", "held", "queued", "sent"]):
        await a_delivery(acme, key=f"k{number}", state=state)
    await a_delivery(acme, "telegram", key="t", state="failed")
    page = (await ana.get("/acme/outbox?kind=mail")).text
    assert 'class="n"' not in page.partition("outbox-tabs")[2].partition("</nav>")[0]
    counts = (await ana.get("/acme/outbox/counts?kind=mail")).text
    found = re.findall(r'href="([^"]+)"[^>]*>([A-Z][a-z ]+?)(?: <span class="n">([\d,+]+)</span>)?</a>', counts)
    assert [(name, count) for _, name, count in found] == [
        ("All", "6"),
        ("Needs you", "4"),
        ("Queued", "1"),
        ("Held", "1"),
        ("Failed", "2"),
        ("Unknown", "1"),
    ]
    assert all("kind=mail" in href for href, *_ in found)
    failed = (await ana.get("/acme/outbox?kind=mail&amp;state=failed".replace("&amp;", "&"))).text
    assert re.search(r'aria-current="true"[^>]*>Failed', failed)


async def test_empty_says_what_would_be_here(ana, acme):
    assert "Nothing has left yet" in (await ana.get("/acme/outbox")).text
    assert "Nothing needs you" in (await ana.get("/acme/outbox?needs=you")).text
    assert "Nothing matches" in (await ana.get("/acme/outbox?kind=refund")).text


async def test_the_export_is_what_the_list_shows_and_no_formula(ana, acme):
    order = await an_order(acme)
    await a_delivery(
        acme, key="a", name="handover", title="=HYPERLINK(1)", recipient="+1@mail.example", subject=("order", order.id)
    )
    await a_delivery(acme, "telegram", key="b")
    response = await ana.get("/acme/outbox/export?kind=mail")
    assert response.headers["content-disposition"].startswith("attachment;")
    assert response.headers["content-type"].startswith("text/csv")
    header, line = csv.reader(io.StringIO(response.text.removeprefix("\ufeff")))
    found = dict(zip(header, line, strict=True))
    assert (found["What"], found["About"], found["State"]) == ("Handover", "Order 1042", "Queued")
    assert (found["Title"], found["To"]) == ("'=HYPERLINK(1)", "'+1@mail.example")


# ── one delivery ──


async def test_the_drawer_tells_the_whole_story(ana, acme):
    order = await an_order(acme)
    delivery = await a_delivery(acme, name="handover", subject=("order", order.id))
    async with world() as w:
        w.partner.mode("resend", "503", 1, retry_after="1")
        await w.work()
        await w.work((await again(delivery)).due_at)
    await Delivery.update({Delivery.opened_at: clock.now()}).where(Delivery.id == delivery.id)
    part = await ana.part(f"/acme/outbox/{delivery.id}")
    assert part.text.lstrip().startswith("<header>")
    text = re.sub(r"\s+", " ", part.text)
    for expected in (
        "Handover",
        "robin@mail.example",
        "Acme &lt;hi@acme.example&gt;",
        'href="/acme/orders/1042"',
        "Try 1 did not work",
        "Resend asks to try again later",
        "at the latest",
        "Provider&#39;s id" if "&#39;" in text else "Provider's id",
    ):
        assert expected in text, expected
    whole = await ana.get(f"/acme/outbox/{delivery.id}")
    assert "<!doctype html>" in whole.text and row_of(whole.text, delivery.id)
    assert f'src="/acme/outbox/{delivery.id}/preview" sandbox' in text


async def test_the_preview_is_the_mail_under_its_own_policy(ana, acme):
    html = '<p style="color:red">Hello <script>alert(1)</script></p>'
    delivery = await a_delivery(acme, payload=PAYLOADS["mail"] | {"html": html})
    response = await ana.get(f"/acme/outbox/{delivery.id}/preview")
    assert response.text == html
    policy = response.headers["content-security-policy"]
    assert policy == "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_every_capability_is_masked_everywhere(ana, acme, settings):
    """Private links, one-time links, tokens in a query: not in the page, the drawer, the frame or the export."""
    from dashboard.signing import sign

    secret = settings.secret_key
    canaries = {purpose: sign(secret, purpose, 7, 3) for purpose in links.PATHS}
    private = [links.public(purpose, 7, 3) for purpose in canaries]
    private += [f"{settings.base_url}/{path}/S3cretS3cretS3cret" for path in links.OPENING]
    base = settings.base_url
    private += [f"{base}/{path}/S3cretS3cretS3cret" for path in one_time.PATHS.values()]
    private += [f"{base}/x?token=S3cretS3cretS3cret&b=1", "HTTPS://DESK.EXAMPLE/F/S3cretS3cretS3cret"]
    body = "\n".join(private)
    html = "".join(f'<a href="{link}">{link}</a>' for link in private)
    payload = PAYLOADS["mail"] | {"html": html, "text": body, "subject": f"Open {private[0]}"}
    delivery = await a_delivery(acme, payload=payload, title="Open it")
    alert = await a_delivery(
        acme, "telegram", payload={"title": private[0], "lines": private, "href": "/acme"}, title="A"
    )
    seen = ""
    for path in (
        "/acme/outbox",
        f"/acme/outbox/{delivery.id}",
        f"/acme/outbox/{delivery.id}/preview",
        f"/acme/outbox/{alert.id}",
        "/acme/outbox/export",
        "/acme/outbox/counts",
    ):
        response = await ana.get(path)
        assert response.status_code == 200
        seen += response.text
    assert "S3cret" not in seen
    for canary in canaries.values():
        assert canary not in seen and canary.rpartition(".")[2] not in seen
    assert f"{base}/f/…" in seen and f"{base}/reset/…" in seen, "what was hidden still shows where it leads"


async def test_a_one_time_link_is_nowhere_before_it_is_sent(acme, alice):
    token = await one_time.prepare("password_reset", clock.now(), user=alice.user.id, email=alice.user.email)
    await actions.queue_account_mail(
        "password_reset", key="reset:1", recipient=alice.user.email, one_time_token=token.id, name="Alice"
    )
    before = await rows(
        "SELECT (d.payload::text || coalesce(t.token_hash::text, '-')) AS text FROM delivery d, one_time_token t"
    )
    assert "/reset/" not in before[0]["text"] and before[0]["text"].endswith("-")
    async with world() as w:
        await w.work()
        (entry,) = w.partner.sent("resend")
    link = re.search(r"https://test\.local/reset/([0-9a-f]{64})", entry["body"]["text"])
    assert link and link[0] in entry["body"]["html"]
    assert await one_time.look("password_reset", link[1], clock.now()) is not None
    after = await rows("SELECT d.payload::text || d.why || d.title AS text FROM delivery d")
    assert link[1] not in after[0]["text"]


async def test_a_reset_that_was_replaced_or_too_old_is_not_sent(acme, alice):
    now = clock.now()
    for number, made_at in enumerate((now, now - timedelta(hours=2))):
        token = await one_time.prepare("password_reset", made_at, user=alice.user.id, email=alice.user.email)
        await actions.queue_account_mail(
            "password_reset", key=f"r{number}", recipient="a@b.example", one_time_token=token.id
        )
        if number == 0:
            await one_time.void("password_reset", user=alice.user.id)
    async with world() as w:
        await w.work()
        assert w.partner.journal.entries == []
    assert {row["state"] for row in await Delivery.select(Delivery.state)} == {"failed"}


async def test_account_mail_belongs_to_no_organization(alice, bob, acme):
    token = await one_time.prepare("password_reset", clock.now(), user=alice.user.id, email=alice.user.email)
    await actions.queue_account_mail(
        "password_reset", key="reset:1", recipient=alice.user.email, one_time_token=token.id
    )
    delivery = await again("reset:1")
    for browser, slug in ((alice, "acme"), (bob, "borealis")):
        assert cells((await browser.get(f"/{slug}/outbox")).text) == []
        for path in (f"{delivery.id}", f"{delivery.id}/preview"):
            assert (await browser.get(f"/{slug}/outbox/{path}")).status_code == 404


async def test_hostile_text_is_only_text(ana, acme):
    bad = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    delivery = await a_delivery(
        acme,
        recipient=bad,
        title=bad,
        name=bad[:40],
        why=bad,
        state="unknown",
        provider_id=bad,
        payload={"subject": bad, "html": bad, "text": bad, "from_name": bad, "from": bad},
    )
    for path in (
        "/acme/outbox",
        f"/acme/outbox/{delivery.id}",
        "/acme/outbox?q=" + bad,
        "/acme/outbox/counts?q=" + bad,
    ):
        text = (await ana.get(path)).text
        assert "<script>alert" not in text and "<img src=x" not in text


@pytest.mark.parametrize(
    "payload", [{}, [], "text", None, {"html": 5, "text": [], "lines": 7, "amount": "x", "from": 3}]
)
@pytest.mark.parametrize("kind", ["mail", "telegram", "whatsapp", "refund"])
async def test_a_payload_that_is_nonsense_still_shows(ana, acme, kind, payload):
    delivery = await a_delivery(acme, kind)
    await rows("UPDATE delivery SET payload = {}::jsonb WHERE id = {}", __import__("json").dumps(payload), delivery.id)
    assert (await ana.get(f"/acme/outbox/{delivery.id}")).status_code == 200
    assert (await ana.get(f"/acme/outbox/{delivery.id}/preview")).status_code == 404


# ── acting ──


@pytest.mark.parametrize(
    ("noun", "data", "allowed", "becomes"),
    [
        ("cancellation", {}, {"queued", "held", "failed", "cancelled"}, "cancelled"),
        ("sending", {}, {"queued", "held", "failed", "bounced"}, "queued"),
        ("restoration", {}, {"queued"}, "queued"),
        ("decision", {"decision": "arrived"}, {"unknown", "sent"}, "sent"),
        ("decision", {"decision": "again"}, {"unknown", "queued"}, "queued"),
    ],
)
@pytest.mark.parametrize("state", STATES)
async def test_each_action_from_each_state(ana, acme, noun, data, allowed, becomes, state):
    """Allowed ones move it, the same end is fine, everything else is a conflict that says what happened."""
    delivery = await in_state(acme, state)
    response = await ana.post(f"/acme/outbox/{delivery.id}/{noun}", data=data)
    now = await again(delivery)
    if state in allowed:
        assert response.status_code == 200, response.text
        assert now.state == becomes
    else:
        assert response.status_code == 409
        assert now.state == state and now.why == f"Because {state}"
        assert "Nothing was changed" in response.text
    lines = await rows("SELECT * FROM activity WHERE subject_kind = 'delivery'")
    assert len(lines) == (1 if (state in allowed and state != becomes) or (noun, state) == ("sending", "queued") else 0)


async def test_a_row_button_gets_the_row_and_a_drawer_button_the_drawer(ana, acme):
    delivery = await in_state(acme, "failed")
    row = await ana.post(f"/acme/outbox/{delivery.id}/sending?place=row", data={})
    assert row.text.lstrip().startswith("<tr") and "toast" in row.headers["hx-trigger"]
    await Delivery.update({Delivery.state: "unknown"}).where(Delivery.id == delivery.id)
    drawer = await ana.post(f"/acme/outbox/{delivery.id}/decision?place=drawer", data={"decision": "arrived"})
    assert drawer.text.lstrip().startswith("<header>") and "Sent" in drawer.text


async def test_cancelling_can_be_undone(ana, acme):
    delivery = await a_delivery(acme, due_at=clock.now() + timedelta(minutes=9))
    cancelled = await ana.post(f"/acme/outbox/{delivery.id}/cancellation?place=row", data={})
    assert f"/acme/outbox/{delivery.id}/restoration" in cancelled.headers["hx-trigger"]
    await ana.post(f"/acme/outbox/{delivery.id}/restoration?place=row", data={})
    restored = await again(delivery)
    assert (restored.state, restored.due_at, restored.settled_at) == ("queued", delivery.due_at, None)


@pytest.mark.parametrize("state", ["queued", "held", "failed"])
@pytest.mark.parametrize("kind", ["mail", "refund"])
async def test_what_may_have_arrived_is_stopped_and_nobody_says_it_was_not_sent(ana, acme, kind, state):
    delivery = await a_delivery(acme, kind, state=state, attempt=2, unclear_via="Stripe", first_tried_at=clock.now())
    for _ in range(2):
        answer = await ana.post(f"/acme/outbox/{delivery.id}/cancellation?place=drawer", data={})
        notice = json.loads(answer.headers["hx-trigger"])["toast"]
        assert "may have arrived" in notice["text"] and "Nothing was sent" not in notice["text"]
        assert not notice.get("undo") and "Decide…" in answer.text
    stopped = await again(delivery)
    assert (stopped.state, stopped.unclear_via) == ("unknown", "Stripe") and "may have arrived" in stopped.why
    [line] = await rows("SELECT verb FROM activity WHERE subject_kind = 'delivery'")
    assert line["verb"] == "delivery_stopped"
    await ana.post(f"/acme/outbox/{delivery.id}/decision", data={"decision": "again"})
    assert ((await again(delivery)).state, (await again(delivery)).provider_key) == ("queued", delivery.provider_key)


async def test_two_people_at_once_one_wins_the_other_is_told(ana, alice, acme):
    delivery = await in_state(acme, "unknown")
    first = await ana.post(f"/acme/outbox/{delivery.id}/decision", data={"decision": "arrived"})
    second = await alice.post(f"/acme/outbox/{delivery.id}/decision", data={"decision": "again"})
    assert (first.status_code, second.status_code) == (200, 409)
    assert "sent in the meantime" in second.text
    assert (await again(delivery)).state == "sent"


async def test_what_a_person_did_is_on_the_orders_timeline(ana, acme):
    order = await an_order(acme)
    delivery = await a_delivery(acme, subject=("order", order.id), title="Your order is ready")
    await ana.post(f"/acme/outbox/{delivery.id}/cancellation", data={})
    (line,) = await rows('SELECT title, "user", actor FROM activity WHERE subject_kind = {}', "order")
    assert line == {"title": "Your order is ready cancelled", "user": ana.user.id, "actor": "staff"}


@pytest.mark.parametrize("noun", ["cancellation", "restoration", "sending", "decision"])
async def test_strangers_and_viewers_change_nothing(vera, bob, stranger, acme, noun):
    delivery = await in_state(acme, "unknown")
    data = {"decision": "again"}
    assert (await vera.post(f"/acme/outbox/{delivery.id}/{noun}", data=data)).status_code == 403
    assert (await bob.post(f"/acme/outbox/{delivery.id}/{noun}", data=data)).status_code == 404
    assert (await bob.post(f"/borealis/outbox/{delivery.id}/{noun}", data=data)).status_code == 404
    assert (await stranger.post(f"/acme/outbox/{delivery.id}/{noun}", data=data)).status_code == 401
    for path in ("", f"/{delivery.id}", f"/{delivery.id}/preview", "/export", "/counts"):
        assert (await bob.get(f"/acme/outbox{path}")).status_code == 404
    assert (await again(delivery)).state == "unknown"


async def test_a_decision_must_be_one_of_two(ana, acme):
    delivery = await in_state(acme, "unknown")
    for data in ({}, {"decision": "maybe"}):
        assert (await ana.post(f"/acme/outbox/{delivery.id}/decision", data=data)).status_code == 422
    assert (await again(delivery)).state == "unknown"


async def test_an_address_that_is_no_delivery_is_nothing(ana, acme):
    for path in ("99999999999999999999", "0", "7"):
        assert (await ana.get(f"/acme/outbox/{path}")).status_code == 404


# ── for other pages ──


async def test_a_mail_sent_once_more_is_a_delivery_of_its_own_and_only_one(acme, ana):
    order = await an_order(acme)
    delivery = await a_delivery(acme, state="delivered", subject=("order", order.id))
    now = clock.now()
    copy = await actions.send_copy(delivery, ana.user, now)
    assert (await actions.send_copy(delivery, ana.user, now)).id == copy.id, "a double click"
    assert (copy.state, copy.due_at, copy.payload) == ("queued", now + actions.UNDO, delivery.payload)
    async with world() as w:
        await w.work(now + actions.UNDO)
        assert len(w.partner.sent("resend")) == 1
    second = await actions.send_copy(await again(copy), ana.user, now)
    assert second.id != copy.id
    assert len(await queries.mails_of(acme, "order", order.id, now)) == 3


async def test_today_hears_of_what_failed_is_unknown_or_held(acme, borealis):
    for number, state in enumerate(["failed", "held", "failed", "unknown", "sent"]):
        await a_delivery(acme, key=f"k{number}", name="handover", state=state, why=f"Why {number}")
    await a_delivery(borealis, state="failed")
    lines = await queries.needs_person(acme)
    assert [(line["kind"], line["count"]) for line in lines] == [
        ("delivery_failed", 2),
        ("delivery_unknown", 1),
        ("delivery_held", 1),
    ]
    assert (lines[0]["what"], lines[0]["why"], lines[0]["recipient"]) == ("Handover", "Why 2", "robin@mail.example")
    assert lines[0]["oldest"] < clock.now()
