"""Real PostgreSQL, the cast, and pages as each of them sees them.

Alice owns Acme, Ana is an agent there, Vera a viewer; Bob owns Borealis and tries every door."""

import contextlib
import logging
import os
import tempfile
from pathlib import Path

import hypothesis
import pytest

from tests import canaries, server

hypothesis.settings.load_profile("ci")  # the same examples each time, and as long as a busy machine needs for them
SERVER = "BACKDESK_TEST_SERVER"
started: tuple[str, Path | None] | None = None


def pytest_configure(config):
    """The first process starts the server; xdist's workers find it in the environment and copy their database."""
    global started
    if SERVER not in os.environ:
        started = server.start()
        os.environ[SERVER] = started[0]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    os.environ["DATABASE_URL"] = server.copy(os.environ[SERVER], f"test_{server.RUN}_{worker}")
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="bdvar")
    os.environ[canaries.HITS] = os.path.join(os.environ["DATA_DIR"], "canary-hits")
    logging.getLogger().addHandler(canaries.listening)


def pytest_unconfigure(config):
    if started is not None:
        server.stop(*started)


@pytest.fixture(scope="session")
def settings():
    """Development settings with every provider pointing nowhere, as after `make run` on a fresh machine."""
    from dashboard import settings

    env = {name: os.environ[name] for name in ("DATABASE_URL", "DATA_DIR")}
    env |= {
        "BASE_URL": "https://test.local",
        "PASSWORD_WORK": "least",
    }
    for name in ("SECRET_KEY", "INTERNAL_API_SECRET", "STRIPE_WEBHOOK_SECRET"):
        env[name] = canaries.EVERY[name]
    return settings.use(settings.load(env))


@pytest.fixture(scope="session", autouse=True)
def nothing_leaked_in_the_end():
    """Torn down after everything else: the server's log, and what processes said while they ended."""
    yield
    canaries.look("the database server's log", server.log(os.environ[SERVER]))
    assert canaries.take() == []


@pytest.fixture(autouse=True)
def nothing_leaked():
    """Torn down after the other fixtures of a test: no secret was in an answer, a log line, a row, a mail."""
    yield
    assert canaries.take() == []
    assert canaries.listening in logging.getLogger().handlers, "Something replaced the handlers of the root logger."


@pytest.fixture(scope="session", autouse=True)
async def database(settings):
    from dashboard.database import current_engine

    await current_engine().start_connection_pool(min_size=1, max_size=10)
    yield
    await current_engine().close_connection_pool()


@pytest.fixture(autouse=True)
async def clean_rows(database, settings, nothing_leaked):
    from dashboard import settings as process_settings
    from dashboard.webhooks import routes
    from tests.emptying import empty

    process_settings.use(settings)
    yield
    routes._known.clear()
    for found in await canaries.rows_with():
        canaries.look("database", found)
    await empty()


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A model that answers late because the machine is busy is not one that is away; a test of that is hasty itself."""
    from dashboard.approvals import composing
    from dashboard.assistant import answering

    for module, name in ((answering, "ONE_TRY"), (answering, "DEADLINE"), (composing, "DEADLINE")):
        monkeypatch.setattr(module, name, 120.0)


@pytest.fixture(scope="session")
def app(database, settings):
    """The whole application without its background loops: tests drive those themselves."""
    from dashboard.web import create_app

    made = create_app(settings, background=False)
    made.state.hub = made.state.hub
    return canaries.watch(made)


@pytest.fixture
async def acme():
    from tests.builders import an_organization

    return await an_organization("acme", "Acme")


@pytest.fixture
async def borealis():
    """Another company, which must never see Acme's rows."""
    from tests.builders import an_organization

    return await an_organization("borealis", "Borealis")


@pytest.fixture
async def visit(app):
    """Open a browser for a user, or for a stranger: `await visit(user)`."""
    from tests.browsing import Browser

    async with contextlib.AsyncExitStack() as stack:

        async def open_browser(user=None):
            return await stack.enter_async_context(Browser.of(app, user))

        yield open_browser


@pytest.fixture
async def alice(visit, acme):
    from tests.builders import a_member

    return await visit(await a_member(acme, "alice@acme.example", "Alice Arden", "owner"))


@pytest.fixture
async def ana(visit, acme):
    from tests.builders import a_member

    return await visit(await a_member(acme, "ana@acme.example", "Ana Alba", "agent"))


@pytest.fixture
async def vera(visit, acme):
    from tests.builders import a_member

    return await visit(await a_member(acme, "vera@acme.example", "Vera Voss", "viewer"))


@pytest.fixture
async def bob(visit, borealis):
    from tests.builders import a_member

    return await visit(await a_member(borealis, "bob@borealis.example", "Bob Berg", "owner"))


@pytest.fixture
async def stranger(visit):
    return await visit(None)


@pytest.fixture
def queries():
    """Counts statements: `with queries() as seen: …; assert len(seen) <= 5`."""
    from tests.browsing import counting

    return counting
