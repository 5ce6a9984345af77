"""Articles: what the company tells its customers."""

import contextlib
from datetime import datetime
from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.approvals import learning, unanswered
from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.knowledge import actions, loading, queries, rendering, search
from dashboard.knowledge.tables import Article
from dashboard.pages import fragment, page, redirect

Form = URLEncodedBody[dict[str, str]]
CATEGORIES = list(actions.CATEGORIES.items())
LANGUAGES = list(actions.LANGUAGES.items())


@get("/{org:str}/knowledge", name="knowledge.list", guards=[viewer])
async def list_articles(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """All articles, a box to try a question, and the questions nobody could answer."""
    return page(request, "knowledge/list.html", **await _listed(organization, now), question="", found=None)


@get("/{org:str}/knowledge/answers", name="knowledge.try", guards=[viewer])
async def try_question(
    request: Request, organization: CurrentOrganization, now: Now, question: FromQuery[str] = ""
) -> Template:
    """What a visitor's question would find, and whether it would be answered."""
    question = typed.text({"question": question}, "question")[:1000]
    found = await search.find(organization, question) if question.strip() else None
    context: dict[str, Any] = {"question": question, "found": found, "knows_from": search.KNOWS}
    if request.headers.get("HX-Request") == "true":
        return fragment(request, "knowledge/_found.html", **context)
    return page(request, "knowledge/list.html", **await _listed(organization, now), **context)


@get("/{org:str}/knowledge/new", name="knowledge.new", guards=[agent])
async def new_article(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """An empty article, or one to begin with: with `question` about what nobody could answer, with `reply` from one
    that was sent. Nothing is kept before somebody saves it."""
    values = {"title": "", "category": "faq", "text": "", "version": "0", "question": "", "private": ""}
    values |= {"language": "english"}
    if id := typed.number(dict(request.query_params), "question"):
        try:
            asked = await unanswered.find(organization, id, now)
            text = await unanswered.draft(organization, asked)
            values |= {"title": asked.text[:150].rstrip("?"), "text": text, "question": str(asked.id)}
        except NotFound:
            pass  # somebody wrote the article meanwhile: an empty form is what is left to do
    elif id := typed.number(dict(request.query_params), "reply"):
        title, text = await learning.as_article(organization, id)
        values |= {"title": title, "text": text, "private": "1"}
    return page(request, "knowledge/edit.html", "knowledge/_form.html", **_form(values))


@post("/{org:str}/knowledge", name="knowledge.add", guards=[agent], status_code=200)
async def add_article(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, data: Form
) -> Template | Response:
    """A new article, and the question it answers is settled; then its own page."""
    values = _values(data)
    try:
        made = await actions.create_article(
            organization,
            values["title"],
            values["category"],
            values["text"],
            now,
            by=user,
            language=values["language"] or "english",
        )
    except Invalid as problem:
        return _refused(request, values, problem)
    if id := typed.number(data, "question"):
        with contextlib.suppress(NotFound):
            await unanswered.settle(organization, await unanswered.find(organization, id, now), user, now, made.id)
    return redirect(request, f"/{organization.slug}/knowledge/{made.id}")


@post("/{org:str}/knowledge/samples", name="knowledge.load_samples", guards=[agent], status_code=200)
async def load_samples(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template | Response:
    """The articles of the sample company, archived: nothing is answered from one before somebody says so."""
    await loading.load(organization, now, archived=True)
    return redirect(request, f"/{organization.slug}/knowledge")


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
            typed.number(data, "version"), now, by=user, language=values["language"],
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


async def _listed(organization: Organization, now: datetime) -> dict[str, Any]:
    return {
        "articles": await queries.articles(organization), "categories": actions.CATEGORIES, "now": now,
        "questions": await unanswered.questions(organization, now), "zone": organization.time_zone,
    }  # fmt: skip


async def _shown(organization: Organization, article: Article) -> dict[str, Any]:
    text = await actions.text_of(organization, article)
    values = {"title": article.title, "category": article.category, "text": text, "version": str(article.version)}
    values |= {"question": "", "private": "", "language": article.language}
    return _form(values, article) | {
        "sections": await queries.sections(organization, article.id),
        "versions": await queries.versions(organization, article.id),
    }


def _form(
    values: dict[str, str], article: Article | None = None, errors: dict[str, str] | None = None
) -> dict[str, Any]:
    return {
        "article": article, "values": values, "errors": errors or {}, "categories": CATEGORIES,
        "languages": LANGUAGES, "sections": [],
        "versions": [], "html": rendering.html_of(values["text"]),
    }  # fmt: skip


def _values(data: dict[str, str]) -> dict[str, str]:
    return {
        name: typed.text(data, name)
        for name in ("title", "category", "text", "version", "question", "private", "language")
    }


def _refused(
    request: Request, values: dict[str, str], problem: Invalid, article: Article | None = None, status_code: int = 422
) -> Template:
    """The same form with what was typed and what is wrong with it."""
    context = _form(values, article, problem.fields)
    return fragment(request, "knowledge/_form.html", status_code=status_code, **context)


ROUTES = [
    list_articles, try_question, new_article, add_article, preview, load_samples,
    show_article, save_article, restore, archive, unarchive,
]  # fmt: skip
