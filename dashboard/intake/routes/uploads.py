"""The customer's files, one by one while the form is open."""

from typing import Any

from litestar import Request, Response, delete, post
from litestar.params import FromPath
from litestar.response import Redirect

from dashboard.accounts.current import Now, public
from dashboard.errors import DashboardError
from dashboard.files.uploads import LARGEST_FILE, received, refuse_declared
from dashboard.intake import answering, attachments, queries
from dashboard.intake.routes.form import save_quietly, state_of
from dashboard.intake.routes.link import HEADERS, OPEN, PLAIN, base_of, open_link, own_page, to_form


@post("/f/{token:str}/files/{field:str}", name="intake.upload", guards=[public], status_code=200,
      request_max_body_size=None, **OPEN)  # fmt: skip
async def upload(request: Request, token: FromPath[str], field: FromPath[str], now: Now) -> Response[dict[str, Any]]:
    """Take one file, straight to the disk. Too large, closed or full is said before the bytes are read."""
    intake = await open_link(token)
    attachments.file_field(intake, field)
    refuse_declared(request, min(LARGEST_FILE, max(0, attachments.room_left(intake))))
    async with received(request, total_limit=LARGEST_FILE) as posted:
        if not posted.files:
            raise DashboardError("No file arrived. Choose one and try again.")
        file = await attachments.add_file(intake, field, posted.files[0], now)
    row = request.app.template_engine.get_template("intake/_upload.html")  # type: ignore[union-attr]
    html = row.render(file=file, base=base_of(intake))
    return Response(state_of(await queries.again(intake)) | {"html": html}, headers=HEADERS)


@delete("/f/{token:str}/uploads/{id:int}/removal", name="intake.remove_file", guards=[public], status_code=200, **OPEN)
async def remove_upload(token: FromPath[str], id: FromPath[int], now: Now) -> Response[dict[str, Any]]:
    """Take a file back."""
    intake = await open_link(token)
    await attachments.remove_file(intake, id, now)
    return Response(state_of(await queries.again(intake)), headers=HEADERS)


@post("/f/{token:str}/uploads/{id:int}/removal", name="intake.remove_file_plain", guards=[public], status_code=200,
      request_max_body_size=None, **PLAIN)  # fmt: skip
async def remove_upload_plainly(request: Request, token: FromPath[str], id: FromPath[int], now: Now) -> Redirect:
    """The same without scripts: the button belongs to the whole form, so what was typed is saved on the way."""
    own_page(request)
    intake = await open_link(token)
    async with received(request) as posted:
        answering.refuse_closed(intake)
        await attachments.remove_file(intake, id, now)
        await save_quietly(intake, posted, now)
    return to_form(intake)


ROUTES = [upload, remove_upload, remove_upload_plainly]
