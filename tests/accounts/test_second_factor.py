"""The second factor: switching it on, signing in with it, losing the phone, and an owner who asks for it."""

import asyncio
import re
from datetime import timedelta

import pyotp
import time_machine

from dashboard import clock
from dashboard.accounts import attempts, credentials, second_factor, sessions
from dashboard.accounts.tables import Membership, Organization, Session, User
from tests.accounts.conftest import RIGHT
from tests.canaries import NEW_PASSWORD

FORM = {"email": "maya@acme.example", "password": RIGHT}


def code(secret: str, *, seconds: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()) + seconds)


async def switched_on(user: User) -> tuple[str, list[str]]:
    """The secret and the paper codes of somebody who switched it on a while ago."""
    offer, past = second_factor.offer(user.id), clock.now() - timedelta(hours=1)
    first = pyotp.TOTP(offer.secret).at(int(past.timestamp()))
    return offer.secret, await second_factor.enrol(user.id, offer.sealed, first, past, session_id=0)


def hidden(page, name: str) -> str:
    return re.search(f'name="{name}" value="([^"]+)"', page.text)[1]


def shown_secret(page) -> str:
    return re.search(r'<span class="mono">([A-Z2-7 ]+)</span>', page.text)[1].replace(" ", "")


async def test_the_first_right_code_switches_it_on_and_shows_ten_codes_once(visit, account):
    user = await account()
    browser, other = await visit(user), await visit(user)
    page = await browser.get("/account/second-factor")
    assert "<svg" in page.text and "otpauth://totp/" in page.text
    form = {"sealed": hidden(page, "sealed"), "code": code(shown_secret(page))}
    done = await browser.post("/account/second-factor", data=form)
    assert done.status_code == 200
    assert len(set(re.findall(r"<li>((?:[a-z2-9]{4}-){3}[a-z2-9]{4})</li>", done.text))) == 10
    assert (await browser.get("/account")).status_code == 200
    assert (await other.get("/account")).status_code == 303
    stored = await User.objects().first()
    assert shown_secret(page).encode() not in bytes(stored.totp_secret)
    assert credentials.decrypt(stored.totp_secret) == shown_secret(page)
    assert (await browser.post("/account/second-factor", data=form)).status_code in (409, 422)


async def test_looking_at_the_page_stores_nothing(visit, account):
    user = await account()
    browser = await visit(user)
    pages = [await browser.get("/account/second-factor") for _ in range(3)]
    assert len({shown_secret(page) for page in pages}) == 3
    assert (await User.objects().first()).totp_secret is None


async def test_a_wrong_code_keeps_the_picture_that_was_scanned(visit, account):
    browser = await visit(await account())
    page = await browser.get("/account/second-factor")
    again = await browser.post("/account/second-factor", data={"sealed": hidden(page, "sealed"), "code": "000000"})
    assert again.status_code == 422 and shown_secret(again) == shown_secret(page)
    assert "This code is not right" in again.text


async def test_another_persons_or_a_forged_secret_is_not_taken(visit, account):
    mine, theirs = await account(), await account("other@acme.example")
    browser = await visit(mine)
    offer = second_factor.offer(theirs.id)
    for sealed in (offer.sealed, "", "gAAAAA", credentials.encrypt("{}").decode()):
        form = {"sealed": sealed, "code": code(offer.secret)}
        assert (await browser.post("/account/second-factor", data=form)).status_code == 422
    assert not await User.exists().where(User.totp_secret.is_not_null())


async def test_signing_in_asks_for_the_code_and_gives_no_session_before_it(stranger, account):
    secret, _ = await switched_on(await account())
    response = await stranger.post("/signin", data=FORM | {"next": "/acme/orders"})
    assert response.headers["location"] == "/signin/code?next=/acme/orders"
    assert await Session.count() == 0 and (await stranger.get("/account")).status_code == 303
    assert "six digits" in (await stranger.get("/signin/code?next=/acme/orders")).text
    wrong = await stranger.post("/signin/code", data={"code": "123", "next": "/acme/orders"})
    assert wrong.status_code == 422 and await Session.count() == 0
    right = await stranger.post("/signin/code", data={"code": code(secret), "next": "/acme/orders"})
    assert right.status_code == 303 and right.headers["location"] == "/acme/orders"
    assert (await stranger.get("/account")).status_code == 200


async def test_the_second_step_needs_the_first_in_the_same_browser(stranger, visit, account):
    secret, _ = await switched_on(await account())
    assert (await stranger.get("/signin/code")).headers["location"] == "/signin"
    assert (await stranger.post("/signin/code", data={"code": code(secret)})).status_code == 422
    await (await visit(None)).post("/signin", data=FORM)
    assert (await stranger.post("/signin/code", data={"code": code(secret)})).status_code == 422
    assert await Session.count() == 0


async def test_the_second_step_is_open_for_ten_minutes_and_dies_with_the_password(stranger, account):
    user = await account()
    secret, _ = await switched_on(user)
    await stranger.post("/signin", data=FORM)
    with time_machine.travel(clock.now() + timedelta(minutes=11), tick=False):
        assert (await stranger.post("/signin/code", data={"code": code(secret)})).status_code == 422
    from dashboard.accounts import actions

    await stranger.post("/signin", data=FORM)
    await actions.set_password(user.id, NEW_PASSWORD)
    assert (await stranger.post("/signin/code", data={"code": code(secret)})).status_code == 422
    assert await Session.count() == 0


