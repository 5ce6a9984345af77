"""Importing a file of 100,000 lines, beside COPY of the same lines by PostgreSQL itself."""

import asyncio
import csv
import hashlib
import http.client
import io
import re
import time
from dataclasses import dataclass

import asyncpg

from benchmarks.surroundings import KEY, Place, application, memory, process
from dashboard.accounts import csrf

LINES = 100_000
TOKEN = "i" * 43
BOUNDARY = "----benchmark"
HEADER = ["E-mail", "Name", "Company", "Phone", "Source"]
PEOPLE = """
    INSERT INTO app_user (email, name) VALUES ('imports@acme.example', 'Imports');
    INSERT INTO organization (slug, name) VALUES ('imports', 'Imports');
    INSERT INTO membership ("user", organization, role)
        SELECT u.id, o.id, 'owner' FROM app_user u, organization o
        WHERE u.email = 'imports@acme.example' AND o.slug = 'imports';
    INSERT INTO app_session (token_hash, "user", expires_at, last_seen_at)
        SELECT '\\x{hash}', id, now() + interval '1 day', now() FROM app_user WHERE email = 'imports@acme.example'"""
COLUMNS = ["organization", "email", "email_normalized", "name", "company", "phone", "phone_normalized", "source"]
BATCH = """
    SELECT b.state, b.counts ->> 'created' AS created, extract(epoch FROM b.finished_at - b.created_at) AS seconds
    FROM lead_batch b JOIN organization o ON o.id = b.organization
    WHERE o.slug = 'imports' AND b.kind = $1 ORDER BY b.id DESC LIMIT 1"""


@dataclass
class Measured:
    """Lines per second, and the megabytes by which the process grew."""

    bare: float  # COPY into a table without an index
    copy: float  # COPY into the table of leads: the same indexes, the same triggers
    check: float
    run: float
    undo: float
    grown: float

    @property
    def both(self) -> float:
        """Check and import together."""
        return 1 / (1 / self.check + 1 / self.run)


def lines() -> list[list[str]]:
    return [
        [
            f"person{n}@import{n % 977}.example", f"{NAMES[n % 16]} {NAMES[n // 16 % 16]}son{n % 1009}",
            f"{NAMES[n // 7 % 16]} & Partner {n % 5003}", f"+44 20 {7_000_000 + n}", "Trade fair",
        ]
        for n in range(LINES)
    ]  # fmt: skip


NAMES = (
    "Amelia", "Hannah", "Luis", "Rachel", "Tarek", "Priya", "Sofia", "Jo", "Nora", "Ingrid", "Samuel", "Marguerite", "Ana",
    "Lucas", "Vera", "Oskar",
)  # fmt: skip


def run(where: Place) -> Measured:
    """PostgreSQL alone, then the application: upload, check, import, undo."""
    hashed = hashlib.sha256(TOKEN.encode()).hexdigest()
    where.run(*PEOPLE.replace("{hash}", hashed).split(";\n"))
    bare, copy = asyncio.run(_copy(where))
    where.run("VACUUM ANALYZE lead")
    copies = [copy]
    with process(where, *application()) as (port, started, _):
        time.sleep(2)
        before = memory(started.pid)
        peak = _Peak(started.pid)
        file = int(_upload(port).split("/")[-2])
        mapping = {f"column-{n}": target for n, target in enumerate(["email", "name", "company", "phone", "source"])}
        _post(port, f"/imports/leads/import/{file}/columns", mapping | {"known": "fill", "owner": "", "stage": "new"})
        check = _finished(where, "check", peak)
        _post(port, f"/imports/leads/import/{file}/launch", {})
        imported = _finished(where, "import", peak)
        batch = where.fetch("SELECT max(id) AS id FROM lead_batch")["id"]
        began = time.perf_counter()
        _post(port, f"/imports/leads/batches/{batch}/reversal", {})
        _finished(where, "import", peak, "undone")
        undo = time.perf_counter() - began
        left = where.fetch(
            "SELECT count(*) AS n FROM lead l JOIN organization o ON o.id = l.organization WHERE slug = 'imports'"
        )
        assert left["n"] == 0, left
    copies.append(asyncio.run(_copy(where))[1])  # before and after, because the machine may be busier at one time
    return Measured(bare, sum(copies) / 2, LINES / check, LINES / imported, LINES / undo, peak.most - before)


async def _copy(where: Place) -> tuple[float, float]:
    """Lines per second of COPY without and with everything that hangs on the table of leads."""
    connection = await asyncpg.connect(where.dsn)
    try:
        id = await connection.fetchval("SELECT id FROM organization WHERE slug = 'imports'")
        page = io.StringIO()
        csv.writer(page).writerows(
            [id, email, email, name, company, phone, re.sub("[^0-9]", "", phone), source]
            for email, name, company, phone, source in lines()
        )
        text, figures = page.getvalue().encode(), []
        await connection.execute("CREATE TABLE bare_lead AS SELECT * FROM lead LIMIT 0")
        for table in ("bare_lead", "lead"):
            began = time.perf_counter()
            await connection.copy_to_table(table, source=io.BytesIO(text), columns=COLUMNS, format="csv", timeout=600)
            figures.append(LINES / (time.perf_counter() - began))
        await connection.execute("DELETE FROM lead WHERE organization = $1", id, timeout=600)
        await connection.execute("DROP TABLE bare_lead")
        return figures[0], figures[1]
    finally:
        await connection.close()


class _Peak:
    def __init__(self, pid: int) -> None:
        self.pid, self.most = pid, 0.0

    def look(self) -> None:
        self.most = max(self.most, memory(self.pid))


def _finished(where: Place, kind: str, peak: _Peak, state: str = "done") -> float:
    """Wait for the last batch of a kind; the seconds it took."""
    until = time.monotonic() + 600
    while time.monotonic() < until:
        peak.look()
        found = where.fetch(BATCH, kind)
        if found and found["state"] == state:
            assert int(found["created"]) == LINES, found
            return float(found["seconds"])
        assert not found or found["state"] != "failed", found
        time.sleep(0.1)
    raise RuntimeError(f"the {kind} did not come to an end")


def _upload(port: int) -> str:
    page = io.StringIO()
    csv.writer(page).writerows([HEADER, *lines()])
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="bench.csv"\r\n\r\n'
    body = head.encode() + page.getvalue().encode() + f"\r\n--{BOUNDARY}--\r\n".encode()
    return _send(port, "/imports/leads/import", body, f"multipart/form-data; boundary={BOUNDARY}")


def _post(port: int, path: str, form: dict[str, str]) -> str:
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
    return _send(port, path, body, "application/x-www-form-urlencoded")


def _send(port: int, path: str, body: bytes, kind: str) -> str:
    """Post as from our own page; where the answer leads."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {
        "Cookie": f"__Host-sid={TOKEN}", "X-CSRF-Token": csrf.token(KEY, f"s:{TOKEN}"), "HX-Request": "true",
        "Sec-Fetch-Site": "same-origin", "Content-Type": kind,
    }  # fmt: skip
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {said[:300]!r}")
    return answer.getheader("HX-Redirect") or ""
