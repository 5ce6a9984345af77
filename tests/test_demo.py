"""`backdesk demo`: what it takes over from its surroundings, and that nothing leaves this machine."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from dashboard.commands import demo
from dashboard.embedded import process
from dashboard.integrations import Credentials, connect
from dashboard.integrations.provider import HELD
from dashboard.settings import load, read_environment
from tests.integrations import environment
from tests.running import free_port

LEAVE = {"ALLOW_REAL_SENDS": "1", "ENVIRONMENT": "production", "DATABASE_URL": "postgresql://db.acme.example/desk"}


def test_nothing_leaves_whatever_keys_and_leave_the_surroundings_have(tmp_path):
    keys = {name: value for name, value in environment(_nowhere()).items() if not name.endswith(("_BASE", "_URL"))}
    given = keys | LEAVE | {"SMTP_URL": "smtps://desk:word@mail.acme.example:465", "DATA_DIR": str(tmp_path)}
    real = connect(load(given | {"ENVIRONMENT": ""}), Credentials.from_settings(load(given | {"ENVIRONMENT": ""})))
    settings = load(demo.alone(given))
    its = connect(settings, Credentials.from_settings(settings))
    assert [provider.name for provider in real if not provider.missing], "with leave they would send"
    assert {provider.missing for provider in its} == {HELD}
    assert settings.database_url == "" and settings.data_dir == tmp_path / "demo" and not settings.production


def test_a_stand_in_on_this_machine_can_be_reached():
    settings = load(demo.alone(environment(_nowhere())))
    its = connect(settings, Credentials.from_settings(settings))
    assert its.openai.configured and its.stripe.configured


def test_it_reads_the_file_too_and_the_process_goes_before(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("DEMO_PASSWORD=of the file\nPORT=8123\nHOST=::1\n")
    monkeypatch.chdir(tmp_path)
    for name in ("DEMO_PASSWORD", "HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORT", "8124")
    found = read_environment()
    assert (found["DEMO_PASSWORD"], found["PORT"], found["HOST"]) == ("of the file", "8124", "::1")
    assert demo.alone(found)["PORT"] == "8124" and found.keys() >= os.environ.keys()


@pytest.mark.parametrize("name", ["DEMO_PASSWORD", "ALLOW_REAL_SENDS"])
def test_the_example_names_it(name):
    with open(".env.example", encoding="utf-8") as example:
        assert f"\n{name}=" in example.read()


class _nowhere:
    url = "http://127.0.0.1:9"


class Demo:
    """`backdesk demo` in a process of its own, and what it prints."""

    def __init__(self, folder: Path, password: str) -> None:
        port = free_port()
        self.url, self.lines = f"http://127.0.0.1:{port}", []
        env = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", "DATA_DIR": str(folder), "PORT": str(port)}
        env |= {"DEMO_PASSWORD": password, "PASSWORD_WORK": "least"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from dashboard.commands import main; main(['demo'])"], env=env, text=True,
            cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True).start()
        until = time.monotonic() + 500  # it fills a whole company, and machines are busy
        while time.monotonic() < until:
            try:
                assert httpx.get(f"{self.url}/health", timeout=60).status_code == 200
                return
            except httpx.TransportError:
                assert self.process.poll() is None, "".join(self.lines)
                time.sleep(0.2)
        raise AssertionError("".join(self.lines))

    def sign_in(self, email: str, password: str) -> str:
        """Where signing in leads. The cookies are for https, which a client other than a browser takes literally."""
        page = httpx.get(f"{self.url}/signin", timeout=60)
        data = {"email": email, "password": password, "_csrf": re.search(r'name="_csrf" value="([^"]+)"', page.text)[1]}
        headers = {"Cookie": page.headers["set-cookie"].partition(";")[0], "Origin": self.url}
        return httpx.post(f"{self.url}/signin", data=data, headers=headers, timeout=60).headers.get("location", "")

    def stop(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)
        return "".join(self.lines)


@pytest.mark.slow
def test_the_company_is_filled_once_and_its_three_people_come_in(tmp_path):
    first_word, second_word = "a first word for all of them", "and then another one for them"
    try:
        first = Demo(tmp_path, first_word)
        for email in demo.ADDRESSES:
            assert first.sign_in(email, first_word) == "/demo/today", email
        assert first.sign_in(demo.ADDRESSES[0], second_word) == ""
        assert "Filling the sample company" in first.stop()
        second = Demo(tmp_path, second_word)
        assert second.sign_in(demo.ADDRESSES[0], second_word) == "/demo/today", "the password that is given counts"
        printed = second.stop()
        assert "Filling" not in printed and ", ".join(demo.ADDRESSES[:2]) in printed and second_word not in printed
    finally:
        process.end(tmp_path / "demo" / "postgres", time.monotonic() + 60)
