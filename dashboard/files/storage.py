"""Bytes on the local disk, under names of our own. Nobody but this process' user may look into the folder.

A file is written next to its place, hashed on the way, synced and then renamed: it is there whole or not at all."""

import asyncio
import contextlib
import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from dashboard import settings

INCOMING = "incoming"
BLOCK = 256 * 1024  # bytes handed to a thread at a time: the loop never waits for the disk
STALE = timedelta(hours=1)


@dataclass(frozen=True)
class Stored:
    """What the disk has: `key` names it, `size` in bytes."""

    key: str
    size: int
    sha256: bytes


def folder() -> Path:
    """Where files live, made on first use. Backups copy this folder."""
    return _private(settings.current().data_dir / "files")


def path_of(key: str) -> Path:
    """The place of stored bytes. Keys come from our own rows; anything that would lead elsewhere is refused."""
    place = folder() / key
    if ".." in Path(key).parts or not place.is_relative_to(folder()) or place == folder():
        raise ValueError("Not a storage key")
    return place


class Writing:
    """One file on its way to the disk: `write`, then `keep` or `discard`. Leaves nothing when it is not kept."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._place = _private(folder() / INCOMING) / secrets.token_hex(20)
        descriptor = os.open(self._place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._stored: Stored | None = None

    def add(self, data: bytes | memoryview) -> None:
        """Take bytes in; they reach the disk with the next `flush`."""
        self._buffer += data
        self.size += len(data)

    async def flush(self, *, at_least: int = BLOCK) -> None:
        """Write what has gathered, once it is a block."""
        if len(self._buffer) >= at_least and self._buffer:
            block, self._buffer = self._buffer, bytearray()
            await asyncio.to_thread(self._write, block)

    def _write(self, block: bytearray) -> None:
        self._hash.update(block)
        rest = memoryview(block)
        while rest:
            rest = rest[self._file.write(rest) :]

    async def keep(self) -> Stored:
        """Sync the bytes and give them their final name. Repeating it changes nothing."""
        if self._stored is None:
            await self.flush(at_least=1)
            self._stored = await asyncio.to_thread(self._rename)
        return self._stored

    def _rename(self) -> Stored:
        os.fsync(self._file.fileno())
        self._file.close()
        name = secrets.token_hex(20)
        key = f"{name[:2]}/{name}"
        place = folder() / key
        _private(place.parent)
        self._place.rename(place)
        _sync_folder(place.parent)
        return Stored(key, self.size, self._hash.digest())

    def discard(self) -> None:
        """Forget it, unless it was kept."""
        self._buffer.clear()
        if self._stored is None:
            self._file.close()
            self._place.unlink(missing_ok=True)


async def keep_bytes(data: bytes) -> Stored:
    """Store bytes that are in memory already, such as a generated report."""
    writing = Writing()
    try:
        writing.add(data)
        return await writing.keep()
    finally:
        writing.discard()


async def exists(key: str) -> bool:
    return await asyncio.to_thread(path_of(key).is_file)


async def read(key: str) -> AsyncIterator[bytes]:
    """The stored bytes, block by block. FileNotFoundError before the first one when they are gone."""
    file = await asyncio.to_thread(path_of(key).open, "rb")
    try:
        while block := await asyncio.to_thread(file.read, BLOCK):
            yield block
    finally:
        file.close()


async def delete(key: str) -> None:
    """Remove stored bytes. Call it after the transaction that removed the row: bytes without a row are swept later,
    a row without bytes is a loss. Repeating it changes nothing."""
    await asyncio.to_thread(lambda: path_of(key).unlink(missing_ok=True))


def older_than(moment: datetime) -> list[str]:
    """Keys and temporary names of everything last written before a moment."""
    root, found = folder(), []
    for place in root.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a temporary file may end while we look
            if place.is_file() and place.stat().st_mtime < moment.timestamp():
                found.append(str(place.relative_to(root)))
    return found


def _private(place: Path) -> Path:
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def _sync_folder(place: Path) -> None:
    """A rename survives a power cut only once its folder is synced."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
