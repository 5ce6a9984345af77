"""What every command needs before it can start: settings, a database that answers, an up-to-date schema."""

import contextlib
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dashboard import settings as process_settings
from dashboard.errors import Invalid
from dashboard.settings import Settings, SettingsError, load, with_development_secrets


@contextlib.contextmanager
def prepared(env: Mapping[str, str] | None = None) -> Iterator[Settings]:
    """Settings with a DATABASE_URL: the environment's, or that of the embedded server, which is started and, when
    nobody else uses it, stopped at the end."""
    settings = with_development_secrets(load(env))
    settings.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    embedded = not settings.database_url
    if embedded:
        from dashboard import embedded as server

        try:
            settings = replace(settings, database_url=server.start(settings.data_dir))
        except server.EmbeddedServerError as problem:
            raise SettingsError(str(problem)) from None
    os.environ["DATABASE_URL"] = settings.database_url  # piccolo_conf.py reads it when it is imported
    sys.path.insert(0, str(Path(__file__).parent.parent.parent))  # where piccolo_conf.py and the migrations are
    process_settings.use(settings)
    try:
        yield settings
    finally:
        if embedded:
            server.stop(settings.data_dir)


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[None]:
    """A small pool for a command's queries; SettingsError when the database does not answer."""
    from dashboard.database import current_engine, reaching

    with reaching():
        await current_engine().start_connection_pool(min_size=1, max_size=4)
    try:
        yield
    finally:
        await current_engine().close_connection_pool()


def moment(text: str) -> datetime:
    """A time somebody typed, in UTC unless it says otherwise; Invalid when it is none."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid({}, f"{text!r} is no day and no time. Write it like 2026-11-01 or 2026-11-01T09:00Z.") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)
