"""A year of orders in every state, written as if it had happened: orders, money, intakes, files, mails, timeline."""

import random
from datetime import datetime, timedelta
from typing import Any

from dashboard import clock, links
from dashboard.activity.tables import Activity, Note
from dashboard.commands.sample import people
from dashboard.commands.sample.company import Company
from dashboard.deliveries import mails
from dashboard.deliveries.tables import Delivery, DeliveryState
from dashboard.files import actions as files
from dashboard.intake.tables import Intake, IntakeFile, IntakeState
from dashboard.leads import actions as leads
from dashboard.leads.tables import Lead
from dashboard.orders import money
from dashboard.orders.tables import Deliverable, Order, Plan
from dashboard.payments import journal

ORDERS = 124
LATELY = timedelta(hours=30)  # mails younger than this are held, as they would be with nothing connected
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


async def fill(company: Company, orders: int = ORDERS) -> None:
    """Every order of the year, oldest first, so that numbers rise with time."""
    chance = random.Random(1048)  # noqa: S311 – sample data
    now = clock.now()
    ages = [chance.uniform(0.02, 1) ** 1.6 * 360 for _ in range(orders - 8)]
    ages = sorted([*ages, 5.6, 4.1, 2.4, 1.2, 0.8, 0.3, 0.1, 0.01], reverse=True)
    for number, age in enumerate(ages, start=1):
        await _order(company, chance, number, now - timedelta(days=age), now)
    company.organization.last_order_number = len(ages)
    await company.organization.save()


def _fate(chance: random.Random, age: timedelta, plan: Plan) -> tuple[str, str]:
    """(work, money) of an order as old as this."""
    days = age.total_seconds() / 86400
    roll = chance.random()
    if roll < 0.03:
        return "new", "failed" if days < 60 else "unpaid"
    if roll < 0.07:
        return "cancelled", "refunded"
    paid = "partially_refunded" if roll < 0.12 else "disputed" if roll < 0.14 else "paid"
    if plan.form is None:
        return ("done" if days > 4 else "in_progress" if days > 0.5 else "new"), paid
    if days < 0.5:
        return "intake_pending", paid
    if days < 8:
        return chance.choice(["intake_pending", "intake_complete", "in_progress", "in_progress"]), paid
    return (
        "intake_pending" if roll > 0.93 and days < 25 else "done"
    ), "paid" if paid == "disputed" and days > 40 else paid


async def _order(company: Company, chance: random.Random, number: int, placed: datetime, now: datetime) -> None:
    organization = company.organization
    name, email, _ = chance.choice(people.CUSTOMERS)
    plan = chance.choices(company.plans, weights=[9, 7, 2, 5, 3, 2])[0]
    work, paid = _fate(chance, now - placed, plan)
    amount = plan.amount + (chance.choice([0, 0, 0, 9200, 18400]) if plan.amount > 50000 else 0)
    source = chance.choice(people.SOURCES)
    lead = await leads.find_or_create(organization, email, name, source=source)
    steps = _times(chance, placed, now, work, plan)
    order = Order(
        organization=organization.id, number=number, lead=lead.id, plan=plan.id, plan_name=plan.name, tier=plan.tier,
        customer_name=name, customer_email=email, amount=amount, currency=plan.currency, status=work, source=source,
        mode="subscription" if plan.billing == "subscription" else "payment", session=f"cs_test_demo{number}",
        payment_intent=f"pi_demo{number}", placed_at=placed, created_at=placed,
        source_data={"utm_source": source, "utm_medium": "web"},
        confirmed_at=None if paid in ("unpaid", "failed") else placed, due_at=placed + timedelta(days=plan.days_to_deliver),
        assignee=chance.choice([company.owner.id, company.agent.id, company.agent.id, None]) if work != "new" else None,
        cancel_reason="Changed plans" if work == "cancelled" else "", **steps,
    )  # fmt: skip
    await order.save()
    await _money(company, order, paid, placed)
    if order.confirmed_at:
        await _story(company, chance, order, lead, plan, now)


