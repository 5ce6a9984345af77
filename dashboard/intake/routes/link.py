"""Opening a private link, and the page for one that opens nothing."""

from datetime import datetime
from typing import Any

from litestar import Request, Response
from litestar.response import Redirect, Template

from dashboard import answers
from dashboard.accounts import csrf
from dashboard.accounts.tables import Organization
from dashboard.deliveries.mails import first_name
from dashboard.errors import NotAllowed
from dashboard.formats import initials
from dashboard.forms.definition import find, minutes
from dashboard.intake import queries
from dashboard.intake.queries import IntakeView

HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
REFUSED = "This link is not valid any more. Open the link in the newest mail about your order."


class LinkRefused(NotAllowed):
    """A private link that is wrong, of another kind, or replaced by a newer one."""


def show_refused(request: Request, problem: LinkRefused) -> Response | Template:
    """For people a page that says what to do, for scripts the usual answer."""
    if "application/json" in request.headers.get("accept", ""):
        return answers.answer(request, problem)
    return Template("intake/not_valid.html", context={"brand": None}, status_code=403, headers=HEADERS)


# What every public handler here has in common: its right is the token in its address, so there is no session to forge.
OPEN: dict[str, Any] = {"exception_handlers": {LinkRefused: show_refused}, "outside": True}
# A plain form's post from a page that tells no referrer says "Origin: null", which the general check refuses. These
# handlers check with `own_page` instead.
PLAIN = OPEN | {"any_site": True}


def own_page(request: Request) -> None:
    """Refuse a post that a browser says comes from another site."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise NotAllowed(csrf.REFUSED)


async def open_link(token: str) -> IntakeView:
    """The intake behind a private link, or LinkRefused."""
    intake = await queries.by_token(token)
    if intake is None:
        raise LinkRefused(REFUSED)
    return intake


def base_of(intake: IntakeView) -> str:
    return f"/f/{intake.token}"


def to_form(intake: IntakeView, path: str = "") -> Redirect:
    return Redirect(f"{base_of(intake)}{path}", status_code=303, headers=HEADERS)


def brand_of(organization: Organization) -> dict[str, Any]:
    """Who speaks on a public page."""
    return {
        "name": organization.name, "initials": initials(organization.name), "colour": organization.colour,
        "postal_address": organization.postal_address,
    }  # fmt: skip


def show(name: str, intake: IntakeView, now: datetime, *, status_code: int = 200, **context: Any) -> Template:
    """A page in the organization's name. Nothing of it is kept by the browser or told to the next site."""
    facts = {"brand": brand_of(intake.organization), "intake": intake, "base": base_of(intake), "current": now}
    return Template(name, context=facts | context, status_code=status_code, headers=HEADERS)


def show_form(
    intake: IntakeView, now: datetime, *, status_code: int = 200, errors: dict[str, str] | None = None,
    typed: dict[str, Any] | None = None, notice: str = "",
) -> Template:  # fmt: skip
    """The form with what is saved, or with what was just typed and what is wrong with it."""
    errors = errors or {}
    wrong = [(key, field["label"]) for key in errors if (field := find(intake.definition, key))]
    return show(
        "intake/form.html", intake, now, status_code=status_code, errors=errors, wrong=wrong, notice=notice,
        answers=intake.answers | (typed or {}), visible=intake.visible, minutes=minutes(intake.definition),
        files={key: intake.files_of(key) for key in intake.counts},
        first_name=first_name(intake.order.customer_name),
        kept_from=kept_from(intake.saved_at, now, intake.organization.time_zone) if intake.saved_at else "",
    )  # fmt: skip


def kept_from(saved_at: datetime, now: datetime, zone: str) -> str:
    """When answers were saved, as one says it: "today, 09:42", "yesterday", "Tuesday", "3 November"."""
    from zoneinfo import ZoneInfo

    local = saved_at.astimezone(ZoneInfo(zone))
    days = (now.astimezone(ZoneInfo(zone)).date() - local.date()).days
    if days < 2:
        return f"today, {local:%H:%M}" if days < 1 else "yesterday"
    return f"{local:%A}" if days < 7 else f"{local.day} {local:%B}"
