"""Leads for the browser: `python -m tests.campaigns.crowd` puts twelve people into the first organization."""

import asyncio

from dashboard import settings
from dashboard.accounts.tables import Organization
from dashboard.campaigns import seeds
from dashboard.database import current_engine
from tests.leads.cast import a_lead

PEOPLE = (
    "Rosa Lark", "Hannah Kowalski", "Daniel Osei", "Yusuf Demir", "Signe Holt", "Marek Zielinski", "Beatriz Nunes",
    "Pierre Lemaire", "Ingeborg Vik", "Tom Abbott", "Aiko Tanaka", "Lea Brandt",
)  # fmt: skip


async def main() -> None:
    settings.use(settings.with_development_secrets(settings.load()))
    await current_engine().start_connection_pool(min_size=1, max_size=4)
    acme = await Organization.objects().get(Organization.slug == "acme")
    assert acme is not None
    acme.from_address, acme.postal_address = "desk@acme.example", "1 High Street, Bergen"
    await acme.save()
    for name in PEOPLE:
        first = name.split()[0].lower()
        await a_lead(acme, name, email=f"{first}@people.example", company=f"{name.split()[1]} & Co")
    await seeds.plant(acme)
    await current_engine().close_connection_pool()


if __name__ == "__main__":
    asyncio.run(main())
