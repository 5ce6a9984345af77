"""conftest looks for canaries after every test; here the looking itself is tried: a planted secret is found."""

import gzip
import logging
import os
import subprocess
import sys
from base64 import b64encode

import pytest
from litestar import Litestar, get
from litestar.response import Stream

from dashboard import clock
from dashboard.database import rows
from dashboard.deliveries import dispatcher
from dashboard.integrations.mail import Message
from dashboard.integrations.smtp import Smtp
from dashboard.leads.tables import Lead
from dashboard.webhooks.tables import InboundEvent
from tests import canaries, server
from tests.browsing import Browser
from tests.canaries import BOT_TOKEN, MARK, STRIPE_KEY, found_in
from tests.deliveries import a_delivery
from tests.integrations import connected
from tests.partners.provider import provider
from tests.partners.smtp import mail_server

OTHER = "Zilpzalp4711"  # for places that cannot be cleaned again


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(3))
def test_the_word_is_found_in_every_spelling(before, after):
    text = "x" * before + MARK + "y" * after
    for spelt in (text, text.upper(), text.encode().hex(), text.encode().hex().upper(), b64encode(text.encode())):
        assert found_in(spelt), spelt
    assert not found_in(text.replace("77", "7-7"))


@get("/plain", sync_to_thread=False)
def plain() -> str:
    return f"your key is {STRIPE_KEY}"


@get("/header", sync_to_thread=False)
def header() -> Stream:
    return Stream(iter(["nothing"]), headers={"X-Debug": BOT_TOKEN})


@get("/pieces", sync_to_thread=False)
def pieces() -> Stream:
    return Stream(iter([STRIPE_KEY[:14], STRIPE_KEY[14:]]))


@get("/zipped", sync_to_thread=False)
def zipped() -> Stream:
    packed = gzip.compress(STRIPE_KEY.encode())
    return Stream(iter([packed[:9], packed[9:30], packed[30:]]), headers={"Content-Encoding": "gzip"})


@get("/harmless", sync_to_thread=False)
def harmless() -> str:
    return "nothing to see"


@pytest.mark.parametrize(
    ("path", "found"), [("plain", 1), ("header", 1), ("pieces", 1), ("zipped", 1), ("harmless", 0)]
)
async def test_a_secret_in_an_answer_is_found(settings, path, found):
    app = canaries.watch(Litestar([plain, header, pieces, zipped, harmless], logging_config=None))
    app.state.settings = settings
    async with Browser.of(app, None) as browser:
        assert (await browser.get(f"/{path}")).status_code == 200
    lines = canaries.take()
    assert len(lines) == found and all(f"answer to GET /{path}" in line for line in lines)


def test_a_secret_in_a_log_line_or_its_traceback_is_found():
    log = logging.getLogger("dashboard.anything")
    log.error("refused with %s", STRIPE_KEY)
    try:
        raise RuntimeError(BOT_TOKEN)
    except RuntimeError:
        log.exception("request failed")
    assert len(canaries.take()) == 2


async def test_a_secret_in_a_row_and_in_a_dump_is_found_also_as_bytes(acme):
    assert await canaries.rows_with() == []
    await InboundEvent(organization=acme.id, key="1", sender="stripe", kind="x", body=STRIPE_KEY.encode()).save()
    await Lead(organization=acme.id, name=f"My token: {BOT_TOKEN}").save()
    assert sorted(row.split(":")[0] for row in await canaries.rows_with()) == ["row of inbound_event", "row of lead"]
    dump = canaries.dump(os.environ["DATABASE_URL"])
    assert dump.count(MARK.encode()) == 1 and dump.count(MARK.encode().hex().encode()) == 1
    await rows("DELETE FROM lead")
    await rows("DELETE FROM inbound_event")


async def test_a_secret_in_a_message_to_a_partner_is_found(acme):
    text = f"Dear customer, {STRIPE_KEY} " + "and so on " * 30
    await a_delivery(acme, "mail", payload={"subject": "x", "html": text, "text": text, "from": "a@b.example"})

    async def outside(_):
        return connected(partner)

    async with provider() as partner, mail_server() as post:
        await dispatcher.work(outside, clock.now())
        await Smtp(post.url, trusted=True).send(Message("a@b.example", "x", text, text, "c@d.example"), "k")
    found = canaries.take()
    assert [line.split(":")[0] for line in found] == ["body of a request to resend", "mail"]
    await rows("DELETE FROM delivery")


async def test_a_secret_in_the_database_servers_log_is_found():
    if "TEST_DATABASE_URL" in os.environ:
        pytest.skip("another server's log is not ours to read")
    needles = canaries.spellings(OTHER)
    assert not found_in(server.log(os.environ["DATABASE_URL"]), needles)
    await rows(f"DO $$ BEGIN RAISE LOG '{OTHER}'; END $$")
    assert found_in(server.log(os.environ["DATABASE_URL"]), needles)


@pytest.mark.slow
def test_a_find_fails_the_test_in_which_it_happens(tmp_path):
    """The suite itself, on one test that plants a secret and one that does not."""
    inner = tmp_path / "test_planted.py"
    inner.write_text(
        "import logging\n"
        "from tests import canaries\n"
        "def test_leaky(): logging.getLogger('x').error(canaries.STRIPE_KEY)\n"
        "def test_tight(): logging.getLogger('x').error('nothing')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "tests.conftest", "-c", "pyproject.toml"]
    env = os.environ | {"PYTEST_XDIST_WORKER": "inner"}  # a database of its own
    done = subprocess.run([*command, str(inner)], cwd=server.ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "2 passed, 1 error" in done.stdout, done.stdout + done.stderr
