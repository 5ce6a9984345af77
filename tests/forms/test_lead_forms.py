"""Building a form for leads: what fills in what, where it may be shown, what its answers do."""

import html

import pytest

from dashboard.activity.tables import Activity
from dashboard.forms import actions
from dashboard.forms.definition import find
from dashboard.forms.handling import Handling, origin
from dashboard.forms.tables import Form
from dashboard.leads.tables import Attribute, Tag
from tests.leads.public_form import DEFINITION, a_form, sends

LIST = "/acme/settings/forms"
RIGHT = {
    "origins": "https://www.acme.example\nhttps://shop.acme.example/ ", "source": "Website", "owner": "", "thanks": "Thank you.",
    "mail_on": "yes", "mail_when": "topic=guide", "mail_subject": "Your guide", "mail_text": "Here it is.",
    "mail_link": "https://acme.example/guide.pdf",
}  # fmt: skip


async def lead_form(organization, by):
    return await actions.create(organization, "Website check", by=by, kind="lead", draft=DEFINITION)


async def test_a_new_lead_form_can_be_published_and_sent_as_it_begins(alice, acme, stranger):
    made = await alice.post(LIST, data={"name": "Contact", "kind": "lead"}, headers={"HX-Request": "true"})
    href = made.headers["hx-redirect"]
    page = await alice.get(href)
    assert "A draft. Publish it, and its address works." in page.text and "fills in E-mail address" in page.text
    assert "Files</option>" not in page.text
    published = await alice.post(f"{href}/versions")
    assert "Visitors see version 1" in published.text and "https://test.local/acme/forms/contact" in published.text
    assert (await sends(stranger, "/acme/forms/contact")).status_code == 303
    assert "Public, sent 1 time" in (await alice.get(LIST)).text


async def test_without_an_address_that_must_be_answered_a_lead_form_is_not_published(alice, acme):
    form = await lead_form(acme, alice.user)
    href = f"{LIST}/{form.id}"
    await alice.post(f"{href}/fields/email", data={"label": "E-mail address", "to": "email"})
    said = await alice.post(f"{href}/versions")
    assert said.status_code == 422 and (await Form.get_of(acme, form.id)).published == 0
    page = await alice.get(href)
    assert "Ask for the e-mail address, always, and so that it must be answered." in page.text
    await alice.post(f"{href}/fields/email", data={"label": "E-mail address", "to": "email", "required": "yes"})
    assert (await alice.post(f"{href}/versions")).status_code == 200


async def test_a_question_fills_in_what_fits_its_type(alice, acme, borealis):
    await Attribute(organization=acme.id, key="size", label="Team size", kind="number").save()
    await Attribute(organization=borealis.id, key="theirs", label="Theirs", kind="number").save()
    form = await lead_form(acme, alice.user)
    href = f"{LIST}/{form.id}"
    editor = await alice.get(f"{href}?field=size")
    offered = editor.text.split('name="to"', 1)[1].split("</select>", 1)[0]
    assert ">Team size</option>" in offered and "Theirs" not in offered and 'value="email"' not in offered
    await alice.post(f"{href}/fields/size", data={"label": "Size", "to": "attribute:size"})
    assert find((await Form.get_of(acme, form.id)).draft, "size")["to"] == "attribute:size"
    for wrong in ("email", "attribute:theirs", "score", "organization"):
        answer = await alice.post(f"{href}/fields/size", data={"label": "Size", "to": wrong})
        assert answer.status_code == 422 and "Choose from the list." in answer.text
    await alice.post(f"{href}/fields/company", data={"label": "Company", "to": "name"})
    assert "fills in what another question fills in already" in (await alice.get(href)).text
    assert (await alice.post(f"{href}/fields", data={"section": "s1", "type": "file"})).status_code == 404


