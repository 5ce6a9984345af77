"""How a file is written: its encoding, its separator, and whether its first line has titles."""

import codecs
import io
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from dashboard.errors import DashboardError, Invalid
from dashboard.leads.importing.reading import FOREIGN, LONGEST_LINE, OPEN_QUOTE, TOO_LONG, Record, open_text, records

SAMPLE = 64 * 1024  # bytes or characters looked at to understand a file
MOST_COLUMNS = 200
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
ENCODINGS = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Latin-1",
}
CHOICES = (("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("cp1252", "Latin-1, as Windows has it"))
BEYOND_ASCII = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")
EMPTY = "The file is empty. Choose one with at least one line."


class Format(NamedTuple):
    encoding: str
    delimiter: str
    has_header: bool

    def words(self) -> str:
        return f"{ENCODINGS.get(self.encoding, self.encoding)}, {DELIMITERS.get(self.delimiter, self.delimiter)}"


def understand(place: Path) -> Format:
    """How a file is written; Invalid with the reason when it has no lines and columns. Looks at its beginning first,
    so that nonsense costs nothing, and then at all of it for letters that only some encodings have."""
    with place.open("rb") as file:
        start = file.read(SAMPLE)
    if not start.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Invalid({"file": EMPTY})
    if start.startswith((b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff")):
        raise Invalid({"file": "This is no CSV file. Save the table as CSV and choose that."})
    encoding = _by_mark(start) or "utf-8-sig"
    delimiter = _delimiter(_text(start, encoding))
    first = peek(place, Format(encoding, delimiter, True), 20)
    _refuse(first)
    if encoding == "utf-8-sig" and not start.startswith(codecs.BOM_UTF8):
        encoding = _by_letters(place)
        first = peek(place, Format(encoding, delimiter, True), 20)
    return Format(encoding, delimiter, has_header([record.cells for record in first]))


def peek(place: Path, form: Format, most: int) -> list[Record]:
    """The first records."""
    with open_text(place, form.encoding) as file:
        found = []
        for record in records(file, form.delimiter):
            found.append(record)
            if len(found) == most:
                break
    return found


def _refuse(first: list[Record]) -> None:
    """Invalid when the file cannot be meant: its first line decides what the others are."""
    if not first:
        raise Invalid({"file": EMPTY})
    if first[0].problem == TOO_LONG:
        raise Invalid({"file": f"The first line is longer than {LONGEST_LINE:,} characters. Choose another file."})
    if first[0].problem == OPEN_QUOTE:
        raise Invalid(
            {"file": "A quote is opened in the first line and never closed. Mend it and choose the file again."}
        )
    if len(first[0].cells) > MOST_COLUMNS:
        raise Invalid({"file": f"It has {len(first[0].cells):,} columns. At most {MOST_COLUMNS} can be read."})


def _by_mark(start: bytes) -> str:
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if odd > len(start) // 5 and odd > 4 * even:
        return "utf-16-le"
    return "utf-16-be" if even > len(start) // 5 and even > 4 * odd else ""


def _by_letters(place: Path) -> str:
    """UTF-8 when most of its letters beyond ASCII are, even if some lines come from elsewhere; else Latin-1 as Windows
    has it."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = 0
    with place.open("rb") as file:
        while block := file.read(1 << 20):
            if block.isascii() and not decoder.getstate()[0]:
                continue
            text = decoder.decode(block)
            good += len(BEYOND_ASCII.findall(text))
            bad += len(FOREIGN.findall(text))
    bad += len(decoder.decode(b"", True))
    return "utf-8-sig" if good >= bad else "cp1252"


def _text(start: bytes, encoding: str) -> str:
    text = start.decode(encoding, "replace")
    return text[: text.rindex("\n") + 1] if len(start) == SAMPLE and "\n" in text else text


def _delimiter(text: str) -> str:
    """The separator with which most lines have the same number of cells, two or more."""
    best, found = (0.0, 0), ","
    for delimiter in DELIMITERS:
        widths: Counter[int] = Counter()
        try:
            for number, record in enumerate(records(io.StringIO(text[:SAMPLE], newline=None), delimiter)):
                widths[len(record.cells)] += 1
                if number == 50:
                    break
        except DashboardError:
            continue
        width, times = max(widths.items(), key=lambda each: (each[0] > 1, each[1], each[0]), default=(0, 0))
        score = (times / sum(widths.values()), width) if width > 1 else (0.0, 0)
        if score > best:
            best, found = score, delimiter
    return found


def has_header(first: list[list[str]]) -> bool:
    """Whether the first line names the columns: it has words in it, and no address, number or day."""
    if not first:
        return False
    titles = [cell.strip() for cell in first[0] if cell.strip()]
    data = re.compile(r"[^@\s]+@[^@\s]+|[-+(]?[0-9][0-9 .,/()+-]*")
    return bool(titles) and not any(data.fullmatch(title) for title in titles)
