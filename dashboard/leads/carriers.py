"""What each kind of batch does, and what it needs from elsewhere: the one place that knows all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dashboard.leads import bulk, many
from dashboard.leads.bulk import Reading
from dashboard.leads.engine import Opening, Running, Work
from dashboard.leads.importing import carrying, checking
from dashboard.leads.importing.checking import Barred
from dashboard.leads.undoing import Undo


@dataclass(frozen=True)
class Elsewhere:
    """`filters` reads a query string of the list, `barred` says which addresses are not written to any more, `place`
    where on the disk a stored file is."""

    filters: Reading
    barred: Barred
    place: Callable[[str], Path]


def opening(elsewhere: Elsewhere) -> Opening:
    """How a batch that is held becomes work."""

    async def open_(running: Running) -> Work:
        if running.state == "undoing":
            return Undo(running, await many.referenced_by())
        if running.kind == "check":
            return await checking.open_check(running, elsewhere.place, elsewhere.barred)
        if running.kind == "import":
            return await carrying.open_import(running, elsewhere.barred)
        return await bulk.open_bulk(running, elsewhere.filters)

    return open_
