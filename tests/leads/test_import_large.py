"""Imports against a real process: a hundred thousand lines in flat memory, kills, and uploads that are meant to hurt."""

import asyncio
import hashlib
import json
import os
import re
import time
from pathlib import Path

import asyncpg
import httpx
import pytest

from dashboard import crash
from dashboard.accounts import csrf
from dashboard.files.uploads import MB
from tests.leads.importing import TOUCHED, USUAL, big_file
from tests.running import Running, running

pytestmark = pytest.mark.slow
SECRET, TOKEN = "k" * 8 + "0123456789abcdefghijklmnopqrstuvwxyz", "t" * 43
LINES = 100_000
ROWS = """
    INSERT INTO organization (id, slug, name) VALUES (1, 'acme', 'Acme');
    INSERT INTO app_user (id, email, name) VALUES (1, 'alice@acme.example', 'Alice');
    INSERT INTO membership ("user", organization, role) VALUES (1, 1, 'owner');
    INSERT INTO app_session (token_hash, "user", expires_at, last_seen_at)
        VALUES ('\\x{hash}', 1, now() + interval '1 day', now());
    INSERT INTO lead_attribute (organization, key, label, kind) VALUES (1, 'seats', 'Seats', 'number');
    INSERT INTO lead (organization, name, company, email, email_normalized, scored_at, score)
        SELECT 1, 'Known ' || n, 'Old company', 'Lead' || n || '@big.example', 'lead' || n || '@big.example', now(), 40
        FROM generate_series(0, least({lines}, 20000) - 1, 10) n;
    INSERT INTO note (organization, subject_kind, subject_id, text) SELECT 1, 'lead', id, 'Old note' FROM lead LIMIT 50"""
STATE = "SELECT state, counts, error FROM lead_batch WHERE id = (SELECT max(id) FROM lead_batch)"
MULTIPART = {"Content-Type": "multipart/form-data; boundary=----abc"}
START = b'------abc\r\nContent-Disposition: form-data; name="file"; filename="big.csv"\r\n\r\n'
END = b"\r\n------abc--\r\n"


