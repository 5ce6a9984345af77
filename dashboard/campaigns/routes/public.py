"""Unsubscribing, for people and for mail programs (RFC 8058). No session, no script, and looking changes nothing."""

from datetime import timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from dashboard.accounts import attempts
from dashboard.accounts.current import Now, public
from dashboard.accounts.entrance import address_of
from dashboard.accounts.tables import Organization
from dashboard.campaigns import unsubscribing
from dashboard.campaigns.unsubscribing import Recipient
from dashboard.formats import initials

HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
# The token in the address is the right; a mail program posts from a site of its own.
OPEN: dict[str, Any] = {"outside": True, "any_site": True}
CHANGES = attempts.Limit(30, timedelta(minutes=10))  # by one link: a mail program may ask twice, a person may waver
FORGED = attempts.Limit(30, timedelta(minutes=10))  # links that are not ours, from one place
LARGEST = 10_000  # bytes of such a post


@get("/u/{token:str}", name="unsubscribe", guards=[public])
async def show(request: Request, token: FromPath[str], kept: FromQuery[str] = "") -> Template:
    """What this person gets, and what they can stop."""
    person = await unsubscribing.find(token)
    if person is None:
        return refused(token)
    return page(person, token, kept=kept)


@post("/u/{token:str}", name="unsubscribe.change", guards=[public], status_code=200, **OPEN)
async def change(request: Request, token: FromPath[str], now: Now) -> Template | Redirect | Response:
    """One click of a mail program stops everything; the page asks how much."""
    person = await unsubscribing.find(token)
    if person is None:
        await attempts.take([f"unsubscribe:{attempts.place(address_of(request))}"], FORGED, now)
        return refused(token)
    said = await form_of(request)
    await attempts.take([f"unsubscribe:{person.send}"], CHANGES, now)
    if said.get("List-Unsubscribe", "").strip().lower() == "one-click":
        await unsubscribing.leave_all(person, now, "One click in a mail program")
        return Response("Unsubscribed.\n", media_type="text/plain", headers=HEADERS)
    match said.get("what"):
        case "all":
            await unsubscribing.leave_all(person, now, "By the link")
        case "campaign":
            await unsubscribing.leave_campaign(person, now)
        case "back":
            await unsubscribing.come_back(person, now)
            return Redirect(f"/u/{token}?kept=again", status_code=303, headers=HEADERS)
        case "keep":
            return Redirect(f"/u/{token}?kept=1", status_code=303, headers=HEADERS)
        case _:
            return page(person, token, error="Choose what to stop.", status_code=422)
    return Redirect(f"/u/{token}", status_code=303, headers=HEADERS)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a small form, in either of the two ways RFC 8058 allows; empty for anything else."""
    kind = request.headers.get("content-type", "")
    length = request.headers.get("content-length", "0")
    if not kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        return {}
    if not length.isdecimal() or int(length) > LARGEST:
        return {}
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


def page(person: Recipient, token: str, *, kept: str = "", error: str = "", status_code: int = 200) -> Template:
    """In the organization's name. Nothing of it is kept by the browser or told to the next site. `kept`: "1" after
    they chose to change nothing, "again" after they took it back."""
    facts = {"brand": brand_of(person.organization), "person": person, "token": token, "kept": kept, "error": error}
    return Template("campaigns/unsubscribe.html", context=facts, status_code=status_code, headers=HEADERS)


def refused(token: str) -> Template:
    """For a link that opens nothing, in words that help."""
    facts = {"brand": None, "trial": unsubscribing.is_trial(token)}
    status = 200 if facts["trial"] else 403
    return Template("campaigns/unsubscribe_unknown.html", context=facts, status_code=status, headers=HEADERS)


def brand_of(organization: Organization) -> dict[str, Any]:
    """Who speaks on the page."""
    return {"name": organization.name, "initials": initials(organization.name), "colour": organization.colour}


ROUTES = [show, change]
