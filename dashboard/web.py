"""The application: routes, sessions, templates, errors, security headers, lifespan."""

import asyncio
from datetime import datetime

from litestar import Litestar, Request, Response, get
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.params import FromPath

from dashboard import answers, assets, clock, templating, workers
from dashboard import settings as process_settings
from dashboard.accounts import csrf
from dashboard.accounts.current import SessionMiddleware, provide_organization, provide_user, public
from dashboard.errors import NotFound
from dashboard.live import Hub
from dashboard.routing import ROUTES
from dashboard.settings import Settings

LARGEST_BODY = 4_000_000
FOR_EVER = "public, max-age=31536000, immutable"


@get("/static/{path:path}", name="static", guards=[public], uncompressed=True)
async def serve_static(request: Request, path: FromPath[str]) -> Response[bytes]:
    """A style, script, font or picture; compressed beforehand, and kept by browsers, as its address has its hash."""
    found = assets.find(path.lstrip("/"))
    if found is None:
        raise NotFound()
    headers = {"Cache-Control": FOR_EVER, "ETag": f'"{found.version}"', "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(b"", status_code=304, headers=headers, media_type=found.media_type)
    packed = found.packed if "gzip" in request.headers.get("accept-encoding", "") else b""
    headers |= {"Content-Encoding": "gzip"} if packed else {}
    return Response(packed or found.body, headers=headers, media_type=found.media_type)


def provide_now() -> datetime:
    return clock.now()


def create_app(settings: Settings, *, background: bool = True) -> Litestar:
    """The application for these settings. Without `background` only requests are answered: tests drive the work."""
    process_settings.use(settings)
    return Litestar(
        [*ROUTES, serve_static],
        guards=[csrf.guard],
        dependencies={
            "organization": Provide(provide_organization, sync_to_thread=False),
            "user": Provide(provide_user, sync_to_thread=False),
            "now": Provide(provide_now, sync_to_thread=False),
        },
        middleware=[DefineMiddleware(SessionMiddleware, exclude=["^/static/", "^/webhooks/", "^/health$"])],
        template_config=templating.config(debug=not settings.production),
        exception_handlers={Exception: answers.answer},
        before_send=[answers.add_headers],
        compression_config=CompressionConfig(
            backend="gzip", gzip_compress_level=5, minimum_size=600, exclude_opt_key="uncompressed"
        ),
        logging_config=None,
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        state=State({"settings": settings, "hub": Hub(), "in_tray": asyncio.Event(), "out_tray": asyncio.Event()}),
        lifespan=[workers.pool, workers.background] if background else [workers.pool],
    )
