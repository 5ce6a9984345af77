"""Pages by key instead of by number: as fast on the last page as on the first, and no row is skipped or shown twice
when others arrive in between."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from dashboard.formats import num

CAP = 10_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST = 2**63 - 1
FAR = timedelta(days=365 * 1000)


@dataclass(frozen=True)
class Sort:
    """A column that may order the list because an index (organization, column, id) exists. Never null."""

    column: str
    key: str  # what the row calls it
    kind: Literal["time", "number", "text"]
    descending: bool = True


@dataclass(frozen=True)
class Cursor:
    """The row a page begins after, or ends before."""

    value: Any
    id: int
    before: bool = False


@dataclass(frozen=True)
class Page:
    """One page of rows and the query strings of its neighbours; empty where there is none."""

    rows: list[dict[str, Any]]
    previous: str
    following: str


def write(sort: Sort, row: dict[str, Any]) -> str:
    """The cursor of a row as it stands in an address."""
    value = row[sort.key]
    if sort.kind == "time":
        value = (value - EPOCH) // timedelta(microseconds=1)
    packed = json.dumps([value, row["id"]], ensure_ascii=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read(sort: Sort, text: str, *, before: bool) -> Cursor:
    """A cursor somebody brought; ValueError unless it is one of ours for this sort."""
    if len(text) > 2000 or not text.isascii():
        raise ValueError("cursor")
    try:
        packed = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeDecodeError, RecursionError) as problem:
        raise ValueError("cursor") from problem
    match packed:
        case [value, int(id)] if _fits(sort, value) and not isinstance(id, bool) and 0 < id <= LARGEST:
            return Cursor(EPOCH + timedelta(microseconds=value) if sort.kind == "time" else value, id, before)
    raise ValueError("cursor")


def _fits(sort: Sort, value: object) -> bool:
    if sort.kind == "text":
        return isinstance(value, str) and value.isprintable()
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return abs(value) <= (FAR // timedelta(microseconds=1) if sort.kind == "time" else LARGEST)


def condition(sort: Sort, descending: bool, cursor: Cursor | None, id_column: str) -> tuple[str, list[Any]]:
    """`(c, id) < (x, y)`: the form PostgreSQL answers from the index at any depth, however many rows share a c."""
    if cursor is None:
        return "TRUE", []
    beyond = "<" if descending != cursor.before else ">"
    return f"({sort.column}, {id_column}) {beyond} ({{}}, {{}})", [cursor.value, cursor.id]


def order(sort: Sort, descending: bool, id_column: str) -> str:
    direction = "DESC" if descending else "ASC"
    return f"{sort.column} {direction}, {id_column} {direction}"


def counted(number: int) -> str:
    """A count of at most CAP + 1 rows as people read it: 1,284 or 10,000+."""
    return f"{num(CAP)}+" if number > CAP else num(number)
