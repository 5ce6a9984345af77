"""Secrets go in and never come out: an installation with every one of them set is walked through, and the repository
is searched. conftest looks for canaries after these tests as after all others."""

import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from dashboard import clock
from dashboard import settings as process_settings
from dashboard.accounts import credentials
from dashboard.accounts.channels import CHANNELS
from dashboard.accounts.tables import ChannelTest, Credential
from dashboard.deliveries import dispatcher
from dashboard.deliveries.tables import Delivery
from dashboard.settings import Settings
from tests import canaries
from tests.canaries import EVERY, MARK, found_in
from tests.deliveries import a_delivery
from tests.integrations.test_resend_webhooks import PUBLISHED
from tests.partners.provider import provider
from tests.server import ROOT
from tests.world import World, doors

SECRET = re.compile(r"key$|secret$|token$|smtp_url|n8n_webhook_url")
ENTERED = {name.lower(): value for name, value in EVERY.items()} | {"telegram_chat_id": "-1001", "openai_model": "tiny"}
ENTERED |= {"whatsapp_sender_id": "106540352242922", "whatsapp_admin_phone": "+15550100042"}
ENTERED |= {"whatsapp_alert_template": "team_alert"}
SHAPES = {
    "Stripe": r"\b(?:[sr]k)_(?:live|test)_[A-Za-z0-9]{12,}",
    "webhook secret": r"\bwhsec_[A-Za-z0-9+/]{22,}={0,2}",
    "Resend": r"\bre_[A-Za-z0-9]{6,}_[A-Za-z0-9]{16,}",
    "OpenAI": r"\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_]{24,}",
    "Telegram": r"\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b",
    "Meta": r"\bEAA[A-Za-z0-9]{50,}",
    "AWS": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "Google": r"\bAIza[A-Za-z0-9_-]{35}",
    "GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})",
    "Slack": r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
    "SendGrid": r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "package registry": r"\b(?:npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,})",
    "JSON web token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY",
    "password in an address": r"\b[a-z][a-z0-9+]{2,12}://[\w.-]+:(?!password@|x@)[^\s/@:\"'{}<>$]{6,}@[\w\[]",
}
KEYS = re.compile("|".join(f"({shape})" for shape in SHAPES.values()).encode())


@pytest.fixture
async def full(settings):
    """Everything is configured, all partners are on loopback."""
    async with provider() as partner:
        vendors = ("stripe_api_base", "resend_api_url", "telegram_api_url", "whatsapp_api_url", "openai_base_url")
        bases = dict.fromkeys(vendors, partner.url)
        known = {name: value for name, value in ENTERED.items() if name in Settings.__annotations__}
        process_settings.use(replace(settings, **known, **bases, auth_from_email="desk@acme.example"))
        yield partner


def test_every_setting_that_holds_a_secret_has_its_canary():
    secret = {name.upper() for name in Settings.__annotations__ if SECRET.search(name)}
    assert secret == set(EVERY)
    assert all(MARK in value for value in EVERY.values()) and len(set(EVERY.values())) == len(EVERY)
    assert canaries.DATABASE_PASSWORD in os.environ["DATABASE_URL"] or "TEST_DATABASE_URL" in os.environ


@pytest.mark.slow
async def test_no_page_and_no_answer_shows_a_secret_where_every_one_is_set(app, full):
    world, statuses = World(app), set()
    await world.build()
    for door in sorted(doors(app), key=lambda door: not door.safe):  # looking first, while every row is there
        if not door.endless:
            for person in ("owner", "viewer", "nobody"):
                statuses.add((await world.knock(person, door)).status_code)
    assert {200, 303, 403, 404, 422} <= statuses  # conftest has read every answer


async def test_what_is_entered_in_settings_is_sealed_in_the_database_and_in_its_dump(alice, acme, full, settings):
    process_settings.use(
        replace(process_settings.current(), **{name.lower(): "" for name in EVERY if name != "SECRET_KEY"})
    )
    for channel in CHANNELS.values():
        form = {secret.name: ENTERED[secret.name] for secret in channel.secrets}
        assert (await alice.post(f"/acme/settings/integrations/{channel.key}", data=form)).status_code == 200
        for where in ("", f"/{channel.key}/test"):
            await (alice.post if where else alice.get)(f"/acme/settings/integrations{where}")
    known = await credentials.of(acme.id)
    names = {secret.name for channel in CHANNELS.values() for secret in channel.secrets}
    assert {name: getattr(known, name) for name in names} == {name: ENTERED[name] for name in names}
    assert await Credential.count() == len(names)
    assert not found_in(canaries.dump(os.environ["DATABASE_URL"]))


