"""The dialogs of a lead: filled with what is known, or with what was typed and what is wrong with it."""

from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.response import Template

from dashboard import typed
from dashboard.leads.routes.showing import on_board
from dashboard.pages import fragment


def dialog(
    request: Request, name: str, lead: dict[str, Any], values: Mapping[str, str], errors: dict[str, str] | None = None,
    **context: Any,
) -> Template:  # fmt: skip
    """The form `name`; with errors it is an answer of 422 that keeps what was typed."""
    kept = {field: typed.text(values, field)[:10_000] for field in values}
    return fragment(
        request, name, lead=lead, values=kept, errors=errors or {}, board=on_board(request),
        status_code=422 if errors else 200, open_dialog="" if errors else "#dialog", **context,
    )  # fmt: skip
