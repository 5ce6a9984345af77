"""Links and pictures in the mails of campaigns. Looking changes nothing but what is counted."""

import base64

from litestar import HttpMethod, Request, Response, route
from litestar.params import FromPath
from litestar.response import Redirect

from dashboard.accounts.current import Now, public
from dashboard.campaigns import tracking
from dashboard.errors import NotFound

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
READS = [HttpMethod.GET, HttpMethod.HEAD]


@route("/c/{token:str}", name="campaigns.click", http_method=READS, guards=[public], status_code=302)
async def click(request: Request, now: Now, token: FromPath[str]) -> Redirect:
    """On to the stored address. Scanners are led there too, and not counted."""
    found = await tracking.destination(token)
    if found is None:
        raise NotFound("This link leads nowhere any more.")
    if request.method == "GET" and not tracking.by_machine(request.headers):
        await tracking.pressed(found, now)
    return Redirect(found["url"], status_code=302, headers=HEADERS)


@route("/o/{token:str}", name="campaigns.open", http_method=READS, guards=[public], status_code=200)
async def pixel(request: Request, now: Now, token: FromPath[str]) -> Response[bytes]:
    """Always a picture, whatever was asked for."""
    if request.method == "GET":
        await tracking.opened(token.removesuffix(".gif"), now)
    return Response(PIXEL, media_type="image/gif", headers=HEADERS)


ROUTES = [click, pixel]
