"""The conversations page: unread, waiting, archived, given to somebody, and answered in a ticket."""

import json

from dashboard import clock
from dashboard.approvals import drafting
from dashboard.approvals.tables import Suggestion
from dashboard.conversations import actions as conversations
from dashboard.conversations import sorting
from dashboard.conversations.tables import Channel, Conversation
from dashboard.database import rows
from dashboard.tickets.tables import Ticket
from tests.approvals.asking import a_suggestion, draft_all
from tests.tickets.cast import a_conversation, a_person, a_ticket

AT = "/acme/conversations"


async def some(organization):
    """Three threads: Ingrid wrote a mail, Lucas in the chat, Mei was answered."""
    made = []
    for email, name, channel in (
        ("ingrid@solheim.example", "Ingrid Solheim", Channel.mail),
        ("lucas@meyer.example", "Lucas Meyer", Channel.web),
        ("mei@chow.example", "Mei Chow", Channel.mail),
    ):
        made.append(await a_conversation(organization, await a_person(organization, email, name), channel))
    for each in made[:2]:
        await conversations.ask_for_person(each, clock.now())
    await sorting.mark(organization, sorting.only(made[2].id), unread=False)
    return made


async def now_is(conversation) -> Conversation:
    return await Conversation.get_of(conversation.organization, conversation.id)


def said(answer) -> dict:
    return json.loads(answer.headers["HX-Trigger"])["toast"]


async def shown(browser, query="") -> str:
    """First letters of whom the page shows, in order."""
    page = (await browser.get(f"{AT}?{query}")).text
    names = {name: page.find(f">{name}</b>") for name in ("Ingrid Solheim", "Lucas Meyer", "Mei Chow")}
    return "".join(name[0] for name, at in sorted(names.items(), key=lambda each: each[1]) if at >= 0)


async def test_each_view_shows_its_conversations(acme, vera, ana):
    ingrid, lucas, _ = await some(acme)
    await sorting.archive(acme, sorting.only(lucas.id), ana.user, clock.now())
    await rows("UPDATE conversation SET assignee = {} WHERE id = {}", vera.user.id, ingrid.id)
    for query, names in {
        "": "MI", "state=waiting": "I", "state=unread": "I", "state=inbox&assignee=me": "I", "state=archived": "L",
        "q=lucas": "L", "q=SOLHEIM.example": "I", "channel=web": "L", "channel=mail&state=inbox": "MI",
        "ticket=yes": "", "ticket=no&state=inbox": "MI", "q=nobody": "",
    }.items():  # fmt: skip
        assert await shown(vera, query) == names, query
    counts = (await vera.part(f"{AT}/counts")).text
    assert '<span class="n" id="tab-1" hx-morph-skip hx-swap-oob="true">1</span>' in counts


async def test_it_is_found_by_its_subject_by_what_was_said_and_by_the_name_of_the_lead(acme, borealis, vera):
    ingrid, lucas, mei = await some(acme)
    await rows("UPDATE conversation SET subject = 'Invoice 4711' WHERE id = {}", ingrid.id)
    await conversations.receive(lucas, "Where does the ZINNOBER colour\ncome from?", "second", clock.now())
    await conversations.answer(mei, "It is 100% made of wool_en yarn.", "third", clock.now())
    await rows("UPDATE conversation SET name = '' WHERE id = {}", mei.id)
    await rows("UPDATE lead SET name = 'Méi Chow' WHERE id = {}", mei.lead)
    other = await a_conversation(borealis, await a_person(borealis, "x@y.example", "Lucas Meyer"), text="zinnober")
    for query, names in {
        "q=invoice 47": "I", "q=zinnober": "L", "q=100%25": "M", "q=wool_en": "M", "q=woolxen": "", "q=mei+cho": "M",
        "q=méi": "M", "q=names the wrong": "ILM", "q=zinnober&channel=mail": "",
    }.items():  # fmt: skip
        page = (await vera.get(f"{AT}?{query}")).text.replace("Méi Chow</b>", "Mei Chow</b>")
        found = {name[0] for name in ("Ingrid Solheim", "Lucas Meyer", "Mei Chow") if f">{name}</b>" in page}
        assert found == set(names), query
        assert f"{AT}/{other.id}" not in page


