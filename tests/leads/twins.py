"""`python -m tests.leads.twins`: somebody who is there twice, and the job that finds it."""

import asyncio

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.commands.surroundings import connected, prepared
from dashboard.leads import actions, pairing
from dashboard.leads.tables import Lead


async def main() -> None:
    with prepared():
        async with connected():
            organization = await Organization.objects().first()
            for name, email in (("Sofia Marchetti", "sofia@wren.example"), ("S. Marchetti", "s@mail.example")):
                lead = await actions.find_or_create(organization, email, name, phone="+44 20 7946 0018")
                await Lead.update({Lead.company: "Wren & Co"}).where(Lead.id == lead.id)
            await pairing.find(clock.now())


if __name__ == "__main__":
    asyncio.run(main())
