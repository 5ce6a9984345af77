"""Three campaigns of the sample company: a sequence that runs, a blast that is done, and a draft."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dashboard import clock
from dashboard.activity.tables import Activity
from dashboard.campaigns import rendering, seeds
from dashboard.campaigns import templates as mails_of
from dashboard.campaigns.engine import mails
from dashboard.campaigns.rendering import Texts
from dashboard.campaigns.tables import Campaign, Click, Enrollment, Link, Send, Step, Template
from dashboard.commands.sample.company import Company
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery, Suppression

SEQUENCE = (0, 3, 7, 14)
END = '<p>{{ sender }}</p>\n<p><small><a href="{{ unsubscribe_link }}">Unsubscribe</a></small></p>'
OFFER = Texts(
    "New prices from January, {{ first_name | and what stays }}",
    "<p>Hi {{ first_name | there }},</p>\n<p>from January on audits cost a little more. Whoever orders before gets "
    f'today\'s price: <a href="https://harbourpine.example/prices">see both</a>.</p>\n{END}',
)
CHECK = Texts(
    "How {{ company | your site }} does on a phone",
    "<p>Hi {{ first_name | there }},</p>\n<p>we looked at your site on a phone and noted three things. "
    f'<a href="https://harbourpine.example/check">Here they are</a>.</p>\n{END}',
)
CUSTOMERS = """
    SELECT l.id, l.name, l.company, l.email, l.attributes, min(o.placed_at) FILTER (WHERE o.placed_at > {}) AS bought_at
    FROM lead l JOIN orders o ON o.lead = l.id WHERE l.organization = {} AND l.deleted_at IS NULL AND l.email <> ''
    GROUP BY l.id ORDER BY l.id"""
PROSPECTS = """
    SELECT id, name, company, email, attributes, NULL::timestamptz AS bought_at FROM lead
    WHERE organization = {} AND deleted_at IS NULL AND email <> '' AND stage IN ('new', 'qualified', 'quoted')
    ORDER BY id"""
NO_MAILBOX = "The mailbox does not exist (550 5.1.1)"


async def fill(company: Company) -> None:
    """Templates, and what became of every mail; the same every time."""
    now, chance = clock.now(), random.Random(512)  # noqa: S311 – sample data
    organization = company.organization
    await seeds.plant(organization)
    offer = await mails_of.create(organization, "New prices", "offer", by=None, texts=OFFER)
    check = await mails_of.create(organization, "Site check", "follow_up", by=None, texts=CHECK)
    known = {each["name"]: each["id"] for each in await mails_of.every(organization)}
    await _blast(company, offer, now - timedelta(days=24), chance)
    await _sequence(company, [check, known["Follow-up"], known["Lead magnet"], known["Follow-up"]], now, chance)
    draft = await _campaign(company, "Winter capacity", "sequence", "draft", "stage=quoted")
    await _steps(company, draft, [check, known["Follow-up"]], SEQUENCE[:2])


async def _blast(company: Company, template: int, at: datetime, chance: random.Random) -> None:
    ended = at + timedelta(hours=2)
    dates: dict[str, Any] = {"launched_at": at, "filled_at": at, "finished_at": ended, "created_at": at}
    campaign = await _campaign(company, "New prices from January", "blast", "done", "ordered=yes", **dates)
    [step] = await _steps(company, campaign, [template], (0,))
    for number, person in enumerate(await rows(CUSTOMERS, at, company.organization.id)):
        left = at + timedelta(minutes=number)
        entered = await _entered(campaign, person, at, state="finished", ended_at=left)
        send = await _mail(company, step, entered, person, "bounced" if number in (4, 19) else "delivered", left)
        if send.state == "bounced":
            continue
        if chance.random() < (0.5 if person["bought_at"] else 0.1):
            latest = person["bought_at"] or ended + timedelta(days=3)
            await _clicked(send, left + (latest - left) * chance.uniform(0.2, 0.9))
        if chance.random() < 0.05:
            await Send.update({Send.replied_at: left + timedelta(hours=5)}).where(Send.id == send.id)
    await _said(company, campaign, at, "launched", "launched it")
    await _said(company, campaign, ended, "done", "Finished", by=None)


async def _sequence(company: Company, templates: Sequence[int], now: datetime, chance: random.Random) -> None:
    at = now - timedelta(days=4, hours=2)
    campaign = await _campaign(
        company, "Autumn site check", "sequence", "running", "stage=new,qualified,quoted", launched_at=at, filled_at=at,
        created_at=at - timedelta(days=1), window_from=540, window_to=1020, per_hour=60,
    )  # fmt: skip
    steps = await _steps(company, campaign, templates, SEQUENCE)
    ends = {1: ("replied", "Replied"), 3: ("bounced", NO_MAILBOX), 6: ("unsubscribed", "Unsubscribed")}
    for number, person in enumerate(await rows(PROSPECTS, company.organization.id)):
        reason, words = ends.get(number, ("", ""))
        left = at + timedelta(minutes=7 * number)
        over = {"state": "stopped", "reason": reason, "ended_at": left + timedelta(days=1)} if reason else {}
        entered = await _entered(campaign, person, at, **over)
        for step, day in zip(steps, SEQUENCE, strict=True):
            when = left + timedelta(days=day)
            state = "waiting" if when > now else "delivered"
            if day and reason:
                state = "stopped"
            elif reason == "bounced":
                state = "bounced"
            send = await _mail(
                company, step, entered, person, state, when, words if state in ("stopped", "bounced") else ""
            )
            if state == "delivered" and chance.random() < 0.3:
                await _clicked(send, min(when + timedelta(hours=chance.uniform(1, 20)), now))
            if state == "delivered" and reason in ("replied", "unsubscribed"):
                fact = Send.replied_at if reason == "replied" else Send.unsubscribed_at
                await Send.update({fact: left + timedelta(days=1)}).where(Send.id == send.id)
        if reason in ("bounced", "unsubscribed"):
            await Suppression(
                organization=company.organization.id, email_normalized=person["email"].lower(), reason=reason,
                detail=words if reason == "bounced" else f"By the link in “{campaign.name}”",
            ).save()  # fmt: skip
    await _said(company, campaign, at, "launched", "launched it")


async def _campaign(company: Company, name: str, kind: str, state: str, audience: str, **more: Any) -> Campaign:
    campaign = Campaign(
        organization=company.organization.id, name=name, kind=kind, state=state, audience=audience,
        from_name=company.organization.name,
        launched_by=company.owner.id if state != "draft" else None, **more,
    )  # fmt: skip
    await campaign.save()
    return campaign


async def _steps(company: Company, campaign: Campaign, templates: Sequence[int], days: Sequence[int]) -> list[Step]:
    made = []
    for position, (template, day) in enumerate(zip(templates, days, strict=True)):
        found = await mails_of.find(company.organization, template)
        step = Step(
            organization=company.organization.id, campaign=campaign.id, position=position, day=day, template=template,
            version=found["version_id"] if campaign.state != "draft" else None,
        )  # fmt: skip
        await step.save()
        made.append(step)
        for url in rendering.urls(mails_of.texts_of(found)) if campaign.state != "draft" else ():
            if not await Link.exists().where(Link.campaign == campaign.id, Link.url == url):
                await Link(organization=company.organization.id, campaign=campaign.id, url=url).save()
    return made


async def _entered(campaign: Campaign, person: dict[str, Any], at: datetime, **more: Any) -> Enrollment:
    entered = Enrollment(
        organization=campaign.organization, campaign=campaign.id, lead=person["id"], entered_at=at, **more
    )
    await entered.save()
    return entered


async def _mail(
    company: Company, step: Step, entered: Enrollment, person: dict[str, Any], state: str, at: datetime, words: str = ""
) -> Send:
    """One row of the ledger, with its delivery where it has left."""
    away = state not in ("waiting", "stopped")
    reason = words or (NO_MAILBOX if state == "bounced" else "")
    settled = entered.ended_at if state == "stopped" else at if away else None
    send = Send(
        organization=step.organization, campaign=step.campaign, step=step.id, enrollment=entered.id, lead=person["id"],
        state=state, reason=reason, due_at=at, created_at=entered.entered_at, settled_at=settled,
        queued_at=at if away else None,
    )  # fmt: skip
    await send.save()
    if away:
        template = await Template.objects().get(Template.id == step.template)
        assert template is not None
        texts = mails_of.texts_of(await mails_of.find(company.organization, template.id))
        values = rendering.values(person, company.organization)
        payload = mails.payload({"id": step.campaign}, step.version, send.id, texts, values, other=False)
        delivery = Delivery(
            organization=step.organization, key=f"campaign:{send.id}", kind="mail", name=mails.NAME, bulk=True,
            subject_kind="campaign", subject_id=step.campaign, lead=person["id"], recipient=person["email"],
            title=mails.title(texts.subject, values), payload=payload, state=state, why=reason, attempt=1, due_at=at,
            first_tried_at=at, settled_at=at, created_at=at, provider_id=f"sample-{send.id}",
        )  # fmt: skip
        await delivery.save()
        await Send.update({Send.delivery: delivery.id}).where(Send.id == send.id)
    return send


async def _clicked(send: Send, at: datetime) -> None:
    link = await Link.objects().where(Link.campaign == send.campaign).first()
    if link is not None:
        await Click(organization=send.organization, send=send.id, link=link.id, lead=send.lead, clicked_at=at).save()
        await Send.update({Send.clicked_at: at, Send.opened_at: at}).where(Send.id == send.id)


async def _said(
    company: Company, campaign: Campaign, at: datetime, verb: str, title: str, by: str | None = "owner"
) -> None:
    await Activity(
        organization=campaign.organization, subject_kind="campaign", subject_id=campaign.id, verb=verb, title=title,
        user=company.owner.id if by else None, actor="staff" if by else "system", created_at=at,
    ).save()  # fmt: skip
