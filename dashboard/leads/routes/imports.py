"""Importing a file of leads: the file, its columns, the check, and off it goes."""

import asyncio
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.tables import Organization
from dashboard.errors import Conflict, DashboardError, Invalid
from dashboard.files import actions as files
from dashboard.files import storage
from dashboard.files.uploads import LARGEST_ORDER, received
from dashboard.leads import attributes, outcomes, stages, tags
from dashboard.leads.importing import columns, formats, imports
from dashboard.leads.importing.formats import Format
from dashboard.leads.importing.forms import Settings
from dashboard.leads.routes.batches import shown_lines
from dashboard.leads.tables import Import
from dashboard.orders import queries as orders
from dashboard.pages import fragment, page, redirect

LARGEST = LARGEST_ORDER  # bytes


def href(organization: Organization, id: int, *rest: str) -> str:
    return "/".join([f"/{organization.slug}/leads/import/{id}", *rest])


@get("/{org:str}/leads/import", name="leads.import", guards=[agent])
async def ask_file(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """Choose a file; below it what was imported lately."""
    found = await imports.recent(organization)
    return page(
        request, "leads/import_file.html", files=found, now=now, zone=organization.time_zone, errors={}, largest=LARGEST
    )  # fmt: skip


@post("/{org:str}/leads/import", name="leads.upload", guards=[agent], status_code=200, request_max_body_size=None)
async def upload(request: Request, organization: CurrentOrganization, user: CurrentUser) -> Template | Response:
    """Take the file, straight to the disk, and understand how it is written. What is no file of lines is not kept."""
    try:
        async with received(request, file_limit=LARGEST, total_limit=LARGEST) as posted:
            if not posted.files or not posted.files[0].size:
                raise Invalid({"file": "Choose a file first."})
            given = posted.files[0]
            stored = await given.writing.keep()
    except Invalid as problem:
        return _refused(request, problem.fields["file"], 422)
    except DashboardError as problem:
        return _refused(request, problem.message, problem.status)
    place = storage.path_of(stored.key)
    try:
        form = await asyncio.to_thread(formats.understand, place)
        kept = await files.record(organization, stored, given.name, "staff")
        file = await imports.take_in(organization, place, form, kept.name, stored.key, stored.size, user)
    except Invalid as problem:
        await storage.delete(stored.key)
        return _refused(request, problem.fields["file"], 422)
    return redirect(request, href(organization, file.id, "columns"))


def _refused(request: Request, why: str, status: int) -> Template:
    return fragment(request, "leads/_import_file.html", status_code=status, errors={"file": why}, largest=LARGEST)


@get("/{org:str}/leads/import/{id:int}", name="leads.import_step", guards=[agent])
async def go_on(organization: CurrentOrganization, id: FromPath[int]) -> Redirect:
    """To the step this file has come to."""
    return _onward(organization, await imports.get(organization, id))


def _onward(organization: Organization, file: Import) -> Redirect:
    if file.batch:
        return Redirect(f"/{organization.slug}/leads/batches/{file.batch}", status_code=303)
    return Redirect(href(organization, file.id, "check" if file.checking else "columns"), status_code=303)


@get("/{org:str}/leads/import/{id:int}/columns", name="leads.columns", guards=[agent])
async def ask_columns(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template | Redirect:
    file = await imports.get(organization, id)
    if file.batch:
        return _onward(organization, file)
    file = await imports.open_for_changes(organization, id)
    values = Settings.shown(file.mapping, file.choices)
    return page(request, "leads/import_columns.html", **await _columns(organization, file, values, {}))


@post("/{org:str}/leads/import/{id:int}/columns", name="leads.check", guards=[agent], status_code=200)
async def check(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Response:
    """Check every line with this meaning of the columns. Nothing of it is written to the leads."""
    file = await imports.open_for_changes(organization, id)
    data = await request.form()
    asked, steps = await attributes.every(organization), await stages.steps(organization)
    team = {str(person["id"]): person["name"] for person in await orders.team(organization)}
    values = {
        name: typed.text({name: str(data.get(name, ""))}, name) for name in ("known", "owner", "stage", "source", "tag")
    }
    given = [str(data.get(f"column-{number}", "?")) for number in range(len(file.columns))]
    try:
        mapping = columns.chosen(given, len(file.columns), asked)
        settings = Settings.parse(values, team, steps)
    except Invalid as problem:
        if not problem.fields:
            raise
        context = await _columns(organization, file, values | {"mapping": given}, problem.fields)
        return fragment(request, "leads/_import_columns.html", status_code=422, **context)
    lines = await asyncio.to_thread(imports.count_lines, storage.path_of(file.path))
    await imports.check(organization, file, mapping, settings.choices(), lines, user, now)
    return redirect(request, href(organization, id, "check"))


@post("/{org:str}/leads/import/{id:int}/reading", name="leads.read_as", guards=[agent], status_code=200)
async def read_as(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Response:
    """Read the file in another way than was understood."""
    file = await imports.open_for_changes(organization, id)
    data = await request.form()
    encoding, delimiter = str(data.get("encoding", "")), str(data.get("delimiter", ""))
    if encoding not in formats.ENCODINGS or delimiter not in formats.DELIMITERS:
        raise Invalid({}, "Choose one of the encodings and separators. Nothing was changed.")
    form = Format(encoding, delimiter, data.get("has_header") == "1")
    try:
        await imports.read_as(organization, file, storage.path_of(file.path), form)
    except (FileNotFoundError, UnicodeError):
        raise Conflict("The file cannot be read in this way. Nothing was changed.") from None
    return redirect(request, href(organization, id, "columns"))


async def _columns(
    organization: Organization, file: Import, values: dict[str, Any], errors: dict[str, str]
) -> dict[str, Any]:
    asked = await attributes.every(organization)
    return {
        "file": file, "values": values, "errors": errors, "targets": columns.targets(asked),
        "samples": await asyncio.to_thread(imports.samples, storage.path_of(file.path), file),
        "steps": await stages.steps(organization), "team": await orders.team(organization),
        "tags": await tags.every(organization), "written": imports.format_of(file).words(),
        "encodings": formats.CHOICES, "delimiters": formats.DELIMITERS,
    }  # fmt: skip


@get("/{org:str}/leads/import/{id:int}/check", name="leads.checked", guards=[agent])
async def show_check(
    request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int], show: FromQuery[str] = "",
    after: FromQuery[int] = 0,
) -> Template | Redirect:  # fmt: skip
    """What would happen to every line; while it is being found out, how far it is."""
    file = await imports.get(organization, id)
    if file.batch or not file.checking:
        return _onward(organization, file)
    batch = await outcomes.find(organization, file.checking, now)
    return page(
        request, "leads/import_check.html", "leads/_import_check.html", file=file, batch=batch, now=now,
        zone=organization.time_zone, written=imports.format_of(file).words(),
        **await shown_lines(organization, batch, show, after),
    )  # fmt: skip


@post("/{org:str}/leads/import/{id:int}/launch", name="leads.launch", guards=[agent], status_code=200)
async def launch(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Response:
    """Import what was checked."""
    file = await imports.get(organization, id)
    tagged = (await request.form()).get("tagged") == "1"
    batch = await imports.launch(organization, file, tagged, user, now)
    return redirect(request, f"/{organization.slug}/leads/batches/{batch}")


ROUTES = [ask_file, upload, go_on, ask_columns, check, read_as, show_check, launch]
