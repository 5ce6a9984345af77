"""Forgotten passwords: the link in the mail, and that nobody else gets anything out of it."""

import asyncio
from datetime import timedelta

import pytest
import time_machine

from dashboard import clock
from dashboard.accounts import passwords, sessions
from dashboard.accounts.tables import Membership, OneTimeToken, Session, User
from dashboard.deliveries.tables import Delivery
from tests.canaries import NEW_PASSWORD as NEW
from tests.canaries import PASSWORD

pytestmark = pytest.mark.usefixtures("mail_works")


async def ask(browser, email="maya@acme.example", **headers):
    return await browser.post("/forgotten", data={"email": email}, headers=headers)


async def test_the_mailed_link_sets_a_new_password_and_ends_every_session(visit, stranger, account, mailed):
    user = await account()
    elsewhere = await visit(user)
    assert (await ask(stranger)).status_code == 200
    link = await mailed("password_reset")
    assert "Choose a new password" in (await stranger.get(link)).text
    response = await stranger.post(link, data={"password": NEW})
    assert response.status_code == 303 and response.headers["location"] == "/signin?changed"
    assert (await elsewhere.get("/account")).status_code == 303
    assert await Session.count() == 0
    assert (await stranger.post("/signin", data={"email": user.email, "password": NEW})).status_code == 303


async def test_the_answer_is_the_same_for_known_unknown_and_switched_off_accounts(stranger, account, mailed):
    await account()
    await account("off@acme.example", disabled_at=clock.now())
    before, texts = passwords.verifications, set()
    for email in ("maya@acme.example", "none@acme.example", "off@acme.example"):
        response = await ask(stranger, email)
        texts.add(response.text.replace(email, "…"))
        assert response.status_code == 200
    assert len(texts) == 1 and passwords.verifications == before
    assert [each.recipient for each in await Delivery.objects()] == ["maya@acme.example"]
    assert await OneTimeToken.count() == 1


async def test_looking_at_the_link_does_not_use_it_up(stranger, account, mailed):
    await account()
    await ask(stranger)
    link = await mailed("password_reset")
    for _ in range(5):
        assert (await stranger.get(link)).status_code == 200
        assert (await stranger.head(link)).status_code in (200, 404, 405)
    assert (await stranger.post(link, data={"password": NEW})).status_code == 303


@pytest.mark.slow
async def test_of_fifty_uses_at_once_one_succeeds(visit, account, mailed, stranger):
    await account()
    await ask(stranger)
    link = await mailed("password_reset")
    answers = await asyncio.gather(*(stranger.post(link, data={"password": f"{NEW} {n}"}) for n in range(50)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [303] + [404] * 49


async def test_a_password_that_is_refused_does_not_use_the_link_up(stranger, account, mailed):
    await account()
    await ask(stranger)
    link = await mailed("password_reset")
    response = await stranger.post(link, data={"password": "short"})
    assert response.status_code == 422 and "Use at least 12 characters" in response.text
    assert (await stranger.post(link, data={"password": NEW})).status_code == 303


async def test_an_owner_needs_a_longer_password(stranger, account, mailed, acme):
    user = await account()
    await Membership(user=user.id, organization=acme.id, role="owner").save()
    await ask(stranger)
    response = await stranger.post(await mailed("password_reset"), data={"password": "twelve chars"})
    assert response.status_code == 422 and "Use at least 15 characters" in response.text


async def test_the_link_dies_after_an_hour(stranger, account, mailed):
    await account()
    await ask(stranger)
    link = await mailed("password_reset")
    with time_machine.travel(clock.now() + timedelta(minutes=61), tick=False):
        assert (await stranger.get(link)).status_code == 404
        assert (await stranger.post(link, data={"password": NEW})).status_code == 404


async def test_a_newer_link_and_a_changed_password_kill_the_older_link(stranger, visit, account, mailed):
    user = await account()
    await ask(stranger)
    first = await mailed("password_reset")
    await ask(stranger)
    assert (await stranger.get(first)).status_code == 404
    second = await mailed("password_reset")
    form = {"current_password": PASSWORD, "password": NEW}
    assert (await (await visit(user)).post("/account/password", data=form)).status_code == 303
    assert (await stranger.get(second)).status_code == 404


async def test_the_link_comes_from_base_url_whatever_the_request_says(stranger, account):
    from dashboard.accounts import one_time

    await account()
    poison = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example",
    }
    response = await ask(stranger, **poison)
    assert response.status_code == 200 and "evil.example" not in response.text
    delivery = await Delivery.objects().first()
    assert "evil.example" not in str(delivery.payload)
    assert (await one_time.link_for_mail(delivery.payload["one_time_token"])).startswith("https://test.local/reset/")


async def test_the_secret_is_long_hashed_and_in_no_row(stranger, account, mailed):
    from dashboard.database import rows

    await account()
    await ask(stranger)
    secret = (await mailed("password_reset")).rpartition("/")[2]
    assert len(secret) >= 43
    stored = await OneTimeToken.objects().first()
    assert bytes(stored.token_hash) == sessions.digest(secret)
    for table in ("one_time_token", "delivery", "delivery_attempt", "activity"):
        assert not await rows(f"SELECT 1 AS x FROM {table} t WHERE t::text LIKE '%' || {{}} || '%'", secret)


async def test_too_many_asks_for_one_address_are_refused_the_same_way_for_everybody(stranger, account):
    await account()
    for email in ("maya@acme.example", "none@acme.example"):
        statuses = [(await ask(stranger, email)).status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]
    assert await Delivery.count() == 5


async def test_an_address_that_is_none_is_told_at_its_field(stranger):
    response = await ask(stranger, "maya@acme")
    assert response.status_code == 422
    assert "Write the whole address" in response.text and 'value="maya@acme"' in response.text


@pytest.mark.usefixtures("mail_works")
async def test_without_mail_the_page_says_so_for_everybody_and_nothing_is_queued(stranger, account, settings):
    from dashboard import settings as process_settings

    process_settings.use(settings)
    await account()
    texts = set()
    for email in ("maya@acme.example", "none@acme.example"):
        response = await ask(stranger, email)
        texts.add(response.text.replace(email, "…"))
        assert "no mail connection" in response.text
    assert len(texts) == 1 and await Delivery.count() == 0
    assert await User.count() == 1
