"""Which database, and how to write to it. PostgreSQL only."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import asyncpg
from piccolo.engine import engine_finder
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction
from piccolo.querystring import QueryString
from piccolo.utils.encoding import JSONDict

from dashboard.errors import Conflict, DashboardError, Invalid, Unavailable
from dashboard.settings import SettingsError

TIMEOUTS = {"statement_timeout": "10000", "lock_timeout": "3000", "idle_in_transaction_session_timeout": "30000"}
MIGRATION_LOCK = 712_001
MIGRATION_TRIES = 20  # of 3 seconds each, while another session holds a table
AWAY_STATES = ("08", "55P03", "57014", "53300", "53100", "57P01", "57P02", "57P03", "40001", "40P01")
INPUT_STATES = ("22021", "22P02", "22P05", "22003")


class SafeTransaction(PostgresTransaction):
    """Piccolo's transaction, except that a failing BEGIN or COMMIT gives its connection back to the pool."""

    async def __aenter__(self):
        try:
            return await super().__aenter__()
        except BaseException:
            if self._parent is None and (connection := getattr(self, "connection", None)) is not None:
                with contextlib.suppress(Exception):
                    await self._give_back(connection)
            raise

    async def _give_back(self, connection: asyncpg.Connection) -> None:
        await (self.engine.pool.release(connection) if self.engine.pool else connection.close())

    async def __aexit__(self, exc_type, exc, tb):
        if self._parent:
            return False
        try:
            if exc is not None:
                if not self._rolled_back:
                    with contextlib.suppress(Exception):
                        await self.rollback()
            elif not self._committed and not self._rolled_back:
                await self.commit()
        finally:
            self.engine.current_transaction.reset(self.context)
            await self._give_back(self.connection)
        return False


class Pooled(asyncpg.Connection):
    """A connection that goes back to the pool without a question to the server, which is half of what a small statement
    costs. Whatever is set, locked or declared on it is so for one transaction, and one that was left open is rolled
    back; who needs a session takes a connection of their own."""

    def get_reset_query(self) -> str:
        return ""


class Engine(PostgresEngine):
    """Piccolo's engine with jsonb read as Python values on every connection, and transactions that give back."""

    def transaction(self, allow_nested: bool = True) -> SafeTransaction:
        return SafeTransaction(engine=self, allow_nested=allow_nested)

    async def check_version(self) -> None:
        """Not asked on import, where Piccolo would warn of a server that is away: `backdesk doctor` asks."""

    async def get_new_connection(self):
        connection = await asyncpg.connect(**self.config)
        await read_json(connection)
        return connection

    async def start_connection_pool(self, **kwargs) -> None:
        await super().start_connection_pool(init=read_json, connection_class=Pooled, **kwargs)

    async def close_connection_pool(self, seconds: float = 10) -> None:
        """Let queries under way finish, but never wait for a connection that will not come back."""
        pool, self.pool = self.pool, None
        if pool:
            try:
                await asyncio.wait_for(pool.close(), seconds)
            except TimeoutError:
                pool.terminate()


async def read_json(connection: asyncpg.Connection) -> None:
    """jsonb arrives as Python values; what is written may be a value or its text already."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: value if isinstance(value, str) else json.dumps(value),
        decoder=_value,
    )


def _value(text: str) -> Any:
    """jsonb as Python. Objects are marked, because Piccolo's refresh() takes a plain dict for a joined row."""
    found = json.loads(text)
    return JSONDict(found) if isinstance(found, dict) else found


def engine(url: str) -> Engine:
    """The engine for a DSN. Connections are pooled only after `start_connection_pool` in the lifespan."""
    return Engine(config={"dsn": url, "server_settings": {**TIMEOUTS, "application_name": "backdesk"}}, extensions=())


def current_engine() -> Engine:
    found = engine_finder()
    assert isinstance(found, Engine)
    return found


def transaction() -> SafeTransaction:
    """All or nothing. A nested one joins the outer one, so never swallow an error inside. No network call in here."""
    return current_engine().transaction()


@contextlib.asynccontextmanager
async def snapshot() -> AsyncIterator[None]:
    """What is read inside is of one moment, whoever writes meanwhile. Not inside a transaction; nothing is written."""
    async with transaction():
        await rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


async def rows(sql: str, *values: Any) -> list[dict[str, Any]]:
    """Run one statement with `{}` for each value; its rows as dicts. A literal brace is written `{{` or `}}`."""
    found = await current_engine().run_querystring(QueryString(sql, *values))
    return [dict(row) for row in found or []]


async def row(sql: str, *values: Any) -> dict[str, Any] | None:
    """The first row of `rows`, or None."""
    found = await rows(sql, *values)
    return found[0] if found else None


