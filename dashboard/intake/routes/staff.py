"""What the team does with an intake, on the order's page."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.tables import Organization
from dashboard.errors import Invalid
from dashboard.files.uploads import Posted, read_values
from dashboard.intake import actions, queries
from dashboard.intake.queries import IntakeView
from dashboard.orders.queries import get_order
from dashboard.pages import fragment

PATH = "/{org:str}/orders/{number:int}/intake"


async def intake_of(organization: Organization, number: int) -> IntakeView:
    return await queries.get(organization, await get_order(organization, number))


async def typed(request: Request) -> Posted:
    return Posted(await read_values(request))


def seen(form: Posted) -> int | None:
    """What the person saw when they clicked; a number that means nothing else is ignored."""
    given = form.get("seen")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 9 else None


async def block(request: Request, intake: IntakeView, **also: Any) -> Template:
    """The answers on the order page, as they now are."""
    intake = await queries.again(intake)
    return fragment(request, "intake/_answers.html", intake=intake, **also)


@get(PATH + "/asks/new", name="intake.choose_asks", guards=[agent])
async def choose_asks(request: Request, organization: CurrentOrganization, number: FromPath[int]) -> Template:
    """The dialog that offers the questions."""
    intake = await intake_of(organization, number)
    return fragment(request, "intake/_ask.html", intake=intake, errors={}, chosen=[], message="", open_dialog="#dialog")


@post(PATH + "/asks", name="intake.ask_again", guards=[agent], status_code=200)
async def ask_again(
    request: Request, organization: CurrentOrganization, user: CurrentUser, number: FromPath[int], now: Now
) -> Template:
    """Open some questions once more and mail the customer."""
    intake, form = await intake_of(organization, number), await typed(request)
    try:
        asked = await actions.ask_again(
            intake, form.all("fields"), form.get("message"), by=user, now=now, seen=seen(form)
        )
    except Invalid as problem:
        return fragment(
            request, "intake/_ask.html", status_code=422, intake=intake, errors=problem.fields,
            chosen=form.all("fields"), message=form.get("message"),
        )  # fmt: skip
    notice = "Asked again. The order waits for the answer." if asked else "This was asked already."
    return await block(request, intake, notice=notice, close_dialog=True)


@post(PATH + "/link", name="intake.new_link", guards=[agent], status_code=200)
async def new_link(
    request: Request, organization: CurrentOrganization, user: CurrentUser, number: FromPath[int]
) -> Template:
    """Replace the private link; nobody is told, so the toast says what to do."""
    intake = await intake_of(organization, number)
    made = await actions.new_link(intake, by=user, seen=seen(await typed(request)))
    notice = "New link made, the old one is dead. Copy it and send it." if made else "The link was replaced already."
    return await block(request, intake, notice=notice)


ROUTES = [choose_asks, ask_again, new_link]
