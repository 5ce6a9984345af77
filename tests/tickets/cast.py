"""Conversations and tickets of Acme, for tests."""

from dashboard import clock
from dashboard.conversations import actions as conversations
from dashboard.conversations.tables import Channel
from dashboard.leads.tables import Lead
from dashboard.tickets import actions


async def a_person(organization, email="ingrid@solheim.example", name="Ingrid Solheim"):
    lead = Lead(organization=organization.id, email=email, email_normalized=email, name=name, stage="new")
    await lead.save()
    return lead


async def a_conversation(
    organization, lead=None, channel=Channel.mail, text="The report names the wrong site.", **facts
):
    now = clock.now()
    email, name = (lead.email, lead.name) if lead else ("", "")
    made, _ = await conversations.begin(
        organization, channel, now, lead=lead, **{"email": email, "name": name, "subject": "Wrong site"} | facts
    )
    await conversations.receive(made, text, "first", now, mail_id="first@mail.solheim.example")
    return made


async def a_ticket(organization, lead=None, subject="Report shows the wrong domain", **facts):
    conversation = await a_conversation(organization, lead, **facts)
    ticket, _ = await actions.open_ticket(organization, conversation, subject, "asked", clock.now())
    return ticket
