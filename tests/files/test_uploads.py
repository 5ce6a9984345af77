"""Uploads against a real process: refused in time, gone when aborted, and always in the same memory."""

import asyncio
import json
from pathlib import Path

import asyncpg
import httpx
import pytest

from dashboard import signing
from dashboard.files.uploads import LARGEST_FILE, MB
from tests import canaries
from tests.intake.cast import DEFINITION
from tests.running import Running, running

pytestmark = pytest.mark.slow
SECRET = canaries.EVERY["SECRET_KEY"]
ROWS = """
    INSERT INTO organization (id, slug, name) VALUES (1, 'acme', 'Acme');
    INSERT INTO lead (id, organization, email) VALUES (1, 1, 'lucas@meyerwerk.example');
    INSERT INTO form (id, organization, slug, name, published) VALUES (1, 1, 'audit', 'Audit', 1);
    INSERT INTO orders (id, organization, number, lead, status, placed_at) VALUES (1, 1, 1, 1, 'intake_pending', now());
    INSERT INTO form_version (id, organization, form, number, definition) VALUES (1, 1, 1, 1, '{definition}');
    INSERT INTO intake (id, organization, "order", form_version) VALUES (1, 1, 1, 1);"""
BOUNDARY = b"----abc"
START = b'------abc\r\nContent-Disposition: form-data; name="q.brand"; filename="big.bin"\r\n\r\n'
END = b"\r\n------abc--\r\n"
KIND = {"Content-Type": "multipart/form-data; boundary=----abc", "Accept": "application/json"}


@pytest.fixture(scope="module")
async def desk():
    with running("uploads", SECRET_KEY=SECRET) as its:
        connection = await asyncpg.connect(its.env["DATABASE_URL"])
        await connection.execute(ROWS.replace("{definition}", json.dumps(DEFINITION).replace("'", "''")))
        await connection.close()
        its.start()
        yield its


@pytest.fixture(autouse=True)
async def nothing_uploaded_yet(desk):
    connection = await asyncpg.connect(desk.env["DATABASE_URL"])
    await connection.execute("DELETE FROM intake_file; DELETE FROM file")
    await connection.close()
    for place in on_disk(desk):
        Path(place).unlink()


@pytest.fixture(scope="module")
def address(desk):
    return f"{desk.url}/f/{signing.sign(SECRET, 'intake', 1)}/files/brand"


def peak(its: Running) -> int:
    """The most RAM the process ever held, in bytes."""
    status = Path(f"/proc/{its.processes[-1].pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def on_disk(its: Running) -> list[str]:
    return sorted(str(place) for place in (its.folder / "files").rglob("*") if place.is_file())


async def body(size: int):
    """A multipart body with one file of so many bytes, never whole in memory."""
    yield START
    for left in range(size, 0, -MB):
        yield b"x" * min(MB, left)
    yield END


async def count(its: Running) -> int:
    connection = await asyncpg.connect(its.env["DATABASE_URL"])
    try:
        return await connection.fetchval("SELECT count(*) FROM file")
    finally:
        await connection.close()


async def speak(its: Running, data: bytes, *, answer: bool = True) -> bytes:
    """Send raw bytes; the first line of the answer, or hang up at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", its.port)
    writer.write(data)
    await writer.drain()
    said = await asyncio.wait_for(reader.readline(), 60) if answer else b""
    writer.close()
    return said


def head(address: str, its: Running, *lines: str) -> bytes:
    path = address.removeprefix(its.url)
    fixed = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{its.port}",
        *(f"{name}: {value}" for name, value in KIND.items()),
    ]
    return "\r\n".join([*fixed, *lines, "", ""]).encode()


async def test_a_declared_length_over_the_limit_is_refused_before_a_byte_is_read(desk, address):
    said = await speak(desk, head(address, desk, f"Content-Length: {200 * MB}"))
    assert b" 413 " in said
    assert on_disk(desk) == []


async def test_200_megabytes_without_a_declared_length_are_refused_in_the_same_memory(desk, address):
    async with httpx.AsyncClient(timeout=60) as client:
        await client.post(address, content=body(3 * MB), headers=KIND)  # warm
        before = peak(desk)
        answer = await client.post(address, content=body(200 * MB), headers=KIND)
    assert answer.status_code == 413 and "larger than 25 MB" in answer.json()["error"]
    assert peak(desk) - before < 8 * MB
    assert await count(desk) == len(on_disk(desk)) == 1


async def test_one_byte_too_many_is_refused_and_the_largest_file_fits(desk, address):
    files = await count(desk)
    async with httpx.AsyncClient(timeout=60) as client:
        refused = await client.post(address, content=body(LARGEST_FILE + 1), headers=KIND)
        assert refused.status_code == 413 and "larger than 25 MB" in refused.json()["error"]
        assert await count(desk) == len(on_disk(desk)) == files
        before = peak(desk)
        kept = await client.post(address, content=body(LARGEST_FILE), headers=KIND)
        assert kept.status_code == 200, kept.text
        assert peak(desk) - before < 8 * MB
    assert await count(desk) == len(on_disk(desk)) == files + 1


async def test_five_at_once_take_no_more_memory_and_the_order_fills_up(desk, address):
    before = peak(desk)
    async with httpx.AsyncClient(timeout=60) as client:
        posts = [client.post(address, content=body(LARGEST_FILE), headers=KIND) for _ in range(5)]
        answers = await asyncio.gather(*posts)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 413]
    assert peak(desk) - before < 16 * MB
    assert await count(desk) == len(on_disk(desk))


async def test_an_aborted_upload_leaves_nothing_and_no_broken_page(desk, address):
    files, disk = await count(desk), on_disk(desk)
    for declared in (f"Content-Length: {MB}", "Transfer-Encoding: chunked"):
        part = START + b"x" * 300_000
        sent = part if "Length" in declared else hex(len(part))[2:].encode() + b"\r\n" + part + b"\r\n"
        await speak(desk, head(address, desk, declared) + sent, answer=False)
    async with asyncio.timeout(60):
        while on_disk(desk) != disk:
            await asyncio.sleep(0.1)
    assert await count(desk) == files
    assert "Traceback" not in desk.log()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"not a form at all", 400),
        (START + b"x", 400),
        (b"------abc\r\n" + b"X: y\r\n" * 10_000 + b"\r\nx" + END, 400),
        (b"------abc\r\nContent-Disposition: " + b"y" * 100_000 + b"\r\n\r\nx" + END, 400),
        ((b'------abc\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 1001) + b"------abc--\r\n", 400),
        (b'------abc\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * MB + END, 413),
        (START + b"x\r\n" + (START + b"x\r\n") * 30 + b"------abc--\r\n", 413),
    ],
)
async def test_a_hostile_body_is_refused_in_words_and_leaves_nothing(desk, address, content, status):
    files, disk, before = await count(desk), on_disk(desk), peak(desk)
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(address, content=content, headers=KIND)
    assert answer.status_code == status and len(answer.json()["error"]) > 20
    assert on_disk(desk) == disk and await count(desk) == files and peak(desk) - before < 8 * MB


async def test_a_form_without_a_boundary_or_of_another_kind_is_refused(desk, address):
    async with httpx.AsyncClient(timeout=60) as client:
        for kind in (
            "multipart/form-data",
            "multipart/form-data; boundary=" + "b" * 300,
            "application/json",
            "text/plain",
        ):
            answer = await client.post(address, content=b"{}", headers=KIND | {"Content-Type": kind})
            assert answer.status_code == 400, kind