def _times(chance: random.Random, placed: datetime, now: datetime, work: str, plan: Plan) -> dict[str, Any]:
    """When each step happened, for the stepper and the jobs."""

    def later(start: datetime, low: float, high: float) -> datetime:
        return min(start + timedelta(hours=chance.uniform(low, high)), now - timedelta(minutes=3))

    times: dict[str, Any] = {}
    reached = (
        ["new", "intake_pending", "intake_complete", "in_progress", "done"].index(work) if work != "cancelled" else 1
    )
    begun = placed
    if plan.form and reached >= 1:
        times["intake_requested_at"] = placed
        waited = now - placed
        times["reminders"] = 0 if reached > 1 else 2 if waited > timedelta(days=5) else int(waited > timedelta(days=2))
        if reached >= 2:
            begun = times["intake_submitted_at"] = later(placed, 0.3, 60)
    if reached >= 3:
        begun = times["started_at"] = later(begun, 0.2, 20)
    if reached >= 4:
        done = times["done_at"] = later(begun, 10, 110)
        times["upsold_at"] = done if now - done > timedelta(days=6) else None
        times["handovers"] = 1
    if work == "cancelled":
        times["cancelled_at"] = later(placed, 5, 60)
    return times


async def _money(company: Company, order: Order, paid: str, placed: datetime) -> None:
    organization, references = company.organization, {"payment_intent": order.payment_intent}
    if paid in ("paid", "refunded", "partially_refunded", "disputed"):
        await journal.book_charge(
            organization, amount=order.amount, currency=order.currency, occurred_at=placed, lead=order.lead,
            description=f"Card ending {4000 + order.number}", session=order.session or "", **references,
        )  # fmt: skip
    if paid in ("refunded", "partially_refunded"):
        part = order.amount if paid == "refunded" else min(order.amount // 7, 9200)
        await journal.book_refund(
            organization, f"re_demo{order.number}", amount=part, currency=order.currency, status="succeeded",
            occurred_at=placed + timedelta(days=1), description="requested by customer", **references,
        )  # fmt: skip
    if paid == "disputed":
        await journal.book_dispute(
            organization, f"dp_demo{order.number}", amount=order.amount, currency=order.currency, status="needs_response",
            occurred_at=placed + timedelta(days=2), description="product not received", **references,
        )  # fmt: skip
    if paid == "failed":
        await journal.book_failure(
            organization, order.payment_intent, currency=order.currency, occurred_at=placed,
            description="Your card has insufficient funds.",
        )  # fmt: skip
    await money.settle(organization, order)


async def _story(company: Company, chance: random.Random, order: Order, lead: Lead, plan: Plan, now: datetime) -> None:
    """Mails, answers, files and the timeline of one paid order."""
    organization = company.organization
    await _line(company, order, "paid", "Payment received", "customer", order.placed_at)
    await _mail(company, order, lead, "payment_confirmation", order.placed_at, now, plan=plan)
    if order.intake_requested_at:
        intake = Intake(
            organization=organization.id,
            order=order.id,
            form_version=company.form_version.id,
            created_at=order.placed_at,
        )
        await intake.save()
        link = links.public(links.INTAKE, intake.id)
        await _line(company, order, "intake_requested", "Intake requested", "system", order.placed_at)
        await _mail(company, order, lead, "intake_request", order.placed_at, now, link=link)
        for nr in range(1, order.reminders + 1):
            sent = order.placed_at + timedelta(days=(2, 5)[nr - 1])
            await _mail(company, order, lead, "intake_reminder", sent, now, link=link, nr=nr)
        await _answers(company, chance, intake, order)
    if order.started_at:
        await _line(company, order, "started", "Work started", "staff", order.started_at, company.agent.id)
    deliverables = await _work(company, chance, order)
    if order.done_at:
        await _line(company, order, "delivered", "Handed over", "staff", order.done_at, company.agent.id)
        await _mail(company, order, lead, "handover", order.done_at, now, deliverables=deliverables)
    if chance.random() < 0.2:
        await Note(
            organization=organization.id, subject_kind="order", subject_id=order.id, text=chance.choice(people.NOTES),
            author=company.owner.id, created_at=order.placed_at + timedelta(hours=2),
        ).save()  # fmt: skip
    alert = f"alert:new_order:{order.id}"
    lately = now - order.placed_at < LATELY
    await Delivery(
        organization=organization.id, key=alert, kind="telegram", name="new_order", subject_kind="order",
        subject_id=order.id, recipient="Team chat", title=f"New order {order.number}", created_at=order.placed_at,
        payload={"title": f"New order {order.number}", "lines": [order.customer_name], "href": "/demo/orders"},
        state=DeliveryState.held if lately else DeliveryState.sent, why="Telegram is not configured" if lately else "",
        attempt=0 if lately else 1, due_at=order.placed_at, settled_at=None if lately else order.placed_at,
    ).save()  # fmt: skip


async def _answers(company: Company, chance: random.Random, intake: Intake, order: Order) -> None:
    half = order.intake_submitted_at is None
    if half and chance.random() < 0.4:
        return
    site = next(site for name, _, site in people.CUSTOMERS if name == order.customer_name)
    answers = {"address": f"https://{site}", "goal": chance.choice(people.GOALS)}
    saved = order.placed_at + timedelta(minutes=20)
    if not half:
        answers |= {
            "matters": chance.choice(["speed", "search", "access"]), "problem": chance.choice(people.PROBLEMS),
            "visitors": str(chance.randrange(300, 9000, 50)), "screenshots": "yes",
        }  # fmt: skip
        intake.submissions = 1
        intake.state, intake.submitted_at, saved = (
            IntakeState.submitted,
            order.intake_submitted_at,
            order.intake_submitted_at,
        )
        file = await files.store(company.organization, PDF, f"brand-guide-{order.number}.pdf", "customer")
        await IntakeFile(
            organization=company.organization.id, intake=intake.id, field="brand_guide", file=file.id
        ).save()
        await _line(company, order, "intake_submitted", "Intake submitted", "customer", saved)
    intake.answers, intake.opened_at, intake.saved_at = answers, order.placed_at + timedelta(minutes=5), saved
    await intake.save()


async def _work(company: Company, chance: random.Random, order: Order) -> list[dict]:
    """Reports so far; what the handover mail lists."""
    if not order.started_at or (not order.done_at and chance.random() < 0.4):
        return []
    listed = []
    for version in range(1, chance.choice([2, 2, 3])):
        file = await files.store(company.organization, PDF, f"{order.plan_name}, version {version}.pdf", "staff")
        made = order.started_at + timedelta(minutes=version)
        await Deliverable(
            organization=company.organization.id, order=order.id, title=f"{order.plan_name} report", version=version,
            file=file.id, is_report=True, added_by=company.agent.id, created_at=made, delivered_at=order.done_at,
            followed_up_at=order.done_at,
        ).save()  # fmt: skip
        listed = [
            {"title": f"{order.plan_name} report", "link": links.public(links.DOWNLOAD, file.id), "version": version}
        ]
    return listed


async def _mail(
    company: Company, order: Order, lead: Lead, name: str, at: datetime, now: datetime, **context: object
) -> None:
    """A mail as it stood in the out-tray: long ago delivered, lately held, because nothing leaves a demo."""
    mail = mails.render(name, company.organization, lead=lead, order=order, **context)
    lately = now - at < LATELY
    payload = {
        "subject": mail.subject, "html": mail.html, "text": mail.text, "from_name": company.organization.name,
        "from": company.organization.from_address,
    }  # fmt: skip
    await Delivery(
        organization=company.organization.id, key=f"{name}:{order.id}:{at.timestamp():.0f}", kind="mail", name=name,
        subject_kind="order", subject_id=order.id, lead=lead.id, recipient=lead.email, title=mail.subject, payload=payload,
        state=DeliveryState.held if lately else DeliveryState.delivered, due_at=at, created_at=at,
        why="Mail is not configured" if lately else "", attempt=0 if lately else 1,
        settled_at=None if lately else at + timedelta(seconds=4),
    ).save()  # fmt: skip


async def _line(
    company: Company, order: Order, verb: str, title: str, actor: str, at: datetime, user: int | None = None
) -> None:
    await Activity(
        organization=company.organization.id, subject_kind="order", subject_id=order.id, verb=verb, title=title,
        actor=actor, user=user, created_at=at,
    ).save()  # fmt: skip
