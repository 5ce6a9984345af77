"""How far a list of the provider's has been read. What was read twice changes nothing, so a reading that stopped half
way is simply begun again."""

from datetime import datetime, timedelta

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.payments.tables import ProviderReading

OVERLAP = timedelta(days=1)  # what the provider lists late

FIRST = """
    SELECT least((SELECT min(occurred_at) FROM payment WHERE organization = {} AND provider = 'stripe'),
                 (SELECT min(received_at) FROM inbound_event WHERE organization = {} AND sender = 'stripe')) AS at"""
DONE = """
    INSERT INTO provider_reading (organization, name, complete_until, ran_at, seen, found, problem, created_at)
    VALUES ({}, {}, {}, {}, {}, {}, '', {})
    ON CONFLICT (organization, name) DO UPDATE SET ran_at = excluded.ran_at, seen = excluded.seen,
        found = excluded.found, problem = '', complete_until = CASE
            WHEN {} OR provider_reading.complete_until >= {} THEN greatest({}, provider_reading.complete_until)
            ELSE provider_reading.complete_until END"""
FAILED = """
    INSERT INTO provider_reading (organization, name, ran_at, seen, found, problem, created_at)
    VALUES ({}, {}, {}, 0, 0, {}, {})
    ON CONFLICT (organization, name) DO UPDATE SET ran_at = excluded.ran_at, problem = excluded.problem"""


async def of(organization: Organization, name: str) -> ProviderReading | None:
    """How the last reading of a list went; None when there was none."""
    return await ProviderReading.of(organization).where(ProviderReading.name == name).first()


async def first_heard(organization: Organization, now: datetime) -> datetime:
    """A day before the first we know of this provider; now when there is nothing. What a company sold before it came
    here is not ours to fetch unasked: its customers would get our mails for it."""
    found = await row(FIRST, organization.id, organization.id)
    return found["at"] - OVERLAP if found and found["at"] else now


async def begin(organization: Organization, name: str, now: datetime, back: timedelta) -> datetime:
    """Where to begin: a day before everything was read, at most `back` ago; at first where we began to hear."""
    last = await of(organization, name)
    known = last.complete_until if last else None
    return max(known - OVERLAP if known else await first_heard(organization, now), now - back)


async def finish(
    organization: Organization, name: str, since: datetime, until: datetime, now: datetime, *, seen: int, found: int,
    whole: bool,
) -> None:  # fmt: skip
    """Everything from `since` to `until` was read. Where that leaves a gap behind what was read before, the next
    reading still begins at the gap. `whole`: there is nothing before `since`."""
    complete = until if whole else None
    await rows(DONE, organization.id, name, complete, now, seen, found, now, whole, since, until)


async def fail(organization: Organization, name: str, now: datetime, problem: str) -> None:
    """The reading did not come to its end; `problem` is a sentence for staff."""
    await rows(FAILED, organization.id, name, now, problem[:300], now)
