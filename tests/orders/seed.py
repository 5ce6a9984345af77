"""Orders for the browser: `python -m tests.orders.seed` fills the first organization of DATABASE_URL."""

import asyncio
from datetime import timedelta

from dashboard import clock, settings
from dashboard.accounts.tables import Organization, User
from dashboard.database import current_engine
from dashboard.orders.tables import Order
from tests.builders import a_member
from tests.orders.cast import a_deliverable, a_plan, an_order, waiting_for_intake

PEOPLE = ("Ingrid Solheim", "Tomás Herrera", "Aiko Tanaka", "Brightwater Dental", "Nora Fitzgerald")


async def main() -> None:
    settings.use(settings.with_development_secrets(settings.load()))
    await current_engine().start_connection_pool(min_size=1, max_size=4)
    acme = await Organization.objects().where(Organization.slug == "acme").first()
    alice = await User.objects().where(User.email == "alice@acme.example").first()
    await a_member(acme, "ana@acme.example", "Ana Alba", "agent")
    now, plan = clock.now(), await a_plan(acme, "Professional audit")
    for n in range(60):
        await an_order(
            acme, plan=plan, status="done", customer_name=f"Old customer {n}", placed_at=now - timedelta(days=n + 3)
        )
    for name in PEOPLE:
        order = await an_order(acme, plan=plan, status="in_progress", customer_name=name, started_at=now)
        await a_deliverable(acme, order)
    await an_order(acme, plan=plan, customer_name="Paid and new")
    overdue = await waiting_for_intake(acme, customer_name="Café Marguerite")
    requested = now - timedelta(days=6)
    await Order.update({Order.reminders: 2, Order.intake_requested_at: requested}).where(Order.id == overdue.id)
    await an_order(acme, plan=plan, status="in_progress", customer_name="Mine", assignee=alice.id)
    await current_engine().close_connection_pool()


asyncio.run(main())