async def test_handling_is_saved_shown_again_and_once_on_the_timeline(alice, acme):
    form, tag = await a_form(acme, alice.user), Tag(organization=acme.id, name="interiors")
    await tag.save()
    href = f"{LIST}/{form.id}"
    data = RIGHT | {"tags": [str(tag.id)], "owner": str(alice.user.id)}
    saved = await alice.post(f"{href}/handling", data=data)
    assert saved.status_code == 200 and "Saved" in saved.headers["hx-trigger"]
    stored = Handling.of(await Form.get_of(acme, form.id))
    assert stored.origins == ["https://www.acme.example", "https://shop.acme.example"]
    assert (stored.owner, stored.tags, stored.mail_on, stored.mail_when) == (
        alice.user.id,
        [tag.id],
        True,
        "topic=guide",
    )
    code = html.unescape(saved.text.split('id="embed-code"', 1)[1].split(">", 1)[1].split("</textarea>")[0])
    assert code.startswith(
        '<iframe src="https://test.local/acme/forms/website-check/frame" title="Ask for a website check"'
    )
    again = await alice.post(f"{href}/handling", data=data)
    assert "Nothing has changed." in again.headers["hx-trigger"]
    assert await Activity.count().where(Activity.verb == "handling") == 1


async def test_wrong_handling_gets_its_sentences_and_keeps_what_was_typed(alice, acme, bob, borealis):
    form, theirs = await a_form(acme, alice.user), Tag(organization=borealis.id, name="theirs")
    await theirs.save()
    wrong = RIGHT | {
        "origins": "https://www.acme.example\nhttps://*.evil.example", "owner": str(bob.user.id), "tags": [str(theirs.id)],
        "mail_subject": "", "mail_text": "", "mail_link": "javascript:alert(1)", "mail_when": "gone=1",
    }  # fmt: skip
    answer = await alice.post(f"{LIST}/{form.id}/handling", data=wrong)
    assert answer.status_code == 422
    for sentence in (
        "https://*.evil.example is no web address of a site.", "Choose somebody of your team.", "Choose from your tags.",
        "A mail needs a subject.", "Write what the mail says.", "Write the whole address, like https://company.example/guide.pdf.",
        "Choose one of the conditions.",
    ):  # fmt: skip
        assert sentence in answer.text, sentence
    assert "javascript:alert(1)" in answer.text and (await Form.get_of(acme, form.id)).settings == {}


@pytest.mark.parametrize(
    ("typed", "is_"),
    [
        ("https://www.acme.example", "https://www.acme.example"), ("www.Acme.example/contact?x=1", "https://www.acme.example"),
        ("https://acme.example:443", "https://acme.example"), ("https://acme.example:8443/", "https://acme.example:8443"),
        ("https://büro.example", "https://xn--bro-hoa.example"), ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9"), ("http://acme.example", ""), ("https://*.acme.example", ""),
        ("*", ""), ("https:", ""), ("https://a.example;script-src", ""), ("https://u:p@acme.example", ""), ("data:text/html,x", ""),
        ("https://acme", ""), ("https://acme.example:99999", ""), ("'self'", ""), ("https://-a.example", ""), ("null", ""),
    ],
)  # fmt: skip
def test_a_site_is_an_exact_origin_or_nothing(typed, is_):
    assert origin(typed) == is_


async def test_a_copy_is_a_lead_form_too(alice, acme):
    form = await a_form(acme, alice.user, source="Website")
    await alice.post(f"{LIST}/{form.id}/copies")
    copy = await Form.of(acme).where(Form.id != form.id).first()
    assert (copy.kind, copy.settings, copy.published) == ("lead", {"source": "Website"}, 0)


async def test_no_plan_can_ask_with_a_lead_form(alice, acme):
    await a_form(acme, alice.user)
    assert "Website check" not in (await alice.get("/acme/settings/plans/new")).text


async def test_an_agent_and_a_stranger_of_another_company_change_nothing(ana, bob, alice, acme):
    form = await a_form(acme, alice.user)
    assert "Save handling" not in (await ana.get(f"{LIST}/{form.id}")).text
    assert (await ana.post(f"{LIST}/{form.id}/handling", data=RIGHT)).status_code == 403
    assert (await bob.post(f"{LIST}/{form.id}/handling", data=RIGHT)).status_code == 404
    assert (await bob.post(f"/borealis/settings/forms/{form.id}/handling", data=RIGHT)).status_code == 404
    assert (await Form.get_of(acme, form.id)).settings == {}


async def test_an_intake_form_has_no_handling(alice, acme):
    form = await actions.create(acme, "Audit", by=alice.user)
    assert (await alice.post(f"{LIST}/{form.id}/handling", data=RIGHT | {"mail_when": ""})).status_code == 404
