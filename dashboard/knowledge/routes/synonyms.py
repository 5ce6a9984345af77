"""What people say, and which words of the articles are meant."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.errors import Invalid
from dashboard.knowledge import actions, queries
from dashboard.knowledge.folding import fold
from dashboard.pages import fragment, page

Form = URLEncodedBody[dict[str, str]]


@get("/{org:str}/knowledge/synonyms", name="knowledge.synonyms", guards=[viewer])
async def list_synonyms(request: Request, organization: CurrentOrganization, q: FromQuery[str] = "") -> Template:
    """What people say, and what is meant."""
    return page(request, "knowledge/synonyms.html", "knowledge/_synonyms.html", **await _synonyms(organization, q))


@post("/{org:str}/knowledge/synonyms", name="knowledge.add_synonym", guards=[agent], status_code=200)
async def add_synonym(request: Request, organization: CurrentOrganization, data: Form) -> Template:
    """Add one, or change what it means."""
    values = {name: typed.text(data, name) for name in ("said", "means")}
    try:
        made = await actions.save_synonym(organization, values["said"], values["means"])
    except Invalid as problem:
        context = await _synonyms(organization, "") | {"errors": problem.fields, "values": values}
        return fragment(request, "knowledge/_synonyms.html", status_code=422, **context)
    notice = f"“{made.said}” now means {made.means}"
    return fragment(request, "knowledge/_synonyms.html", notice=notice, **await _synonyms(organization, ""))


@post(
    "/{org:str}/knowledge/synonyms/{id:int}/removal", name="knowledge.remove_synonym", guards=[agent], status_code=200
)
async def remove_synonym(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    """Forget one."""
    await actions.remove_synonym(organization, id)
    return fragment(request, "knowledge/_synonyms.html", notice="Removed", **await _synonyms(organization, ""))


async def _synonyms(organization: Organization, part: str) -> dict[str, Any]:
    plain = fold(typed.text({"q": part}, "q")[:80]).strip()
    found = await queries.synonyms(organization, plain)
    return {"synonyms": found, "q": plain, "errors": {}, "values": {"said": "", "means": ""}}


ROUTES = [list_synonyms, add_synonym, remove_synonym]
