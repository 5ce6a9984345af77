"""Posted forms read as a stream: files go to the disk while they arrive, so memory stays the same for any size.

Handlers that use this set `request_max_body_size=None` and read nothing of the body themselves."""

import contextlib
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

from litestar import Request
from litestar.exceptions import HTTPException
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from dashboard.errors import DashboardError, TooLarge
from dashboard.files.multipart import (
    LARGEST_FILE,
    LARGEST_ORDER,
    MB,
    MOST_PARTS,
    MultipartReader,
    Posted,
    Received,
    too_large,
)

__all__ = [
    "LARGEST_FILE",
    "LARGEST_ORDER",
    "MB",
    "Posted",
    "Received",
    "read_values",
    "received",
    "refuse_declared",
    "too_large",
]

OVERHEAD = 64 * 1024  # boundaries and part headers
TEXT_BODY = 2 * MB
CUT_OFF = "The upload was cut off. Nothing of it was kept. Try again."
GARBLED = "The upload could not be read. Nothing of it was kept. Try again."


@contextlib.asynccontextmanager
async def received(
    request: Request, *, file_limit: int = LARGEST_FILE, total_limit: int = LARGEST_ORDER, go_on: bool = False
) -> AsyncIterator[Posted]:
    """The posted form, either encoding. Files that nobody kept by the end are gone, as are those of an aborted upload.
    413 at once when the declared length is over the limit, else as soon as it is passed; limits in bytes. With `go_on`
    one file over its limit is marked and dropped, so that the rest of a long form is not lost with it."""
    posted = Posted()
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    try:
        if kind == b"multipart/form-data" and 0 < len(boundary) <= 200:
            refuse_declared(request, total_limit)
            await _read_parts(request, MultipartReader(posted, boundary, file_limit, total_limit, go_on))
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


async def _read_parts(request: Request, reader: MultipartReader) -> None:
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