async def claim(sql: str, *values: Any) -> list[dict[str, Any]]:
    """Run one `UPDATE … WHERE id IN (SELECT … FOR UPDATE SKIP LOCKED) RETURNING …`: due work, for this worker alone."""
    return await rows(sql, *values)


async def serialize(topic: str) -> None:
    """Wait until no other transaction works on the same topic; held until this transaction ends."""
    await rows("SELECT pg_advisory_xact_lock(hashtextextended({}, 0))", topic)


async def hint(channel: str, payload: str) -> None:
    """Tell listeners at commit that something changed. Only a hint: nobody may depend on hearing it."""
    await rows("SELECT pg_notify({}, {})", channel, payload)


def translate(problem: BaseException) -> DashboardError | None:
    """The database error in words a person can act on, or None when it is a bug."""
    if isinstance(problem, asyncpg.UniqueViolationError):
        return Conflict("Somebody else has just used that value. Nothing was changed.")
    state = getattr(problem, "sqlstate", None) or ""
    if state.startswith(INPUT_STATES) or isinstance(problem, asyncpg.DataError):
        return Invalid({}, "A value has characters or a size that cannot be stored. Nothing was changed.")
    if isinstance(problem, asyncpg.exceptions.InternalClientError | asyncpg.InterfaceError) and not state:
        return _input_or_away(problem)
    if state.startswith(AWAY_STATES) or isinstance(problem, OSError | TimeoutError):
        return Unavailable()
    return None


def _input_or_away(problem: BaseException) -> DashboardError:
    """asyncpg refuses a bad argument with an InterfaceError too; only that kind is also a ValueError."""
    if isinstance(problem, ValueError | TypeError):
        return Invalid({}, "A value has characters or a size that cannot be stored. Nothing was changed.")
    return Unavailable()


@contextlib.contextmanager
def reaching() -> Iterator[None]:
    """While a command connects: SettingsError, in words that name DATABASE_URL and never what stands in it."""
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
        state = getattr(problem, "sqlstate", None) or ""
        if state.startswith("28"):
            why = "The database refuses the user or the password in DATABASE_URL. Mend it"
        elif state == "3D000":
            why = "There is no database of the name in DATABASE_URL. Create it, or mend the name"
        elif isinstance(problem, asyncpg.InterfaceError) and isinstance(problem, ValueError):
            why = "DATABASE_URL is no address of a database. Write it like postgresql://user:password@host:5432/name"
        else:
            kind = type(problem).__name__
            why = f"The database does not answer ({kind}). See that PostgreSQL runs and that DATABASE_URL is right"
        raise SettingsError(f"{why}, then try again. Nothing was changed.") from problem


async def migrate() -> Sequence[str]:
    """Bring the schema up to date; the names of the migrations that ran. Two starters wait for each other, and a start
    that died half way is completed by the next. SettingsError, in words, when a migration fails."""
    from piccolo.apps.migrations.tables import Migration

    with _patient():
        with reaching():
            lock = await current_engine().get_new_connection()
        try:
            await lock.execute("SET lock_timeout = 0")
            await lock.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
            await Migration.create_table(if_not_exists=True)
            ran: list[str] = []
            while names := await _next_migration():
                ran += names
            return ran
        finally:
            await lock.close()


@contextlib.contextmanager
def _patient() -> Iterator[None]:
    """An index on a large table takes as long as it takes; a migration's own transaction waits for it."""
    config = current_engine().config
    usual = config["server_settings"]
    config["server_settings"] = {**usual, "statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}
    try:
        yield
    finally:
        config["server_settings"] = usual


async def _next_migration() -> list[str]:
    """Run the first one that is missing; its name. It and its record are one transaction: Piccolo alone writes the
    record after the commit, and a start killed between the two would find the new schema without it."""
    from piccolo.apps.migrations.commands.forwards import run_forwards
    from piccolo.apps.migrations.tables import Migration

    before = set(await Migration.get_migrations_which_ran(app_name="dashboard"))
    for tries_left in reversed(range(MIGRATION_TRIES)):
        try:
            async with transaction():
                with contextlib.redirect_stdout(None):
                    result = await run_forwards("dashboard", "1")
            break
        except asyncpg.LockNotAvailableError:  # a process of the version before is at work on the table
            if not tries_left:
                raise SettingsError(
                    "The schema could not be changed, because another program holds a table. Stop it, then start again."
                ) from None
            await asyncio.sleep(1)
        except asyncpg.PostgresError as problem:
            after = max(before, default="the empty database")
            raise SettingsError(
                f"The migration after {after} failed: {problem}. No data was lost; when this is mended, start again."
            ) from problem
    if not result.success:
        raise SettingsError(f"A migration failed: {result.message}")
    return sorted(set(await Migration.get_migrations_which_ran(app_name="dashboard")) - before)
