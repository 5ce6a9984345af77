"""What can be done with a form. The draft is edited; a published version is only ever added."""

from collections.abc import Callable
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, transaction
from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.forms import definition as definitions
from dashboard.forms import lead_forms
from dashboard.forms.definition import Definition
from dashboard.forms.handling import Handling
from dashboard.forms.keys import free, one_line, slug
from dashboard.forms.sections import publishable
from dashboard.forms.tables import Form, FormKind, FormVersion

LOCK = "SELECT id FROM form WHERE id = {} AND organization = {} FOR UPDATE"
ARCHIVED = "This form is archived. Bring it back before changing it."


async def create(
    organization: Organization, name: str, *, by: Visitor, draft: Definition | None = None, kind: str = FormKind.intake,
    settings: dict[str, Any] | None = None,
) -> Form:  # fmt: skip
    """A new form as one begins, or with a copy of `draft`. `settings` only mean something to lead forms."""
    name = one_line(name, 120)
    if not name:
        raise Invalid({"name": "Give the form a name, like “Website audit”."})
    if kind not in FormKind.__members__:
        raise Invalid({"kind": "Choose what the form is for."})
    usual = lead_forms.start(name) if kind == FormKind.lead else definitions.empty(name)
    async with transaction():
        await row("SELECT id FROM organization WHERE id = {} FOR UPDATE", organization.id)
        taken = {found["slug"] for found in await Form.select_of(organization, Form.slug)}
        form = Form(
            organization=organization.id, slug=free(slug(name).replace("_", "-"), taken), name=name,
            kind=kind, draft=definitions.complete(draft or usual), settings=settings or {},
        )  # fmt: skip
        await form.save()
        await form.refresh()
        await activity.record(organization, "form", form.id, "created", f"Form {name} created", by=by)
    return form


async def edit(organization: Organization, form: Form, change: Callable[[Definition], Definition]) -> Form:
    """Apply one change to the draft as it is now, so that two people editing at once lose nothing."""
    async with transaction():
        held = await _held(organization, form)
        if held.archived_at:
            raise Conflict(ARCHIVED)
        held.draft = change(held.draft)
        await Form.update({Form.draft: held.draft}).where(Form.id == held.id)
    return held


async def rename(organization: Organization, form: Form, name: str) -> Form:
    """What the team calls the form; the customer reads its title."""
    name = one_line(name, 120)
    if not name:
        raise Invalid({"name": "Give the form a name, like “Website audit”."})
    await Form.update({Form.name: name}).where(Form.id == form.id, Form.organization == organization.id)
    form.name = name
    return form


async def publish(organization: Organization, form: Form, by: Visitor) -> tuple[FormVersion, bool]:
    """Make the draft the version that new intakes begin with. (version, whether it is new): an unchanged draft
    publishes nothing. Versions before it stay as they are, and so do the intakes that began with them."""
    async with transaction():
        held = await _held(organization, form)
        if held.archived_at:
            raise Conflict(ARCHIVED)
        wanted = publishable(held.draft)
        if faults := faults_of(held, wanted):
            raise Invalid({"draft": " ".join(faults)}, "The form cannot be published yet.")
        newest = (
            await FormVersion.of(organization)
            .where(FormVersion.form == form.id, FormVersion.number == held.published)
            .first()
        )
        if newest and newest.definition == wanted:
            return newest, False
        version = FormVersion(
            organization=organization.id, form=form.id, number=held.published + 1, definition=wanted, published_by=by.id
        )
        await version.save()
        await Form.update({Form.published: version.number}).where(Form.id == form.id)
        title = f"Form {held.name} published as version {version.number}"
        await activity.record(organization, "form", form.id, "published", title, by=by)
    return version, True


async def archive(organization: Organization, form: Form, *, archived: bool, by: Visitor) -> bool:
    """Take a form out of use, or bring it back. Nothing is deleted: its intakes go on. False when it was so already."""
    moved = await row(
        "UPDATE form SET archived_at = CASE WHEN {} THEN now() END WHERE id = {} AND organization = {} "
        "AND (archived_at IS NULL) = {} RETURNING id",
        archived, form.id, organization.id, archived,
    )  # fmt: skip
    if moved:
        verb = "archived" if archived else "brought back"
        await activity.record(organization, "form", form.id, verb, f"Form {form.name} {verb}", by=by)
    return bool(moved)


async def duplicate(organization: Organization, form: Form, by: Visitor) -> Form:
    """A new form with the same draft, not published."""
    copy: dict[str, Any] = {"kind": form.kind, "settings": form.settings}
    return await create(organization, f"{form.name[:110]} copy", by=by, draft=publishable(form.draft), **copy)


async def handle(organization: Organization, form: Form, handling: Handling, by: Visitor) -> bool:
    """What happens with the answers of a lead form from now on. The same again changes nothing (False)."""
    async with transaction():
        held = await _held(organization, form)
        if held.archived_at:
            raise Conflict(ARCHIVED)
        if held.kind != FormKind.lead:
            raise NotFound("Only lead forms are handled so.")
        if held.settings == handling.stored():
            return False
        await Form.update({Form.settings: handling.stored()}).where(Form.id == held.id)
        await activity.record(organization, "form", form.id, "handling", f"Handling of form {held.name} changed", by=by)
    return True


def faults_of(form: Form, draft: Definition) -> list[str]:
    """What is wrong with a draft, by what the form is for."""
    return definitions.faults(draft) + (list(lead_forms.faults(draft)) if form.kind == FormKind.lead else [])


async def _held(organization: Organization, form: Form) -> Form:
    """The form as it is now, held until the transaction ends."""
    if await row(LOCK, form.id, organization.id) is None:
        raise NotFound()
    return await Form.get_of(organization, form.id)
