"""Leads for the browser: `python -m tests.leads.seed` fills the first organization of DATABASE_URL."""

import asyncio
from datetime import timedelta

from dashboard import clock, settings
from dashboard.accounts.tables import Organization, User
from dashboard.database import current_engine
from dashboard.leads import attributes
from dashboard.leads.tables import Consent, Lead
from tests.builders import a_member
from tests.leads.cast import a_lead, a_tag
from tests.orders.cast import an_order, visitor

CARDS = (
    ("Hannah Kowalski", "Pierogi House", "new", 820000, "EUR", 86), ("Daniel Osei", "Coastal FM", "new", 294000, "EUR", 74),
    ("Pierre Lemaire", "Café Marguerite", "qualified", 145000, "EUR", 57), ("Aiko Tanaka", "Kumo Studio", "quoted", 631000, "USD", 68),
    ("Emeka Okafor", "Okafor Logistics", "quoted", 1290000, "USD", 82),
)  # fmt: skip


async def main() -> None:
    settings.use(settings.with_development_secrets(settings.load()))
    await current_engine().start_connection_pool(min_size=1, max_size=4)
    acme = await Organization.objects().get(Organization.slug == "acme")
    alice = await User.objects().get(User.email == "alice@acme.example")
    await a_member(acme, "ana@acme.example", "Ana Alba", "agent")
    restaurant, hot = await a_tag(acme, "restaurant", 3), await a_tag(acme, "hot", 4)
    await attributes.add(acme, "Rooms", "number", "", await visitor(alice))
    now = clock.now()
    for n, (name, company, stage, value, currency, score) in enumerate(CARDS):
        await a_lead(
            acme, name, company=company, stage=stage, value=value, currency=currency, score=score, tags=[restaurant, hot],
            created_at=now - timedelta(hours=n + 1), stage_at=now - timedelta(hours=n + 1), scored_at=now,
            score_reasons=[[score, "Asked for a price"]],
        )  # fmt: skip
    for n in range(24):
        await a_lead(acme, f"Walk-in {n:02}", created_at=now - timedelta(days=2, minutes=n))
    sofia = await a_lead(
        acme, "Sofia Marchetti", email="sofia@wrenandco.example", company="Wren & Co Interiors", stage="qualified",
        value=1850000, currency="GBP", phone="+44 20 7946 0018", phone_normalized="442079460018", tags=[hot],
        owner=alice.id, score=91, scored_at=now, score_reasons=[[30, "Finished the calculator"], [61, "Asked for a price"]],
        source_data={"utm_source": "newsletter", "utm_campaign": "autumn"},
    )  # fmt: skip
    await a_lead(
        acme, "S. Marchetti", company="Wren & Co", phone="+44 20 7946 0018", phone_normalized="442079460018",
        created_at=now - timedelta(days=3),
    )  # fmt: skip
    await Consent(organization=acme.id, lead=sofia.id, text="You may write to me", source="Form", given_at=now).save()
    await an_order(acme, customer_email=sofia.email, customer_name="Sofia Marchetti")
    await Lead.update({Lead.scored_at: now}).where(Lead.organization == acme.id)

    await current_engine().close_connection_pool()


asyncio.run(main())