class Desk:
    """A process with an organization, and a browser of its owner."""

    def __init__(self, its: Running) -> None:
        self.its = its
        headers = {
            "Cookie": f"__Host-sid={TOKEN}", "X-CSRF-Token": csrf.token(SECRET, f"s:{TOKEN}"), "HX-Request": "true",
            "Sec-Fetch-Site": "same-origin",
        }  # fmt: skip
        self.browser = httpx.AsyncClient(base_url=its.url, headers=headers, timeout=120)

    async def fill(self, lines: int) -> None:
        hashed = hashlib.sha256(TOKEN.encode()).hexdigest()
        await self.execute(ROWS.replace("{hash}", hashed).replace("{lines}", str(lines)))

    async def execute(self, sql: str) -> None:
        connection = await asyncpg.connect(self.its.env["DATABASE_URL"])
        await connection.execute(sql)
        await connection.close()

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.its.env["DATABASE_URL"])
        try:
            return await connection.fetch(sql, *values)
        finally:
            await connection.close()

    async def hashes(self) -> dict[str, str]:
        """Every table an import may touch. Scores are computed by a job of their own, which runs meanwhile."""
        found = {}
        for name, rows in TOUCHED.items():
            if name == "lead":
                rows = "SELECT to_jsonb(lead) - 'score' - 'score_reasons' - 'scored_at' FROM lead"
            elif name == "activity":
                rows += " AND verb <> 'scored'"
            sql = f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) AS hash FROM ({rows}) t"
            found[name] = (await self.fetch(sql))[0]["hash"]
        return found

    async def post(self, path: str, form: dict[str, str] | None = None) -> httpx.Response:
        answer = await self.browser.post(path, data=form or {})
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return answer

    async def upload(self, data: bytes) -> str:
        answer = await self.browser.post("/acme/leads/import", files={"file": ("big.csv", data, "text/csv")})
        assert answer.status_code == 200, answer.text[:300]
        return answer.headers["HX-Redirect"].removesuffix("/columns")

    async def start_check(self, address: str) -> None:
        page = (await self.browser.get(f"{address}/columns")).text
        meant = re.findall(r'name="(column-\d+)".*?value="([^"]*)" selected', page, re.DOTALL)
        assert [target for _, target in meant] == [
            "email", "name", "company", "phone", "tags", "value", "attribute:seats", "note",
        ]  # fmt: skip
        await self.post(f"{address}/columns", USUAL | dict(meant))

    async def batch(self) -> int:
        return (await self.fetch("SELECT max(id) AS id FROM lead_batch"))[0]["id"]

    async def until(self, state: str, seconds: float = 300) -> dict[str, int]:
        """Wait until the last batch is in this state; its counts."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = (await self.fetch(STATE))[0]
            if found["state"] == state:
                return json.loads(found["counts"])
            assert found["state"] != "failed", found
            await asyncio.sleep(0.1)
        raise AssertionError(f"{found} did not become {state}")


def resident(its: Running) -> int:
    status = Path(f"/proc/{its.processes[-1].pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def processor(its: Running) -> float:
    """Seconds of processor time the process has used."""
    fields = Path(f"/proc/{its.processes[-1].pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_a_hundred_thousand_lines_do_what_the_check_said_in_flat_memory_and_undo_leaves_no_trace():
    data, kinds = big_file(LINES, bad=300)
    with running("imports", SECRET_KEY=SECRET) as its:
        desk = Desk(its)
        await desk.fill(LINES)
        its.start()
        before, start = await desk.hashes(), resident(its)
        address = await desk.upload(data)
        await desk.start_check(address)
        checked = await desk.until("done")
        assert await desk.hashes() == before, "the check wrote something"
        assert (checked["created"], checked["updated"], checked["skipped"], checked["failed"]) == (
            kinds["new"], kinds["known"], kinds["duplicates"], 300,
        )  # fmt: skip
        await desk.post(f"{address}/launch")
        ran = await desk.until("done")
        assert {name: ran[name] for name in ran if name != "alike"} == {n: checked[n] for n in checked if n != "alike"}
        leads = (await desk.fetch("SELECT count(*) AS n FROM lead"))[0]["n"]
        assert leads == kinds["new"] + 2000
        lines = await desk.fetch("SELECT batch, number, outcome, reason FROM lead_batch_line ORDER BY batch, number")
        first, second = (
            [tuple(line)[1:] for line in lines if line["batch"] == n] for n in sorted({line["batch"] for line in lines})
        )
        assert len(first) == LINES and [line[:2] for line in first] == [line[:2] for line in second]
        batch = await desk.batch()
        page = (await desk.browser.get(f"/acme/leads/batches/{batch}/errors.csv")).text
        assert page.count("\n") >= 301
        await desk.post(f"/acme/leads/batches/{batch}/reversal")
        undone = await desk.until("undone")
        assert undone["restored"] == kinds["new"] + kinds["known"] and not undone.get("kept")
        assert await desk.hashes() == before
        assert resident(its) - start < 60 * MB, f"grew by {(resident(its) - start) / MB:.0f} MB"
        await desk.browser.aclose()


@pytest.mark.parametrize("point", crash.BATCH_POINTS)
@pytest.mark.parametrize("step", ["check", "import", "undo"])
async def test_a_kill_in_the_middle_is_taken_over_and_no_line_is_done_twice(point, step):
    lines = 2_500
    data, kinds = big_file(lines, bad=60)
    with running("killed", SECRET_KEY=SECRET) as its:
        desk = Desk(its)
        await desk.fill(lines)
        before = await desk.hashes()
        deadly = {"CRASH_AT": f"{point}:2"}

        async def through(this: str, begin) -> dict[str, int]:
            """Begin a step, die in its second transaction if it is the one, and let another process go on."""
            process = its.start(**(deadly if this == step else {}))
            await begin()
            if this == step:
                assert process.wait(60) == -9
                await desk.execute(
                    "UPDATE lead_batch SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL"
                )
                handled = (await desk.fetch("SELECT handled FROM lead_batch ORDER BY id DESC LIMIT 1"))[0]["handled"]
                assert handled in (1000, 2000)
                process = its.start()
            found = await desk.until("undone" if this == "undo" else "done")
            process.terminate()
            process.wait(60)
            return found

        async def check() -> None:
            await desk.start_check(await desk.upload(data))

        async def launch() -> None:
            await desk.post("/acme/leads/import/1/launch")

        async def undo() -> None:
            await desk.post(f"/acme/leads/batches/{await desk.batch()}/reversal")

        checked = await through("check", check)
        expected = {"created": kinds["new"], "updated": kinds["known"], "skipped": kinds["duplicates"], "failed": 60}
        assert {name: checked[name] for name in expected} == expected
        ran = await through("import", launch)
        assert {name: ran[name] for name in expected} == expected
        doubled = await desk.fetch("SELECT batch, number FROM lead_batch_line GROUP BY 1, 2 HAVING count(*) > 1")
        assert doubled == []
        imported = await desk.fetch(
            "SELECT subject_id FROM activity WHERE verb = 'imported' GROUP BY 1 HAVING count(*) > 1"
        )
        assert imported == []
        undone = await through("undo", undo)
        assert undone["restored"] == kinds["new"] + kinds["known"]
        assert await desk.hashes() == before
        await desk.browser.aclose()


async def test_sigterm_lets_a_batch_go_and_the_next_process_goes_on():
    data, kinds = big_file(20_000, bad=60)
    with running("stopped", SECRET_KEY=SECRET) as its:
        desk = Desk(its)
        await desk.fill(20_000)
        process = its.start()
        await desk.start_check(await desk.upload(data))
        while (await desk.fetch("SELECT handled FROM lead_batch"))[0]["handled"] < 1000:
            await asyncio.sleep(0.02)
        process.terminate()
        process.wait(60)
        held = (await desk.fetch("SELECT state, lease_until < clock_timestamp() AS free FROM lead_batch"))[0]
        assert held["state"] == "working" and held["free"]
        its.start()
        assert (await desk.until("done"))["created"] == kinds["new"]
        await desk.browser.aclose()


async def body(block: bytes, times: int):
    yield START
    for _ in range(times):
        yield block
    yield END


@pytest.fixture(scope="module")
async def desk():
    with running("hostile", SECRET_KEY=SECRET) as its:
        made = Desk(its)
        await made.fill(10)
        its.start()
        await made.upload(b"E-mail\na@b.example\n")  # what is loaded once is loaded
        yield made
        await made.browser.aclose()


@pytest.mark.parametrize(
    ("what", "block", "times", "status"),
    [
        ("one line of 99 MB", b"x" * MB, 99, 422), ("101 MB", b"a,b\n" * (MB // 4), 101, 413),
        ("a million columns", b"a," * 100_000, 10, 422), ("an open quote", b'"a,b\n' + b"1,2\n" * (MB // 4), 20, 422),
    ],
)  # fmt: skip
async def test_files_that_are_meant_to_hurt_are_refused_in_little_time_and_memory(desk, what, block, times, status):
    memory, time_ = resident(desk.its), processor(desk.its)
    answer = await desk.browser.post("/acme/leads/import", content=body(block, times), headers=MULTIPART)
    assert answer.status_code == status, answer.text[:300]
    assert 'id="import-file"' in answer.text
    assert resident(desk.its) - memory < 100 * MB
    used = processor(desk.its) - time_
    assert used < 2, f"{what}: {used:.2f} s"
    left = [place for place in (desk.its.folder / "files").rglob("*") if place.is_file()]
    assert len(left) == 1
