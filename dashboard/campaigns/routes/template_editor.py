"""One template: its editor with the preview, and its versions."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.campaigns import comparing, numbers, placeholders, previewing, templates, templates_forms
from dashboard.campaigns.numbers import ARRIVED, LEFT
from dashboard.campaigns.rendering import Texts
from dashboard.campaigns.routes.showing import did, rows_in
from dashboard.campaigns.routes.templates import ONE
from dashboard.campaigns.templates_forms import CATEGORIES, Words
from dashboard.errors import Invalid, NotFound
from dashboard.files.uploads import read_values
from dashboard.formats import num, percent
from dashboard.pages import fragment, page, redirect


async def opened(organization: Organization, id: int, campaign: int = 0) -> dict[str, Any]:
    """What the editor of a template shows; `campaign`: where the person came from and goes back to."""
    template = await templates.find(organization, id)
    people, questions = await previewing.people(organization), await templates_forms.keys(organization)
    known = {**placeholders.KNOWN, **{placeholders.ATTRIBUTE + key: label for key, label in questions.items()}}
    texts = templates.texts_of(template)
    return {
        "template": template, "texts": texts, "categories": CATEGORIES, "errors": {}, "places": known,
        "people": previewing.named(people), "person": people[0]["id"] if people else 0, "campaign": campaign,
        "versions": await templates.versions(organization, id),
        "uses": _uses(await numbers.of_template(organization, id), f"/{organization.slug}/campaigns"),
        "lacking": templates_forms.without_unsubscribe(texts), "based_on": template["version"],
    }  # fmt: skip


def _uses(found: list[dict[str, Any]], base: str) -> list[dict[str, Any]]:
    """A line for each step that sent it: its campaign, and each figure with its share and the rows it was made of."""
    lines = []
    for each in found:
        f, ledger = each["figures"], f"{base}/{each['campaign']}"
        of = f"&step={each['step']}"
        figures = [
            (f.sent, "", rows_in(ledger, LEFT)),
            (f.delivered, percent(f.rate(f.delivered, f.sent)), rows_in(ledger, ARRIVED)),
            (f.had("clicked"), percent(f.rate(f.had("clicked"))), did(ledger, "clicked")),
            (f.had("replied"), percent(f.rate(f.had("replied"))), did(ledger, "replied")),
            (f.bounced, percent(f.rate(f.bounced, f.sent)), rows_in(ledger, ("bounced",))),
        ]  # fmt: skip
        day = f"Day {each['day']}" if each["kind"] == "sequence" else ""
        cells = [(num(number), share, href + of) for number, share, href in figures]
        lines.append({"name": each["name"], "href": ledger, "day": day, "cells": cells})
    return lines


@get(ONE, name="templates.edit", guards=[viewer])
async def show_template(
    request: Request, organization: CurrentOrganization, id: FromPath[int], campaign: FromQuery[int] = 0
) -> Template:
    facts = await opened(organization, id, campaign)
    return page(request, "campaigns/template.html", "campaigns/_template.html", **facts)


@post(ONE, name="templates.save", guards=[agent], status_code=200)
async def save(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:  # fmt: skip
    """The texts as a new version, or the form again with what is wrong and what was typed."""
    data = dict(await read_values(request))
    campaign = typed.number(data, "campaign")
    try:
        words = Words.parse(data, frozenset(await templates_forms.keys(organization)))
        number = await templates.save(organization, id, words, user, typed.number(data, "based_on"))
    except Invalid as problem:
        facts = await opened(organization, id, campaign)
        facts |= {"errors": problem.fields, "texts": _typed_texts(data)}
        facts["template"] = facts["template"] | {
            "name": typed.text(data, "name")[:120], "category": data.get("category", "")
        }  # fmt: skip
        if "based_on" not in problem.fields:
            facts["based_on"] = typed.number(data, "based_on")
        return fragment(request, "campaigns/_template.html", status_code=422, **facts)
    facts = await opened(organization, id, campaign)
    return fragment(request, "campaigns/_template.html", notice=f"Saved as version {number}", **facts)


@post(ONE + "/unsubscribe-link", name="templates.add_unsubscribe", guards=[agent], status_code=200)
async def add_unsubscribe(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int],
    campaign: FromQuery[int] = 0,
) -> Template:  # fmt: skip
    """The link that was missing, at the end of the newest version."""
    found = await templates.find(organization, id)
    texts = templates_forms.with_unsubscribe(templates.texts_of(found))
    words = Words(found["name"], found["category"], texts)
    number = await templates.save(organization, id, words, user, found["version"])
    facts = await opened(organization, id, campaign)
    return fragment(request, "campaigns/_template.html", notice=f"Link added in version {number}", **facts)


@get(ONE + "/versions/{number:int}", name="templates.version", guards=[viewer])
async def show_version(
    request: Request, organization: CurrentOrganization, id: FromPath[int], number: FromPath[int]
) -> Template:
    """What this version changed against the one before, and against the newest."""
    template = await templates.find(organization, id)
    every = {each["number"]: each for each in await templates.versions(organization, id)}
    if number not in every:
        raise NotFound("There is no such version.")
    before = max((each for each in every if each < number), default=0)
    texts = {each: templates.texts_of(version) for each, version in every.items()}
    return page(
        request, "campaigns/template_version.html", template=template, version=every[number], before=before,
        since=comparing.changes(texts.get(before, Texts("", "")), texts[number]),
        ahead=comparing.changes(texts[number], texts[template["version"]]) if template["version"] in texts else [],
    )  # fmt: skip


@post(ONE + "/versions/{number:int}/restoration", name="templates.put_back", guards=[agent], status_code=200)
async def put_back(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int], number: FromPath[int]
) -> Response:
    """An earlier version becomes the newest, as a version of its own."""
    await templates.put_back(organization, id, number, user)
    return redirect(request, f"/{organization.slug}/campaigns/templates/{id}")


@get(ONE + "/preview", name="templates.preview", guards=[viewer])
async def show_preview(
    organization: CurrentOrganization, id: FromPath[int], person: FromQuery[int] = 0, view: FromQuery[str] = "",
    number: FromQuery[int] = 0,
) -> Response[str]:  # fmt: skip
    """A saved version as this person would get it."""
    texts = templates.texts_of(await templates.find(organization, id))
    if number:
        found = [each for each in await templates.versions(organization, id) if each["number"] == number]
        texts = templates.texts_of(found[0]) if found else texts
    return await _frame(organization, texts, person, view)


@post(ONE + "/preview", name="templates.try_preview", guards=[agent], status_code=200)
async def try_preview(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Response[str]:
    """What is being typed, as this person would get it. Saves nothing."""
    await templates.find(organization, id)
    data = dict(await read_values(request))
    return await _frame(organization, _typed_texts(data), typed.number(data, "person"), data.get("view", ""))


async def _frame(organization: Organization, texts: Texts, person: int, view: str) -> Response[str]:
    lead = await previewing.person(organization, person)
    shown = previewing.shown(texts, lead, organization, plain=view == "text")
    return Response(shown, media_type="text/html; charset=utf-8", headers=previewing.HEADERS)


def _typed_texts(data: Mapping[str, str]) -> Texts:
    subject, html, text = (typed.text(data, name)[: templates_forms.LONGEST_TEXT] for name in Texts._fields)
    return Texts(subject, html, text)


ROUTES = [show_template, save, add_unsubscribe, show_version, put_back, show_preview, try_preview]
