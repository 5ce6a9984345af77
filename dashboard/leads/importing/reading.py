"""The records of a file one by one, whatever program wrote it, in memory that does not grow. A quote that is never
closed, a line without an end or bytes of another encoding cost the line they stand in, not the file."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dashboard.errors import DashboardError

LONGEST_LINE = 100_000  # characters
MOST_LINES = 200  # lines of the file in one record
MOST_BROKEN = 1000  # so often a quote may stay open; each costs looking at its lines twice
FOREIGN = re.compile("[\udc80-\udcff]")
OPEN_QUOTE = "A quote is opened here and never closed"
TOO_LONG = f"Longer than {LONGEST_LINE:,} characters"
ENDLESS = "(too long)\n"  # stands for the line
BAD_BYTES = "Has letters that cannot be read in this encoding"


class Record(NamedTuple):
    """One record: the number of its first line in the file, its cells, and why it cannot be used, if so."""

    number: int
    cells: list[str]
    problem: str = ""


class Open(Exception):
    """A record that does not end where it should."""


class _Lines:
    """The lines of a file for csv.reader, which asks for more while a quote is open. They can be handed back."""

    def __init__(self, file: io.TextIOBase) -> None:
        self.file, self.number, self.size = file, 0, 0
        self.taken: list[str] = []
        self.back: deque[str] = deque()
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.taken and (len(self.taken) >= MOST_LINES or self.size > LONGEST_LINE):
            raise Open(OPEN_QUOTE)
        text = self.back.popleft() if self.back else self._read()
        if not text:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.size += len(text)
        self.taken.append(text)
        if text is ENDLESS:
            raise Open(OPEN_QUOTE if len(self.taken) > 1 else TOO_LONG)
        return text

    def _read(self) -> str:
        """The next line, ENDLESS for one that is too long; its rest is passed over, piece by piece."""
        text = self.file.readline(LONGEST_LINE + 1)
        if len(text) <= LONGEST_LINE or text.endswith("\n"):
            return text
        while (rest := self.file.readline(LONGEST_LINE)) and not rest.endswith("\n"):
            pass
        return ENDLESS

    def next_record(self) -> None:
        self.taken, self.size, self.ended = [], 0, False

    def give_back(self) -> None:
        """All lines of the record but its first."""
        self.back.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1


def records(file: io.TextIOBase, delimiter: str, columns: int = 0) -> Iterator[Record]:
    """Every record that is not blank. Where several lines are no sound record, or not one of so many `columns`, a quote
    was left open in the first of them: that one is lost, the others are read again. DashboardError for what is no such
    file at all."""
    lines, broken = _Lines(file), 0
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.next_record()
        try:
            cells = next(reader)
            if len(lines.taken) > 1 and columns and len(cells) != columns:
                raise Open(OPEN_QUOTE)
        except StopIteration:
            return
        except (Open, csv.Error) as problem:
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            found = None if isinstance(problem, Open) else _leniently(lines, delimiter)
            if found is None:
                broken += 1
                if broken > MOST_BROKEN:
                    raise DashboardError(
                        f"More than {MOST_BROKEN:,} lines do not end where they should. Choose another separator."
                    ) from problem
                lines.give_back()
                why = str(problem) if isinstance(problem, Open) else OPEN_QUOTE
                yield Record(lines.number, [lines.taken[0].rstrip("\n")[:1000]], why)
                continue
            cells = found
        if any(cells):
            yield Record(lines.number - len(lines.taken) + 1, cells, _problem(cells, columns))


def _leniently(lines: _Lines, delimiter: str) -> list[str] | None:
    """The cells of one line with stray quotes, as most programs read them; None where a quote stays open."""
    if len(lines.taken) > 1 or lines.ended:
        return None
    try:
        return next(csv.reader(lines.taken, delimiter=delimiter), None)
    except csv.Error:
        return None


def _problem(cells: list[str], columns: int) -> str:
    if columns and len(cells) > columns and any(cells[columns:]):
        return f"Has {len(cells)} cells, and the file has {columns} columns"
    if any(FOREIGN.search(cell) for cell in cells if not cell.isascii()) or any("\ufffd" in cell for cell in cells):
        return BAD_BYTES
    return ""


def open_text(place: Path, encoding: str) -> io.TextIOWrapper:
    """The file as text, each of its newlines as one. FileNotFoundError once it was forgotten."""
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    return io.TextIOWrapper(place.open("rb", buffering=1 << 18), encoding=encoding, errors=errors, newline=None)