async def test_opening_it_makes_it_read_and_looking_alone_does_not(acme, ana, vera):
    [ingrid, *_] = await some(acme)
    page = (await ana.get(f"{AT}/{ingrid.id}")).text
    assert f'hx-post="{AT}/{ingrid.id}/reading"' in page and (await now_is(ingrid)).unread
    assert "/reading" not in (await vera.get(f"{AT}/{ingrid.id}")).text
    await ana.post(f"{AT}/{ingrid.id}/reading")
    assert not (await now_is(ingrid)).unread
    back = await ana.delete(f"{AT}/{ingrid.id}/reading", headers={"HX-Request": "true"})
    assert back.headers["HX-Redirect"] == AT and (await now_is(ingrid)).unread


async def test_whoever_has_its_ticket_open_has_read_it(acme, ana):
    ticket = await a_ticket(acme, await a_person(acme))
    await ana.post("/acme/tickets/1/presence")
    assert not (await Conversation.get_of(acme, ticket.conversation)).unread


async def test_an_archived_conversation_comes_back_by_undo_by_hand_or_by_a_new_message(acme, ana):
    [ingrid, *_] = await some(acme)
    answer = await ana.post(f"{AT}/{ingrid.id}/archive")
    assert (await now_is(ingrid)).archived_at is not None and "Archived" in answer.text
    await ana.post(said(answer)["undo"])
    assert (await now_is(ingrid)).archived_at is None
    await ana.post(f"{AT}/{ingrid.id}/archive")
    await ana.delete(f"{AT}/{ingrid.id}/archive")
    assert (await now_is(ingrid)).archived_at is None
    answer = await ana.post(f"{AT}/{ingrid.id}/archive")
    await conversations.receive(ingrid, "One more thing.", "second", clock.now())
    assert (await now_is(ingrid)).archived_at is None and (await now_is(ingrid)).unread
    assert "changed since" in said(await ana.post(said(answer)["undo"]))["text"]


async def test_whoever_waits_gets_another_draft_when_it_comes_back(acme, ana):
    made = await a_suggestion(acme)
    await ana.post(f"{AT}/{made.conversation}/archive")
    await drafting.tidy()
    assert (await Suggestion.get_of(acme, made.id)).state == "stale"
    await ana.delete(f"{AT}/{made.conversation}/archive")
    assert await draft_all() == 1
    waits = await Suggestion.of(acme).where(Suggestion.state == "waiting").first()
    assert (waits.conversation, waits.message) == (made.conversation, made.message)


async def test_it_is_given_to_somebody_of_the_team_only(acme, ana, bob):
    [ingrid, *_] = await some(acme)
    answer = await ana.post(f"{AT}/{ingrid.id}/assignment", data={"assignee": str(ana.user.id)})
    assert (await now_is(ingrid)).assignee == ana.user.id
    assert (await ana.post(f"{AT}/{ingrid.id}/assignment", data={"assignee": str(bob.user.id)})).status_code == 422
    await ana.post(said(answer)["undo"])
    assert (await now_is(ingrid)).assignee is None
    ticket = await a_ticket(acme, await a_person(acme, "t@t.example"))
    answer = await ana.post(f"{AT}/{ticket.conversation}/assignment", data={"assignee": str(ana.user.id)})
    assert answer.status_code == 409 and "ticket 1" in answer.text


async def test_it_is_answered_in_a_ticket_which_is_one_however_often(acme, ana):
    [ingrid, *_] = await some(acme)
    first = await ana.post(f"{AT}/{ingrid.id}/ticket", headers={"HX-Request": "true"})
    again = await ana.post(f"{AT}/{ingrid.id}/ticket", headers={"HX-Request": "true"})
    assert first.headers["HX-Redirect"] == again.headers["HX-Redirect"] == "/acme/tickets/1#reply"
    [ticket] = await Ticket.of(acme)
    assert (ticket.conversation, ticket.assignee, ticket.subject) == (ingrid.id, ana.user.id, "Wrong site")
    assert "Answer in ticket 1" in (await ana.get(f"{AT}/{ingrid.id}")).text


