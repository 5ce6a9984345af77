"""The promises that need more than one question: what follows from what, row by row and file by file."""

import hashlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from dashboard import clock
from dashboard.accounts.ownership import OrganizationOwned
from dashboard.database import rows, transaction
from dashboard.orders import money
from dashboard.orders.tables import Order
from dashboard.piccolo_app import APP_CONFIG
from dashboard.revenue import upkeep
from dashboard.settings import current


class Broken(NamedTuple):
    """A promise that is not kept: which, how, and where. `which` may be of one organization, the rest is of nobody."""

    promise: str
    sentence: str
    which: str

    @property
    def line(self) -> str:
        return f"{self.promise}: {self.sentence} {self.which}"


@dataclass
class Until:
    """When a walk has to end, how long one question may take, both in seconds; and what it had to leave out."""

    end: float
    statement: float
    left_out: list[str] = field(default_factory=list)

    def check(self) -> None:
        """TimeoutError when there is no time left."""
        if time.monotonic() > self.end:
            raise TimeoutError

    async def patience(self) -> None:
        """In a transaction: let each of its questions take as long as it may."""
        await rows("SELECT set_config('statement_timeout', {}, true)", str(int(self.statement * 1000)))


async def payment_status(until: Until) -> AsyncIterator[Broken]:
    """I7: what an order says about its money follows from the journal."""
    last = 0
    while batch := await Order.across_organizations().where(Order.id > last).order_by(Order.id).limit(500):
        for order in batch:
            until.check()
            expected = money.status(order, await money.lines_of(order.organization, order))
            if order.payment_status != expected:
                where = f"({order.id}: {order.payment_status}, its money says {expected})"
                yield Broken("I7", "an order says other than its money", where)
        last = batch[-1].id


async def revenue(until: Until) -> AsyncIterator[Broken]:
    """I7: the sums kept for each day are those of the journal. `backdesk revenue rebuild` makes them anew."""
    for organization in await rows("SELECT id, slug FROM organization ORDER BY id"):
        until.check()
        async with transaction():
            await until.patience()
            found = await upkeep.differences(organization["id"])
        for each in found[:50]:
            by = f", {each['dimension']} {each['value']!r}" if each["dimension"] else ""
            of = f" in {each['currency']}" if each["currency"] else ""
            yield Broken(
                "I7", "sums of a day are not what its rows say", f"({organization['slug']}: {each['day']}{of}{by})"
            )


async def foreign_organizations(until: Until) -> AsyncIterator[Broken]:
    """I14: no row points to a row of another organization. Walks every foreign key between owned tables."""
    for table in APP_CONFIG.table_classes:
        if not issubclass(table, OrganizationOwned):
            continue
        for key in table._meta.foreign_key_columns:
            target = key._foreign_key_meta.resolved_references
            if not issubclass(target, OrganizationOwned):
                continue
            until.check()
            mine, theirs, column = table._meta.tablename, target._meta.tablename, key._meta.name
            async with transaction():
                await until.patience()
                crossing = await rows(
                    f'SELECT m.id FROM "{mine}" m JOIN "{theirs}" t ON t.id = m."{column}" '  # noqa: S608 – names of our tables
                    "WHERE m.organization IS DISTINCT FROM t.organization LIMIT 50"
                )
            for row in crossing:
                yield Broken("I14", f"{mine} points to a {theirs} of another organization", f"({row['id']})")


async def files(until: Until) -> AsyncIterator[Broken]:
    """I13: every file row has its bytes, every file a row, and no temporary file is old."""
    folder = current().data_dir / "files"
    known = {}
    for row in await rows("SELECT id, storage_key, sha256 FROM file"):
        until.check()
        known[row["storage_key"]] = row["id"]
        path = folder / row["storage_key"]
        if not path.is_file():
            yield Broken("I13", "a file has lost its bytes", f"({row['id']})")
        elif _sum(path) != bytes(row["sha256"]):
            yield Broken("I13", "a file has other bytes than were stored", f"({row['id']})")
    old = (clock.now() - timedelta(hours=1)).timestamp()
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file() and path.stat().st_mtime < old and str(path.relative_to(folder)) not in known:
            yield Broken("I13", "bytes belong to no row", f"({path.name})")


def _sum(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


async def schema(until: Until) -> AsyncIterator[Broken]:
    """I12: the schema is exactly what this version expects."""
    expected = {path.stem for path in Path(APP_CONFIG.migrations_folder_path).glob("dashboard_*.py")}
    done = await rows("SELECT name FROM migration WHERE app_name = 'dashboard'")
    if len(done) != len(expected):
        yield Broken("I12", "migrations are missing or unknown", f"({len(done)} recorded, {len(expected)} expected)")
