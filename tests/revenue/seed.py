"""A year of money for the browser: `python -m tests.revenue.seed` fills the first organization of DATABASE_URL."""

import asyncio

from dashboard import clock, settings
from dashboard.accounts.tables import Organization
from dashboard.database import current_engine
from tests.builders import a_member
from tests.revenue import year


async def main() -> None:
    settings.use(settings.with_development_secrets(settings.load()))
    await current_engine().start_connection_pool(min_size=1, max_size=4)
    acme = await Organization.objects().where(Organization.slug == "acme").first()
    ana = await a_member(acme, "ana@acme.example", "Ana Alba", "agent")
    await year.make(acme, [ana], 900, now=clock.now())
    await current_engine().close_connection_pool()


asyncio.run(main())
