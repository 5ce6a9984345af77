"""A browser without a screen: cookies, the CSRF token and the headers a page of ours would send."""

import contextlib

import httpx

from dashboard import clock
from dashboard.accounts import csrf, sessions
from dashboard.accounts.tables import User
from dashboard.database import Engine


class Browser(httpx.AsyncClient):
    """`get` and `post` as from one of our own pages. `user` is who is signed in, or None."""

    user: User | None = None
    token = ""

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, app, user: User | None):
        secret = app.state.settings.secret_key
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with cls(transport=transport, base_url="https://test.local") as browser:
            browser.user = user
            if user is not None:
                session = await sessions.begin(user, clock.now())
                browser.cookies.set(sessions.COOKIE, session, domain="test.local", path="/")
                browser.token = csrf.token(secret, f"s:{session}")
            else:
                fresh = csrf.new_pre_session()
                browser.cookies.set(csrf.PRE_COOKIE, fresh, domain="test.local", path="/")
                browser.token = csrf.token(secret, f"p:{fresh}")
            yield browser

    async def request(self, method, url, **kwargs):
        headers = {"Sec-Fetch-Site": "same-origin"} | dict(kwargs.pop("headers", None) or {})
        if method not in ("GET", "HEAD") and self.token:
            headers = {"X-CSRF-Token": self.token} | headers
        return await super().request(method, url, headers=headers, **kwargs)

    async def part(self, url, **kwargs):
        """What htmx gets at this address."""
        return await self.get(url, headers={"HX-Request": "true", "HX-Request-Type": "partial"}, **kwargs)


@contextlib.contextmanager
def counting():
    """Every statement sent to the database inside the block."""
    seen: list[str] = []
    original = Engine.run_querystring

    async def counted(self, querystring, in_pool=True):
        seen.append(str(querystring))
        return await original(self, querystring, in_pool)

    Engine.run_querystring = counted
    try:
        yield seen
    finally:
        Engine.run_querystring = original
