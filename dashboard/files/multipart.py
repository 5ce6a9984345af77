"""Multipart forms, part by part: values are gathered, files go to the disk as they come."""

from dataclasses import dataclass, field

from python_multipart.multipart import MultipartParser, parse_options_header

from dashboard.errors import DashboardError, TooLarge
from dashboard.files.names import NAMELESS, shown_name
from dashboard.files.storage import Writing

MB = 1_000_000
LARGEST_FILE = 25 * MB
LARGEST_ORDER = 100 * MB  # all files of one order
LARGEST_VALUE = 200_000  # bytes of one typed answer on the wire; what an answer may hold is the form's business
MOST_PARTS = 400
MOST_FILES = 20  # in one request; each is an open file until it is kept


@dataclass
class Received:
    """A file that has arrived: complete on the disk, but not ours until it is stored. Where the reader goes on after a
    file over its limit, that one is `too_large` and has no bytes."""

    field: str
    name: str
    writing: Writing
    limit: int = LARGEST_FILE
    too_large: bool = False

    @property
    def size(self) -> int:
        return self.writing.size


@dataclass
class Posted:
    """What a form sent, in order."""

    values: list[tuple[str, str]] = field(default_factory=list)
    files: list[Received] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """The last value under a name."""
        return next((value for key, value in reversed(self.values) if key == name), default)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.values if key == name]


def too_large(limit: int) -> str:
    return f"That is larger than {limit // MB} MB. Nothing of it was kept. Choose a smaller file."


class MultipartReader:
    """python-multipart's callbacks. They are plain calls, so they only gather; `settle` does the waiting."""

    def __init__(self, posted: Posted, boundary: bytes, file_limit: int, total_limit: int, go_on: bool) -> None:
        self.posted, self.file_limit, self.total_limit, self.go_on = posted, file_limit, total_limit, go_on
        self.parts = self.total = 0
        self.ended = False
        self.file: Received | None = None
        self.name = ""
        self.value = bytearray()
        self.header, self.header_value = bytearray(), bytearray()
        self.headers: dict[bytes, bytes] = {}
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self.part_begins, "on_header_field": self.header_field,
                "on_header_value": self.header_text, "on_header_end": self.header_ends,
                "on_headers_finished": self.headers_end, "on_part_data": self.data, "on_part_end": self.part_ends,
                "on_end": self.end,
            },
        )  # fmt: skip

    def part_begins(self) -> None:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise DashboardError(f"The form has more than {MOST_PARTS} parts. Nothing was changed.")
        self.headers = {}

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self.header += data[start:end]

    def header_text(self, data: bytes, start: int, end: int) -> None:
        self.header_value += data[start:end]

    def header_ends(self) -> None:
        self.headers[bytes(self.header).lower()] = bytes(self.header_value)
        self.header, self.header_value = bytearray(), bytearray()

    def headers_end(self) -> None:
        words = self.headers.get(b"content-disposition", b"").decode("latin-1")
        _, options = parse_options_header(words)
        self.name = options.get(b"name", b"").decode(errors="replace")[:200]
        self.value = bytearray()
        if b"filename" in options:
            if len(self.posted.files) == MOST_FILES:
                raise TooLarge(f"Send at most {MOST_FILES} files at a time. Nothing was kept.")
            self.file = Received(
                self.name, shown_name(options[b"filename"].decode(errors="replace")), Writing(), self.file_limit
            )

    def data(self, data: bytes, start: int, end: int) -> None:
        if self.file is None:
            if len(self.value) + end - start > LARGEST_VALUE:
                raise TooLarge("An answer is too long. Nothing was changed. Shorten it and try again.")
            self.value += data[start:end]
            return
        self.total += end - start
        if self.total > self.total_limit:
            raise TooLarge(too_large(self.total_limit))
        if self.file.size + end - start > self.file_limit:
            if not self.go_on:
                raise TooLarge(f"{self.file.name}: {too_large(self.file_limit)}")
            self.file.too_large = True
            self.file.writing.discard()
        if not self.file.too_large:
            self.file.writing.add(memoryview(data)[start:end])

    def part_ends(self) -> None:
        if self.file is None:
            self.posted.values.append((self.name, self.value.decode(errors="replace")))
        elif self.file.size or self.file.name != NAMELESS:
            self.posted.files.append(self.file)
        else:  # a file input left empty sends a nameless part without bytes
            self.file.writing.discard()
        self.file = None

    def end(self) -> None:
        self.ended = True

    async def settle(self) -> None:
        """Let what has gathered reach the disk."""
        if self.file is not None and not self.file.too_large:
            await self.file.writing.flush()
        for file in self.posted.files:
            if not file.too_large:
                await file.writing.flush(at_least=1)

    def abandon(self) -> None:
        """A part that never ended belongs to nobody."""
        if self.file is not None:
            self.file.writing.discard()
            self.file = None
