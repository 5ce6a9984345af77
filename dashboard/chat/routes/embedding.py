"""The widget: the small script a site includes, and the panel that opens in a frame."""

import hashlib
import json
import secrets

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Template

from dashboard import answers, assets, settings
from dashboard.accounts.current import Now, public
from dashboard.accounts.tables import Organization
from dashboard.chat import origins, visiting, waiting
from dashboard.errors import NotFound

SUFFIX = ".js"
KEPT = "public, max-age=300"  # how long a browser keeps the script: so soon a change of the listed sites is there


@get("/embed/{file:str}", name="chat.loader", guards=[public])
async def show_loader(request: Request, file: FromPath[str]) -> Response[str]:
    """The script with what it has to know of the organization. It may be included anywhere; elsewhere it does
    nothing, and the panel itself opens on listed sites only."""
    slug, dot, end = file.rpartition(".")
    if f"{dot}{end}" != SUFFIX or not slug:
        raise NotFound()
    script = loader(await origins.organization_of(slug))
    headers = {
        "Cache-Control": KEPT, "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": f'"{hashlib.sha256(script.encode()).hexdigest()[:16]}"',
    }  # fmt: skip
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response("", status_code=304, headers=headers, media_type="text/javascript")
    return Response(script, headers=headers, media_type="text/javascript")


@get("/chat/{brand:str}/panel", name="chat.panel", guards=[public])
async def show_panel(brand: FromPath[str], now: Now) -> Template:
    """The chat without a page around it. Who visits is known to its script alone."""
    organization = await origins.organization_of(brand)
    sites = origins.listed(organization)
    context = {
        "brand": visiting.brand_of(organization), "people": await waiting.people(organization, now), "messages": [],
        "framed": True, "key": secrets.token_hex(12), "slug": organization.slug, "sites": " ".join(sites),
        "typed": {"message": "", "email": "", "error": "", "email_error": ""},
    } | await visiting.person(organization, None, now)  # fmt: skip
    ancestors = " ".join(sites) or "'none'"
    policy = answers.CSP.replace("frame-ancestors 'none'", f"frame-ancestors {ancestors}")
    headers = visiting.HEADERS | {"Content-Security-Policy": policy}
    return Template("chat/panel.html", context=context, headers=headers)


def loader(organization: Organization) -> str:
    """static/embed/loader.js, told where it belongs."""
    base = settings.current().base_url
    facts = {
        "name": organization.name, "slug": organization.slug, "sites": origins.listed(organization),
        "panel": f"{base}/chat/{organization.slug}/panel", "page": f"{base}/chat/{organization.slug}",
        "styles": _text("embed/loader.css"),
    }  # fmt: skip
    return f"{{{_text('embed/loader.js')}\nopenChat({json.dumps(facts)});}}"


def _text(path: str) -> str:
    found = assets.find(path)
    assert found is not None
    return found.body.decode()


ROUTES = [show_loader, show_panel]
