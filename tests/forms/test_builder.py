"""Settings → Forms: building in the browser, for those who may."""

from dashboard.forms import actions
from dashboard.forms.definition import find
from dashboard.forms.tables import Form
from tests.intake.cast import DEFINITION, a_plan, an_intake

LIST = "/acme/settings/forms"


async def draft_of(organization, id):
    return (await Form.get_of(organization, id)).draft


async def test_an_admin_builds_a_form_from_nothing(alice, acme):
    made = await alice.post(LIST, data={"name": "Website audit"}, headers={"HX-Request": "true"})
    href = made.headers["hx-redirect"]
    form = await Form.of(acme).first()
    assert href == f"{LIST}/{form.id}" and form.slug == "website-audit"
    added = await alice.post(f"{href}/fields", data={"section": "s1", "type": "choice"})
    assert 'id="builder"' in added.text and "autofocus" in added.text
    key = (await draft_of(acme, form.id))["sections"][0]["fields"][0]["key"]
    saved = await alice.post(
        f"{href}/fields/{key}", data={"label": "Colour?", "required": "yes", "options": "Red\nBlue | calm"}
    )
    assert "Colour?" in saved.text and "Required" in saved.text
    await alice.post(f"{href}/fields", data={"section": "s1", "type": "text"})
    await alice.post(f"{href}/fields/short_text", data={"label": "Why red?", "when": f"{key}=a"})
    await alice.post(f"{href}/heading", data={"title": "Tell us", "name": "Colours", "intro": ""})
    page = await alice.get(href)
    assert "Only if “Colour?” is Red" in page.text and "A draft. Publish it" in page.text
    published = await alice.post(f"{href}/versions")
    assert "Published as version 1." in published.headers["hx-trigger"]
    assert "Nothing has changed since version 1." in (await alice.post(f"{href}/versions")).headers["hx-trigger"]
    draft = await draft_of(acme, form.id)
    assert find(draft, key)["options"] == [
        {"value": "a", "label": "Red", "help": ""}, {"value": "b", "label": "Blue", "help": "calm"}
    ]  # fmt: skip


async def test_fields_are_moved_removed_and_put_back_by_buttons(alice, acme):
    form = await actions.create(acme, "F", by=alice.user, draft=DEFINITION)
    href = f"{LIST}/{form.id}"
    await alice.post(f"{href}/fields/goal/moves", data={"direction": "up"})
    assert [f["key"] for f in (await draft_of(acme, form.id))["sections"][0]["fields"]][:2] == ["goal", "website"]
    gone = await alice.delete(f"{href}/fields/goal")
    assert f"{href}/restoration" in gone.headers["hx-trigger"]
    assert find(await draft_of(acme, form.id), "goal") is None
    await alice.post(f"{href}/restoration")
    assert find(await draft_of(acme, form.id), "goal")
    await alice.post(f"{href}/sections")
    await alice.post(f"{href}/sections/s4", data={"title": "More"})
    await alice.post(f"{href}/sections/s4/moves", data={"direction": "up"})
    await alice.delete(f"{href}/sections/s2")
    assert [s["title"] for s in (await draft_of(acme, form.id))["sections"]] == ["Your website", "More", "Agreement"]


async def test_a_wrong_limit_shows_the_field_again_with_what_was_typed(alice, acme):
    form = await actions.create(acme, "F", by=alice.user, draft=DEFINITION)
    answer = await alice.post(
        f"{LIST}/{form.id}/fields/shops", data={"label": "Sold what?", "options": "A\nB", "max": "lots"}
    )
    assert answer.status_code == 422
    assert (
        "Write a whole number from 1 to 50." in answer.text
        and 'value="Sold what?"' in answer.text
        and 'value="lots"' in answer.text
    )
    assert find(await draft_of(acme, form.id), "shops")["label"] == "What do you sell?"


async def test_publishing_says_which_intakes_keep_which_version(alice, acme):
    plan = await a_plan(acme, alice.user)
    for n in range(3):
        await an_intake(acme, alice.user, plan=plan, email=f"c{n}@x.example")
    await alice.delete(f"{LIST}/{plan.form}/fields/goal")
    said = (await alice.post(f"{LIST}/{plan.form}/versions")).headers["hx-trigger"]
    assert "Published as version 2. 3 intakes keep version 1." in said


