"""`backdesk demo`: what it takes over from its surroundings, and that nothing leaves this machine."""

import os

import pytest

from dashboard.commands import demo
from dashboard.integrations import Credentials, connect
from dashboard.integrations.provider import HELD
from dashboard.settings import load, read_environment
from tests.integrations import environment

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
