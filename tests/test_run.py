"""Start and stop on an empty folder, as on a fresh machine: a real process with its own PostgreSQL."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from dashboard.embedded import process
from tests.running import free_port

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-c", "from dashboard.commands import main; main(['run'])"]


@pytest.fixture
def start(tmp_path_factory):
    """`start()` is the application on one data folder; what still runs at the end is killed."""
    data_dir = tmp_path_factory.mktemp("data")
    running = []

    def start_it(**env: str) -> subprocess.Popen:
        port = free_port()
        env = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", "DATA_DIR": str(data_dir), "PORT": str(port)} | env
        application = subprocess.Popen(COMMAND, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        application.address, application.cluster = f"http://127.0.0.1:{port}", data_dir / "postgres"
        running.append(application)
        return application

    yield start_it
    for application in running:
        application.kill()
        application.communicate()
    process.end(data_dir / "postgres", time.monotonic() + 60)


def healthy(application: subprocess.Popen) -> dict:
    for _ in range(300):
        assert application.poll() is None, application.stderr.read().decode()
        try:
            return httpx.get(f"{application.address}/health").json()
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("It did not answer within 30 s.")


def test_an_empty_folder_becomes_a_running_application_with_a_set_up_link_that_answers(start):
    application = start()
    assert healthy(application)["status"] == "ok"
    printed = b""
    while not (link := re.search(rb"http://127\.0\.0\.1:\d+/setup/\S+", printed)):
        printed += application.stdout.readline()
        assert printed.count(b"\n") < 20, printed.decode()
    assert httpx.get(link[0].decode()).status_code == 200


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_being_told_to_stop_is_a_clean_end_and_the_database_stops_too(start, told):
    application = start()
    healthy(application)
    assert process.living(application.cluster)
    application.send_signal(told)
    _, problems = application.communicate(timeout=120)
    assert application.returncode == 0, problems.decode()
    assert b"Traceback" not in problems
    assert process.living(application.cluster) == []


def test_after_a_kill_the_next_start_takes_the_database_over_and_stops_it_in_the_end(start):
    first = start()
    healthy(first)
    first.kill()
    first.wait()
    left = {found.pid for found in process.living(first.cluster)}
    second = start()
    assert healthy(second)["database"] == "ok"
    assert left & {found.pid for found in process.living(first.cluster)}
    second.terminate()
    second.communicate(timeout=120)
    assert process.living(first.cluster) == []


def test_a_folder_it_cannot_use_is_one_sentence_and_no_trace(start):
    application = start()
    healthy(application)
    application.terminate()
    application.communicate()
    application.cluster.chmod(0o755)
    refused = start()
    _, told = refused.communicate(timeout=120)
    application.cluster.chmod(0o700)
    assert refused.returncode == 2
    assert re.fullmatch(r"backdesk: .* is open to other users\. Close it with: chmod 700 '.*'\n", told.decode())


def test_a_second_start_on_a_taken_port_says_so_and_leaves_the_first_ones_link_alone(start):
    first = start()
    link = next(line.decode().strip() for line in first.stdout if b"/setup/" in line)
    healthy(first)
    second = start(PORT=first.address.rpartition(":")[2])
    out, errors = second.communicate(timeout=120)
    assert second.returncode == 2 and b"Stop what is there, or set PORT" in errors and b"/setup/" not in out
    assert httpx.get(f"{first.address}/setup/{link.rpartition('/')[2]}").status_code == 200
