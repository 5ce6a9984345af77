"""The organization's own settings."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Template

from dashboard.accounts import organizations
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, role_of, viewer
from dashboard.accounts.tables import Role
from dashboard.activity import actions as activity
from dashboard.database import transaction
from dashboard.deliveries import held
from dashboard.errors import Conflict, Invalid
from dashboard.pages import fragment, page, redirect


def _choices() -> dict[str, Any]:
    return {
        "days": organizations.DAYS, "colours": organizations.COLOURS, "tones": organizations.TONES,
        "zones": organizations.time_zones(), "currencies": organizations.currencies(),
    }  # fmt: skip


@get("/{org:str}/settings", name="settings.organization", guards=[viewer])
async def show_organization(request: Request, organization: CurrentOrganization) -> Template:
    """Brand, working hours, persona and rules, as they are."""
    values = organizations.typed(organization)
    return page(
        request, "settings/organization.html", "settings/_organization.html", values=values, errors={}, **_choices()
    )


@post("/{org:str}/settings", name="settings.save_organization", guards=[admin], status_code=200)
async def save_organization(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now,
    data: URLEncodedBody[dict[str, str]],
) -> Response | Template:  # fmt: skip
    """Save the whole page, or say at each field what is wrong and keep what was typed."""
    owner, before = role_of(request) is Role.owner, organization.slug
    had_sender = bool(organization.from_address)
    try:
        typed = data if owner else data | {"slug": before}
        form = organizations.Settings.parse(typed)
        if owner and form.second_factor_required and not user.second_factor:
            raise Invalid({"second_factor_required": "Set up your own second factor first, on your account page."})
        async with transaction():
            organization = await organizations.save(organization, form, owner=owner)
            await activity.record(organization, "organization", organization.id, "changed", "Settings saved", by=user)
            if organization.from_address and not had_sender:
                await held.release_held(organization.id, ["mail"], now)
    except (Invalid, Conflict) as problem:
        errors = problem.fields if isinstance(problem, Invalid) else {"slug": problem.message}
        return fragment(
            request, "settings/_organization.html", status_code=problem.status, values=data, errors=errors, **_choices()
        )
    if organization.slug != before:
        return redirect(request, f"/{organization.slug}/settings")
    values = organizations.typed(organization)
    return fragment(request, "settings/_organization.html", values=values, errors={}, notice="Saved", **_choices())


ROUTES = [show_organization, save_organization]
