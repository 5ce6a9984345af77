"""One row of everything in one organization, and a browser for every role: for tests that walk all addresses.

All ids and numbers of Acme's rows are 1 and every text in them is a canary, so that a generated address always hits
something that must not be seen or changed from outside."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from piccolo.columns import BigInt, Column, ForeignKey, Integer, SmallInt, Text, Varchar
from piccolo.table import Table

from dashboard import clock
from dashboard.accounts import csrf, sessions
from dashboard.accounts.current import POLICIES
from dashboard.accounts.tables import Organization, Session, User
from dashboard.database import rows
from dashboard.forms import definition
from dashboard.piccolo_app import APP_CONFIG
from tests.browsing import Browser
from tests.builders import a_member, an_organization
from tests.emptying import empty

CANARY = "zzcanaryzz"
ROLES = ("viewer", "agent", "admin", "owner")
OWN = {"organization", "app_user", "membership", "app_session", "attempt", "setting"}  # made by hand, or nobody's
COUNTERS = {"attempt", "refused_count"}  # a refused request may be counted
SAFE = ("GET", "HEAD")
LATER = datetime(2099, 1, 1, tzinfo=UTC)
# What a row needs to look like one of ours.
WORDS: dict[str, dict[str, Any]] = {
    "one_time_token": {
        "purpose": "invitation", "role": "agent", "expires_at": LATER, "email": f"{CANARY}@people.example",
    },
    "credential": {"name": "telegram_bot_token", "value": CANARY.encode()},
    "channel_test": {"channel": "telegram"},
    "activity": {"subject_kind": "order", "actor": "staff"},
    "note": {"subject_kind": "order"},
    "lead": {"email": f"{CANARY}@people.example", "email_normalized": f"{CANARY}@people.example"},
    "lead_stage": {"key": CANARY}, "tag": {"name": CANARY}, "lead_attribute": {"key": CANARY, "label": CANARY},
    "lead_batch": {"kind": "tag", "state": "done"}, "lead_batch_line": {"outcome": "updated"},
    "payment": {"kind": "charge", "currency": "EUR"},
    "form": {"draft": definition.empty(CANARY), "slug": CANARY},
    "form_version": {"definition": definition.empty(CANARY)},
    "run": {"job": "forget_sessions"},
    "saved_view": {"page": "orders"},
    "delivery": {
        "kind": "mail", "name": "handover", "subject_kind": "order", "subject_id": 1,
        "payload": {"subject": CANARY, "html": CANARY, "text": CANARY},
    },
    "plan": {"stripe_prices": [CANARY]},
    "orders": {"currency": "EUR", "customer_email": f"{CANARY}@people.example"},
    "inbound_event": {"sender": "stripe", "kind": "charge.refunded", "body": f'{{"{CANARY}": 1}}'.encode()},
    "refused_count": {"sender": "stripe"},
}  # fmt: skip


class Door:
    """One method of one address."""

    def __init__(self, method: str, route: HTTPRoute, handler: HTTPRouteHandler) -> None:
        self.method, self.route, self.handler = method, route, handler
        self.guards = handler.resolve_guards()
        self.policies = [guard for guard in self.guards if guard in POLICIES]
        self.outside = bool(handler.opt.get("outside"))
        self.any_site = bool(handler.opt.get("any_site"))

    def __str__(self) -> str:
        return f"{self.method} {self.route.path_format}"

    @property
    def policy(self) -> str:
        return self.policies[0].__name__

    @property
    def safe(self) -> bool:
        return self.method in SAFE

    @property
    def counted(self) -> bool:
        """Whether a row is chosen by a number in the address."""
        return any(parameter.type is int for parameter in self.route.path_parameters.values())

    @property
    def endless(self) -> bool:
        return self.handler.name == "live"

    def path(self, slug: str, number: int = 1, /, **said: str) -> str:
        """The address with this organization, this number, and what is said or a likely word for everything else."""
        words = {"org": slug, "brand": slug, "slug": slug, "channel": "stripe", "file": f"{slug}.js"} | said
        values = {
            name: words.get(name, number if parameter.type is int else "x" * 43)
            for name, parameter in self.route.path_parameters.items()
        }
        return self.route.path_format.format(**values)


def doors(app: Litestar) -> list[Door]:
    """Every address of the application but the static files."""
    found = [
        Door(str(method), route, handler)
        for route in app.routes
        if isinstance(route, HTTPRoute) and not route.path.startswith("/static")
        for handler in route.route_handlers
        for method in handler.http_methods
        if method not in ("OPTIONS", "HEAD")
    ]
    return sorted(found, key=str)


class World:
    """Acme with one row of everything, Borealis with nothing, and who knocks: by role in Acme, `bob`, `nobody`."""

    def __init__(self, app: Litestar) -> None:
        self.app = app
        self.users: dict[str, User] = {}
        self.browsers: dict[str, Browser] = {}

    async def build(self, rows_of_everything: bool = True) -> None:
        """Empty the database and fill it again. Sessions keep their ids, so open browsers stay signed in."""
        await empty()
        acme = await an_organization("acme", "Acme", last_order_number=1)
        borealis = await an_organization("borealis", "Borealis")
        people = [(role, acme, role) for role in ROLES] + [("bob", borealis, "owner")]
        for name, organization, role in people:
            self.users[name] = await a_member(organization, f"{name}@people.example", name.title(), role)
        if rows_of_everything:
            await fill(acme, self.users["owner"])
        for name in self.users:
            await self.sign_in(name)

    async def sign_in(self, name: str) -> None:
        token, now = f"{name:_<43}", clock.now()
        session = Session(
            token_hash=sessions.digest(token), user=self.users[name].id, created_at=now, last_seen_at=now,
            confirmed_at=now, expires_at=now + sessions.LIMIT[True],
        )  # fmt: skip
        await session.save()

    def browser(self, name: str) -> Browser:
        """A browser without cookies but the person's session, for each request anew."""
        secret = self.app.state.settings.secret_key
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        browser = Browser(transport=transport, base_url="https://test.local")
        bound = f"{name:_<43}"
        browser.cookies.set(csrf.PRE_COOKIE if name == "nobody" else sessions.COOKIE, bound, domain="test.local")
        browser.token = csrf.token(secret, f"{'p' if name == 'nobody' else 's'}:{bound}")
        return browser

    async def knock(self, name: str, door: Door, slug: str = "acme", **headers: str) -> httpx.Response:
        """One request as this person, with a form that has every column of every table in it."""
        sent: dict[str, Any] = {} if door.safe else {"data": every_column()}
        async with self.browser(name) as browser:
            return await asyncio.wait_for(
                browser.request(door.method, door.path(slug), headers=headers, follow_redirects=False, **sent), 60
            )


