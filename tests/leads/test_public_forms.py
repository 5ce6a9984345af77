"""A stranger fills in a public form and is a lead: once, with consent, whatever the browser or a machine does."""

import asyncio
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.accounts.tables import Attempt
from dashboard.activity.tables import Activity
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.forms import actions as forms
from dashboard.intake.jobs import forget_captures
from dashboard.intake.tables import Capture
from dashboard.leads import actions as leads
from dashboard.leads.tables import Attribute, Consent, Lead, Tag
from dashboard.schedule import SCHEDULE
from tests.leads.public_form import DEFINITION, PATH, RIGHT, a_form, hidden, sends


async def deliveries(organization):
    found = await Delivery.select_of(organization, Delivery.name, Delivery.title, Delivery.recipient).order_by(
        Delivery.id
    )
    return [(each["name"], each["title"], each["recipient"]) for each in found]


async def the_lead(organization) -> Lead:
    found = await Lead.of(organization)
    assert len(found) == 1
    return found[0]


async def test_the_form_is_open_to_anybody_and_looking_changes_nothing(stranger, acme, alice):
    await a_form(acme, alice.user)
    page = await stranger.get(f"{PATH}?utm_source=newsletter", headers={"Referer": "https://www.acme.example/prices"})
    assert page.status_code == 200
    assert "Ask for a website check" in page.text and "Free, within two days." in page.text and "Acme" in page.text
    assert page.headers["cache-control"] == "no-store" and page.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert await Capture.count() == 0 and await Lead.count() == 0 and "set-cookie" not in page.headers


async def test_sending_makes_a_lead_with_all_that_was_said(stranger, acme, alice):
    tag = Tag(organization=acme.id, name="interiors")
    await tag.save()
    await Attribute(organization=acme.id, key="team_size", label="Team size", kind="number").save()
    await a_form(acme, alice.user, tags=[tag.id, 99], owner=alice.user.id, source="Website")
    page = await stranger.get(
        f"{PATH}?utm_source=news&utm_campaign=may", headers={"Referer": "https://a.example/x?y=1"}
    )
    began = clock.now()
    sent = await sends(stranger, page=page)
    assert sent.status_code == 303 and sent.headers["location"] == f"{PATH}/thanks"
    assert "We write to you at the address you gave." in (await stranger.get(f"{PATH}/thanks")).text
    lead = await the_lead(acme)
    assert (lead.name, lead.email, lead.company, lead.phone) == (
        "Sofia Marchetti", "Sofia@WrenAndCo.example", "Wren & Co", "+44 20 7946 0018",
    )  # fmt: skip
    assert (lead.source, lead.owner, lead.tags, lead.attributes) == (
        "Website",
        alice.user.id,
        [tag.id],
        {"team_size": 25},
    )
    assert lead.source_data == {
        "utm_source": "news", "utm_campaign": "may", "page": "https://a.example/x", "form": "website-check",
    }  # fmt: skip
    assert lead.scored_at is None
    consent = await Consent.of(acme).first()
    assert consent.text == "You may write to me\nYou can stop it any time." and consent.lead == lead.id
    assert consent.source == "Form Website check, version 1" and began <= consent.given_at <= clock.now()
    line = await Activity.of(acme).where(Activity.verb == "form_submitted").first()
    assert (
        line.actor == "customer"
        and "Company: Wren & Co" in line.detail
        and "How many people are you? 25" in line.detail
    )
    alert = await Delivery.of(acme).where(Delivery.name == "lead_captured").first()
    assert alert.title == "New lead: Sofia Marchetti · Wren & Co" and alert.payload["href"] == f"/acme/leads/{lead.id}"


async def test_what_is_known_of_somebody_stays_and_what_is_missing_is_added(stranger, acme, alice, ana):
    known = await leads.find_or_create(acme, "sofia@wrenandco.example", "Sofia", source="Referral")
    await Lead.update({Lead.attributes: {"team_size": 3}, Lead.owner: ana.user.id, Lead.score: 40}).where(
        Lead.id == known.id
    )
    await Attribute(organization=acme.id, key="team_size", label="Team size", kind="number").save()
    await a_form(acme, alice.user, owner=alice.user.id)
    await sends(stranger)
    lead = await the_lead(acme)
    assert (lead.name, lead.company, lead.source, lead.owner) == ("Sofia", "Wren & Co", "Referral", ana.user.id)
    assert lead.attributes == {"team_size": 3} and lead.scored_at is None
    assert (await deliveries(acme))[0][1] == "Sofia · Wren & Co filled in a form"


