"""Coming in: what works, what is refused, and that a stranger cannot choose a session."""

from dashboard import clock
from dashboard.accounts import actions, attempts, passwords, sessions
from dashboard.accounts.tables import Membership, Session, User

RIGHT = "correct horse battery staple"


async def an_account(email="maya@acme.example"):
    user = User(email=email, name="Maya", password_hash=await passwords.hash(RIGHT))
    await user.save()
    return user


async def test_the_right_password_leads_to_today_under_a_new_session(stranger, acme):
    user = await an_account()
    await Membership(user=user.id, organization=acme.id, role="agent").save()
    response = await stranger.post("/signin", data={"email": "Maya@Acme.example ", "password": RIGHT})
    assert response.status_code == 303 and response.headers["location"] == "/acme/today"
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"{sessions.COOKIE}=") and "Secure" in cookie and "HttpOnly" in cookie


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer_for_the_same_work(stranger):
    await an_account()
    before = passwords.verifications
    wrong = await stranger.post("/signin", data={"email": "maya@acme.example", "password": "wrong"})
    unknown = await stranger.post("/signin", data={"email": "maya@nowhere.example", "password": "x" * 1000})
    assert wrong.status_code == unknown.status_code == 422
    assert wrong.text == unknown.text.replace("maya@nowhere.example", "maya@acme.example")
    assert passwords.verifications - before == 2


async def test_a_session_id_a_client_chose_is_never_adopted(stranger):
    user = await an_account()
    chosen = "A" * 43
    stranger.cookies.set(sessions.COOKIE, chosen, domain="test.local", path="/")
    response = await stranger.post("/signin", data={"email": user.email, "password": RIGHT})
    assert response.status_code == 303
    assert await sessions.find(chosen, clock.now()) is None
    assert await Session.count() == 1


async def test_the_eleventh_wrong_password_is_slowed_whatever_address_it_comes_from(acme):
    await an_account()
    now = clock.now()
    for n in range(10):
        try:
            await actions.check_password("maya@acme.example", "wrong", f"198.51.100.{n}", now)
        except Exception as problem:
            assert type(problem).__name__ == "Invalid"
    try:
        await actions.check_password("maya@acme.example", RIGHT, "198.51.100.99", now)
        raise AssertionError("was not slowed")
    except Exception as problem:
        assert type(problem).__name__ == "TooMany"
    assert await actions.check_password("maya@acme.example", RIGHT, "198.51.100.99", now + attempts.PASSWORDS.pause)


async def test_a_form_from_another_site_is_refused(stranger):
    await an_account()
    form = {"email": "maya@acme.example", "password": RIGHT}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"X-CSRF-Token": "no"},
    ):  # fmt: skip
        assert (await stranger.post("/signin", data=form, headers=headers)).status_code == 403
    assert await Session.count() == 0


async def test_next_leads_only_to_our_own_pages(visit, acme):
    user = await an_account()
    await Membership(user=user.id, organization=acme.id, role="agent").save()
    for evil in ("//evil.example", "https:evil.example", "/\\evil.example", "\t//e", "/@evil", "javascript:alert(1)", "/a\r\nb"):
        form = {"email": user.email, "password": RIGHT, "next": evil}
        response = await (await visit(None)).post("/signin", data=form)
        assert response.headers["location"] == "/acme/today", evil


async def test_signing_out_ends_the_session(alice):
    token = alice.cookies.get(sessions.COOKIE)
    assert (await alice.post("/signout")).status_code == 303
    assert await sessions.find(token, clock.now()) is None
