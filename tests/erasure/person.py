"""A person who left a trace in every place there is. Whatever of TRACES is found anywhere is theirs.

`python -m tests.erasure.person` writes them into the database of the environment, `… erase` forgets the person."""

import asyncio
import json
import sys

from dashboard import clock
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.campaigns.tables import Campaign, Click, Enrollment, Link, Send, Step
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery, DeliveryAttempt, MailBatch, Suppression
from dashboard.files import actions as files
from dashboard.forms.tables import Form, FormVersion
from dashboard.intake.tables import Capture, Intake, IntakeFile
from dashboard.integrations import stripe_samples
from dashboard.leads import merging
from dashboard.leads.tables import Batch, BatchLine, Consent, Distinct, Import, Lead, Pair
from dashboard.orders.tables import Order
from dashboard.payments.tables import Payment
from dashboard.runs.tables import Run
from dashboard.views.tables import SavedView
from dashboard.webhooks import handlers, ledger
from tests.orders import cast

NAME, EMAIL, OTHER = "Odalys Quillfeather", "odalys@quillfeather.example", "o.quillfeather@mail.example"
PHONE, SECRET = "+44 20 7946 0533", "zinnobertea"  # SECRET is in texts that do not name the person
TRACES = ("quillfeather", "odalys", "7946 0533", "79460533", SECRET)


async def fill(organization: Organization, user: User) -> Lead:
    """Everything that can happen with a person; the lead that stands for them in the end."""
    now, stamp = clock.now(), int(clock.now().timestamp())
    await cast.a_plan(organization, f"Audit {organization.id}", form=(await cast.a_form(organization)).id)
    for kind, purchase, email, more in (
        ("checkout.session.completed", "odd1", EMAIL, {"plan": f"Audit {organization.id}"}),
        ("charge.refunded", "odd1", EMAIL, {"refunded": 100}),
        ("checkout.session.expired", "odd2", OTHER, {}),
        ("customer.updated", "odd3", EMAIL, {}),
        ("invoice.paid", "odd4", EMAIL, {}),
    ):
        event = stripe_samples.event(kind, f"{purchase}x{organization.id}", email=email, name=NAME, now=stamp, **more)
        event["data"]["object"]["description"] = f"{NAME}, {EMAIL}, {SECRET}"
        body = json.dumps(event).encode()
        await ledger.record(organization.id, "stripe", f"{kind}{organization.id}", kind, body, now)
    while await ledger.work(handlers.HANDLERS, now):
        pass
    order = await Order.of(organization).where(Order.customer_email == EMAIL).first()
    lead = await Lead.get_of(organization, order.lead)
    await _facts(organization, lead, order)
    await _around(organization, lead, order, user)
    await _batches(organization, lead, user)
    second = await Lead.of(organization).where(Lead.email == OTHER).first()
    await merging.merge(organization, lead.id, second.id, {}, now, user)
    await rows(
        "UPDATE delivery SET state = 'sending' WHERE organization = {} AND name = 'intake_request'", organization.id
    )
    return await Lead.get_of(organization, lead.id)


async def _facts(organization: Organization, lead: Lead, order: Order) -> None:
    """What they told us, and what we made for them."""
    text, now = {"said": f"{SECRET} of {NAME}"}, clock.now()
    await rows(
        "UPDATE lead SET company = {}, phone = {}, phone_normalized = {}, attributes = {}, source_data = {}, source = {}, "
        "lost_reason = {}, score_reasons = {} WHERE id = {}",
        "Quillfeather Tiles", PHONE, "442079460533", text, text, f"Friend of {NAME}", SECRET, [[5, f"{NAME} asked"]],
        lead.id,
    )  # fmt: skip
    await rows(
        "UPDATE orders SET source_data = {}, cancel_reason = {}, source = {} WHERE id = {}", text, SECRET,
        f"{SECRET} link", order.id,
    )  # fmt: skip
    await rows('UPDATE intake SET answers = {} WHERE "order" = {}', {"goal": f"{NAME}: {SECRET}"}, order.id)
    intake = await Intake.of(organization).where(Intake.order == order.id).first()
    for name in ("passport", "brand"):
        stored = await files.store(
            organization, f"{SECRET} {NAME} {EMAIL}".encode() * 50, f"{NAME} {name}.pdf", "customer"
        )
        await IntakeFile(organization=organization.id, intake=intake.id, field=name, file=stored.id).save()
    await cast.a_deliverable(organization, order, f"Report for {NAME}", note=SECRET)
    await Consent(
        organization=organization.id, lead=lead.id, text=f"I, {NAME}, agree", source=SECRET, given_at=now
    ).save()
    form = await Form.of(organization).first()
    version = await FormVersion.of(organization).where(FormVersion.form == form.id).first()
    await Capture(
        organization=organization.id, form=form.id, form_version=version.id, lead=lead.id, answers=text,
        token_hash=f"hash{organization.id}".encode(), source_data=text, submitted_at=now,
    ).save()  # fmt: skip


