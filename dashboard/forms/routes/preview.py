"""The draft as a customer would see it."""

from typing import Any

from litestar import Request, Response, get, patch
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, viewer
from dashboard.files.uploads import read_values
from dashboard.formats import initials
from dashboard.forms import answers
from dashboard.forms.definition import minutes, shown
from dashboard.forms.tables import Form

PATH = "/{org:str}/settings/forms/{id:int}/preview"


@get(PATH, name="forms.preview", guards=[viewer])
async def show_preview(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    """Drawn by the macros of the public form itself. Nothing typed here is kept."""
    form = await Form.get_of(organization, id)
    brand = {
        "name": organization.name, "initials": initials(organization.name), "colour": organization.colour,
        "postal_address": organization.postal_address,
    }  # fmt: skip
    facts = {
        "brand": brand, "form": form, "definition": form.draft, "visible": shown(form.draft, {}),
        "minutes": minutes(form.draft), "total": answers.progress(form.draft, {}, {})[1],
        "shell": request.scope["shell"],  # type: ignore[typeddict-item]
    }  # fmt: skip
    return Template("forms/preview.html", context=facts)


@patch(PATH, name="forms.try_preview", guards=[viewer])
async def try_preview(
    request: Request, organization: CurrentOrganization, id: FromPath[int]
) -> Response[dict[str, Any]]:
    """Which questions these answers would show. Saves nothing."""
    form = await Form.get_of(organization, id)
    taken = answers.take(form.draft, await read_values(request))
    done, total = answers.progress(form.draft, taken.answers, {})
    return Response({"done": done, "total": total, "visible": shown(form.draft, taken.answers)})


ROUTES = [show_preview, try_preview]
