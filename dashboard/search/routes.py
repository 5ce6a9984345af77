"""Search: results for the palette while somebody types, and a page of its own where there is no script."""

from litestar import Request, get
from litestar.params import FromQuery
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, viewer
from dashboard.pages import page, shell, wants_part
from dashboard.search import queries


@get("/{org:str}/search", name="search", guards=[viewer])
async def search(request: Request, organization: CurrentOrganization, q: FromQuery[str] = "") -> Template:
    """Options for the palette, or the whole page with places and things to do as well."""
    text = queries.cleaned(q)
    groups = await queries.find(organization, text)
    if not wants_part(request):
        groups = [*groups, *queries.commands(shell(request)["shell"].palette, text)]
    groups = [(title, found) for title, found in groups if found]
    return page(request, "search/page.html", "search/_found.html", q=text, groups=groups)


ROUTES = [search]
