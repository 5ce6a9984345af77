"""A person's data as a file, and what they agreed to."""

import json

from dashboard.database import row, rows
from dashboard.leads.tables import Consent, Lead
from tests.erasure.person import EMAIL, NAME, PHONE, SECRET, fill
from tests.leads.cast import a_lead


async def test_everything_about_a_person_is_in_the_file_and_nothing_about_others(alice, ana, acme):
    lead = await fill(acme, alice.user)
    answer = await ana.get(f"/acme/leads/{lead.id}/privacy.json")
    assert answer.headers["content-disposition"] == f'attachment; filename="lead-{lead.id}.json"'
    found = json.loads(answer.content)
    assert found["organization"] == "Acme" and {each["email"] for each in found["lead"]} >= {EMAIL}
    for table in (
        "orders",
        "intake",
        "file",
        "delivery",
        "note",
        "consent",
        "capture",
        "payment",
        "activity",
        "enrollment",
    ):
        assert found[table], table
    assert found["lead"][0]["phone"] == PHONE and found["suppression"][0]["reason"] == "unsubscribed"
    assert any(SECRET in mail["text"] for mail in found["delivery"]) and NAME in answer.text
    assert "tom@hall.example" not in answer.text and "Sent to us" not in answer.text
    assert "mail_batch" not in found, "its bytes are mails to others, too"


async def test_the_file_opens_nothing(alice, acme):
    lead = await fill(acme, alice.user)
    found = (await alice.get(f"/acme/leads/{lead.id}/privacy.json")).text
    intake = json.loads(found)["intake"][0]
    assert "link_version" not in intake and "token_hash" not in found and "storage_key" not in found
    mail = (await row("SELECT payload ->> 'text' AS text FROM delivery WHERE name = 'intake_request'"))["text"]
    assert "/f/" in mail and f"/f/{intake['id']}." not in found and "/f/…" in found


async def test_others_do_not_get_it(bob, vera, stranger, acme, borealis):
    lead = await a_lead(acme)
    assert (await bob.get(f"/borealis/leads/{lead.id}/privacy.json")).status_code == 404
    assert (await bob.get(f"/borealis/leads/{lead.id}/privacy")).status_code == 404
    assert (await vera.get(f"/acme/leads/{lead.id}/privacy.json")).status_code == 403
    assert (await bob.get(f"/borealis/leads/{2**70}/privacy.json")).status_code == 404


async def test_a_consent_is_withdrawn_once_and_stays_in_the_list(ana, bob, acme, borealis):
    lead, own = await a_lead(acme), await a_lead(borealis)
    consent = Consent(
        organization=acme.id, lead=lead.id, text="Yes, write to me", source="Form", given_at=lead.created_at
    )
    await consent.save()
    path = f"leads/{{}}/consents/{consent.id}/withdrawal"
    assert (await bob.post(f"/borealis/{path.format(own.id)}")).status_code == 404
    for _ in range(2):
        page = await ana.post(f"/acme/{path.format(lead.id)}")
        assert "Yes, write to me" in page.text and "withdrawn" in page.text and "/withdrawal" not in page.text
    assert len(await rows("SELECT 1 FROM activity WHERE verb = 'consent_withdrawn'")) == 1
    assert (await Lead.get_of(acme, lead.id)).scored_at is None
