"""Templates: written, kept in versions, compared, put back, copied, archived, looked at."""

import asyncio
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from dashboard.accounts.tables import Organization
from dashboard.campaigns import seeds, templates
from dashboard.campaigns.rendering import Texts
from dashboard.campaigns.tables import Template, TemplateVersion
from dashboard.campaigns.templates_forms import with_unsubscribe, without_unsubscribe
from dashboard.database import rows
from tests.campaigns.seed import a_campaign, a_template
from tests.hostile import CORPUS
from tests.leads.cast import a_lead, undo_of

ALL = "/acme/campaigns/templates"


def form(**said: str) -> dict[str, str]:
    usual = {"name": "Hello", "category": "newsletter", "subject": "Hi {{ first_name | you }}", "html": "<p>Hi</p>"}
    return usual | {"text": "", "based_on": "1"} | said


async def texts(template: Template) -> list[tuple[int, str]]:
    found = await TemplateVersion.objects().where(TemplateVersion.template == template.id).order_by(TemplateVersion.id)
    return [(each.number, each.subject) for each in found]


async def test_every_new_organization_begins_with_three_templates_once(acme):
    assert await seeds.plant(acme) and not await seeds.plant(acme)
    await asyncio.gather(*(seeds.plant(acme) for _ in range(4)))
    found = await templates.every(acme)
    assert sorted(each["category"] for each in found) == ["follow_up", "lead_magnet", "welcome"]
    for each in found:
        words = templates.texts_of(each)
        assert not without_unsubscribe(words) and "{{ first_name |" in words.subject


async def test_organizations_from_before_get_the_same_templates_once(acme, borealis):
    own = await a_template(borealis, "Their own")
    file = next(Path("piccolo_migrations").glob("*000030_campaigns_starters.py"))
    migration = module_from_spec(spec := spec_from_file_location("starters", file))
    spec.loader.exec_module(migration)
    for _ in range(2):
        await (await migration.forwards()).run()
    found = await templates.every(acme)
    assert [(each["name"], templates.texts_of(each)) for each in found] == [
        (name, texts) for name, _, texts in sorted(seeds.STARTERS)
    ]
    assert [each["id"] for each in await templates.every(borealis)] == [own.id]


async def test_whoever_founds_an_organization_finds_the_templates_there(alice):
    await alice.post("/account/organizations", data={"organization": "Cedar"})
    cedar = await Organization.objects().get(Organization.name == "Cedar")
    assert len(await templates.every(cedar)) == 3


async def test_a_new_template_is_opened_and_lists_under_its_category(alice, acme):
    made = await alice.post(ALL, data={"name": "Winter letter", "category": "offer"})
    template = await Template.objects().first()
    assert made.headers["location"] == f"{ALL}/{template.id}"
    assert "Winter letter" in (await alice.get(f"{ALL}?category=offer")).text
    assert "Winter letter" not in (await alice.get(f"{ALL}?category=welcome")).text
    assert (await alice.get(f"{ALL}/{template.id}")).status_code == 200


async def test_a_template_without_a_name_is_refused_beside_its_field(alice, acme):
    answer = await alice.post(ALL, data={"name": " ", "category": "nonsense"})
    assert answer.status_code == 422 and "Give the template a name" in answer.text and await templates.every(acme) == []


async def test_saving_makes_a_version_and_saving_the_same_makes_none(alice, acme):
    template = await a_template(acme)
    href = f"{ALL}/{template.id}"
    assert "Saved as version 2" in (await alice.post(href, data=form())).headers["hx-trigger"]
    assert (
        "Saved as version 2" in (await alice.post(href, data=form(based_on="2", name="New name"))).headers["hx-trigger"]
    )
    assert await texts(template) == [(1, "Hello {{ first_name | there }}"), (2, "Hi {{ first_name | you }}")]
    assert (await Template.objects().first()).name == "New name"


async def test_two_people_who_save_at_once_lose_nothing(alice, ana, acme):
    template = await a_template(acme)
    href = f"{ALL}/{template.id}"
    await alice.post(href, data=form(subject="From Alice"))
    late = await ana.post(href, data=form(subject="From Ana"))
    assert late.status_code == 422 and "Alice Arden saved version 2 meanwhile" in late.text and "From Ana" in late.text
    based_on = re.search(r'name="based_on" value="(\d+)"', late.text)[1]
    assert (await ana.post(href, data=form(subject="From Ana", based_on=based_on))).status_code == 200
    assert [subject for _, subject in await texts(template)][1:] == ["From Alice", "From Ana"]


@pytest.mark.parametrize(
    ("field", "text"),
    [("subject", "Hi {{ nobody }}"), ("html", "<p>{{ first_name.upper }}</p>"), ("text", "{{ 7*7 }}"), ("subject", "")],
)
async def test_what_cannot_be_filled_in_is_refused_and_nothing_typed_is_lost(alice, acme, field, text):
    template = await a_template(acme)
    answer = await alice.post(f"{ALL}/{template.id}", data=form(**{field: text}, name="Typed name"))
    assert answer.status_code == 422 and f"{field}-{template.id}-error" in answer.text and "Typed name" in answer.text
    assert len(await texts(template)) == 1


