"""What was done to many leads: how far it is, what came of each, and the way back."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream, Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.campaigns.batches import OPENING
from dashboard.database import transaction
from dashboard.formats import num
from dashboard.leads import batches, bulk, engine, outcomes
from dashboard.leads.importing import imports
from dashboard.lists import spreadsheet
from dashboard.pages import page, redirect, toast


@get("/{org:str}/leads/batches", name="leads.batches", guards=[viewer])
async def list_batches(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """What was done lately, newest first."""
    found = await outcomes.recent(organization, now)
    return page(
        request, "leads/batches.html", "leads/_batches.html", batches=found, now=now, zone=organization.time_zone
    )  # fmt: skip


@get("/{org:str}/leads/batches/{id:int}", name="leads.batch", guards=[viewer])
async def show_batch(
    request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int], show: FromQuery[str] = "",
    after: FromQuery[int] = 0,
) -> Template | Redirect:  # fmt: skip
    """How far it is, and each lead it came to."""
    batch = await outcomes.find(organization, id, now)
    if batch["kind"] == "check":
        return Redirect(f"/{organization.slug}/leads/import/{batch['params']['import']}", status_code=303)
    file = await imports.get(organization, batch["params"]["import"]) if batch["kind"] == "import" else None
    return page(
        request, "leads/batch.html", "leads/_batch.html", batch=batch, file=file, now=now, zone=organization.time_zone,
        **await shown_lines(organization, batch, show, after),
    )  # fmt: skip


async def shown_lines(organization: Organization, batch: dict[str, Any], show: str, after: int) -> dict[str, Any]:
    """A page of a batch's lines for the templates."""
    show = show if show in outcomes.OUTCOMES else ""
    after = after if 0 < after < 2**63 else 0
    found = await outcomes.lines(organization, batch["id"], show, after)
    more = found[outcomes.SIZE - 1]["id"] if len(found) > outcomes.SIZE else 0
    return {"lines": found[: outcomes.SIZE], "show": show, "after": after, "more": more}


@get("/{org:str}/leads/batches/{id:int}/errors.csv", name="leads.batch_errors", guards=[agent])
async def export_errors(organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Stream:
    """What could not be done: for a file its own columns, so that it can be mended and imported again."""
    batch = await outcomes.find(organization, id, now)
    of_file = batch["kind"] in ("check", "import")
    titles = (await imports.get(organization, batch["params"]["import"])).columns if of_file else ["Name", "E-mail"]
    name = f"{organization.slug}-errors-{id}.csv"
    header = ["Line" if of_file else "Lead", "Why", *titles]
    return spreadsheet.answer(name, header, _errors(organization, id, of_file))


async def _errors(organization: Organization, id: int, of_file: bool) -> AsyncIterator[spreadsheet.Lines]:
    async for found in outcomes.failed(organization, id):
        yield [
            (each["number"], each["reason"], *each["cells"]) if of_file
            else (each["lead"], each["reason"], each["who"], each["address"]) for each in found
        ]  # fmt: skip


@post("/{org:str}/leads/batches/{id:int}/cancellation", name="leads.stop_batch", guards=[agent], status_code=200)
async def stop_batch(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Response:
    """Go no further; what was done stays."""
    await outcomes.find(organization, id, now)
    stopped = await batches.stop(organization, id, user)
    return toast(
        "Stopped. What was done stays, and can be taken back." if stopped else "It had come to its end already."
    )


@post("/{org:str}/leads/batches/{id:int}/reversal", name="leads.undo_batch", guards=[agent], status_code=200)
async def undo_batch(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Response:
    """Take it back: every lead as it was, but for those somebody has changed since."""
    async with transaction():
        if not await batches.reverse(organization, id, now):
            return toast("It was taken back already, or is older than 30 days. Nothing was changed.")
        batch = await outcomes.find(organization, id, now)
        running = await engine.take(id) if batch["total"] <= bulk.SMALL else None
    if running is None:
        return redirect(request, f"/{organization.slug}/leads/batches/{id}")
    await engine.carry_out(running, OPENING)
    counts = (await outcomes.find(organization, id, now))["counts"]
    said = f"{bulk.leads(counts['restored'])} as before." if counts["restored"] else "Nothing was taken back."
    kept = f" {num(counts['kept'])} changed since, kept." if counts["kept"] else ""
    return toast(said + kept)


ROUTES = [list_batches, show_batch, export_errors, stop_batch, undo_batch]
