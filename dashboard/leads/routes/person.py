"""Who a lead is, and which tags it has."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.tables import Organization
from dashboard.database import row
from dashboard.errors import Invalid
from dashboard.leads import attributes, changes, detail, forms, tags
from dashboard.leads.actions import normalize
from dashboard.leads.routes.dialogs import dialog
from dashboard.leads.routes.showing import show

Form = URLEncodedBody[dict[str, str]]
NAMES = {
    "name": "name", "company": "company", "email": "e-mail", "phone": "phone", "source": "source",
    "attributes": "answers",
}  # fmt: skip


@get("/{org:str}/leads/{id:int}/person", name="leads.person_form", guards=[agent])
async def ask_person(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    lead = await detail.shown(organization, id)
    asked = await attributes.every(organization)
    values = {name: lead[name] for name in forms.PERSON} | {
        f"attribute-{each['key']}": attributes.typed_in(each, lead["attributes"].get(each["key"])) for each in asked
    }
    return dialog(request, "leads/_person_form.html", lead, values, asked=asked, gone=None)


@post("/{org:str}/leads/{id:int}/person", name="leads.person", guards=[agent], status_code=200)
async def set_person(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """Name, company, addresses and the answers to the organization's own questions."""
    lead, asked = await detail.shown(organization, id), await attributes.every(organization)
    try:
        form = forms.PersonForm.parse(data, asked)
        await free_address(organization, form.email, id)
    except Invalid as problem:
        gone = problem.lead if isinstance(problem, WasDeleted) else None
        return dialog(request, "leads/_person_form.html", lead, data, problem.fields, asked=asked, gone=gone)
    said = [word for name, word in NAMES.items() if name != "attributes" and getattr(form, name) != lead[name]]
    if any(lead["attributes"].get(key) != value for key, value in form.attributes.items()):
        said.append(NAMES["attributes"])
    done = await changes.change(
        organization, id, form.facts, "person", "changed who this is", by=user, detail=", ".join(said).capitalize()
    )
    return await show(request, organization, id, now, "Saved." if done.done else "Nothing has changed.", done)


class WasDeleted(Invalid):
    """Who has the address was deleted; `lead` can be brought back."""

    def __init__(self, fields: dict[str, str], lead: int) -> None:
        super().__init__(fields)
        self.lead = lead


async def free_address(organization: Organization, email: str, id: int = 0) -> None:
    """Invalid, with who it is, when another lead has the address already: they can be merged instead."""
    if (address := normalize(email)) is None:
        return
    other = await row(
        "SELECT id, name, email, deleted_at, merged_into FROM lead "
        "WHERE organization = {} AND email_normalized = {} AND id <> {}",
        organization.id, address, id,
    )  # fmt: skip
    if other is None:
        return
    who = other["name"] or other["email"]
    if other["merged_into"]:
        raise Invalid({"email": "This is the other address of a lead that was merged."})
    if other["deleted_at"]:
        raise WasDeleted({"email": f"{who} has this address and was deleted."}, other["id"])
    raise Invalid({"email": f"{who} has this address already."})


@get("/{org:str}/leads/{id:int}/tags", name="leads.tags_form", guards=[agent])
async def ask_tags(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    lead = await detail.shown(organization, id)
    return await _tags(request, organization, lead, [tag["id"] for tag in lead["tags"]])


@post("/{org:str}/leads/{id:int}/tags", name="leads.tag", guards=[agent], status_code=200)
async def set_tags(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Response:
    """Put tags on and take tags off: what differs from how the form was opened, so that two people do not undo each
    other. A word that is no tag yet becomes one."""
    lead, sent = await detail.shown(organization, id), await request.form()
    had, wanted = ({typed.number({"id": value}, "id") for value in sent.getall(name, [])} for name in ("had", "tag"))
    add = await tags.named(organization, sorted(wanted - had))
    remove = await tags.named(organization, sorted(had - wanted))
    if word := typed.text(sent, "new").strip():
        try:
            made = await tags.make(organization, word)
        except Invalid as problem:
            return await _tags(request, organization, lead, sorted(wanted), {"new": problem.fields["name"]}, word)
        add[made["id"]] = made["name"]
    done = await changes.set_tags(organization, id, add=add, remove=remove, by=user)
    return await show(request, organization, id, now, "Tags saved." if done.done else "Nothing has changed.", done)


async def _tags(
    request: Request, organization: Organization, lead: dict[str, Any], chosen: list[int],
    errors: dict[str, str] | None = None, word: str = "",
) -> Template:  # fmt: skip
    known = await tags.every(organization)
    return dialog(request, "leads/_tags_form.html", lead, {"new": word}, errors, known=known, chosen=chosen)


ROUTES = [ask_person, set_person, ask_tags, set_tags]
