"""What an organization promises: the times by priority and the days on which nobody works."""

from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import rows, transaction
from dashboard.tickets.forms import NewHoliday, Times

KEEP = """
    INSERT INTO ticket_promise (organization, priority, first_reply_minutes, solve_minutes, created_at)
    VALUES ({}, {}, {}, {}, now()) ON CONFLICT (organization, priority)
    DO UPDATE SET first_reply_minutes = excluded.first_reply_minutes, solve_minutes = excluded.solve_minutes"""
FREE = """
    INSERT INTO holiday (organization, day, name, created_at) VALUES ({}, {}, {}, now())
    ON CONFLICT (organization, day) DO UPDATE SET name = excluded.name"""


async def keep(organization: Organization, times: Times, by: Visitor) -> None:
    """From now on; tickets that are open keep what they were promised."""
    async with transaction():
        for priority, (first, solve) in times.minutes.items():
            await rows(KEEP, organization.id, priority, first, solve)
        await activity.record(organization, "organization", organization.id, "promises", "Reply times saved", by=by)


async def holidays(organization: Organization) -> list[dict[str, Any]]:
    """All of them, the next first."""
    return await rows(
        "SELECT id, day, name FROM holiday WHERE organization = {} ORDER BY day DESC LIMIT 200", organization.id
    )


async def add_holiday(organization: Organization, holiday: NewHoliday, by: Visitor) -> None:
    async with transaction():
        await rows(FREE, organization.id, holiday.day, holiday.name)
        title = f"Holiday on {holiday.day:%d %b %Y} added"
        await activity.record(organization, "organization", organization.id, "holiday", title, by=by)


async def remove_holiday(organization: Organization, id: int, by: Visitor) -> None:
    async with transaction():
        gone = await rows("DELETE FROM holiday WHERE organization = {} AND id = {} RETURNING day", organization.id, id)
        if gone:
            title = f"Holiday on {gone[0]['day']:%d %b %Y} removed"
            await activity.record(organization, "organization", organization.id, "holiday", title, by=by)
