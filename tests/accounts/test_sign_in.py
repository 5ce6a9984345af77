"""Coming in: what works, what is refused, and that a stranger cannot choose a session."""

import asyncio
import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine

from dashboard import clock
from dashboard.accounts import access, actions, attempts, passwords, sessions
from dashboard.accounts.tables import Membership, Session, User
from dashboard.errors import Invalid, TooMany
from tests.accounts.conftest import RIGHT

pytestmark = pytest.mark.usefixtures("acme")
FORM = {"email": "maya@acme.example", "password": RIGHT}


async def test_the_right_password_leads_to_today_under_a_new_session(stranger, acme, account):
    user = await account()
    await Membership(user=user.id, organization=acme.id, role="agent").save()
    response = await stranger.post("/signin", data=FORM | {"email": "Maya@Acme.example "})
    assert response.status_code == 303 and response.headers["location"] == "/acme/today"
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"{sessions.COOKIE}=")
    for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie
    assert not await Session.exists().where(Session.token_hash == stranger.cookies[sessions.COOKIE].encode())


async def test_somebody_whose_password_is_hashed_anew_on_the_way_gets_in(stranger, account, monkeypatch):
    user = await account()
    monkeypatch.setattr(passwords, "outdated", lambda stored: True)
    assert (await stranger.post("/signin", data=FORM)).status_code == 303
    assert (await User.objects().get(User.id == user.id)).password_hash != user.password_hash
    assert (await stranger.get("/account")).status_code == 200


@pytest.mark.parametrize("change", ["password", "second factor", "switched off"])
async def test_whoever_signs_in_while_the_account_is_changed_does_not_get_in(stranger, account, monkeypatch, change):
    """The old password is verified, the account changes and all its sessions end, and only then would there be one."""
    user = await account()
    verify = passwords.verify

    async def slow(*given):
        right = await verify(*given)
        if change == "password":
            await actions.set_password(user.id, "another long password 5")
        elif change == "second factor":
            await User.update({User.totp_secret: b"sealed"}).where(User.id == user.id)
        else:
            await access.switch_off(user, clock.now())
        return right

    monkeypatch.setattr(passwords, "verify", slow)
    answer = await stranger.post("/signin", data=FORM)
    assert answer.status_code == 409 and "Sign in again" in answer.text
    assert not await Session.exists()
    assert (await stranger.get("/account")).status_code in (303, 401)


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer_for_the_same_work(stranger, account):
    await account()
    await account("off@acme.example", disabled_at=clock.now())
    answers = []
    for email, password in (
        ("maya@acme.example", "wrong"), ("none@acme.example", "wrong"), ("none@acme.example", "x" * 1000),
        ("off@acme.example", RIGHT), ("off@acme.example", "wrong"), ("", ""), ("\x00'\"@x", "\x00"),
    ):  # fmt: skip
        before = passwords.verifications
        response = await stranger.post("/signin", data={"email": email, "password": password})
        assert passwords.verifications - before == 1
        text = response.text.replace(f'value="{email}"', 'value="maya@acme.example"')
        answers.append((response.status_code, text if email.isascii() and "@acme" in email else ""))
    assert {status for status, _ in answers} == {422}
    assert len({text for _, text in answers if text}) == 1


async def test_a_session_id_a_client_chose_is_never_adopted(stranger, account):
    await account()
    chosen = "A" * 43
    stranger.cookies.set(sessions.COOKIE, chosen, domain="test.local", path="/")
    assert (await stranger.post("/signin", data=FORM)).status_code == 303
    assert await sessions.find(chosen, clock.now()) is None
    assert await Session.count() == 1


async def test_signing_in_over_a_session_ends_that_session(visit, account):
    user = await account()
    browser = await visit(user)
    old = browser.cookies[sessions.COOKIE]
    assert (await browser.post("/signin", data=FORM)).status_code == 303
    assert await sessions.find(old, clock.now()) is None
    assert browser.cookies[sessions.COOKIE] != old


