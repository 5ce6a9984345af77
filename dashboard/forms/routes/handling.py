"""A lead form's address, where it may be embedded, and what happens with the answers."""

import html
from typing import Any

from litestar import Request, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard import links
from dashboard.accounts import team
from dashboard.accounts.current import CurrentOrganization, CurrentUser, admin
from dashboard.accounts.tables import Organization
from dashboard.errors import Invalid
from dashboard.files.uploads import read_values
from dashboard.forms import actions, queries
from dashboard.forms.definition import Definition, fields
from dashboard.forms.handling import Handling, conditions
from dashboard.forms.tables import Form
from dashboard.leads.tables import Tag
from dashboard.pages import fragment

HEIGHT = 240, 86  # pixels of the frame: of the page itself, and of each question


async def shown(organization: Organization, form: Form, **typed: Any) -> dict[str, Any]:
    """What the section shows: what is stored, or what was just typed."""
    tags = await Tag.select_of(organization, Tag.id, Tag.name, Tag.colour).order_by(Tag.name)
    version = await queries.current_version(organization, form.id)
    asked: Any = version.definition if version else form.draft
    link = links.inside(f"/{organization.slug}/forms/{form.slug}")
    return {
        "handling": Handling.of(form), "handling_errors": {}, "all_tags": tags, "public": bool(form.published),
        "people": [("", "Nobody"), *((str(each["user"]), each["name"]) for each in await team.members(organization))],
        "link": link, "conditions": conditions(form.draft), "embed": embed(link, asked),
    } | typed  # fmt: skip


def embed(link: str, definition: Definition) -> str:
    """What goes into the page of another site."""
    height = HEIGHT[0] + HEIGHT[1] * sum(1 for _ in fields(definition))
    title = html.escape(definition["title"])
    return (
        f'<iframe src="{html.escape(link)}/frame" title="{title}" width="100%" height="{height}" loading="lazy" '
        'style="border: 0"></iframe>'
    )


@post("/{org:str}/settings/forms/{id:int}/handling", name="forms.handle", guards=[admin], status_code=200)
async def handle_answers(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    """Save where the form may be shown and what its answers do; or say what is wrong."""
    form, posted = await Form.get_of(organization, id), await read_values(request)
    data, facts = dict(posted), await shown(organization, form)
    try:
        wanted = Handling.parse(
            data, [value for name, value in posted if name == "tags"], tags=[tag["id"] for tag in facts["all_tags"]],
            people=[int(person) for person, _ in facts["people"] if person], definition=form.draft,
        )  # fmt: skip
    except Invalid as problem:
        typed = {"handling": as_typed(data, posted), "handling_errors": problem.fields}
        return fragment(request, "forms/_handling.html", status_code=422, form=form, **facts | typed)
    changed = await actions.handle(organization, form, wanted, user)
    form = await Form.get_of(organization, id)
    notice = "Saved" if changed else "Nothing has changed."
    return fragment(request, "forms/_handling.html", form=form, notice=notice, **await shown(organization, form))


def as_typed(data: dict[str, str], posted: list[tuple[str, str]]) -> dict[str, Any]:
    """What was typed, in the shape of what is stored."""
    return {name: data.get(name, "") for name in Handling.__dataclass_fields__} | {
        "origins": data.get("origins", "").split(), "tags": [tag for name, tag in posted if name == "tags"],
    }  # fmt: skip


ROUTES = [handle_answers]