async def test_the_preview_is_drawn_like_the_real_form_and_keeps_nothing(alice, acme, stranger):
    intake = await an_intake(acme, alice.user)
    form = await Form.of(acme).first()
    preview = await alice.get(f"{LIST}/{form.id}/preview")
    real = (await stranger.get(f"/f/{intake.token}")).text
    assert "Nothing you type here is kept or sent." in preview.text
    legends = [line for line in real.splitlines() if "<legend>" in line or "<label for=" in line]
    assert legends and all(line in preview.text for line in legends)
    tried = await alice.patch(
        f"{LIST}/{form.id}/preview", data={"q.matter": "search", "_csrf": alice.token}, headers={"X-CSRF-Token": ""}
    )
    assert tried.status_code == 200 and tried.json()["visible"]["words"] is True


async def test_a_form_a_plan_asks_with_is_not_archived(alice, acme):
    plan = await a_plan(acme, alice.user)
    answer = await alice.post(f"{LIST}/{plan.form}/archive")
    assert answer.status_code == 409 and "Starter audit" in answer.text
    plan.form = None
    form = await Form.of(acme).first()
    await plan.save()
    done = await alice.post(f"{LIST}/{form.id}/archive")
    assert done.status_code == 200 and "Archived" in done.text
    await alice.post(f"{LIST}/{form.id}/archive/removal")
    assert (await Form.get_of(acme, form.id)).archived_at is None


async def test_viewers_read_and_change_nothing_and_strangers_see_nothing(alice, ana, vera, bob, acme, borealis):
    form = await actions.create(acme, "F", by=alice.user, draft=DEFINITION)
    href, before = f"{LIST}/{form.id}", await draft_of(acme, form.id)
    for reader in (vera, ana):
        page = await reader.get(href)
        assert page.status_code == 200 and "Main address" in page.text
        assert "hx-post" not in page.text.split('id="builder"')[1].split("</section>")[0]
        assert (await reader.get(f"{href}?field=goal")).text.count("Save field") == 0
    changes = [
        ("POST", href + "/heading"),
        ("POST", href + "/sections"),
        ("POST", href + "/sections/s1"),
        ("DELETE", href + "/sections/s1"),
        ("POST", href + "/sections/s1/moves"),
        ("POST", href + "/fields"),
        ("POST", href + "/fields/goal"),
        ("DELETE", href + "/fields/goal"),
        ("POST", href + "/fields/goal/moves"),
        ("POST", href + "/restoration"),
        ("POST", href + "/versions"),
        ("POST", href + "/copies"),
        ("POST", href + "/archive"),
        ("DELETE", href + "/archive"),
        ("POST", LIST),
    ]
    for method, address in changes:
        for who in (vera, ana):
            assert (await who.request(method, address)).status_code == 403, address
        assert (await bob.request(method, address)).status_code == 404
        assert (await bob.request(method, address.replace("/acme/", "/borealis/"))).status_code in (
            (404,) if address != LIST else (422,)
        )
    assert (await bob.get(href.replace("/acme/", "/borealis/"))).status_code == 404
    assert await draft_of(acme, form.id) == before and await Form.count() == 1


async def test_bad_addresses_and_values_are_answered_in_words(alice, acme):
    form = await actions.create(acme, "F", by=alice.user, draft=DEFINITION)
    href = f"{LIST}/{form.id}"
    assert (await alice.post(LIST, data={"name": "  "})).status_code == 422
    assert (await alice.post(f"{href}/fields", data={"section": "nope", "type": "text"})).status_code == 404
    assert (await alice.post(f"{href}/fields", data={"section": "s1", "type": "script"})).status_code == 404
    assert (await alice.post(f"{href}/fields/nope", data={"label": "x"})).status_code == 404
    odd = await alice.post(f"{href}/heading", data={"title": "a\x00\x07<i>\u2028" + "x" * 300, "name": "n"})
    assert odd.status_code == 200 and len((await draft_of(acme, form.id))["title"]) == 120
    assert "<i>" not in odd.text
