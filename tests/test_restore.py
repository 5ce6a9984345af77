"""The drill: back up under load, restore into an empty database and folder, keep every promise, start on it."""

import concurrent.futures
import shutil
import time

import pytest

from dashboard.integrations import stripe_samples
from tests.running import running
from tests.test_crashes import found, query

pytestmark = pytest.mark.slow


def a_checkout(number: int) -> dict:
    return stripe_samples.event(
        "checkout.session.completed", f"b{number}", now=int(time.time()), event_id=f"evt_b{number}"
    )


async def an_empty_place(its) -> None:
    """The same server, an empty database without a schema."""
    await query(its, "DROP SCHEMA public CASCADE")
    await query(its, "CREATE SCHEMA public")


async def test_a_backup_under_load_comes_back_whole_and_starts():
    with running() as its, running() as other:
        found(its)
        its.start()
        for number in range(20):
            assert its.post_event(a_checkout(number)) == 200
        await until_settled_enough(its)
        target = its.folder / "kept"
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            load = pool.submit(lambda: [its.post_event(a_checkout(number)) for number in range(20, 80)])
            began = time.monotonic()
            backup = its.command("backup", str(target))
            point = time.monotonic() - began
            load.result()
        assert backup.returncode == 0, backup.stderr
        await an_empty_place(other)
        began = time.monotonic()
        restored = other.command("restore", str(target), SECRET_KEY="")
        assert restored.returncode == 0, restored.stdout + restored.stderr
        print(f"backup {point:.1f} s, restore and verify {time.monotonic() - began:.1f} s")
        assert "All promises kept." in restored.stdout
        assert len(await query(other, "SELECT 1 FROM orders")) >= 20
        again = other.command("restore", str(target))
        assert again.returncode == 2 and "not empty" in again.stderr
        other.start()
        assert other.post_event(a_checkout(100)) == 200


async def until_settled_enough(its) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if len(await query(its, "SELECT 1 FROM inbound_event WHERE state = 'handled'")) >= 20:
            return
        time.sleep(0.1)
    raise AssertionError(its.log()[-800:])


async def test_a_damaged_backup_is_refused_by_name():
    with running() as its, running() as other:
        found(its)
        target = its.folder / "kept"
        assert its.command("backup", str(target)).returncode == 0
        dump = target / "database.dump"
        dump.write_bytes(dump.read_bytes()[:-10] + b"0123456789")
        await an_empty_place(other)
        refused = other.command("restore", str(target))
        assert refused.returncode == 2 and "database.dump" in refused.stderr
        shutil.rmtree(target)
        assert other.command("restore", str(target)).returncode == 2
