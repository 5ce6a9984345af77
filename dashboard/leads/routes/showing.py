"""What an action on a lead answers with: the lead as it is now, or a toast alone where its page is not open."""

import json
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.tables import Organization
from dashboard.campaigns import membership
from dashboard.leads import attributes, detail, duplicates
from dashboard.leads.changes import Changed
from dashboard.leads.routes import history
from dashboard.orders import bought
from dashboard.pages import fragment, toast
from dashboard.tickets import of_person

BOARD = "board"  # `in=board`: the action was done on the board


def today(organization: Organization, now: datetime) -> date:
    return now.astimezone(ZoneInfo(organization.time_zone)).date()


def href(organization: Organization, id: int, *rest: object) -> str:
    """An address below a lead's own."""
    return "/".join([f"/{organization.slug}/leads/{id}", *(str(part) for part in rest)])


def on_board(request: Request) -> bool:
    return request.query_params.get("in") == BOARD


async def context(
    organization: Organization, id: int, now: datetime, shown: str = "all", until: str = ""
) -> dict[str, Any]:
    """What the lead's templates need."""
    lead = await detail.shown(organization, id)
    return await facts(organization, lead, now, shown, until)


async def facts(
    organization: Organization, lead: dict[str, Any], now: datetime, shown: str = "all", until: str = ""
) -> dict[str, Any]:
    asked = await attributes.every(organization)
    who = {name: lead[name] for name in ("email", "phone", "name", "company")}
    known = [(each["label"], attributes.shown(each, lead["attributes"].get(each["key"]))) for each in asked]
    return {
        "lead": lead, "now": now, "zone": organization.time_zone, "today": today(organization, now),
        "history": await history.read(organization, lead, shown, until=until),
        "bought": await bought.of_lead(organization, lead["id"]),
        "membership": await membership.of_lead(organization, lead),
        "written": await of_person.find(organization, lead["id"]),
        "duplicates": await duplicates.like(organization, without=lead["id"], limit=3, **who),
        "answers": [(label, text) for label, text in known if text], "once": typed.once(),
    }  # fmt: skip


async def show(
    request: Request, organization: Organization, id: int, now: datetime, notice: str, changed: Changed | None = None,
    undo: str = "",
) -> Template | Response:  # fmt: skip
    """The lead's page after an action; on the board a toast, and the board asks for itself. `undo` is the address that
    takes a change back, where it is not the usual one."""
    if changed is not None and not changed.done:
        undo = ""
    elif changed is not None:
        undo = undo or href(organization, id, "changes", changed.batch, "reversal")
    if on_board(request):
        answer = toast(notice, undo=f"{undo}?in={BOARD}" if undo else None, undo_target="", close_dialog=True)
        return refresh_board(answer)
    found = await context(organization, id, now)
    return fragment(
        request, "leads/_lead.html", notice=notice, undo=undo or None, undo_target="#lead", close_dialog=True, **found
    )


def refresh_board(answer: Response) -> Response:
    """The same answer, and the board shows what there is now."""
    events = json.loads(answer.headers["HX-Trigger"]) if "HX-Trigger" in answer.headers else {}
    answer.headers["HX-Trigger"] = json.dumps(events | {"lead-moved": {}})
    return answer
