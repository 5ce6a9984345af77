"""CSV that opens in a spreadsheet as text and never as a formula, and comes back as it went out."""

import csv
import io
import unicodedata
from collections.abc import AsyncIterator, Iterable, Sequence

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


async def stream(header: Sequence[str], batches: AsyncIterator[Iterable[Sequence[object]]]) -> AsyncIterator[bytes]:
    """The file piece by piece, one per batch, so that its size never matters."""
    yield (BOM + _lines([header])).encode()
    async for batch in batches:
        yield _lines(batch).encode("utf-8", "replace")


def _lines(lines: Iterable[Sequence[object]]) -> str:
    page = io.StringIO()
    csv.writer(page).writerows([cell(value) for value in line] for line in lines)
    return page.getvalue()