async def _around(organization: Organization, lead: Lead, order: Order, user: User) -> None:
    """What the team wrote, what was sent, what the application noted."""
    now, by = clock.now(), organization.id
    other = await cast.leads.find_or_create(organization, "tom@hall.example", "Tom Hall")
    await activity.write_note(organization, "lead", lead.id, f"{SECRET} for {NAME}", user)
    await activity.write_note(organization, "order", order.id, f"{SECRET} again", user)
    await activity.write_note(organization, "lead", other.id, f"Sent to us by {NAME.upper()}, {EMAIL} or {PHONE}", user)
    for kind, id in (("lead", lead.id), ("order", order.id), ("lead", other.id)):
        own = f" {SECRET}" if id != other.id else ""
        await activity.record(
            organization, kind, id, "person", f"changed {NAME}{own}", by=user, detail=f"{EMAIL}{own}",
            data={"from": {"name": NAME}, "to": {"email": EMAIL, "said": own}},
        )  # fmt: skip
    sent = Delivery(
        organization=by, key=f"odd:{by}", kind="mail", name="follow_up", lead=lead.id, recipient=EMAIL, due_at=now,
        title=f"{NAME}, one question", payload={"text": SECRET, "html": NAME}, state="bounced", why=f"550 {EMAIL} unknown",
    )  # fmt: skip
    await sent.save()
    await DeliveryAttempt(delivery=sent.id, number=1, outcome="bounced", detail=f"550 {EMAIL}").save()
    await MailBatch(
        organization=by, members=[sent.id], body=f"{NAME} {SECRET}".encode(), state="paused", due_at=now,
    ).save()  # fmt: skip
    for n, state in enumerate(("queued", "held", "failed", "unknown")):
        await Delivery(
            organization=by, key=f"odd:{by}:{n}", kind="mail" if n else "telegram", name="upsell", subject_kind="lead",
            subject_id=lead.id, recipient=EMAIL.upper(), due_at=now, title=NAME, state=state,
            payload={"title": NAME, "lines": [SECRET], "href": "/"},
        ).save()  # fmt: skip
    await Delivery(
        organization=by, key=f"odd:{by}:refund", kind="refund", name="refund", subject_kind="order", due_at=now,
        subject_id=order.id, lead=lead.id, recipient=NAME, title="Refund of €1.00", state="queued",
        payload={"amount": 100, "payment_intent": order.payment_intent, "charge": "", "reason": SECRET, "currency": "EUR", "once": "x"},
    ).save()  # fmt: skip
    await Suppression(organization=by, email_normalized=EMAIL, reason="unsubscribed", detail=f"{NAME} asked").save()
    await rows("UPDATE payment SET description = {} WHERE lead = {}", f"{NAME} {SECRET}", lead.id)
    await Payment(
        organization=by, kind="charge", key=f"odd:{by}", amount=100, currency="EUR", lead=lead.id, description=SECRET,
        occurred_at=now,
    ).save()  # fmt: skip
    await SavedView(organization=by, page="leads", name=f"About {NAME}", query="q=odalys", owner=user.id).save()
    await SavedView(
        organization=by, page="orders", name="Hers", query="q=odalys%40quillfeather.example", owner=user.id
    ).save()
    await SavedView(organization=by, page="leads", name="Hers", query="q=Odalys+Quillfeather", owner=user.id).save()
    await Run(job="watch", period=f"odd{by}", error=f"Key (email)=({EMAIL}) exists").save()
    await Pair(organization=by, low=lead.id, high=other.id, strength=50, why="Same name").save()
    await Distinct(organization=by, low=lead.id, high=other.id, by=user.id).save()
    await _campaign(organization, lead, sent)


async def _campaign(organization: Organization, lead: Lead, sent: Delivery) -> None:
    now, by = clock.now(), organization.id
    campaign = Campaign(organization=by, name="Autumn", audience="q=quillfeather")
    await campaign.save()
    step, link = (
        Step(organization=by, campaign=campaign.id, position=1),
        Link(organization=by, campaign=campaign.id, url="/"),
    )
    await step.save()
    await link.save()
    enrollment = Enrollment(organization=by, campaign=campaign.id, lead=lead.id, entered_at=now)
    await enrollment.save()
    send = Send(
        organization=by, campaign=campaign.id, step=step.id, enrollment=enrollment.id, lead=lead.id, delivery=sent.id,
        state="queued", reason=f"550 {EMAIL}", due_at=now,
    )  # fmt: skip
    await send.save()
    await Click(organization=by, send=send.id, link=link.id, lead=lead.id, clicked_at=now).save()


async def _batches(organization: Organization, lead: Lead, user: User) -> None:
    """A list they stood in, and what was done with it."""
    by = organization.id
    csv = f"name,email\n{NAME},{EMAIL.title()}\nTom Hall,tom@hall.example\n".encode("utf-16-le")
    stored = await files.store(organization, csv, "leads.csv", "staff")
    batch = Batch(organization=by, kind="import", title="Import", state="done", query=f"q={EMAIL}", by=user.id)
    await batch.save()
    await Import(
        organization=by, name="leads.csv", path=stored.storage_key, batch=batch.id, columns=[NAME, EMAIL]
    ).save()
    facts = {"name": NAME, "email": EMAIL, "attributes": {"said": SECRET}}
    for number, key, lead_id, reason in ((1, EMAIL, lead.id, SECRET), (2, EMAIL, None, f"{EMAIL} is there twice")):
        await BatchLine(
            organization=by, batch=batch.id, number=number, key=key, lead=lead_id, reason=reason,
            outcome="updated" if lead_id else "failed", before=facts if lead_id else None, after=facts if lead_id else None,
        ).save()  # fmt: skip


async def main(erase: bool) -> None:
    from dashboard.commands.surroundings import connected, prepared
    from dashboard.erasure import actions

    with prepared():
        async with connected():
            user, organization = await User.objects().first(), await Organization.objects().first()
            if not erase:
                await fill(organization, user)
                await rows("UPDATE delivery SET state = 'sent' WHERE state = 'sending'")
                return
            lead = await Lead.of(organization).where(Lead.email == EMAIL).first()
            print(await actions.erase(organization, [lead.id], "asked", clock.now(), user))


if __name__ == "__main__":
    asyncio.run(main("erase" in sys.argv))
