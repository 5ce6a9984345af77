"""The application: routers, sessions, templates, errors, security headers, lifespan."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.logging import LoggingConfig
from litestar.middleware import DefineMiddleware
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from dashboard import answers, charts, formats, labels, live, schedule, workers
from dashboard.accounts import csrf
from dashboard.accounts.current import SessionMiddleware, provide_organization, provide_user
from dashboard.database import current_engine
from dashboard.routing import ROUTES
from dashboard.settings import Settings

ROOT = Path(__file__).parent.parent
VERSION = "0.1.0"
HTMX_CONFIG = (
    '{"extensions": "preload,sse", "noSwap": [204, 304, "4xx", "5xx"], "defaultTimeout": 15000, '
    '"includeIndicatorCSS": false, "selfRequestsOnly": true, "allowEval": false}'
)
