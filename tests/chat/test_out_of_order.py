"""A visitor who goes on before the answer is there: what they wrote last, or whom they called, is not settled by it."""

from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.chat import asking
from dashboard.chat.forms import Asked
from dashboard.database import row
from dashboard.knowledge import loading
from dashboard.tickets import actions as tickets

PRICE, BICYCLES = "How much is the professional audit?", "Do you sell bicycles?"


@pytest.fixture
async def knowing(acme):
    await loading.load(acme, clock.now())
    return acme


async def says(organization, text, key, *, after=None, minutes=0):
    """The visitor writes, in the same thread as `after`; what is answered by `answers`."""
    asked = Asked(text, after[1] if after else "", key, "", "", "", None)
    return await asking.keep(organization, asked, clock.now() + timedelta(minutes=minutes))


async def answers(organization, said, **more):
    conversation, _, message = said
    return await asking.respond(organization, conversation, message, clock.now(), **more)


async def waits(said) -> dict:
    found = await row("SELECT needs_reply, needs_reply_since FROM conversation WHERE id = {}", said[0].id)
    assert found is not None
    return found


async def test_the_answer_to_an_earlier_message_settles_nothing_of_a_later_one(knowing):
    first = await says(knowing, PRICE, "a")
    second = await says(knowing, BICYCLES, "b", after=first, minutes=1)
    assert (await answers(knowing, first)).outcome == "answered"
    found = await waits(first)
    assert found["needs_reply"] and found["needs_reply_since"] == second[2].created_at
    assert (await answers(knowing, second)).outcome == "unknown"
    assert (await waits(first))["needs_reply"]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("last", "open_in_the_end"), [(PRICE, False), (BICYCLES, True)])
async def test_whatever_order_answers_come_in_the_last_message_decides_who_waits(
    knowing, turned, last, open_in_the_end
):
    first = await says(knowing, PRICE, "a")
    second = await says(knowing, last, "b", after=first)
    for each in (second, first) if turned else (first, second):
        await answers(knowing, each)
    assert (await waits(first))["needs_reply"] is open_in_the_end


async def test_a_person_who_was_called_while_the_answer_was_made_is_still_waited_for(knowing, monkeypatch):
    said = await says(knowing, PRICE, "a")
    made = asking.answering.answer

    async def meanwhile(*given, **more):
        await tickets.open_ticket(knowing, said[0], "A question", "asked", clock.now())
        return await made(*given, **more)

    monkeypatch.setattr(asking.answering, "answer", meanwhile)
    assert (await answers(knowing, said)).outcome == "answered"
    assert (await waits(said))["needs_reply"]
