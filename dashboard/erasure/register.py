"""Who was forgotten, in a form that tells nobody who they were: keyed hashes, in the table and in a file beside the
database. A backup that is older than an erasure brings the person back; restoring reads the file and forgets again."""

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from dashboard.database import rows
from dashboard.deliveries.suppressed import fingerprint

FILE = "erasures.jsonl"
ALL = """
    SELECT e.organization, e.lead, e.cause, encode(e.email_hash, 'hex') AS address, e.created_at AS at,
           l.created_at AS made
    FROM erasure e LEFT JOIN lead l ON l.id = e.lead ORDER BY e.id"""
PRESENT = """
    SELECT id, organization, email_normalized, created_at FROM lead
    WHERE erased_at IS NULL AND id > {} ORDER BY id LIMIT 10000"""


class Entry(NamedTuple):
    """One line: which lead, when it was made, and the hash of its address."""

    organization: int
    lead: int
    cause: str
    address: str | None
    at: str
    made: str | None


async def entries() -> list[Entry]:
    """What the table says."""
    return [Entry(**_written(each)) for each in await rows(ALL)]


async def write(folder: Path) -> None:
    """Bring the file up to date. What only the file knows stays: the table may have come from an older backup."""
    known = {(entry.organization, entry.lead, entry.at): entry for entry in [*read([folder / FILE]), *await entries()]}
    place, partial = folder / FILE, folder / f".{FILE}.partial"
    with partial.open("w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.writelines(json.dumps(entry._asdict()) + "\n" for _, entry in sorted(known.items()))
        file.flush()
        os.fsync(file.fileno())
    partial.rename(place)


def read(places: Iterable[Path]) -> list[Entry]:
    """All entries of those of these files that exist. A line cut off in the middle is left out."""
    found = []
    for place in places:
        for line in place.read_text().splitlines() if place.is_file() else ():
            try:
                found.append(Entry(**json.loads(line)))
            except (ValueError, TypeError):
                continue
    return found


async def present(known: Iterable[Entry]) -> dict[tuple[int, str], list[int]]:
    """Of these people those whom the database knows, by (organization, cause). A lead is the same when it was made at
    the same moment under the same id, or has the same address and is older than the erasure."""
    leads = {(entry.organization, entry.lead, entry.made): entry for entry in known}
    addresses = {(entry.organization, entry.address): entry for entry in known if entry.address}
    found: dict[tuple[int, str], list[int]] = {}
    last = 0
    while some := await rows(PRESENT, last):
        last = some[-1]["id"]
        for lead in some:
            owner, address = lead["organization"], lead["email_normalized"]
            entry = leads.get((owner, lead["id"], lead["created_at"].isoformat()))
            if entry is None and address and addresses:
                entry = addresses.get((owner, fingerprint(owner, address).hex()))
                entry = entry if entry and lead["created_at"] < datetime.fromisoformat(entry.at) else None
            if entry:
                found.setdefault((owner, entry.cause), []).append(lead["id"])
    return found


def _written(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