async def test_a_provider_that_repeats_its_key_is_kept_without_it(alice, acme, full):
    for service, key in (
        ("stripe", "STRIPE_SECRET_KEY"),
        ("resend", "RESEND_API_KEY"),
        ("telegram", "TELEGRAM_BOT_TOKEN"),
        ("whatsapp", "WHATSAPP_ACCESS_TOKEN"),
    ):
        said = f"Nobody has the key {EVERY[key]}"
        full.mode(service, "400", error={"message": said, "description": said})
    for kind in ("mail", "telegram", "whatsapp", "refund"):
        await a_delivery(acme, kind)
    await dispatcher.work(credentials.integrations_for, clock.now())
    assert {each.state for each in await Delivery.objects()} == {"failed"}
    for channel in ("stripe", "resend", "telegram", "whatsapp"):
        await alice.post(f"/acme/settings/integrations/{channel}/test")
    assert "(hidden)" in str([each.why for each in await Delivery.objects()])
    assert await ChannelTest.count() == 4
    for page in ("/acme/outbox", "/acme/settings/integrations", "/acme/today"):
        assert (await alice.get(page)).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("place", ["{}", "{}/never_was", "nobody@127.0.0.1:1/desk", "nobody@127.0.0.1:none/desk"])
def test_the_command_line_says_no_secret_whatever_goes_wrong(place, tmp_path):
    here = os.environ["DATABASE_URL"]
    if place.startswith("{}"):
        dsn = here if place == "{}" else re.sub(r"/test_\w+", "/never_was", here)
    else:
        dsn = f"postgresql://{place.replace('@', f':{canaries.DATABASE_PASSWORD}@')}"
    for arguments in (["doctor"], ["backup", str(tmp_path / "copy")]):
        done = backdesk(*arguments, DATABASE_URL=dsn)
        assert not found_in(done.stdout + done.stderr), done.stdout + done.stderr
        assert (done.returncode == 0) == (place == "{}") or arguments == ["doctor"]


def backdesk(*arguments: str, **env: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", "from dashboard.commands import main; main()", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | EVERY | env, capture_output=True, text=True, check=False)


# ── the repository ──


def tracked() -> dict[str, bytes]:
    """Every file git knows, as it is now."""
    names = (
        subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    )
    return {name: (ROOT / name).read_bytes() for name in names if name and (ROOT / name).is_file()}


def keys_in(content: bytes, known: set[str] = frozenset()) -> list[str]:
    """What looks like somebody's key, shortened, but for these."""
    found = [match.group().decode(errors="replace") for match in KEYS.finditer(content)]
    return [f"{text[:12]}…" for text in found if text not in known]


def test_canaries_are_written_in_one_file_only():
    assert [name for name, content in tracked().items() if found_in(content)] == ["tests/canaries.py"]


def test_no_file_holds_what_looks_like_a_key():
    published = {secret for secret, *_ in PUBLISHED}
    assert {name: keys for name, content in tracked().items() if (keys := keys_in(content, published))} == {}


@pytest.mark.parametrize(
    "parts",
    [
        ("sk_", "live_", "51Habcdefghijk"), ("rk_", "test_", "51Habcdefghijk"), ("whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZI+/==", ""),
        ("re_", "AbCdEf12_", "AbCdEf12AbCdEf12AbCd"), ("sk-", "proj-", "a1" * 20), ("123456789", ":", "A" * 35),
        ("EAA", "b7" * 30, ""), ("AKIA", "ABCDEFGH", "12345678"), ("AIza", "a" * 35, ""), ("ghp_", "a1" * 18, ""),
        ("xoxb-", "1234567890-", "abc"), ("SG.", "a" * 22, "." + "b" * 43), ("npm_", "a" * 36, ""),
        ("eyJhbGciOiJIUzI1.", "eyJzdWIiOiIxMjM0.", "a" * 43), ("-----BEGIN ", "RSA PRIVATE ", "KEY-----"), ("-----BEGIN ", "PRIVATE ", "KEY-----"),
        ("postgresql://desk:", "hunter2hunter2", "@db.acme.example"), ("smtps://desk:", "hunter2hunter2", "@[::1]"),
    ],
)  # fmt: skip
def test_a_key_in_a_file_would_be_found(parts):
    assert len(keys_in(f'KEY = "{"".join(parts)}"\n'.encode())) == 1
