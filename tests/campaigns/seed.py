"""Campaigns for tests, with rows of the ledger in any state, as the engine would leave them."""

import itertools
from datetime import timedelta
from typing import Any

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.campaigns.tables import Campaign, Click, Enrollment, Link, Send, Step, Template, TemplateVersion
from dashboard.deliveries.tables import Delivery
from dashboard.leads.tables import Lead
from tests.leads.cast import a_lead

numbers = itertools.count(1)


async def a_template(organization: Organization, name: str = "Hello", **changes: Any) -> Template:
    facts = {"subject": f"{name} {{{{ first_name | there }}}}", "html": f"<p>{name}</p>", "text": name} | changes
    template = Template(organization=organization.id, name=name, version=1)
    await template.save()
    await TemplateVersion(organization=organization.id, template=template.id, number=1, **facts).save()
    return template


async def a_campaign(
    organization: Organization, name: str = "Autumn site check", days: tuple[int, ...] = (0,), **changes: Any
) -> Campaign:
    """A running campaign with a step for each of these days."""
    facts = {
        "kind": "blast" if days == (0,) else "sequence", "state": "running",
        "launched_at": clock.now() - timedelta(days=3), "from_name": organization.name,
    } | changes  # fmt: skip
    campaign = Campaign(organization=organization.id, name=name, **facts)
    await campaign.save()
    for position, day in enumerate(days):
        template = await a_template(organization, f"{name} {day}")
        version = await TemplateVersion.objects().get(TemplateVersion.template == template.id)
        assert version is not None
        await Step(
            organization=organization.id, campaign=campaign.id, position=position, day=day, template=template.id,
            version=version.id,
        ).save()  # fmt: skip
    return campaign


async def steps_of(campaign: Campaign) -> list[Step]:
    return await Step.objects().where(Step.campaign == campaign.id).order_by(Step.position)


async def enrolled(campaign: Campaign, lead: Lead | None = None, **changes: Any) -> Enrollment:
    """One lead in it, without rows of the ledger so far."""
    organization = await Organization.objects().get(Organization.id == campaign.organization)
    assert organization is not None
    person = lead or await a_lead(organization, f"Person {next(numbers)}")
    facts = {"entered_at": clock.now() - timedelta(days=2)} | changes
    made = Enrollment(organization=campaign.organization, campaign=campaign.id, lead=person.id, **facts)
    await made.save()
    return made


async def a_send(
    campaign: Campaign, state: str = "delivered", enrollment: Enrollment | None = None, step: int = 0, **changes: Any
) -> Send:
    """One row of the ledger; what has left has its delivery."""
    person = enrollment or await enrolled(campaign)
    its_step = (await steps_of(campaign))[step]
    at = clock.now() - timedelta(hours=3)
    facts: dict[str, Any] = {"due_at": at}
    if state not in ("waiting", "due", "queued"):
        facts["settled_at"] = at
    send = Send(
        organization=campaign.organization, campaign=campaign.id, step=its_step.id, enrollment=person.id,
        lead=person.lead, state=state, **facts | changes,
    )  # fmt: skip
    await send.save()
    if state not in ("waiting", "due", "skipped", "stopped") and "delivery" not in changes:
        lead = await Lead.objects().get(Lead.id == person.lead)
        assert lead is not None
        known = state if state not in ("complained",) else "delivered"
        delivery = Delivery(
            organization=campaign.organization, key=f"campaign:{send.id}", kind="mail", name="campaign",
            subject_kind="campaign", subject_id=campaign.id, lead=lead.id, recipient=lead.email, title=campaign.name,
            state=known, due_at=at, settled_at=None if known == "queued" else at,
        )  # fmt: skip
        await delivery.save()
        await Send.update({Send.delivery: delivery.id}).where(Send.id == send.id)
        send.delivery = delivery.id
    return send


async def clicked(send: Send, at: Any = None, url: str = "https://acme.example/offer") -> None:
    """The recipient pressed a link in it."""
    when = at or clock.now() - timedelta(hours=1)
    found = await Link.objects().where(Link.campaign == send.campaign, Link.url == url).first()
    link = found or Link(organization=send.organization, campaign=send.campaign, url=url)
    await link.save()
    await Click(organization=send.organization, send=send.id, link=link.id, lead=send.lead, clicked_at=when).save()
    await Send.update({Send.clicked_at: when}).where(Send.id == send.id)