async def test_twenty_clicks_are_one_answer(stranger, acme, alice, monkeypatch):
    from dashboard.intake.routes import public

    monkeypatch.setattr(public, "SENDS", public.attempts.Limit(100, timedelta(minutes=1)))
    await a_form(acme, alice.user, mail_on=True, mail_subject="Your guide", mail_text="Here it is.")
    page = await stranger.get(PATH)
    answers = await asyncio.gather(*(sends(stranger, page=page) for _ in range(20)))
    assert {(each.status_code, each.headers["location"]) for each in answers} == {(303, f"{PATH}/thanks")}
    assert (await Lead.count(), await Consent.count(), await Capture.count()) == (1, 1, 1)
    assert [name for name, _, _ in await deliveries(acme)] == ["lead_captured", "form_reply"]
    assert await Activity.count().where(Activity.verb == "form_submitted") == 1


async def test_going_back_and_sending_the_same_again_is_the_same_answer(stranger, acme, alice):
    await a_form(acme, alice.user)
    page = await stranger.get(PATH)
    await sends(stranger, page=page)
    again = await sends(stranger, page=page)
    assert again.status_code == 303 and await Capture.count() == 1


async def test_going_back_and_correcting_is_not_lost_and_not_silent(stranger, acme, alice):
    await a_form(acme, alice.user)
    page = await stranger.get(PATH)
    await sends(stranger, page=page)
    other = await sends(stranger, page=page, message="Two rooms, not three", topic="guide")
    assert other.status_code == 409 and "You have sent this form already." in other.text
    assert "Two rooms, not three" in other.text and 'value="guide" checked' in other.text
    assert await Activity.count().where(Activity.verb == "form_submitted") == 1
    assert (await sends(stranger, page=other, message="Two rooms, not three")).status_code == 303
    assert (await Lead.count(), await Capture.count()) == (1, 2)


async def test_answers_that_are_wrong_come_back_with_their_sentence_and_are_kept(stranger, visit, acme, alice):
    await a_form(acme, alice.user)
    page = await stranger.get(PATH)
    wrong = await sends(stranger, page=page, email="sofia", size="many")
    assert wrong.status_code == 422
    assert (
        "Write the whole address, like name@company.example." in wrong.text and "Write a number, like 12" in wrong.text
    )
    assert 'value="many"' in wrong.text and hidden(wrong)["_token"] == hidden(page)["_token"]
    assert (await Lead.count(), await Delivery.count()) == (0, 0)
    resumed = await (await visit(None)).get(f"{PATH}?draft={hidden(page)['_token']}")
    assert "Welcome back. We kept your answers from today" in resumed.text and "Wren &amp; Co" in resumed.text
    assert (await sends(stranger, page=wrong)).status_code == 303


async def test_what_is_typed_is_saved_and_found_at_its_own_address(stranger, visit, acme, alice):
    await a_form(acme, alice.user)
    page = hidden(await stranger.get(f"{PATH}?utm_source=news"))
    saved = await stranger.patch(PATH, data=page | {"q.name": "Sofia", "q.state": "x", "submitted_at": "now"})
    said = saved.json()
    assert (said["done"], said["total"], said["address"]) == (1, 8, f"{PATH}?draft={page['_token']}")
    capture = await Capture.of(acme).first()
    assert (capture.answers, capture.source_data, capture.submitted_at) == (
        {"name": "Sofia"},
        {"utm_source": "news"},
        None,
    )
    assert page["_token"].encode() not in capture.token_hash
    resumed = await (await visit(None)).get(said["address"])
    assert 'value="Sofia"' in resumed.text and hidden(resumed)["_token"] == page["_token"]
    assert await Lead.count() == 0
    await sends(stranger, page=resumed)
    after = await stranger.get(said["address"])
    assert after.status_code == 303 and after.headers["location"] == f"{PATH}/thanks"
    late = await stranger.patch(PATH, data=page | {"q.name": "Late"})
    assert late.status_code == 409 and (await Capture.of(acme).first()).answers["name"] == "Sofia Marchetti"


