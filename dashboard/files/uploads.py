"""Posted forms read as a stream: files go to the disk while they arrive, so memory stays the same for any size.

Handlers that use this set `request_max_body_size=None` and read nothing of the body themselves."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from litestar import Request
from litestar.exceptions import HTTPException
from python_multipart.exceptions import FormParserError
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
OVERHEAD = 64 * 1024  # boundaries and part headers
TEXT_BODY = 2 * MB
CUT_OFF = "The upload was cut off. Nothing of it was kept. Try again."
GARBLED = "The upload could not be read. Nothing of it was kept. Try again."


@dataclass
class Received:
    """A file that has arrived: complete on the disk, but not ours until it is stored. One that went over its limit is
    `too_large` and has no bytes; the rest of its form arrives all the same."""

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


@contextlib.asynccontextmanager
async def received(
    request: Request, *, file_limit: int = LARGEST_FILE, total_limit: int = LARGEST_ORDER
) -> AsyncIterator[Posted]:
    """The posted form, either encoding. Files that nobody kept by the end are gone, as are those of an aborted upload.
    413 at once when the declared length is over the limit, else as soon as it is passed; limits in bytes."""
    posted = Posted()
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    try:
        if kind == b"multipart/form-data" and 0 < len(boundary) <= 200:
            refuse_declared(request, total_limit)
            await _read_parts(request, MultipartReader(posted, boundary, file_limit, total_limit))
        elif kind == b"application/x-www-form-urlencoded":
            posted.values = await read_values(request)
        elif kind or request.headers.get("content-length", "0") != "0":
            raise DashboardError(GARBLED)
        yield posted
    finally:
        for file in posted.files:
            file.writing.discard()


def refuse_declared(request: Request, limit: int) -> None:
    """Refuse a body whose declared length is over the limit before reading any of it."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit + OVERHEAD:
        raise TooLarge(too_large(limit))


async def read_values(request: Request) -> list[tuple[str, str]]:
    """The fields of a urlencoded form, empty ones included. Litestar's own reader drops those, and an answer that was
    taken away would stay."""
    refuse_declared(request, TEXT_BODY)
    try:
        body = await request.body()
        if len(body) > TEXT_BODY:
            raise TooLarge(too_large(TEXT_BODY))
        return parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=MOST_PARTS)
    except ValueError as problem:
        raise DashboardError(f"The form has more than {MOST_PARTS} fields. Nothing was changed.") from problem
    except HTTPException as problem:
        raise _in_words(problem) from problem


def too_large(limit: int) -> str:
    return f"That is larger than {limit // MB} MB. Nothing of it was kept. Choose a smaller file."


async def _read_parts(request: Request, reader: "MultipartReader") -> None:
    try:
        async for chunk in request.stream():
            if chunk:
                reader.parser.write(chunk)
                await reader.settle()
        reader.parser.finalize()
    except FormParserError as problem:
        raise DashboardError(GARBLED) from problem
    except HTTPException as problem:
        raise _in_words(problem) from problem
    finally:
        reader.abandon()
    if not reader.ended:
        raise DashboardError(CUT_OFF)


def _in_words(problem: HTTPException) -> DashboardError:
    """Litestar reports a sender who went away as a fault of the server; it is none."""
    return TooLarge(too_large(TEXT_BODY)) if problem.status_code == 413 else DashboardError(CUT_OFF)


class MultipartReader:
    """python-multipart's callbacks. They are plain calls, so they only gather; `settle` does the waiting."""

    def __init__(self, posted: Posted, boundary: bytes, file_limit: int, total_limit: int) -> None:
        self.posted, self.file_limit, self.total_limit = posted, file_limit, total_limit
        self.parts = self.total = 0
        self.ended = False
        self.file: Received | None = None
        self.name = ""
        self.value = bytearray()
        self.header, self.header_value, self.headers = bytearray(), bytearray(), {}
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