async def test_a_code_works_once_even_for_two_at_the_same_moment(visit, account):
    secret, _ = await switched_on(await account())
    first, second = await visit(None), await visit(None)
    for browser in (first, second):
        assert (await browser.post("/signin", data=FORM)).status_code == 303
    form = {"code": code(secret)}
    # The newer first step ends the older one, so both use the newer one's cookie.
    first.cookies.update(second.cookies)
    first.token = second.token
    answers = await asyncio.gather(*(browser.post("/signin/code", data=form) for browser in (first, second)))
    assert sorted(answer.status_code for answer in answers) == [303, 422]


async def test_a_code_of_the_step_before_is_taken_and_older_ones_are_not(account):
    user = await account()
    secret, _ = await switched_on(user)
    now = clock.now()
    assert second_factor.step_of(secret, code(secret, seconds=-30), now) is not None
    assert second_factor.step_of(secret, code(secret, seconds=30), now) is not None
    for seconds in (-90, 90):
        assert second_factor.step_of(secret, code(secret, seconds=seconds), now) is None
    for odd in ("", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12 34", "\x00"):
        assert second_factor.step_of(secret, odd, now) is None


async def test_five_wrong_codes_bring_a_long_pause_also_for_the_right_one(visit, account):
    secret, paper = await switched_on(await account())
    browser = await visit(None)
    await browser.post("/signin", data=FORM)
    wrong = f"{(int(code(secret)) + 1) % 1_000_000:06}"
    statuses = [(await browser.post("/signin/code", data={"code": wrong})).status_code for _ in range(5)]
    assert statuses == [422] * 5
    for attempt in (code(secret), paper[0]):
        assert (await browser.post("/signin/code", data={"code": attempt})).status_code == 429
    with time_machine.travel(clock.now() + attempts.CODES.pause + timedelta(seconds=1), tick=False):
        await browser.post("/signin", data=FORM)
        assert (await browser.post("/signin/code", data={"code": code(secret)})).status_code == 303


async def test_a_paper_code_works_once_in_place_of_the_phone(visit, account):
    _, paper = await switched_on(await account())
    for attempt, status in ((paper[0].upper().replace("-", " "), 303), (paper[0], 422), (paper[1], 303)):
        browser = await visit(None)
        await browser.post("/signin", data=FORM)
        assert (await browser.post("/signin/code", data={"code": attempt})).status_code == status
    stored = await User.objects().first()
    assert len(stored.recovery_codes) == 8 and not set(paper) & set(stored.recovery_codes)


async def test_new_paper_codes_replace_the_old_ones(visit, account):
    user = await account()
    _, paper = await switched_on(user)
    browser = await visit(user)
    page = await browser.post("/account/recovery-codes", data={})
    assert page.status_code == 200 and paper[0] not in page.text
    stranger = await visit(None)
    await stranger.post("/signin", data=FORM)
    assert (await stranger.post("/signin/code", data={"code": paper[0]})).status_code == 422


async def test_switching_it_off_needs_the_password_when_it_was_not_given_lately(visit, account):
    user = await account()
    await switched_on(user)
    browser = await visit(user)
    await Session.update({Session.confirmed_at: clock.now() - timedelta(minutes=16)}).where(Session.user == user.id)
    for form, status in (({}, 422), ({"current_password": "wrong"}, 422), ({"current_password": RIGHT}, 303)):
        assert (await browser.post("/account/second-factor/removal", data=form)).status_code == status
    assert (await User.objects().first()).totp_secret is None


async def test_where_an_owner_asks_for_it_nobody_gets_in_without(visit, alice, ana, acme):
    await Organization.update({Organization.second_factor_required: True}).where(Organization.id == acme.id)
    for browser in (alice, ana):
        response = await browser.get("/acme/settings")
        assert response.status_code == 303 and response.headers["location"] == "/account/second-factor"
        assert (await browser.post("/acme/settings/team/1/role", data={"role": "owner"})).status_code == 403
        assert (await browser.part("/acme/settings")).status_code == 403
    await switched_on(ana.user)
    again = await visit(await User.objects().get(User.id == ana.user.id))
    assert (await again.get("/acme/settings")).status_code == 200
    response = await again.post("/account/second-factor/removal", data={})
    assert response.status_code == 409 and "asks for a second factor" in response.text


async def test_an_owner_may_ask_for_it_only_with_one_of_their_own(visit, alice, acme):
    from dashboard.accounts import organizations

    form = organizations.typed(acme) | {"second_factor_required": "1"}
    response = await alice.post("/acme/settings", data=form)
    assert response.status_code == 422 and "Set up your own second factor first" in response.text
    await switched_on(alice.user)
    again = await visit(await User.objects().get(User.id == alice.user.id))
    assert (await again.post("/acme/settings", data=form)).status_code == 200
    assert (await Organization.objects().first()).second_factor_required


async def test_other_sessions_of_a_member_do_not_outlive_it(visit, account, acme):
    user = await account()
    await Membership(user=user.id, organization=acme.id, role="agent").save()
    browser = await visit(user)
    token = browser.cookies[sessions.COOKIE]
    await switched_on(user)
    assert await sessions.find(token, clock.now()) is None