async def test_saving_for_later_works_without_scripts(stranger, acme, alice):
    await a_form(acme, alice.user)
    page = hidden(await stranger.get(PATH))
    later = await stranger.post(PATH, data=page | {"q.name": "Sofia", "later": "1"})
    assert later.status_code == 303 and later.headers["location"] == f"{PATH}?draft={page['_token']}"
    assert 'value="Sofia"' in (await stranger.get(later.headers["location"])).text and await Lead.count() == 0


async def test_a_machine_that_fills_in_everything_is_told_the_same_and_nothing_happens(stranger, acme, alice):
    await a_form(acme, alice.user, mail_on=True, mail_subject="S", mail_text="T")
    page = await stranger.get(PATH)
    person = await sends(stranger, page=page)
    machine = await stranger.post(
        PATH,
        data=hidden(await stranger.get(PATH))
        | RIGHT
        | {"q.email": "bot@spam.example", "homepage": "https://spam.example"},
    )
    assert (machine.status_code, machine.headers["location"]) == (person.status_code, person.headers["location"])
    assert (await Lead.count(), await Capture.count(), await Delivery.count()) == (1, 1, 2)
    saved = await stranger.patch(PATH, data=hidden(page) | {"homepage": "x", "q.name": "B"})
    assert saved.status_code == 200 and await Capture.count() == 1


async def test_one_place_cannot_flood_a_form_and_loses_nothing_it_typed(stranger, acme, alice):
    await a_form(acme, alice.user)
    for n in range(20):
        assert (await sends(stranger, email=f"n{n}@x.example")).status_code == 303
    full = await sends(stranger, email="one@toomany.example")
    assert full.status_code == 429 and "one@toomany.example" in full.text and "What you typed is kept." in full.text
    assert await Lead.count() == 20
    await Attempt.update({Attempt.window_ends_at: clock.now() - timedelta(seconds=1)}, force=True)
    assert (await sends(stranger, page=full, email="one@toomany.example")).status_code == 303


async def test_one_place_cannot_fill_the_database_with_beginnings(stranger, acme, alice):
    await a_form(acme, alice.user)
    answers = [
        (await stranger.patch(PATH, data=hidden(await stranger.get(PATH)) | {"q.name": "x"})).status_code
        for _ in range(45)
    ]
    assert answers == [200] * 40 + [429] * 5 and await Capture.count() == 40


async def test_the_promised_mail_goes_out_once_a_day_to_whom_asked_for_it(stranger, acme, alice):
    await a_form(
        acme, alice.user, mail_on=True, mail_subject="Your guide", mail_text="Here it is.\n\nRead it.",
        mail_link="acme.example/guide.pdf", mail_when="topic=guide",
    )  # fmt: skip
    await sends(stranger)
    assert [name for name, _, _ in await deliveries(acme)] == ["lead_captured"]
    for _ in range(3):
        await sends(stranger, topic="guide")
    mails = [each for each in await deliveries(acme) if each[0] == "form_reply"]
    assert mails == [("form_reply", "Your guide", "Sofia@WrenAndCo.example")]
    mail = await Delivery.of(acme).where(Delivery.name == "form_reply").first()
    assert "https://acme.example/guide.pdf" in mail.payload["html"] and "Hello Sofia," in mail.payload["text"]
    assert mail.lead and (mail.subject_kind, mail.subject_id) == ("lead", mail.lead)


async def test_consent_that_is_not_given_is_not_kept_as_given(stranger, acme, alice):
    await a_form(acme, alice.user)
    await sends(stranger, agree="")
    assert await Consent.count() == 0 and await Lead.count() == 1


async def test_who_began_with_an_older_version_is_judged_by_it(stranger, acme, alice):
    form = await a_form(acme, alice.user)
    old = await stranger.get(PATH)
    harder = DEFINITION | {"sections": [{"key": "s1", "title": "You", "optional": False, "fields": [
        {"key": "email", "type": "email", "label": "E-mail", "required": True, "to": "email"},
        {"key": "vat", "type": "text", "label": "VAT number", "required": True}]}]}  # fmt: skip
    await forms.edit(acme, form, lambda _: forms.definitions.complete(harder))
    await forms.publish(acme, form, alice.user)
    assert "VAT number" in (await stranger.get(PATH)).text
    assert (await sends(stranger, page=old)).status_code == 303
    assert "VAT number" in (await sends(stranger)).text


