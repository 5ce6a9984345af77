"""Tables and rows of the revenue pages as files."""

from collections.abc import AsyncIterator, Iterable, Sequence

from litestar.response import Stream

from dashboard.lists import spreadsheet

Lines = Iterable[Sequence[object]]


def answer(name: str, header: Sequence[str], batches: AsyncIterator[Lines]) -> Stream:
    """A CSV for the browser to keep, sent while it is made."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(spreadsheet.stream(header, batches), media_type="text/csv", headers=headers)


async def once(lines: Lines) -> AsyncIterator[Lines]:
    """All of a small table."""
    yield lines
