"""Bytes on the disk: whole or not at all, and nobody else's business."""

import asyncio
import hashlib
import os
import stat
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.files import actions, jobs, storage
from dashboard.files.storage import Writing, folder
from dashboard.files.tables import File


def everything():
    return sorted(str(place.relative_to(folder())) for place in folder().rglob("*") if place.is_file())


@pytest.fixture(autouse=True)
def empty_disk(settings):
    for place in folder().rglob("*"):
        if place.is_file():
            place.unlink()


async def test_what_is_kept_is_what_was_written(acme):
    file = await actions.store(acme, b"%PDF-1.7 words", "../Report.pdf", "staff")
    stored = await File.get_of(acme, file.id)
    assert (stored.name, stored.content_type, stored.size) == ("Report.pdf", "application/pdf", 14)
    assert stored.sha256 == hashlib.sha256(b"%PDF-1.7 words").digest()
    assert "Report" not in stored.storage_key
    assert b"".join([block async for block in storage.read(stored.storage_key)]) == b"%PDF-1.7 words"


async def test_the_folder_is_closed_to_other_users(acme):
    file = await actions.store(acme, b"x", "a.txt", "staff")
    place = storage.path_of(file.storage_key)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    for parent in (place.parent, folder(), folder() / storage.INCOMING):
        assert stat.S_IMODE(parent.stat().st_mode) == 0o700


async def test_what_is_not_kept_leaves_nothing():
    writing = Writing()
    writing.add(b"half")
    await writing.flush(at_least=1)
    assert len(everything()) == 1
    writing.discard()
    assert everything() == []


@pytest.mark.parametrize("key", ["../secret-key", "ab/../../x", "/etc/passwd", "", "."])
def test_a_key_that_leads_elsewhere_is_refused(key):
    with pytest.raises(ValueError):
        storage.path_of(key)


async def test_removing_takes_row_and_bytes_and_may_be_repeated(acme):
    file = await actions.store(acme, b"x", "a.txt", "staff")
    await actions.remove(file)
    await actions.remove(file)
    assert everything() == [] and await File.count() == 0


async def test_the_sweep_takes_bytes_without_a_row_once_they_are_old(acme):
    kept = await actions.store(acme, b"kept", "a.txt", "staff")
    orphan = await storage.keep_bytes(b"orphan")
    half, fresh = Writing(), Writing()
    hours_ago = (clock.now() - timedelta(hours=2)).timestamp()
    for place in (storage.path_of(kept.storage_key), storage.path_of(orphan.key), half._place):
        os.utime(place, (hours_ago, hours_ago))
    assert await jobs.sweep(clock.now()) == {"removed": 2}
    assert await storage.exists(kept.storage_key) and not await storage.exists(orphan.key)
    assert await jobs.sweep(clock.now() + timedelta(days=30)) == {"removed": 0}, "an upload under way is left alone"
    half.discard()
    fresh.discard()


async def test_many_writers_do_not_disturb_each_other(acme):
    files = await asyncio.gather(*(actions.store(acme, bytes([n]) * 300_000, f"{n}.bin", "staff") for n in range(12)))
    for n, file in enumerate(files):
        assert b"".join([block async for block in storage.read(file.storage_key)]) == bytes([n]) * 300_000