def every_column() -> dict[str, str]:
    """A form that tries to set every column there is."""
    values = {column._meta.name: "1" for table in APP_CONFIG.table_classes for column in table._meta.columns}
    return values | {"role": "viewer", "email": "mass@assignment.example", "all": "1", "ids": "1", "reason": "1"}


Say = Callable[[type[Table], Column | None], str]  # what a free text of a table says; None: a part of one of WORDS


def canary(table: type[Table], column: Column | None) -> str:
    return f"{table._meta.tablename}:{CANARY}" if column is not None and column._meta.name == "key" else CANARY


async def fill(organization: Organization, user: User, number: int = 1, say: Say = canary) -> None:
    """One row in every table, belonging to this organization, with a canary in every text. Another `number` makes
    another row, but where there can be one only; `say` puts something else into the texts."""
    known = {"organization": organization.id, "app_user": user.id}
    tables = [table for table in APP_CONFIG.table_classes if table._meta.tablename not in OWN]
    while tables:
        table = next(table for table in tables if _parents(table) <= set(known))
        made = await table.insert(table(**_facts(table, known, number, say))).on_conflict(action="DO NOTHING")
        known[table._meta.tablename] = made[0]["id"] if made else 1
        tables.remove(table)


def _parents(table: type[Table]) -> set[str]:
    """Tables it points to, but for itself and what may be empty."""
    columns = [column for column in table._meta.foreign_key_columns if not column._meta.null]
    return {column._foreign_key_meta.resolved_references._meta.tablename for column in columns} - {
        table._meta.tablename
    }


def _facts(table: type[Table], known: dict[str, int], number: int, say: Say) -> dict[str, Any]:
    """Values for a row: what WORDS says, a parent's id, a canary in every free text, else the column's own default."""
    said = WORDS.get(table._meta.tablename, {})
    facts = {}
    for column in table._meta.columns:
        name = column._meta.name
        if name in said:
            value = _saying(said[name], lambda: say(table, None))
            facts[name] = value[: getattr(column, "length", None)] if isinstance(value, str) else value
        elif isinstance(column, ForeignKey):
            parent = column._foreign_key_meta.resolved_references._meta.tablename
            if not column._meta.null or parent == "organization":
                facts[name] = known[parent]
        elif isinstance(column, Varchar | Text) and not column._meta.params.get("default") and not column._meta.null:
            choices = column._meta.choices
            length = getattr(column, "length", None) or 1000
            facts[name] = next(iter(choices)).value if choices else say(table, column)[:length]
        elif isinstance(column, BigInt | Integer | SmallInt) and not column._meta.primary_key and not column._meta.null:
            facts[name] = number
    return facts


def _saying(value: Any, words: Callable[[], str]) -> Any:
    """The same value, with other words where it has the canary."""
    if isinstance(value, str):
        return value.replace(CANARY, words()) if CANARY in value else value
    if isinstance(value, bytes):
        return _saying(value.decode(), lambda: json.dumps(words())[1:-1]).encode()  # the body of an event
    if isinstance(value, list):
        return [_saying(each, words) for each in value]
    return {key: _saying(each, words) for key, each in value.items()} if isinstance(value, dict) else value


async def fingerprint() -> str:
    """One hash over every row of every table, but for what a refused request may count."""
    parts = [
        f"SELECT '{table._meta.tablename}' AS name, "
        f"md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) AS hash FROM \"{table._meta.tablename}\" t"
        for table in APP_CONFIG.table_classes
        if table._meta.tablename not in COUNTERS
    ]
    return json.dumps(await rows(" UNION ALL ".join(parts)))


async def changed_since(before: str) -> list[str]:
    """The tables that differ from an earlier fingerprint."""
    old = {each["name"]: each["hash"] for each in json.loads(before)}
    return [each["name"] for each in json.loads(await fingerprint()) if old[each["name"]] != each["hash"]]