async def test_the_token_of_the_sign_in_page_is_worthless_afterwards(stranger, account):
    await account()
    assert (await stranger.post("/signin", data=FORM)).status_code == 303
    assert (await stranger.post("/signout")).status_code == 403
    assert await Session.count() == 1


async def refused(email: str, address: str, password: str = "wrong") -> str:
    """The name of the refusal, or the empty text."""
    try:
        await actions.check_password(email, password, address, clock.now())
    except (Invalid, TooMany) as problem:
        return type(problem).__name__
    return ""


async def test_the_eleventh_wrong_password_is_slowed_whatever_address_it_comes_from(account):
    await account()
    tries = [await refused("maya@acme.example", f"198.51.100.{n}") for n in range(11)]
    assert tries == ["Invalid"] * 10 + ["TooMany"]
    assert await refused("maya@acme.example", "198.51.100.99", RIGHT) == "TooMany"
    later = clock.now() + attempts.PASSWORDS.pause + timedelta(seconds=1)
    assert await actions.check_password("maya@acme.example", RIGHT, "198.51.100.99", later)


async def test_tries_during_the_pause_do_not_make_it_longer(account):
    await account()
    start = clock.now()
    for n in range(40):
        moment = start + timedelta(seconds=n)
        with pytest.raises((Invalid, TooMany)):
            await actions.check_password("maya@acme.example", "wrong", f"198.51.100.{n}", moment)
    after = start + timedelta(seconds=9) + attempts.PASSWORDS.pause + timedelta(seconds=1)
    assert await actions.check_password("maya@acme.example", RIGHT, "203.0.113.5", after)


async def test_one_address_that_tries_many_accounts_is_slowed(account):
    await account()
    tries = [await refused(f"person{n}@acme.example", "198.51.100.7") for n in range(50)]
    assert tries.count("Invalid") == 10 and tries[10:] == ["TooMany"] * 40
    assert await refused("maya@acme.example", "203.0.113.5", RIGHT) == ""


async def test_a_house_of_ipv6_addresses_counts_as_one(account):
    await account()
    tries = [await refused(f"person{n}@acme.example", f"2001:db8:1:2::{n:x}") for n in range(12)]
    assert tries[10:] == ["TooMany", "TooMany"]
    assert await refused("maya@acme.example", "2001:db8:1:3::1", RIGHT) == ""


async def test_many_tries_at_the_same_moment_do_not_slip_through_the_limit(account):
    await account()
    tries = await asyncio.gather(*(refused("maya@acme.example", f"198.51.100.{n}") for n in range(30)))
    assert tries.count("Invalid") == 10 and tries.count("TooMany") == 20


async def test_right_passwords_do_not_use_up_the_tries_of_an_office(account):
    await account()
    for _ in range(15):
        assert await refused("maya@acme.example", "198.51.100.7", RIGHT) == ""


async def test_a_pause_is_told_at_the_field_with_its_length(stranger, account):
    await account()
    for _ in range(10):
        await stranger.post("/signin", data=FORM | {"password": "wrong"})
    response = await stranger.post("/signin", data=FORM)
    assert response.status_code == 429 and "Too many tries. Wait" in response.text


async def test_a_forged_address_header_changes_nothing(stranger, account):
    await account()
    statuses = []
    for n in range(12):
        headers = {
            "X-Forwarded-For": f"198.51.100.{n}",
            "X-Real-IP": f"198.51.100.{n}",
            "Forwarded": f"for=198.51.100.{n}",
        }
        form = {"email": f"person{n}@acme.example", "password": "wrong"}
        statuses.append((await stranger.post("/signin", data=form, headers=headers)).status_code)
    assert statuses == [422] * 10 + [429] * 2


async def test_headers_that_name_a_user_sign_nobody_in(stranger, account):
    await account()
    for name in ("X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Forwarded-Email", "Authorization"):
        response = await stranger.get("/account", headers={name: "maya@acme.example"})
        assert response.status_code == 303 and response.headers["location"].startswith("/signin")