async def test_an_earlier_version_can_be_compared_and_put_back(alice, acme):
    template = await a_template(acme)
    href = f"{ALL}/{template.id}"
    await alice.post(href, data=form(html="<p>Hello</p>\n<p>A new line</p>", subject="Second"))
    page = (await alice.get(f"{href}/versions/2")).text
    assert '<li class="new"><span class="vh">Added: </span>&lt;p&gt;A new line&lt;/p&gt;' in page
    assert "Removed: </span>Hello {{ first_name | there }}" in page
    await alice.post(f"{href}/versions/1/restoration")
    assert [number for number, _ in await texts(template)] == [1, 2, 3]
    assert (await templates.find(acme, template.id))["subject"] == "Hello {{ first_name | there }}"
    assert (await alice.get(f"{href}/versions/9")).status_code == 404


async def test_a_copy_is_a_template_of_its_own(alice, acme):
    template = await a_template(acme)
    await alice.post(f"{ALL}/{template.id}/copies")
    copy = (await templates.every(acme))[1]
    assert (
        copy["name"] == "Hello, copy" and copy["subject"] == "Hello {{ first_name | there }}" and copy["version"] == 1
    )


async def test_archiving_can_be_undone_and_is_refused_while_a_draft_needs_it(alice, acme):
    template = await a_template(acme)
    archived = await alice.post(f"{ALL}/{template.id}/archive")
    assert (await templates.find(acme, template.id))["archived_at"]
    await alice.post(undo_of(archived))
    assert (await templates.find(acme, template.id))["archived_at"] is None
    await a_campaign(acme, "Planned", state="draft")
    used = (await rows("SELECT template FROM campaign_step"))[0]["template"]
    refused = await alice.post(f"{ALL}/{used}/archive")
    assert refused.status_code == 409 and "Planned" in refused.text


async def test_the_preview_shows_a_chosen_person_and_the_text_form(alice, acme):
    lead = await a_lead(acme, "Robin Reyes")
    template = await a_template(acme, html="<p>Hi {{ first_name | there }}</p><script>alert(1)</script>", text="")
    shown = await alice.get(f"{ALL}/{template.id}/preview?person={lead.id}")
    assert "Hello Robin" in shown.text and ">Robin</mark>" in shown.text and "<script" not in shown.text
    assert shown.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "Hi there" in (await alice.get(f"{ALL}/{template.id}/preview?view=text")).text


async def test_the_preview_follows_what_is_typed_and_saves_nothing(ana, acme):
    template = await a_template(acme)
    shown = await ana.post(f"{ALL}/{template.id}/preview", data=form(subject="Typed {{ first_name | so far }}"))
    assert "Typed so far" in shown.text and len(await texts(template)) == 1


async def test_the_preview_of_hostile_texts_runs_nothing(alice, acme):
    template = await a_template(acme)
    for text in CORPUS:
        shown = await alice.post(f"{ALL}/{template.id}/preview", data=form(subject=text[:200], html=text, text=text))
        assert shown.status_code == 200 and "<script" not in shown.text and not re.search(r"<[^>]*\spwned", shown.text)


def test_a_missing_link_to_unsubscribe_is_found_and_added():
    plain, html = Texts("x", "Hi"), Texts("x", "<p>Hi</p>", "Hi")
    assert without_unsubscribe(plain) == without_unsubscribe(html) == "in the mail"
    assert without_unsubscribe(Texts("x", "<p>Hi</p>", "{{ unsubscribe_link }}")) == "in its HTML"
    assert without_unsubscribe(Texts("x", '<a href="{{ unsubscribe_link }}">x</a>', "Hi")) == "in its plain text"
    assert not without_unsubscribe(with_unsubscribe(plain)) and not without_unsubscribe(with_unsubscribe(html))


async def test_the_link_is_added_with_one_click(alice, acme):
    template = await a_template(acme)
    assert "no link to unsubscribe" in (await alice.get(f"{ALL}/{template.id}")).text
    answer = await alice.post(f"{ALL}/{template.id}/unsubscribe-link")
    assert "Link added in version 2" in answer.headers["hx-trigger"] and "no link to unsubscribe" not in answer.text


async def test_viewers_read_and_strangers_find_nothing(vera, bob, acme):
    template = await a_template(acme)
    assert (await vera.get(f"{ALL}/{template.id}")).status_code == 200
    assert (await vera.post(f"{ALL}/{template.id}", data=form())).status_code == 403
    assert (await bob.get(f"{ALL}/{template.id}")).status_code == 404
    assert (await bob.post(f"/borealis/campaigns/templates/{template.id}", data=form())).status_code == 404
    assert (await bob.get(f"/borealis/campaigns/templates/{template.id}/preview")).status_code == 404
    assert len(await texts(template)) == 1
