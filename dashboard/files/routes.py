"""Handing files out: always as an attachment, never as something a browser would run in our name."""

from litestar import Request, Response, route
from litestar.enums import HttpMethod
from litestar.params import FromPath
from litestar.response import Stream, Template

from dashboard import links
from dashboard.accounts.current import CurrentOrganization, public, viewer
from dashboard.errors import NotFound
from dashboard.files import storage
from dashboard.files.names import disposition
from dashboard.files.tables import File

CSP = "sandbox; default-src 'none'"
GONE = "The file has been lost on our side. Its entry is still here; ask for it to be added again."


async def download(request: Request, file: File) -> Response | Stream:
    """The bytes of a file under its shown name."""
    if not await storage.exists(file.storage_key):
        raise NotFound(GONE)
    headers = {
        "Content-Disposition": disposition(file.name),
        "Content-Length": str(file.size),
        "Content-Security-Policy": CSP,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
    }
    if request.method == "HEAD":
        return Response(b"", media_type=file.content_type, headers=headers)
    return Stream(storage.read(file.storage_key), media_type=file.content_type, headers=headers)


READ: list[HttpMethod] = [HttpMethod.GET, HttpMethod.HEAD]


@route("/{org:str}/files/{id:int}", http_method=READ, name="files.download", guards=[viewer], uncompressed=True)
async def download_file(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Response | Stream:
    """For the team."""
    return await download(request, await File.get_of(organization, id))


@route("/d/{token:str}", http_method=READ, name="files.public", guards=[public], uncompressed=True)
async def download_by_link(request: Request, token: FromPath[str]) -> Response | Stream | Template:
    """For whoever got the link; it can be revoked by its version."""
    read = links.read(links.DOWNLOAD, token)
    file = read and await File.across_organizations().where(File.id == read[0], File.link_version == read[1]).first()
    if not file:
        headers = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
        return Template("files/not_valid.html", context={"brand": None}, status_code=403, headers=headers)
    return await download(request, file)


ROUTES = [download_file, download_by_link]