async def test_many_are_archived_read_and_brought_back(acme, ana, bob):
    made = await some(acme)
    ids = [str(each.id) for each in made[:2]]
    answer = await ana.post(f"{AT}/bulk/archive", data={"numbers": ids})
    assert said(answer)["text"] == "2 conversations archived." and await shown(ana) == "M"
    assert said(await bob.post(said(answer)["undo"].replace("acme", "borealis")))["text"].startswith("They have")
    await ana.post(said(answer)["undo"])
    assert await shown(ana) == "MLI"
    answer = await ana.post(f"{AT}/bulk/archive", data={"all": "1", "query": "state=unread"})
    assert said(answer)["text"] == "2 conversations archived."
    assert said(await ana.post(f"{AT}/bulk/inbox", data={"all": "1", "query": "state=archived"}))["text"].startswith(
        "2"
    )
    await ana.post(f"{AT}/bulk/reading", data={"numbers": ids})
    assert await shown(ana, "state=unread") == ""
    await ana.post(f"{AT}/bulk/reading", data={"numbers": ids, "unread": "1"})
    assert await shown(ana, "state=unread") == "LI"
    assert (await ana.post(f"{AT}/bulk/archive", data={})).status_code == 422


async def test_another_organizations_conversations_do_not_exist(acme, borealis, bob, vera):
    made = await some(acme)
    id = made[0].id
    before = await rows("SELECT * FROM conversation ORDER BY id")
    for path in ("reading", "archive", "assignment", "ticket"):
        assert (await bob.post(f"/borealis/conversations/{id}/{path}", data={"assignee": ""})).status_code == 404
        assert (await bob.post(f"{AT}/{id}/{path}")).status_code == 404
        assert (await vera.post(f"{AT}/{id}/{path}")).status_code == 403
    assert (await bob.get(f"/borealis/conversations/{id}")).status_code == 404
    for path, data in (("archive", {"numbers": [str(id)]}), ("reading", {"all": "1", "query": "state=inbox"})):
        assert (await bob.post(f"/borealis/conversations/bulk/{path}", data=data)).status_code == 200
    assert await rows("SELECT * FROM conversation ORDER BY id") == before
    assert "Ingrid" not in (await bob.get("/borealis/conversations?q=ingrid")).text


async def test_what_people_wrote_is_text(acme, ana):
    attack = '<img src=x onerror=alert(1)> <b hx-get="/acme/leads" hx-trigger="load">x</b> {{7*7}}'
    person = await a_person(acme, name='"><script>alert(3)</script>')
    made = await a_conversation(acme, person, text=attack, subject=attack)
    for path in (AT, f"{AT}/{made.id}"):
        page = (await ana.get(path)).text
        assert "<script>alert" not in page and "<img src=x" not in page and '<b hx-get="/acme/leads"' not in page
        assert "&lt;img src=x" in page and "{{7*7}}" in page


async def test_a_file_is_a_link_to_a_download_and_never_a_page_of_ours(acme, ana, bob):
    ticket = await a_ticket(acme, await a_person(acme))
    evil = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    sent = await ana.post(
        "/acme/tickets/1/replies", data={"text": "Here.", "once": "abcdefgh1234", "kind": "reply"},
        files={"file": ("<img src=x onerror=alert(1)>.svg", evil, "image/svg+xml")},
    )  # fmt: skip
    assert sent.status_code == 200
    for path in (f"{AT}/{ticket.conversation}", "/acme/tickets/1"):
        page = (await ana.get(path)).text
        assert 'href="/acme/files/1"' in page and "<img src=x" not in page and "<svg xmlns" not in page
    file = await ana.get("/acme/files/1")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in file.headers["Content-Security-Policy"]
    for path in ("/acme/files/1", "/borealis/files/1"):
        assert (await bob.get(path)).status_code == 404


async def test_the_pages_ask_little_of_the_database(acme, ana, queries):
    made = await some(acme)
    for path, most in ((AT, 8), (f"{AT}/{made[0].id}", 10)):
        with queries() as seen:
            await ana.get(path)
        assert len(seen) <= most, "\n".join(seen)


async def test_filters_can_be_kept_as_a_view(acme, ana):
    await ana.post("/acme/views", data={"page": "conversations", "query": "channel=web", "name": "Chats"})
    assert "Chats" in (await ana.get(AT)).text
