"""Notes on a lead: written, changed, deleted, each taken back, and only by who may."""

from datetime import timedelta

from dashboard import clock
from dashboard.activity.tables import Note
from dashboard.database import rows
from dashboard.leads import notes
from tests.leads.cast import a_lead, said, undo_of, verbs_of

ONCE = "o" * 20


async def a_note(browser, lead, text: str = "Wants a call", once: str = ONCE) -> Note:
    await browser.post(f"/acme/leads/{lead.id}/notes", data={"text": text, "once": once})
    return await Note.objects().order_by(Note.id, ascending=False).first()


async def test_a_note_is_saved_once_shown_escaped_and_the_field_is_new(ana, acme):
    lead = await a_lead(acme)
    data = {"text": " <script>alert(1)</script>\0 ", "once": ONCE}
    first = await ana.post(f"/acme/leads/{lead.id}/notes", data=data)
    again = await ana.post(f"/acme/leads/{lead.id}/notes", data=data)
    assert "&lt;script&gt;alert(1)" in first.text and "<script>alert" not in first.text
    assert f'id="note-text-{lead.id}-1"' in again.text and await Note.count() == 1
    assert first.text.count("Ana Alba wrote a note") == 1
    await ana.post(undo_of(first))
    assert await Note.count() == 0


async def test_an_empty_note_is_refused_at_its_field(ana, acme):
    lead = await a_lead(acme)
    answer = await ana.post(f"/acme/leads/{lead.id}/notes", data={"text": "  ", "once": ONCE})
    assert answer.status_code == 422 and "Write something first." in answer.text and await Note.count() == 0


async def test_a_note_is_changed_by_its_author_marked_and_taken_back(ana, acme):
    lead = await a_lead(acme)
    note = await a_note(ana, lead)
    path = f"/acme/leads/{lead.id}/notes/{note.id}"
    assert "Wants a call" in (await ana.get(path)).text
    answer = await ana.post(path, data={"text": "Wants two calls"})
    assert "Wants two calls" in answer.text and "Changed" in answer.text
    assert "undo" not in (await ana.post(path, data={"text": "Wants two calls"})).headers["hx-trigger"]
    await ana.post(undo_of(answer))
    await note.refresh()
    assert note.text == "Wants a call" and note.updated_at is None, "it is not changed any more"
    assert await verbs_of(lead) == ["noted", "note_changed", "undone"]


async def test_a_deleted_note_comes_back_as_it_was(ana, acme):
    lead = await a_lead(acme)
    note = await a_note(ana, lead)
    gone = await ana.post(f"/acme/leads/{lead.id}/notes/{note.id}/removal")
    assert "Wants a call" not in gone.text and await Note.count() == 0
    assert "undo" not in (await ana.post(f"/acme/leads/{lead.id}/notes/{note.id}/removal")).headers["hx-trigger"]
    for _ in range(2):
        back = await ana.post(undo_of(gone))
    [found] = await Note.objects()
    assert (found.id, found.text, found.author, found.created_at) == (note.id, note.text, ana.user.id, note.created_at)
    assert "Wants a call" in back.text and (await verbs_of(lead)).count("undone") == 1


async def test_colleagues_may_not_touch_it_admins_may(ana, alice, visit, acme):
    from tests.builders import a_member

    lead = await a_lead(acme)
    note = await a_note(ana, lead)
    path = f"/acme/leads/{lead.id}/notes/{note.id}"
    other = await visit(await a_member(acme, "otto@acme.example", "Otto Ost", "agent"))
    assert (await other.post(path, data={"text": "Mine now"})).status_code == 403
    assert (await other.post(f"{path}/removal")).status_code == 403
    assert "Delete<span" not in (await other.get(f"/acme/leads/{lead.id}")).text
    assert (await alice.post(path, data={"text": "Corrected"})).status_code == 200
    await note.refresh()
    assert note.text == "Corrected" and note.author == ana.user.id


async def test_undo_leaves_a_note_alone_that_was_changed_again(ana, acme):
    lead = await a_lead(acme)
    note = await a_note(ana, lead)
    path = f"/acme/leads/{lead.id}/notes/{note.id}"
    first = await ana.post(path, data={"text": "Second words"})
    await ana.post(path, data={"text": "Third words"})
    assert "changed since" in said(await ana.post(undo_of(first)))
    await note.refresh()
    assert note.text == "Third words"


async def test_another_leads_note_and_an_orders_note_are_not_reached(ana, bob, acme, borealis):
    lead, other = await a_lead(acme), await a_lead(acme)
    theirs = await a_note(ana, other)
    order_note = Note(
        organization=acme.id, subject_kind="order", subject_id=lead.id, text="Of an order", author=ana.user.id
    )
    await order_note.save()
    for note in (theirs, order_note):
        path = f"/acme/leads/{lead.id}/notes/{note.id}"
        assert (await ana.get(path)).status_code == 404
        assert (await ana.post(path, data={"text": "x"})).status_code == 404
        await ana.post(f"{path}/removal")
        assert (await bob.post(f"/borealis/leads/{other.id}/notes/{note.id}", data={"text": "x"})).status_code == 404
    assert await Note.count() == 2


async def test_old_words_are_forgotten_after_thirty_days(ana, acme):
    lead = await a_lead(acme)
    note = await a_note(ana, lead)
    gone = await ana.post(f"/acme/leads/{lead.id}/notes/{note.id}/removal")
    assert await notes.forget(clock.now()) == 0
    assert await notes.forget(clock.now() + timedelta(days=31)) == 1
    kept = await rows("SELECT data::text AS data FROM activity WHERE verb = 'note_deleted'")
    assert "Wants a call" not in kept[0]["data"] and (await ana.post(undo_of(gone))).status_code == 404
