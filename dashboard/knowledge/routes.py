"""The pages of what the company tells its customers."""

from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.errors import Conflict, Invalid
from dashboard.knowledge import actions, queries, rendering, search
from dashboard.knowledge.folding import fold
from dashboard.knowledge.tables import Article
from dashboard.pages import fragment, page, redirect

Form = URLEncodedBody[dict[str, str]]
CATEGORIES = list(actions.CATEGORIES.items())


@get("/{org:str}/knowledge", name="knowledge.list", guards=[viewer])
async def list_articles(request: Request, organization: CurrentOrganization) -> Template:
    """All articles, and a box to try a question."""
    found = await queries.articles(organization)
    return page(request, "knowledge/list.html", articles=found, categories=actions.CATEGORIES, question="", found=None)


@get("/{org:str}/knowledge/answers", name="knowledge.try", guards=[viewer])
async def try_question(request: Request, organization: CurrentOrganization, question: FromQuery[str] = "") -> Template:
    """What a visitor's question would find, and whether it would be answered."""
    question = typed.text({"question": question}, "question")[:1000]
    found = await search.find(organization, question) if question.strip() else None
    context: dict[str, Any] = {"question": question, "found": found, "knows_from": search.KNOWS}
    if request.headers.get("HX-Request") == "true":
        return fragment(request, "knowledge/_found.html", **context)
    articles = await queries.articles(organization)
    return page(request, "knowledge/list.html", articles=articles, categories=actions.CATEGORIES, **context)


@get("/{org:str}/knowledge/new", name="knowledge.new", guards=[agent])
async def new_article(request: Request, organization: CurrentOrganization) -> Template:
    """An empty article."""
    values = {"title": "", "category": "faq", "text": "", "version": "0"}
    return page(request, "knowledge/edit.html", "knowledge/_form.html", **_form(values))


@post("/{org:str}/knowledge", name="knowledge.add", guards=[agent], status_code=200)
async def add_article(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, data: Form
) -> Template | Response:
    """A new article; then its own page."""
    values = _values(data)
    try:
        made = await actions.create_article(
            organization, values["title"], values["category"], values["text"], now, by=user
        )
    except Invalid as problem:
        return _refused(request, values, problem)
    return redirect(request, f"/{organization.slug}/knowledge/{made.id}")


@get("/{org:str}/knowledge/{id:int}", name="knowledge.article", guards=[viewer])
async def show_article(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    """One article: its text, how it looks, its sections and versions."""
    article = await Article.get_of(organization, id)
    return page(request, "knowledge/edit.html", "knowledge/_form.html", **await _shown(organization, article))


@post("/{org:str}/knowledge/{id:int}", name="knowledge.save", guards=[agent], status_code=200)
async def save_article(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template:
    """Save as a new version."""
    article, values = await Article.get_of(organization, id), _values(data)
    try:
        saved = await actions.save_article(
            organization, article, values["title"], values["category"], values["text"],
            typed.number(data, "version"), now, by=user,
        )  # fmt: skip
    except Invalid as problem:
        return _refused(request, values, problem, article)
    except Conflict as problem:
        return _refused(request, values, Invalid({"text": problem.message}), article, status_code=409)
    notice = f"Saved as version {saved.version}"
    return fragment(request, "knowledge/_form.html", notice=notice, **await _shown(organization, saved))


@post("/{org:str}/knowledge/preview", name="knowledge.preview", guards=[agent], status_code=200)
async def preview(request: Request, organization: CurrentOrganization, data: Form) -> Template:
    """How a text looks that is not saved yet."""
    return fragment(request, "knowledge/_preview.html", html=rendering.html_of(typed.text(data, "text")))


@post(
    "/{org:str}/knowledge/{id:int}/versions/{number:int}/restoration", name="knowledge.restore", guards=[agent],
    status_code=200,
)  # fmt: skip
async def restore(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    number: FromPath[int],
) -> Template:  # fmt: skip
    """An earlier version becomes the newest."""
    article = await Article.get_of(organization, id)
    saved = await actions.restore_version(organization, article, number, now, user)
    notice = f"Version {number} is back, as version {saved.version}"
    return fragment(request, "knowledge/_form.html", notice=notice, **await _shown(organization, saved))


@post("/{org:str}/knowledge/{id:int}/archive", name="knowledge.archive", guards=[agent], status_code=200)
async def archive(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Take it out of all answers."""
    article = await actions.archive(organization, await Article.get_of(organization, id), now, user)
    context = await _shown(organization, article)
    return fragment(request, "knowledge/_form.html", notice=f"{article.title} is not answered from any more", **context)


@delete("/{org:str}/knowledge/{id:int}/archive", name="knowledge.unarchive", guards=[agent], status_code=200)
async def unarchive(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    """Answer from it again."""
    article = await actions.archive(organization, await Article.get_of(organization, id), None, user)
    context = await _shown(organization, article)
    return fragment(request, "knowledge/_form.html", notice=f"{article.title} is answered from again", **context)


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


async def _shown(organization: Organization, article: Article) -> dict[str, Any]:
    text = await actions.text_of(organization, article)
    values = {"title": article.title, "category": article.category, "text": text, "version": str(article.version)}
    return _form(values, article) | {
        "sections": await queries.sections(organization, article.id),
        "versions": await queries.versions(organization, article.id),
    }


def _form(
    values: dict[str, str], article: Article | None = None, errors: dict[str, str] | None = None
) -> dict[str, Any]:
    return {
        "article": article, "values": values, "errors": errors or {}, "categories": CATEGORIES, "sections": [],
        "versions": [], "html": rendering.html_of(values["text"]),
    }  # fmt: skip


def _values(data: dict[str, str]) -> dict[str, str]:
    return {name: typed.text(data, name) for name in ("title", "category", "text", "version")}


def _refused(
    request: Request, values: dict[str, str], problem: Invalid, article: Article | None = None, status_code: int = 422
) -> Template:
    """The same form with what was typed and what is wrong with it."""
    context = _form(values, article, problem.fields)
    return fragment(request, "knowledge/_form.html", status_code=status_code, **context)


ROUTES = [
    list_articles, try_question, new_article, add_article, list_synonyms, add_synonym, remove_synonym, preview,
    show_article, save_article, restore, archive, unarchive,
]  # fmt: skip
