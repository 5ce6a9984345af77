"""CSV that opens in a spreadsheet as text and never as a formula, and comes back as it went out."""

import csv
import io
import unicodedata
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from litestar.response import Stream

from dashboard import formats

Lines = Iterable[Sequence[object]]
BOM = "\ufeff"  # spreadsheets read UTF-8 only when told
CONTROL = "\t\r\n\0"
QUOTES = "\"'`‘’“”«»"
MARK = "'"


def begins_formula(text: str) -> bool:
    """Whether a spreadsheet might run the cell: = + - @ or a control character first, also behind blanks or quotes,
    also in their full-width forms."""
    for character in text:
        if character in CONTROL:
            return True
        if character.isspace() or character in QUOTES or unicodedata.category(character) == "Cf":
            continue
        return unicodedata.normalize("NFKC", character)[:1] in ("=", "+", "-", "@", "\u2212")
    return False


def cell(value: object) -> str:
    """How a value is written: text that could be a formula gets a ' in front; numbers stay numbers."""
    text = "" if value is None else str(value)
    return MARK + text if isinstance(value, str) and begins_formula(text) else text


def uncell(text: str) -> str:
    """What `cell` was given, from what it wrote."""
    rest = text.removeprefix(MARK)
    return rest if rest != text and begins_formula(rest) else text


def at(when: datetime | None, zone: str) -> str:
    """A moment as spreadsheets read one, in the organization's time."""
    return f"{when.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if when else ""


def amount(minor: int, currency: str) -> str:
    """A sum of minor units as a plain number; of a currency nobody knows, the minor units."""
    return formats.money_input(minor, currency) if formats.exponent(currency) is not None else str(minor)


def answer(name: str, header: Sequence[str], batches: AsyncIterator[Lines]) -> Stream:
    """A file for the browser to keep, sent while it is made."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(stream(header, batches), media_type="text/csv", headers=headers)


async def stream(header: Sequence[str], batches: AsyncIterator[Lines]) -> AsyncIterator[bytes]:
    """The file piece by piece, one per batch, so that its size never matters."""
    yield (BOM + _lines([header])).encode()
    async for batch in batches:
        yield _lines(batch).encode("utf-8", "replace")


async def once(lines: Lines) -> AsyncIterator[Lines]:
    """All of a small table."""
    yield lines


def _lines(lines: Lines) -> str:
    page = io.StringIO()
    csv.writer(page).writerows([cell(value) for value in line] for line in lines)
    return page.getvalue()
