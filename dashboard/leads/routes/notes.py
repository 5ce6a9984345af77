"""The notes of a lead."""

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, role_of
from dashboard.activity.tables import Note
from dashboard.errors import Invalid, NotFound
from dashboard.leads import detail, forms, notes
from dashboard.leads.routes.dialogs import dialog
from dashboard.leads.routes.showing import context, href, show
from dashboard.pages import fragment

Form = URLEncodedBody[dict[str, str]]


@post("/{org:str}/leads/{id:int}/notes", name="leads.note", guards=[agent], status_code=200)
async def write(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """Add a note."""
    word = typed.token(data)
    try:
        text = forms.note(data)
    except Invalid as problem:
        facts = await context(organization, id, now)
        return fragment(request, "leads/_note.html", errors=problem.fields, status_code=422, **facts)
    note = await notes.write(organization, id, text, word, user)
    undo = href(organization, id, "notes", note.id, "removal") if note else ""
    return await show(request, organization, id, now, "Note saved. Only your team sees it.", undo=undo)


@get("/{org:str}/leads/{id:int}/notes/{note:int}", name="leads.note_form", guards=[agent])
async def ask_change(
    request: Request, organization: CurrentOrganization, id: FromPath[int], note: FromPath[int]
) -> Template:
    lead = await detail.shown(organization, id)
    found = (
        await Note.of(organization).where(Note.id == note, Note.subject_kind == "lead", Note.subject_id == id).first()
    )
    if found is None:
        raise NotFound("There is no such note.")
    return dialog(request, "leads/_note_form.html", lead, {"text": found.text}, note=note)


@post("/{org:str}/leads/{id:int}/notes/{note:int}", name="leads.change_note", guards=[agent], status_code=200)
async def change(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    note: FromPath[int], data: Form,
) -> Template | Response:  # fmt: skip
    """Other words for a note of one's own."""
    lead = await detail.shown(organization, id)
    try:
        text = forms.note(data)
    except Invalid as problem:
        return dialog(request, "leads/_note_form.html", lead, data, problem.fields, note=note)
    done = await notes.change(organization, id, note, text, user, role_of(request), now)
    undo = href(organization, id, "notes", "changes", done.batch, "reversal")
    return await show(request, organization, id, now, "Note changed.", done, undo)


@post("/{org:str}/leads/{id:int}/notes/{note:int}/removal", name="leads.delete_note", guards=[agent], status_code=200)
async def delete(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    note: FromPath[int],
) -> Template | Response:  # fmt: skip
    """Take a note of one's own away."""
    done = await notes.delete(organization, id, note, user, role_of(request))
    undo = href(organization, id, "notes", "changes", done.batch, "reversal")
    return await show(
        request, organization, id, now, "Note deleted." if done.done else "It is gone already.", done, undo
    )


@post(
    "/{org:str}/leads/{id:int}/notes/changes/{batch:str}/reversal",
    name="leads.undo_note",
    guards=[agent],
    status_code=200,
)
async def undo(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    batch: FromPath[str],
) -> Template | Response:  # fmt: skip
    """The note as it was."""
    back = await notes.reverse(organization, id, batch, user)
    notice = "It has changed since. Nothing was taken back." if back.since else "The note is as it was."
    return await show(request, organization, id, now, notice)


ROUTES = [write, ask_change, change, delete, undo]
