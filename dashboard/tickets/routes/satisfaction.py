"""The question after a ticket was solved, for the customer: no session, no script, and looking changes nothing."""

from datetime import timedelta

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from dashboard.accounts import attempts
from dashboard.accounts.current import Now, public
from dashboard.accounts.entrance import address_of
from dashboard.accounts.tables import Organization
from dashboard.formats import initials
from dashboard.tickets import satisfaction
from dashboard.tickets.tables import Ticket

HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
CHANGES = attempts.Limit(30, timedelta(minutes=10))
Form = URLEncodedBody[dict[str, str]]


@get("/q/{token:str}", name="satisfaction", guards=[public])
async def show(request: Request, token: FromPath[str]) -> Template:
    """The question, or what was answered."""
    ticket = await satisfaction.find(token)
    return await _page(ticket, token)


@post("/q/{token:str}", name="satisfaction.answer", guards=[public], status_code=200, outside=True)
async def answer(request: Request, token: FromPath[str], now: Now, data: Form) -> Template | Redirect:
    """Keep the answer; the last one counts."""
    ticket = await satisfaction.find(token)
    if ticket is None:
        await attempts.take([f"satisfaction:{attempts.place(address_of(request))}"], CHANGES, now)
        return await _page(None, token)
    await attempts.take([f"satisfaction:{ticket.id}"], CHANGES, now)
    if not await satisfaction.answer(ticket, data.get("said", ""), data.get("note", ""), now):
        return await _page(ticket, token, error="Choose one of the two.", note=data.get("note", ""))
    return Redirect(f"/q/{token}", status_code=303, headers=HEADERS)


async def _page(ticket: Ticket | None, token: str, error: str = "", note: str = "") -> Template:
    if ticket is None:
        context: dict = {"brand": None, "ticket": None}
        return Template("tickets/satisfaction.html", context=context, status_code=404, headers=HEADERS)
    organization = await Organization.objects().get(Organization.id == ticket.organization)
    assert organization is not None
    brand = {"name": organization.name, "colour": organization.colour, "initials": initials(organization.name)}
    return Template(
        "tickets/satisfaction.html", status_code=422 if error else 200, headers=HEADERS,
        context={
            "brand": brand, "ticket": ticket, "token": token, "error": error, "note": note or ticket.satisfaction_note,
        },
    )  # fmt: skip


ROUTES = [show, answer]
