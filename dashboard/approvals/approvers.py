"""Who of the team may approve by the buttons in Telegram."""

from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.approvals.tables import TelegramApprover
from dashboard.database import row, rows, transaction
from dashboard.errors import Invalid, NotFound

By = Visitor | User
TEAM = """
    SELECT u.id, u.name, u.email FROM membership m JOIN app_user u ON u.id = m.user
    WHERE m.organization = {} AND m.role <> 'viewer' ORDER BY u.name, u.id LIMIT 200"""
LISTED = """
    SELECT a.id, a.telegram_id, coalesce(nullif(u.name, ''), u.email) AS name FROM telegram_approver a
    JOIN app_user u ON u.id = a.user WHERE a.organization = {} ORDER BY a.id"""
WHO = """
    SELECT u.id FROM telegram_approver a JOIN app_user u ON u.id = a.user
    JOIN membership m ON m.user = u.id AND m.organization = a.organization
    WHERE a.organization = {} AND a.telegram_id = {} AND m.role <> 'viewer' AND u.disabled_at IS NULL"""
SHOW = """
    INSERT INTO approval_settings (organization, telegram, created_at) VALUES ({}, {}, now())
    ON CONFLICT (organization) DO UPDATE SET telegram = excluded.telegram"""


async def team(organization: Organization) -> list[dict[str, Any]]:
    return await rows(TEAM, organization.id)


async def listed(organization: Organization) -> list[dict[str, Any]]:
    return await rows(LISTED, organization.id)


async def who(organization: int, telegram_id: int) -> User | None:
    """The person behind a number of Telegram's, while they are allowed and still work here."""
    found = await row(WHO, organization, telegram_id)
    return await User.objects().where(User.id == found["id"]).first() if found else None


async def allow(organization: Organization, user: str, telegram_id: str, by: By) -> str:
    """Put somebody on the list; their name. Invalid for a stranger, or for no number."""
    members = {str(each["id"]): each["name"] or each["email"] for each in await team(organization)}
    number = telegram_id.strip()
    problems = {} if user in members else {"user": "Choose somebody of the team."}
    if not (number.isascii() and number.isdecimal() and len(number) < 19 and int(number)):
        problems["telegram_id"] = "Give the number Telegram has for the person, such as 424242."
    if problems:
        raise Invalid(problems)
    async with transaction():
        made = TelegramApprover(organization=organization.id, user=int(user), telegram_id=int(number))
        inserted = await TelegramApprover.insert(made).on_conflict(
            target=(TelegramApprover.organization, TelegramApprover.telegram_id), action="DO NOTHING"
        )
        if inserted:
            await _record(organization, "approver_added", f"{members[user]} may approve in Telegram", by)
    return members[user]


async def remove(organization: Organization, id: int, by: By) -> str:
    """Take somebody off the list; their name."""
    found = next((each for each in await listed(organization) if each["id"] == id), None)
    if found is None:
        raise NotFound()
    async with transaction():
        await TelegramApprover.delete().where(
            TelegramApprover.organization == organization.id, TelegramApprover.id == id
        )
        title = f"{found['name']} may not approve in Telegram any more"
        await _record(organization, "approver_removed", title, by)
    return str(found["name"])


async def show_in_telegram(organization: Organization, on: bool, by: By) -> None:
    """Whether new suggestions come to the team's chat, with buttons."""
    async with transaction():
        await rows(SHOW, organization.id, on)
        title = f"Suggestions are {'' if on else 'not '}shown in Telegram"
        await _record(organization, "approvals_telegram", title, by)


async def _record(organization: Organization, verb: str, title: str, by: By) -> None:
    await activity.record(organization, "organization", organization.id, verb, title, by=by)