async def test_a_form_from_another_site_is_refused(stranger, account):
    await account()
    for headers in (
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "?"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"X-CSRF-Token": "no"},
        {"X-CSRF-Token": ""},
    ):  # fmt: skip
        assert (await stranger.post("/signin", data=FORM, headers=headers)).status_code == 403
    assert await Session.count() == 0


async def test_next_leads_only_to_our_own_pages(visit, acme, account):
    user = await account()
    await Membership(user=user.id, organization=acme.id, role="agent").save()
    evil = (
        "//evil.example",
        "https:evil.example",
        "/\\evil.example",
        "\t//e",
        "/@evil",
        "javascript:alert(1)",
        "/a\r\nb",
    )
    for following in (*evil, ""):
        response = await (await visit(None)).post("/signin", data=FORM | {"next": following})
        assert response.headers["location"] == "/acme/today", following
    response = await (await visit(None)).post("/signin", data=FORM | {"next": "/acme/orders?status=new"})
    assert response.headers["location"] == "/acme/orders?status=new"


async def test_who_has_to_sign_in_first_comes_to_the_page_with_its_filters(visit, acme, account):
    user = await account()
    await Membership(user=user.id, organization=acme.id, role="agent").save()
    wanted = "/acme/leads?email.contains=%40pine.example&stage=new"
    browser = await visit(None)
    asked = await browser.get(wanted)
    page = await browser.get(asked.headers["location"])
    following = unescape(re.search(r'name="next" value="([^"]*)"', page.text)[1])
    assert asked.status_code == 303 and following == wanted
    assert (await browser.post("/signin", data=FORM | {"next": following})).headers["location"] == wanted


async def test_a_switched_off_account_is_out_at_its_next_request(visit, account):
    user = await account()
    browser = await visit(user)
    assert (await browser.get("/account")).status_code == 200
    await User.update({User.disabled_at: clock.now()}).where(User.id == user.id)
    assert (await browser.get("/account")).status_code == 303


async def test_signing_out_ends_the_session(alice):
    token = alice.cookies.get(sessions.COOKIE)
    assert (await alice.post("/signout")).status_code == 303
    assert await sessions.find(token, clock.now()) is None


async def test_a_session_ends_after_an_idle_hour_and_after_its_day(acme, account):
    user, now = await account(), clock.now()
    token = await sessions.begin(user, now)
    assert await sessions.find(token, now + timedelta(minutes=59))
    assert await sessions.find(token, now + timedelta(minutes=59 + 61)) is None
    token, moment = await sessions.begin(user, now), now
    while moment < now + timedelta(hours=24) - timedelta(minutes=30):
        moment += timedelta(minutes=30)
        alive = await sessions.find(token, moment) is not None
    assert alive
    assert await sessions.find(token, now + timedelta(hours=24, minutes=1)) is None


async def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(ana):
    began = clock.now()
    for minutes, live, status in ((30, True, 200), (59, True, 200), (61, True, 303), (61, False, 303)):
        with time_machine.travel(began + timedelta(minutes=minutes), tick=False):
            answer = await ana.get("/acme/orders", headers={"X-Live": "1"} if live else {})
            assert answer.status_code == status, minutes


async def test_a_person_who_does_something_stays_signed_in(ana):
    began = clock.now()
    for minutes in (30, 59, 61, 100):
        with time_machine.travel(began + timedelta(minutes=minutes), tick=False):
            assert (await ana.get("/acme/orders")).status_code == 200


async def test_owners_and_admins_have_shorter_days(acme, account):
    user, now = await account(), clock.now()
    await Membership(user=user.id, organization=acme.id, role="admin").save()
    await sessions.begin(user, now)
    session = await Session.objects().first()
    assert session.expires_at == now + timedelta(hours=12)


async def test_there_is_no_account_in_a_new_database(stranger):
    for email in ("admin", "admin@example.com", "owner@demo.example", "root@localhost"):
        for password in ("", "admin", "password", "changeme"):
            assert await refused(email, f"198.51.100.{len(email) + len(password)}", password) == "Invalid"
    assert await User.count() == 0
