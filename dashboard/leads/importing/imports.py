"""A file on its way: taken in, its columns named, checked, imported. Each step can be repeated."""

from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard.accounts.forms import line
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, NotFound
from dashboard.leads import attributes, batches
from dashboard.leads.importing import columns, formats
from dashboard.leads.importing.formats import Format
from dashboard.leads.importing.planning import Choices
from dashboard.leads.importing.reading import Record
from dashboard.leads.tables import Import

SAMPLES, LONGEST_TITLE = 3, 80
LAUNCHED = """
    UPDATE lead_import SET batch = {}, choices = {}
    WHERE organization = {} AND id = {} AND batch IS NULL AND checking = {} RETURNING id"""
RECENT = """
    SELECT i.id, i.name, i.created_at, i.lines, i.batch, i.checking, i.path, b.state, b.counts, u.name AS by_name
    FROM lead_import i LEFT JOIN lead_batch b ON b.id = i.batch LEFT JOIN app_user u ON u.id = i.by
    WHERE i.organization = {} ORDER BY i.id DESC LIMIT {}"""
GONE = "The file is not here any more. Upload it again."


async def take_in(
    organization: Organization, place: Path, form: Format, name: str, path: str, size: int, by: Visitor
) -> Import:
    """A file that was understood: its columns, with a meaning for each."""
    titles = titles_of(formats.peek(place, form, 1)[0].cells, form.has_header)
    asked = await attributes.every(organization)
    key = columns.fingerprint(titles) if form.has_header else ""
    last = await columns.remembered(organization, key)
    mapping = columns.fitting(last["mapping"], len(titles), asked) if last else columns.guess(titles, asked)
    made = Import(
        organization=organization.id, name=name, path=path, size=size, encoding=form.encoding, delimiter=form.delimiter,
        has_header=form.has_header, columns=titles, columns_key=key, mapping=mapping,
        choices=last["choices"] | {"remembered": True} if last else {"source": "Import"}, by=by.id,
    )  # fmt: skip
    await made.save()
    return made


def titles_of(first: list[str], has_header: bool) -> list[str]:
    """What the columns are called; by their number where the file does not say."""
    return [
        line(cell, LONGEST_TITLE) if has_header and line(cell, LONGEST_TITLE) else f"Column {number}"
        for number, cell in enumerate(first, 1)
    ]


def samples(place: Path, file: Import) -> list[list[str]]:
    """For each column what stands in it in the first lines."""
    try:
        found: list[Record] = formats.peek(place, format_of(file), SAMPLES + 1)
    except FileNotFoundError:
        raise Conflict(GONE) from None
    cells = [record.cells for record in found[1 if file.has_header else 0 :] if not record.problem]
    return [
        [line(each[n], 40) for each in cells if n < len(each) and each[n].strip()] for n in range(len(file.columns))
    ]


def format_of(file: Import) -> Format:
    return Format(file.encoding, file.delimiter, file.has_header)


async def get(organization: Organization, id: int) -> Import:
    """The import, or NotFound."""
    if id >= 2**63:
        raise NotFound()
    return await Import.get_of(organization, id)


async def open_for_changes(organization: Organization, id: int) -> Import:
    """The import, as long as it has not begun and its file is here; Conflict otherwise."""
    file = await get(organization, id)
    if file.batch:
        raise Conflict("This file is being imported, or was. Nothing was changed.")
    if not file.path:
        raise Conflict(GONE)
    return file


async def read_as(organization: Organization, file: Import, place: Path, form: Format) -> None:
    """Read the file in another way: its titles may be others then, and so may be what they mean."""
    first = formats.peek(place, form, 1)
    titles = titles_of(first[0].cells if first else [], form.has_header)[: formats.MOST_COLUMNS] or ["Column 1"]
    mapping = columns.guess(titles, await attributes.every(organization))
    key = columns.fingerprint(titles) if form.has_header else ""
    await Import.update({
        Import.encoding: form.encoding, Import.delimiter: form.delimiter, Import.has_header: form.has_header,
        Import.columns: titles, Import.columns_key: key, Import.mapping: mapping, Import.checking: None,
    }).where(Import.organization == organization.id, Import.id == file.id)  # fmt: skip


async def check(
    organization: Organization, file: Import, mapping: list[str], choices: dict[str, Any], lines: int, by: Visitor,
    now: datetime,
) -> int:  # fmt: skip
    """Start the dry run with this meaning of the columns; the id of its batch. An earlier one is stopped."""
    async with transaction():
        held = await row("SELECT checking, batch FROM lead_import WHERE id = {} FOR UPDATE", file.id)
        if held is None or held["batch"]:
            raise Conflict("This file is being imported, or was. Nothing was changed.")
        if held["checking"]:
            await batches.stop(organization, held["checking"], by)
        made = await batches.start(
            organization, "check", f"Check {file.name}", by=by, now=now, params={"import": file.id}, total=lines
        )
        await Import.update({
            Import.mapping: mapping, Import.choices: choices, Import.checking: made,
            Import.checked_at: None, Import.plan: {},
        }).where(Import.organization == organization.id, Import.id == file.id)  # fmt: skip
    return made


async def launch(organization: Organization, file: Import, tagged: bool, by: Visitor, now: datetime) -> int:
    """Import what was checked; the id of the batch. Twice is once. Conflict when there is nothing to import."""
    if file.batch:
        return file.batch
    counts = file.plan
    if not file.checking or not file.checked_at:
        raise Conflict("The check has not come to its end. Nothing was imported.")
    if not counts.get("created", 0) + counts.get("updated", 0):
        raise Conflict("Not a single lead would be written. Nothing was imported.")
    choices = file.choices if tagged else file.choices | {"tag": ""}
    async with transaction():
        made = await batches.start(
            organization, "import", f"Import of {file.name}", by=by, now=now, total=file.lines,
            params={"import": file.id, "check": file.checking, "choices": Choices.of(choices).__dict__},
        )  # fmt: skip
        if not await row(LAUNCHED, made, file.choices, organization.id, file.id, file.checking):
            raise Conflict("Somebody else has started this import or a new check. Reload the page.")
    return made


async def recent(organization: Organization, most: int = 10) -> list[dict[str, Any]]:
    """The last files, newest first."""
    return await rows(RECENT, organization.id, most)


def count_lines(place: Path) -> int:
    """About how many lines a file has, for the progress; the check counts exactly."""
    with place.open("rb") as file:
        return sum(block.count(b"\n") or block.count(b"\r") for block in iter(lambda: file.read(1 << 20), b"")) or 1
