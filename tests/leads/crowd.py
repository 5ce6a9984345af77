"""Fills a running application with 320 leads: `python -m tests.leads.crowd`. 230 are new, warm and in Oslo, 60 in Bergen."""

import asyncio

from dashboard import settings
from dashboard.accounts.tables import Organization, User
from dashboard.database import current_engine, rows
from dashboard.leads import attributes, tags
from tests.builders import a_member

LEADS = """
    INSERT INTO lead (organization, name, company, email, email_normalized, stage, score, score_reasons, scored_at, value,
                      currency, tags, attributes, source, created_at)
    SELECT {}, 'Person ' || n, 'Company ' || n % 40, 'person' || n || '@crowd.example', 'person' || n || '@crowd.example',
           CASE WHEN n <= 290 THEN 'new' ELSE 'quoted' END, CASE WHEN n <= 290 THEN 60 ELSE 20 END,
           '[[60, "Finished the calculator"]]', now(), 10000 * n, 'EUR', CASE WHEN n % 3 = 0 THEN ARRAY[{}::bigint] ELSE '{{}}' END,
           jsonb_build_object('city', CASE WHEN n <= 230 THEN 'Oslo' WHEN n <= 290 THEN 'Bergen' ELSE 'Oslo' END), 'Website',
           now() - n * interval '1 hour'
    FROM generate_series(1, 320) n"""


async def main() -> None:
    settings.use(settings.load())
    await current_engine().start_connection_pool(min_size=1, max_size=2)
    acme = await Organization.objects().where(Organization.slug == "acme").first()
    alice = await User.objects().where(User.email == "alice@acme.example").first()
    ana = await a_member(acme, "ana@acme.example", "Ana Alba", "agent")
    await User.update({User.password_hash: alice.password_hash}).where(User.id == ana.id)
    await attributes.add(acme, "City", "text", "", alice)
    known = await tags.make(acme, "restaurant", 3)
    await rows(LEADS, acme.id, known["id"])
    await current_engine().close_connection_pool()


asyncio.run(main())
