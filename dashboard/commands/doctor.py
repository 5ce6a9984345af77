"""`backdesk doctor`: one line for each part: ok, not configured, or broken with the fix."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from dashboard.accounts import credentials
from dashboard.commands.surroundings import connected
from dashboard.database import row, rows
from dashboard.integrations.outcomes import ProviderError
from dashboard.piccolo_app import APP_CONFIG
from dashboard.settings import Settings, SettingsError

OK, MISSING, BROKEN = "ok", "not configured", "broken"
OLDEST_SERVER = 160_000
EXTENSIONS = ("pg_trgm", "unaccent")  # what the migrations make; tests/test_commands.py compares
LITTLE_SPACE = 1_000_000_000
Finding = tuple[str, str, str]


async def report(settings: Settings) -> int:
    """Print what works, what is not configured and what is broken; 1 when something is broken."""
    findings = [*_settings(settings), *_disk(settings)]
    try:
        async with connected():
            for check in (_server, _migrations, _extensions, _clock, _providers):
                findings += await _tried_out(check, settings)
    except SettingsError as problem:
        findings.append(("database", BROKEN, str(problem)))
    width = max(len(name) for name, _, _ in findings)
    for name, state, text in findings:
        print(f"{name:<{width}}  {state:<14}  {text}")
    return 1 if any(state == BROKEN for _, state, _ in findings) else 0


async def _tried_out(check: Callable[[Settings], Awaitable[list[Finding]]], settings: Settings) -> list[Finding]:
    """What a check found; a database that refuses it is a finding of its own, and the others are made all the same."""
    try:
        return await check(settings)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
        name = check.__name__.strip("_")
        return [
            (name, BROKEN, f"the database did not answer this ({type(problem).__name__}). Its log has the details.")
        ]


def _settings(settings: Settings) -> list[Finding]:
    found: list[Finding] = [("settings", OK, f"{settings.environment}, at {settings.base_url}")]
    if settings.internal_api_secret:
        found.append(("internal secret", OK, "POST /internal/daily-email-tasks is open to whoever knows it"))
    else:
        found.append(("internal secret", MISSING, "set INTERNAL_API_SECRET to let an outside cron run the mail jobs"))
    if not settings.auth_from_email:
        found.append(("account mail", MISSING, "set AUTH_FROM_EMAIL for resets and invitations"))
    return found


def _disk(settings: Settings) -> list[Finding]:
    free = shutil.disk_usage(settings.data_dir).free
    text = f"{free // 1_000_000:,} MB free under {settings.data_dir}"
    found = [("disk", OK if free > LITTLE_SPACE else BROKEN, text + ("" if free > LITTLE_SPACE else ". Make room."))]
    files = settings.data_dir / "files"
    if files.exists() and files.stat().st_mode & 0o077:
        found.append(("uploads", BROKEN, f"others may read {files}. Run: chmod 700 '{files}'"))
    return found


async def _server(settings: Settings) -> list[Finding]:
    version = await row("SELECT current_setting('server_version_num')::int AS number, version() AS words")
    assert version is not None
    words = str(version["words"]).split(",")[0]
    if version["number"] < OLDEST_SERVER:
        return [("database", BROKEN, f"{words} is too old. Use PostgreSQL 16 or newer.")]
    room = await row(
        "SELECT current_setting('max_connections')::int AS most, count(*)::int AS used FROM pg_stat_activity"
    )
    assert room is not None
    return [("database", OK, f"{words}, {room['used']} of {room['most']} connections in use")]


async def _migrations(settings: Settings) -> list[Finding]:
    there = await row("SELECT to_regclass('migration') IS NOT NULL AS yes")
    done = await rows("SELECT name FROM migration WHERE app_name = 'dashboard'") if there and there["yes"] else []
    expected = len(list(Path(APP_CONFIG.migrations_folder_path).glob("dashboard_*.py")))
    if len(done) == expected:
        return [("migrations", OK, f"{expected} of {expected}")]
    if len(done) < expected:
        return [("migrations", BROKEN, f"{len(done)} of {expected}. Start Backdesk once to apply the rest.")]
    return [("migrations", BROKEN, "the database is newer than this program. Install the newer version.")]


async def _extensions(settings: Settings) -> list[Finding]:
    """Those the schema needs, and the right to make them and the tables: both are needed until it is complete."""
    have = {entry["extname"] for entry in await rows("SELECT extname FROM pg_extension")}
    found = await row(
        "SELECT has_database_privilege(current_database(), 'CREATE') AS here, current_user AS who, "
        "has_schema_privilege('public', 'CREATE') AS tables, current_database() AS place, "
        "(SELECT coalesce(jsonb_agg(name), '[]') FROM pg_available_extensions WHERE name = ANY({})) AS there",
        list(EXTENSIONS),
    )
    assert found is not None
    lines: list[Finding] = []
    for name in EXTENSIONS:
        if name not in have:
            can = found["here"] and name in found["there"]
            how = "Start Backdesk once to make it." if can else f"Ask the host for: CREATE EXTENSION {name}"
            lines.append(("extensions", BROKEN, f"{name} is missing. {how}"))
    if not found["tables"]:
        ask = f'GRANT CREATE ON SCHEMA public TO "{found["who"]}"'
        lines.append(("rights", BROKEN, f"tables cannot be made in {found['place']}. Ask the host for: {ask}"))
    return lines or [("extensions", OK, ", ".join(EXTENSIONS))]


async def _clock(settings: Settings) -> list[Finding]:
    theirs = await row("SELECT clock_timestamp() AS moment")
    assert theirs is not None
    apart = abs((theirs["moment"] - datetime.now(UTC)).total_seconds())
    text = f"{apart:.1f} s between this machine and the database"
    return [("clock", OK if apart < 5 else BROKEN, text + ("" if apart < 5 else ". Switch on NTP on both."))]


async def _providers(settings: Settings) -> list[Finding]:
    found = []
    for organization in await rows("SELECT id, slug FROM organization ORDER BY id LIMIT 20"):
        for provider in await credentials.integrations_for(organization["id"]):
            name = f"{provider.name} ({organization['slug']})"
            if not provider.configured:
                found.append((name, MISSING, provider.missing))
            else:
                found.append((name, *await _tried(provider.test)))
    return found or [("organization", MISSING, "none yet. Open the set-up link that `make run` prints.")]


async def _tried(test: Callable[[], Awaitable[str]]) -> tuple[str, str]:
    try:
        async with asyncio.timeout(15):
            return OK, await test()
    except ProviderError as problem:
        return BROKEN, problem.message
    except TimeoutError:
        return BROKEN, "no answer within 15 s"
