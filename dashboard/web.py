"""The application: routes, sessions, templates, errors, security headers, lifespan."""

import asyncio
from datetime import datetime

from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.static_files import create_static_files_router

from dashboard import answers, clock, templating, workers
from dashboard import settings as process_settings
from dashboard.accounts import csrf
from dashboard.accounts.current import SessionMiddleware, provide_organization, provide_user, public
from dashboard.live import Hub
from dashboard.routing import ROUTES
from dashboard.settings import Settings

LARGEST_BODY = 4_000_000
A_YEAR = 31_536_000


def provide_now() -> datetime:
    return clock.now()


def create_app(settings: Settings, *, background: bool = True) -> Litestar:
    """The application for these settings. Without `background` only requests are answered: tests drive the work."""
    process_settings.use(settings)
    static = create_static_files_router(
        "/static", [templating.ROOT / "static"], guards=[public], name="static",
        cache_control=CacheControlHeader(max_age=A_YEAR, public=True, immutable=True),
    )  # fmt: skip
    return Litestar(
        [*ROUTES, static],
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
            backend="gzip", gzip_compress_level=4, minimum_size=600, exclude_opt_key="uncompressed"
        ),
        logging_config=None,
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        state=State({"settings": settings, "hub": Hub(), "in_tray": asyncio.Event(), "out_tray": asyncio.Event()}),
        lifespan=[workers.pool, workers.background] if background else [workers.pool],
    )
