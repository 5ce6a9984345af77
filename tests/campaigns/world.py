"""A world in which campaigns run: the engine's rounds, the out-tray and a provider, at any time."""

from collections import Counter
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.campaigns import launching
from dashboard.campaigns.engine import stopping
from dashboard.campaigns.engine.work import Rounds
from dashboard.campaigns.tables import Campaign, Step, TemplateVersion
from dashboard.database import rows
from dashboard.deliveries import batches, dispatcher
from dashboard.deliveries.lanes import Lanes
from tests.campaigns.seed import a_template
from tests.integrations import connected
from tests.partners.provider import provider
from tests.partners.smtp import mail_server


class Days:
    """Time is travelled: `now` is an argument of every round."""

    def __init__(self, partner, mail=None, **env: str) -> None:
        self.partner, self.mail, self.env, self.lanes = partner, mail, env, Lanes()

    async def integrations_for(self, organization: int | None):
        return connected(self.partner, self.mail, **self.env)

    async def round(self, now: datetime | None = None) -> None:
        """Everything that is to be done at that moment: people, queueing, sending, outcomes."""
        at = now or clock.now()
        stopping._looked_at.clear()
        quiet = 0
        for _ in range(80):
            moved = await Rounds().round(at)
            sent = await self.send(at)
            quiet = 0 if moved or sent else quiet + 1
            if quiet == 2:
                return
        raise AssertionError("it never came to rest")

    async def send(self, at: datetime) -> int:
        sent = 0
        while taken := await batches.work(self.integrations_for, at, self.lanes):
            sent += taken
        while taken := await dispatcher.work(self.integrations_for, at, "mail", self.lanes):
            sent += taken
        return sent

    def mails(self, to: str = "") -> list[dict[str, Any]]:
        """What the provider took, as it was sent."""
        return [each["body"] for each in self.partner.sent("resend") if not to or each["body"]["to"] == [to]]


@asynccontextmanager
async def days(**env: str):
    async with provider() as partner:
        yield Days(partner, **env)


@asynccontextmanager
async def days_by_smtp():
    async with provider() as partner, mail_server() as mail:
        yield Days(partner, mail, RESEND_API_KEY="")


async def a_draft(
    organization: Organization, days: tuple[int, ...] = (0,), texts: dict[str, str] | None = None, **changes: Any
) -> Campaign:
    """A campaign that can be launched, to all leads unless `audience` says which."""
    facts = {"kind": "blast" if days == (0,) else "sequence", "name": "Autumn"} | changes
    campaign = Campaign(organization=organization.id, **facts)
    await campaign.save()
    for position, day in enumerate(days):
        template = await a_template(organization, f"Day {day}", **(texts or {}))
        step = Step(
            organization=organization.id, campaign=campaign.id, position=position, day=day, template=template.id
        )
        await step.save()
    return await Campaign.get_of(organization, campaign.id)


async def launched(organization: Organization, now: datetime | None = None, **facts: Any) -> Campaign:
    return await launching.launch(await a_draft(organization, **facts), None, now or clock.now())


async def ledger(campaign: Campaign) -> Counter[str]:
    """How many rows are in each state."""
    found = await rows("SELECT state FROM campaign_send WHERE campaign = {}", campaign.id)
    return Counter(each["state"] for each in found)


async def lines(campaign: Campaign, lead: Any = None) -> list[tuple[int, str, str]]:
    """(day, state, reason) of one person's rows, in the order of the steps."""
    found = await rows(
        "SELECT t.day, s.state, s.reason FROM campaign_send s JOIN campaign_step t ON t.id = s.step "
        "WHERE s.campaign = {} AND s.lead = {} ORDER BY t.position", campaign.id, lead.id,
    )  # fmt: skip
    return [(each["day"], each["state"], each["reason"]) for each in found]


async def version_of(campaign: Campaign) -> TemplateVersion:
    step = await Step.objects().where(Step.campaign == campaign.id).first()
    return await TemplateVersion.objects().where(TemplateVersion.template == step.template).first()


async def many_leads(organization: Organization, count: int, domain: str = "crowd.example") -> None:
    await rows(
        "INSERT INTO lead (organization, email, email_normalized, name, stage, source, created_at) "
        "SELECT {}, 'p' || n || '@' || {}::text, 'p' || n || '@' || {}::text, 'Person ' || n, 'new', 'Crowd', now() "
        "- interval '1 hour' FROM generate_series(1, {}) n", organization.id, domain, domain, count,
    )  # fmt: skip
