"""Who may decide in Telegram: people of the team, by the number Telegram knows them by."""

import secrets
from datetime import datetime
from typing import Any

from dashboard.accounts import credentials
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, Role, User
from dashboard.activity import actions as activity
from dashboard.approvals.tables import TelegramApprover
from dashboard.database import row, rows, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.errors import Conflict, Invalid

SECRET = "telegram_webhook_secret"  # noqa: S105  # the name of one
WORKING = "m.role <> 'viewer' AND u.disabled_at IS NULL AND (u.totp_secret IS NOT NULL OR NOT o.second_factor_required)"
FIND = f"""
    SELECT u.id, {WORKING} AS may FROM telegram_approver a JOIN app_user u ON u.id = a."user"
    JOIN membership m ON m."user" = u.id AND m.organization = a.organization
    JOIN organization o ON o.id = a.organization
    WHERE a.organization = {{}} AND a.telegram_id = {{}}"""  # noqa: S608
LISTED = f"""
    SELECT a.id, a."user", a.telegram_id, u.name, u.email, coalesce({WORKING}, false) AS may
    FROM telegram_approver a JOIN app_user u ON u.id = a."user" JOIN organization o ON o.id = a.organization
    LEFT JOIN membership m ON m."user" = u.id AND m.organization = a.organization
    WHERE a.organization = {{}} ORDER BY a.id"""  # noqa: S608
TEAM = """
    SELECT u.id, u.name, u.email FROM membership m JOIN app_user u ON u.id = m."user"
    WHERE m.organization = {} AND m.role <> 'viewer' AND u.disabled_at IS NULL ORDER BY lower(u.name), u.id"""
ADD = """
    INSERT INTO telegram_approver (organization, "user", telegram_id, created_at) VALUES ({}, {}, {}, now())
    ON CONFLICT (organization, telegram_id) DO NOTHING RETURNING id"""
SWITCH = """
    INSERT INTO approval_settings (organization, telegram, created_at) VALUES ({}, {}, now())
    ON CONFLICT (organization) DO UPDATE SET telegram = excluded.telegram"""
LISTENING = """
    SELECT state, why FROM delivery WHERE organization = {} AND subject_kind = 'organization' AND subject_id = {}
    AND name = 'telegram_listen' ORDER BY id DESC LIMIT 1"""
LARGEST = 2**52  # Telegram's numbers have at most 52 bits


async def find(organization: Organization, telegram_id: int) -> User | None:
    """Who that is, if they may decide here: listed, still of the team, and as the organization wants them."""
    found = await row(FIND, organization.id, telegram_id)
    return await User.objects().where(User.id == found["id"]).first() if found and found["may"] else None


async def listed(organization: Organization) -> list[dict[str, Any]]:
    """Everybody on the list; `may` is whether they really may by now."""
    return await rows(LISTED, organization.id)


async def team(organization: Organization) -> list[dict[str, Any]]:
    """Who can be put on the list."""
    return await rows(TEAM, organization.id)


async def add(organization: Organization, user: int, said: str, by: Visitor, role: Role) -> str:
    """Let somebody of the team decide in Telegram; their name. An agent only lets themselves. Invalid where the number
    is none or somebody else's."""
    number = int(said) if said.isascii() and said.isdecimal() and len(said) < 17 else 0
    if not 0 < number < LARGEST:
        raise Invalid({"telegram_id": "Write the number Telegram knows the person by. It has digits only."})
    people = {each["id"]: each["name"] or each["email"] for each in await team(organization)}
    if user not in people or (user != by.id and role.rank < Role.admin.rank):
        raise Invalid({"user": "Choose somebody of the team."})
    async with transaction():
        if await rows(ADD, organization.id, user, number):
            await _record(organization, "telegram_approver_added", f"{people[user]} may decide in Telegram", by)
        else:
            there = await TelegramApprover.of(organization).where(TelegramApprover.telegram_id == number).first()
            if there is None or there.user != user:
                raise Invalid({"telegram_id": "This number belongs to somebody else on the list."})
    return people[user]


async def remove(organization: Organization, id: int, by: Visitor, role: Role) -> None:
    """From now on that number decides nothing. Repeating it changes nothing; Conflict when it is not theirs to do."""
    async with transaction():
        there = await TelegramApprover.of(organization).where(TelegramApprover.id == id).first()
        if there is None:
            return
        if there.user != by.id and role.rank < Role.admin.rank:
            raise Conflict("Only an admin takes others off the list. Nothing was changed.")
        await TelegramApprover.delete().where(
            TelegramApprover.organization == organization.id, TelegramApprover.id == id
        )
        user = await User.objects().where(User.id == there.user).first()
        who = (user.name or user.email) if user else "Somebody"
        await _record(organization, "telegram_approver_removed", f"{who} no longer decides in Telegram", by)


async def switch(organization: Organization, *, on: bool, by: Visitor, now: datetime) -> None:
    """Show suggestions in the team's chat, or no longer. Switched on, Telegram is told where pressed buttons go; what
    it proves itself with is made here, unless there is one. Conflict while Telegram is not connected."""
    outside = (await credentials.integrations_for(organization.id)).telegram
    if on and outside.missing:
        raise Conflict(f"Telegram is not connected: {outside.missing}. Nothing was changed.")
    async with transaction():
        await rows(SWITCH, organization.id, on)
        title = "Suggested replies are shown in Telegram" if on else "Suggested replies are no longer shown in Telegram"
        await _record(organization, "telegram_suggestions", title, by)
        if on:
            if not outside.receives:
                await credentials.set(organization, SECRET, secrets.token_urlsafe(32), by, now)
            await deliveries.queue(
                organization, key=f"telegram-listen:{organization.id}:{secrets.token_hex(8)}", kind="telegram",
                name="telegram_listen", recipient="Telegram", title="Address for buttons",
                payload={
                    "title": "Telegram is told where to report pressed buttons", "lines": [],
                    "href": f"/{organization.slug}/settings/telegram",
                    "listen": f"/webhooks/telegram/{organization.slug}",
                },
                subject=("organization", organization.id),
            )  # fmt: skip


async def listening(organization: Organization) -> dict[str, Any] | None:
    """How telling Telegram the address went, the last time: {state, why}."""
    return await row(LISTENING, organization.id, organization.id)


async def _record(organization: Organization, verb: str, title: str, by: Visitor) -> None:
    await activity.record(organization, "organization", organization.id, verb, title, by=by)
