"""The draft is edited, versions are only added, and an intake keeps the one it began with."""

import asyncio

import pytest

from dashboard.errors import Conflict, Invalid
from dashboard.forms import actions, editing, queries
from dashboard.forms.tables import Form, FormVersion
from dashboard.intake import queries as intake
from tests.intake.cast import DEFINITION, RIGHT, a_plan, an_intake, path, versions


async def a_form(organization, by):
    return await actions.create(organization, "Website audit", by=by, draft=DEFINITION)


async def test_publishing_adds_a_version_and_an_unchanged_draft_adds_none(acme, alice):
    form = await a_form(acme, alice.user)
    first, new = await actions.publish(acme, form, alice.user)
    assert (first.number, new) == (1, True)
    again, new = await actions.publish(acme, form, alice.user)
    assert (again.id, new) == (first.id, False)
    await actions.edit(acme, form, lambda draft: editing.move_field(draft, "goal", -1))
    second, new = await actions.publish(acme, form, alice.user)
    assert (second.number, new) == (2, True)
    assert (await queries.current_version(acme, form.id)).number == 2


async def test_ten_people_publishing_at_once_add_one_version(acme, alice):
    form = await a_form(acme, alice.user)
    done = await asyncio.gather(*(actions.publish(acme, form, alice.user) for _ in range(10)))
    assert sorted(new for _, new in done) == [False] * 9 + [True]
    assert len(await versions(form.id)) == 1


async def test_two_people_editing_at_once_lose_nothing(acme, alice):
    form = await a_form(acme, alice.user)
    adds = [
        lambda draft, kind=kind: editing.add_field(draft, "s1", kind)[0] for kind in ("text", "url", "email", "date")
    ]
    await asyncio.gather(*(actions.edit(acme, form, add) for add in adds))
    draft = (await Form.get_of(acme, form.id)).draft
    assert len(draft["sections"][0]["fields"]) == 5 + 4


async def test_a_version_never_changes_and_an_intake_keeps_its_own(acme, alice, stranger):
    plan = await a_plan(acme, alice.user)
    old = await an_intake(acme, alice.user, plan=plan)
    form = await Form.get_of(acme, plan.form)
    before = (await FormVersion.get_of(acme, (await versions(form.id))[0].id)).definition
    await actions.edit(acme, form, lambda draft: editing.remove_field(draft, "goal"))
    await actions.publish(acme, form, alice.user)
    assert (await versions(form.id))[0].definition == before
    assert "What should the audit change?" in (await stranger.get(path(old))).text
    assert (await stranger.post(path(old), data={k: v for k, v in RIGHT.items() if k != "q.goal"})).status_code == 422
    new = await an_intake(acme, alice.user, plan=plan, email="mia@other.example")
    assert (old.version, new.version) == (1, 2)
    assert "What should the audit change?" not in (await stranger.get(path(new))).text
    assert await intake.open_by_version(acme, form.id) == {1: 1, 2: 1}


async def test_a_form_with_faults_is_not_published(acme, alice):
    form = await actions.create(acme, "Empty", by=alice.user)
    with pytest.raises(Invalid) as refused:
        await actions.publish(acme, form, alice.user)
    assert "asks nothing yet" in refused.value.fields["draft"]
    assert await FormVersion.count() == 0


async def test_a_copy_is_a_draft_of_its_own(acme, alice):
    form = await a_form(acme, alice.user)
    await actions.publish(acme, form, alice.user)
    copy = await actions.duplicate(acme, form, alice.user)
    await actions.edit(acme, copy, lambda draft: editing.remove_field(draft, "goal"))
    assert copy.published == 0 and copy.slug != form.slug
    assert not await queries.is_changed(acme, await Form.get_of(acme, form.id))


async def test_an_archived_form_is_left_alone_until_it_is_brought_back(acme, alice):
    form = await a_form(acme, alice.user)
    assert await actions.archive(acme, form, archived=True, by=alice.user)
    assert not await actions.archive(acme, form, archived=True, by=alice.user)
    with pytest.raises(Conflict):
        await actions.edit(acme, form, lambda draft: draft)
    with pytest.raises(Conflict):
        await actions.publish(acme, form, alice.user)
    assert await actions.archive(acme, form, archived=False, by=alice.user)
    await actions.publish(acme, form, alice.user)
