"""Files that are handed over."""

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.errors import Invalid
from dashboard.files.uploads import received
from dashboard.orders import deliverables, queries
from dashboard.orders.routes.showing import in_drawer, show
from dashboard.pages import fragment


@get("/{org:str}/orders/{number:int}/deliverables/new", name="orders.upload_form", guards=[agent])
async def ask_add(request: Request, organization: CurrentOrganization, number: FromPath[int]) -> Template:
    order = await queries.get_order(organization, number)
    return fragment(request, "orders/_upload.html", order=order, drawer=in_drawer(request), open_dialog="#dialog")


@post(
    "/{org:str}/orders/{number:int}/deliverables", name="orders.add_deliverable", guards=[agent], status_code=200,
    request_max_body_size=None,
)  # fmt: skip
async def add(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    """Read the upload as it comes, straight to the disk."""
    order = await queries.get_order(organization, number)
    async with received(request) as posted:
        if not posted.files:
            raise Invalid({"file": "Choose a file first."}, "Choose a file first. Nothing was added.")
        for file in posted.files:
            made = await deliverables.add(
                organization, order, await file.writing.keep(), file.name, title=posted.get("title"),
                is_report=posted.get("is_report") == "yes", by=user,
            )  # fmt: skip
    notice = f"{made.title}, version {made.version}, added. The customer gets it with the handover."
    return await show(request, organization, number, now, notice=notice, close_dialog=True)


@post(
    "/{org:str}/orders/{number:int}/deliverables/{id:int}/withdrawal", name="orders.withdraw", guards=[agent],
    status_code=200,
)  # fmt: skip
async def withdraw(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int],
    id: FromPath[int],
) -> Template:  # fmt: skip
    order = await queries.get_order(organization, number)
    taken = await deliverables.withdraw(organization, order, id, user, now)
    notice = f"{taken.title}, version {taken.version}, taken away. Links to it have stopped working."
    undo = f"/{organization.slug}/orders/{number}/deliverables/{id}/restoration"
    return await show(request, organization, number, now, notice=notice, undo=undo)


@post(
    "/{org:str}/orders/{number:int}/deliverables/{id:int}/restoration", name="orders.restore", guards=[agent],
    status_code=200,
)  # fmt: skip
async def restore(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int],
    id: FromPath[int],
) -> Template:  # fmt: skip
    back = await deliverables.restore(organization, await queries.get_order(organization, number), id, user)
    return await show(request, organization, number, now, notice=f"{back.title} is back.")


ROUTES = [ask_add, add, withdraw, restore]
