"""Files of leads for tests, the way through the pages, and what the tables looked like."""

import csv
import io
import random
from dataclasses import dataclass

from dashboard.accounts.tables import Organization
from dashboard.campaigns.batches import OPENING
from dashboard.database import row
from dashboard.leads import engine
from dashboard.leads.tables import Batch, Import

USUAL = {"known": "fill", "owner": "", "stage": "new", "source": "Import", "tag": ""}
# What an import may touch. Not here: the batches' own records, and the order of ids, which nobody gets back.
TOUCHED = {
    "lead": "SELECT * FROM lead", "tag": "SELECT * FROM tag", "note": "SELECT * FROM note",
    "lead_attribute": "SELECT * FROM lead_attribute", "consent": "SELECT * FROM consent",
    "orders": "SELECT * FROM orders", "delivery": "SELECT * FROM delivery", "suppression": "SELECT * FROM suppression",
    "activity": "SELECT * FROM activity WHERE subject_kind NOT IN ('lead_batch', 'article')",
}  # fmt: skip


async def hashes() -> dict[str, str]:
    """A hash over every row of each table an import may touch."""
    found = {}
    for name, rows in TOUCHED.items():
        hashed = await row(
            f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) AS hash FROM ({rows}) t"
        )
        found[name] = hashed["hash"]
    return found


async def work() -> None:
    """What a background worker does, until nothing is left."""
    while await engine.work(OPENING, lambda: True):
        pass


async def upload(browser, data: bytes | str, name: str = "fair.csv"):
    """Send a file; the answer leads to its columns."""
    content = data.encode() if isinstance(data, str) else data
    return await browser.post(
        "/acme/leads/import", files={"file": (name, content, "text/csv")}, headers={"HX-Request": "true"}
    )


@dataclass
class Imported:
    """One file on its way."""

    file: Import
    browser: object

    @property
    def address(self) -> str:
        return f"/acme/leads/import/{self.file.id}"

    async def check(self, mapping: list[str] | None = None, **choices: str) -> dict[str, int]:
        """The dry run with the mapping that is proposed; its totals."""
        meant = {f"column-{n}": target for n, target in enumerate(mapping or self.file.mapping)}
        answer = await self.browser.post(
            f"{self.address}/columns", data=USUAL | meant | choices, headers={"HX-Request": "true"}
        )
        assert answer.headers.get("HX-Redirect") == f"{self.address}/check", answer.text
        await work()
        self.file = await Import.objects().get(Import.id == self.file.id)
        batch = await Batch.objects().get(Batch.id == self.file.checking)
        assert batch.state == "done", batch.error
        return totals(batch.counts)

    async def run(self, tagged: bool = True) -> dict[str, int]:
        """The import itself; its totals."""
        answer = await self.browser.post(
            f"{self.address}/launch", data={"tagged": "1"} if tagged else {}, headers={"HX-Request": "true"}
        )
        assert answer.status_code == 200, answer.text
        await work()
        self.file = await Import.objects().get(Import.id == self.file.id)
        batch = await Batch.objects().get(Batch.id == self.file.batch)
        assert batch.state == "done", batch.error
        return totals(batch.counts)

    async def undo(self) -> dict[str, int]:
        await self.browser.post(f"/acme/leads/batches/{self.file.batch}/reversal")
        await work()
        batch = await Batch.objects().get(Batch.id == self.file.batch)
        assert batch.state == "undone", batch.error
        return {name: batch.counts.get(name, 0) for name in ("restored", "kept")}

    async def lines(self, batch: int | None = None) -> list[tuple[int, str, str]]:
        """What the check said, or a batch, line by line: (number, outcome, why)."""
        from dashboard.database import rows

        found = await rows(
            "SELECT number, outcome, reason FROM lead_batch_line WHERE batch = {} ORDER BY id",
            batch or self.file.checking,
        )
        return [(each["number"], each["outcome"], each["reason"]) for each in found]


def totals(counts: dict[str, int]) -> dict[str, int]:
    return {name: counts.get(name, 0) for name in ("created", "updated", "skipped", "failed")}


async def uploaded(browser, data: bytes | str, name: str = "fair.csv") -> Imported:
    answer = await upload(browser, data, name)
    assert "HX-Redirect" in answer.headers, answer.text
    id = int(answer.headers["HX-Redirect"].split("/")[-2])
    return Imported(await Import.objects().get(Import.id == id), browser)


def table(*lines: list[str], delimiter: str = ",", newline: str = "\r\n") -> str:
    page = io.StringIO()
    csv.writer(page, delimiter=delimiter, lineterminator=newline).writerows(lines)
    return page.getvalue()


HEADER = ["E-mail", "Full name", "Company", "Phone", "Tags", "Value", "Seats", "Note"]
BAD_VALUE, BAD_ADDRESS = 5, 5


def big_file(lines: int, bad: int = 300, seed: int = 1) -> tuple[bytes, dict[str, int]]:
    """A file as exports really are: BOM, quotes, cells of several lines, all three kinds of newline, duplicates, `bad`
    lines of six kinds. With how many lines of each kind there are; `known` are the first ones of `known_leads`."""
    chance, out = random.Random(seed), [b"\xef\xbb\xbf" + table(HEADER).encode()]
    kinds = ["address", "value", "number", "quote", "bytes", "wide"]
    at = set(chance.sample(range(100, lines - 10), bad))
    counts = {"duplicates": 0, "bad": bad, "known": 0, "new": 0}
    for n in range(lines):
        newline = chance.choice(["\n", "\r\n", "\r"])
        cells = [
            f"Lead{n}@big.example", f"Zoë “{n}” O'Neil", f'Firm, "{n}" & Söhne' if n % 3 else "Line one\nline two",
            f"+44 20 7946 {n:06}", "fair, dinner" if n % 7 == 0 else "", f"{n % 900 + 1}.50" if n % 5 == 0 else "",
            str(n % 40) if n % 4 == 0 else "", "Wants a call" if n % 50 == 0 else "",
        ]  # fmt: skip
        if n in at:
            kind = kinds[n % len(kinds)]
            if kind == "quote":
                out.append(f'Lead{n}@big.example,"never closed{newline}'.encode())
                continue
            if kind == "bytes":
                out.append(f"Lead{n}@big.example,Jos".encode() + b"\xe9" + newline.encode())
                continue
            if kind == "wide":
                cells += ["one", "too many"]
            column = {"address": 0, "value": 5, "number": 6}.get(kind)
            if column is not None:
                cells[column] = "nonsense"
        elif n % 20 == 19 and n - 1 not in at:
            cells[0] = f" LEAD{n - 1}@Big.example "
            counts["duplicates"] += 1
        elif n < 20_000 and n % 10 == 0:
            counts["known"] += 1
        else:
            counts["new"] += 1
        out.append(table(cells).removesuffix("\r\n").encode() + newline.encode())
    return b"".join(out), counts


async def known_leads(organization: Organization, lines: int) -> None:
    """Every tenth of the first 20,000 is here already, with a name and a score but no phone."""
    from dashboard.database import rows

    await rows(
        "INSERT INTO lead (organization, name, company, email, email_normalized, tags, scored_at, score, created_at) "
        "SELECT {}, 'Known ' || n, 'Old company', 'Lead' || n || '@big.example', 'lead' || n || '@big.example', ARRAY[]::bigint[], "
        "now(), 40, now() FROM generate_series(0, least({}, 20000) - 1, 10) n",
        organization.id, lines,
    )  # fmt: skip
