"""A start that dies while it brings the schema up to date: the next start completes it, and no row is lost."""

import asyncio
import os

import asyncpg
import pytest

from tests import server
from tests.dying import Starter
from tests.running import running
from tests.test_crashes import found

pytestmark = pytest.mark.slow
RECORD = 'INSERT INTO "migration"'
SAMPLE = 48  # deaths in `make test`; `make soak` dies before every statement

COLUMNS = """
    SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default,
           generation_expression
    FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"""
INDEXES = """
    SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, contype, pg_get_constraintdef(oid), convalidated FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2, 3"""
RECORDS = "SELECT name FROM migration ORDER BY id"

# What a row cannot do without: the rows it must point to. All else has a default.
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
POINTS = """
    SELECT a.attname AS name, c.confrelid::regclass::text AS parent
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.conrelid = $1::regclass AND a.attnotnull"""


class Schema:
    """A database of its own, empty at first, and what it looks like."""

    def __init__(self, name: str) -> None:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self.name = f"migrated_{server.RUN}_{worker}_{name}"
        self.server = os.environ["BACKDESK_TEST_SERVER"]
        self.dsn = server.with_database(self.server, self.name)

    async def __aenter__(self):
        await server._on_server(self.server, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        await server._on_server(self.server, f"CREATE DATABASE {self.name}")
        return self

    async def __aexit__(self, *_):
        await server._on_server(self.server, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    async def asked(self, sql: str) -> list[tuple]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    async def shape(self) -> list[list[tuple]]:
        return [await self.asked(sql) for sql in (COLUMNS, INDEXES, CONSTRAINTS)]

    async def records(self) -> list[str]:
        there = await self.asked("SELECT to_regclass('migration') IS NOT NULL")
        return [name for (name,) in await self.asked(RECORDS)] if there[0][0] else []

    async def fill(self) -> None:
        """A row in every table that has none, in whatever state the schema is."""
        connection = await asyncpg.connect(self.dsn)
        try:
            left = [row[0] for row in await connection.fetch(TABLES) if row[0] != "migration"]
            while left:
                for table in list(left):
                    points = await connection.fetch(POINTS, f'"{table}"')
                    if {point["parent"] for point in points} & set(left) - {table}:
                        continue
                    left.remove(table)
                    if await connection.fetchval(f'SELECT count(*) FROM "{table}"'):
                        continue
                    names = ", ".join(f'"{point["name"]}"' for point in points)
                    ids = ", ".join(f"(SELECT min(id) FROM {point['parent']})" for point in points)
                    values = f"({names}) VALUES ({ids})" if points else "DEFAULT VALUES"
                    await connection.execute(f'INSERT INTO "{table}" {values}')
        finally:
            await connection.close()

    async def counts(self) -> dict[str, int]:
        names = [name for (name,) in await self.asked(TABLES) if name != "migration"]
        return {name: (await self.asked(f'SELECT count(*) FROM "{name}"'))[0][0] for name in names}


@pytest.fixture(scope="module")
def starter():
    made = Starter()
    yield made
    made.close()


def by_migration(begun: list[str]) -> list[list[int]]:
    """For each migration the numbers of its statements, its record and commit among them, in a start that runs it first.

    Each start begins with the same few statements; those are the first migration's here and no other's."""
    first = next(number for number, statement in enumerate(begun) if statement.startswith("BEGIN"))
    plan, since = [], first
    for number, statement in enumerate(begun):
        if statement.startswith(RECORD):
            plan.append(list(range(first + 1, first + 1 + number + 2 - since)))
            since = number + 2  # after its COMMIT
    return [[*range(1, first + 1), *plan[0]], *plan[1:]]


def sample(plan: list[list[int]], wanted: int) -> list[list[int]]:
    """Some of them, evenly; always the record and the commit of each migration."""
    step = -(-sum(map(len, plan)) // max(1, wanted - 2 * len(plan)))
    return [sorted({*numbers[::step], *numbers[-2:]}) for numbers in plan]


@pytest.fixture(scope="module")
async def straight(starter):
    """A start that nothing disturbs, on an empty database: its statements by migration, and what it left."""
    async with Schema("straight") as schema:
        whole = starter.start(schema.dsn)
        assert whole["how"] == "done", whole["problem"]
        return by_migration(whole["begun"]), await schema.records(), await schema.shape()


async def sweep(starter: Starter, straight: tuple, wanted: int | None) -> int:
    """Die before one statement after the other, each time on what the death before left; how many deaths."""
    plan, names, expected = straight
    assert len(plan) == len(names)
    deaths = 0
    async with Schema("dying") as dying:
        for done, numbers in enumerate(sample(plan, wanted) if wanted else plan):
            for number in numbers:
                if len(await dying.records()) > done:
                    break  # the death fell behind the record: the next migration is first now
                ended = starter.start(dying.dsn, number)
                assert ended["how"] != "failed", f"after {deaths} deaths: {ended['problem']}"
                deaths += ended["how"] == "killed"
            while len(await dying.records()) <= done:  # past this migration, and dead before the next
                number += 1
                ended = starter.start(dying.dsn, number)
                assert ended["how"] != "failed", f"after {deaths} deaths: {ended['problem']}"
            await dying.fill()
        before = await dying.counts()
        assert starter.start(dying.dsn)["how"] == "done"
        assert await dying.records() == names
        assert await dying.shape() == expected
        assert await dying.counts() == before
        assert before and all(before.values()), before
    return deaths


async def test_a_start_killed_in_a_migration_or_before_its_record_is_completed_by_the_next(starter, straight):
    assert await sweep(starter, straight, SAMPLE) >= SAMPLE / 2


@pytest.mark.soak
async def test_a_start_killed_before_any_statement_of_any_migration_is_completed_by_the_next(starter, straight):
    print(f"{await sweep(starter, straight, None)} deaths, each statement of each migration")


async def test_two_starts_at_once_on_what_a_death_left_make_one_schema(starter, straight):
    plan, names, expected = straight
    other = Starter()
    try:
        async with Schema("two") as two:
            assert starter.start(two.dsn, plan[0][-1] + 1)["how"] == "killed"
            assert len(await two.records()) == 1
            ends = await asyncio.gather(*(asyncio.to_thread(each.start, two.dsn) for each in (starter, other)))
            assert [end["how"] for end in ends] == ["done", "done"], ends
            assert (await two.records(), await two.shape()) == (names, expected)
    finally:
        other.close()


async def test_a_table_that_is_held_for_four_seconds_delays_the_start_and_no_more(starter, straight):
    plan, _, expected = straight
    async with Schema("held") as held:
        starter.start(held.dsn, plan[0][-1] + 1)
        await held.fill()
        holder = await asyncpg.connect(held.dsn)
        holding = holder.transaction()
        await holding.start()
        await holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        start = asyncio.create_task(asyncio.to_thread(starter.start, held.dsn))
        await asyncio.sleep(4)  # longer than a statement waits for a lock
        assert not start.done()
        await holding.rollback()
        await holder.close()
        assert (await start)["how"] == "done", (await start)["problem"]
        assert await held.shape() == expected


async def test_a_migration_that_fails_refuses_to_start_in_words_and_goes_on_when_it_is_mended():
    async with Schema("stuck") as stuck:
        await stuck.asked("CREATE TABLE orders (id int)")
        with running(DATABASE_URL=stuck.dsn) as its:
            refused = its.command("run")
            assert refused.returncode == 2
            assert 'The migration after the empty database failed: relation "orders" already exists' in refused.stderr
            assert "Traceback" not in refused.stderr
            await stuck.asked("DROP TABLE orders")
            found(its)
