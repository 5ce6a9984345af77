"""Addresses that belong to no slice: whether this process can serve, and what browsers may fetch ahead."""

from litestar import Request, Response, get

from dashboard.accounts.current import public
from dashboard.database import rows
from dashboard.templating import ROOT

VERSION = "0.1.0"


@get("/health", name="health", guards=[public])
async def show(request: Request) -> Response:
    """200 with the state of each part, 503 when the database does not answer."""
    try:
        await rows("SELECT 1 AS one")
        database = "ok"
    except Exception:  # whatever it is, the answer is the same: it cannot serve
        database = "away"
    scheduler = request.app.state.clockwork.state if hasattr(request.app.state, "clockwork") else "off"
    body = {
        "status": "ok" if database == "ok" else "unavailable", "database": database, "scheduler": scheduler,
        "version": VERSION,
    }  # fmt: skip
    headers = {"Cache-Control": "no-store"} | ({} if database == "ok" else {"Retry-After": "5"})
    return Response(body, status_code=200 if database == "ok" else 503, headers=headers)


@get("/speculation.json", name="speculation", guards=[public], media_type="application/speculationrules+json")
async def speculation() -> Response[bytes]:
    """Hovered links are fetched ahead of the click. Its media type is one that static files do not get."""
    body = (ROOT / "static" / "speculation.json").read_bytes()
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(body, media_type="application/speculationrules+json", headers=headers)