async def test_only_listed_sites_may_frame_it_and_only_the_frame(stranger, acme, alice):
    await a_form(acme, alice.user, origins=["https://www.acme.example", "https://shop.acme.example"])
    for path in (f"{PATH}/frame", f"{PATH}/frame/thanks"):
        policy = (await stranger.get(path)).headers["content-security-policy"]
        assert policy.endswith("frame-ancestors https://www.acme.example https://shop.acme.example")
        assert "script-src 'self'" in policy and "form-action 'self'" in policy
    framed = await stranger.get(f"{PATH}/frame")
    assert f'action="{PATH}/frame"' in framed.text and "<footer>" not in framed.text
    wrong = await sends(stranger, f"{PATH}/frame", email="x")
    assert wrong.status_code == 422 and "https://shop.acme.example" in wrong.headers["content-security-policy"]
    sent = await sends(stranger, f"{PATH}/frame")
    assert sent.headers["location"] == f"{PATH}/frame/thanks"
    for path in (PATH, f"{PATH}/thanks"):
        assert (await stranger.get(path)).headers["content-security-policy"].endswith("frame-ancestors 'none'")


async def test_a_form_without_listed_sites_is_framed_nowhere(stranger, acme, alice):
    await a_form(acme, alice.user)
    assert (await stranger.get(f"{PATH}/frame")).headers["content-security-policy"].endswith("frame-ancestors 'none'")


async def test_another_sites_own_form_cannot_post_here(stranger, acme, alice):
    await a_form(acme, alice.user)
    data = hidden(await stranger.get(PATH)) | RIGHT
    for site in ("cross-site", "same-site", "none"):
        assert (await stranger.post(PATH, data=data, headers={"Sec-Fetch-Site": site})).status_code == 403
        assert (await stranger.patch(PATH, data=data, headers={"Sec-Fetch-Site": site})).status_code == 403
    assert (await Lead.count(), await Capture.count()) == (0, 0)


@pytest.mark.parametrize("state", ["draft", "archived", "intake", "another organization's"])
async def test_what_is_not_public_is_not_there(stranger, acme, borealis, alice, bob, state):
    if state == "draft":
        await forms.create(acme, "Website check", by=alice.user, kind="lead", draft=DEFINITION)
    elif state == "another organization's":
        await a_form(borealis, bob.user)
    else:
        form = await a_form(acme, alice.user)
        changes = {"archived": "archived_at = now()", "intake": "kind = 'intake'"}
        await rows(f"UPDATE form SET {changes[state]} WHERE id = {{}}", form.id)
    for path in (PATH, f"{PATH}/frame", f"{PATH}/thanks"):
        assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(PATH, data=RIGHT)).status_code == 404
    assert (await stranger.patch(PATH, data=RIGHT)).status_code == 404


async def test_a_token_of_another_form_opens_nothing(stranger, acme, alice):
    await a_form(acme, alice.user)
    await a_form(acme, alice.user, name="Other")
    page = hidden(await stranger.get("/acme/forms/other"))
    await stranger.patch("/acme/forms/other", data=page | {"q.name": "Secret Name"})
    assert "Secret Name" not in (await stranger.get(f"{PATH}?draft={page['_token']}")).text
    crossed = await stranger.post(PATH, data=page | RIGHT)
    assert crossed.status_code == 409 and await Lead.count() == 0


async def test_what_was_never_sent_is_forgotten_after_seven_days_and_nothing_else(stranger, acme, alice):
    await a_form(acme, alice.user)
    await sends(stranger)
    for n, days in enumerate((6, 8, 9)):
        page = hidden(await stranger.get(PATH))
        await stranger.patch(PATH, data=page | {"q.name": f"n{n}"})
        saved = clock.now() - timedelta(days=days if n < 2 else 1)
        await rows(
            "UPDATE capture SET created_at = {}, saved_at = {} WHERE answers ->> 'name' = {}",
            clock.now() - timedelta(days=days), saved, f"n{n}",
        )  # fmt: skip
    assert await forget_captures(clock.now()) == {"removed": 1}
    left = await rows("SELECT answers ->> 'name' AS name FROM capture ORDER BY id")
    assert [each["name"] for each in left] == ["Sofia Marchetti", "n0", "n2"]
    assert "forget_captures" in {job.name for job in SCHEDULE}
