"""Where connections stand: made by whom, tested with what answer; making and testing them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard import settings
from dashboard.accounts import credentials
from dashboard.accounts.channels import CHANNELS, Channel
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import ChannelTest, Credential, Organization
from dashboard.database import row, rows, transaction
from dashboard.integrations import Credentials, Integrations
from dashboard.integrations.outcomes import ProviderError
from dashboard.integrations.provider import HELD, Provider

ENTERED = """
    SELECT c.name, c.set_at, coalesce(u.name, 'somebody who left') AS by FROM credential c
    LEFT JOIN app_user u ON u.id = c.set_by WHERE c.organization = {}"""
TESTS = "SELECT channel, failed, message, at FROM channel_test WHERE organization = {}"
REMEMBER = """
    INSERT INTO channel_test (organization, channel, failed, message, at) VALUES ({}, {}, {}, {}, {})
    ON CONFLICT (organization, channel) DO UPDATE
    SET failed = excluded.failed, message = excluded.message, at = excluded.at"""


@dataclass(frozen=True)
class Line:
    """One connection as the page shows it."""

    channel: Channel
    provider: Provider
    sources: dict[str, str]  # field → where its value comes from, in words; empty = not set
    entered: bool
    test: dict[str, Any] | None

    @property
    def state(self) -> str:
        """connected, failing, held here, or off."""
        if not self.provider.configured:
            return "held" if self.provider.missing == HELD else "off"
        return "failing" if self.test and self.test["failed"] else "connected"


async def lines(organization: Organization, outside: Integrations) -> list[Line]:
    """Every connection with its state and its sources."""
    entered = {each["name"]: each for each in await rows(ENTERED, organization.id)}
    tests = {each["channel"]: each for each in await rows(TESTS, organization.id)}
    first = await row("SELECT min(id) AS id FROM organization")
    mine = first is not None and first["id"] == organization.id
    given = Credentials.from_settings(settings.current()) if mine else Credentials()
    return [
        Line(
            channel,
            getattr(outside, channel.key),
            {secret.name: _source(secret.name, entered, given) for secret in channel.secrets},
            any(secret.name in entered for secret in channel.secrets),
            tests.get(channel.key),
        )
        for channel in CHANNELS.values()
    ]


def _source(name: str, entered: dict[str, dict[str, Any]], given: Credentials) -> str:
    if name in entered:
        at = entered[name]["set_at"]
        return f"Set on {at.day} {at:%b %Y} by {entered[name]['by']}"
    return "Set by the environment of this installation" if getattr(given, name, "") else ""


async def connect(
    organization: Organization, channel: Channel, values: dict[str, str], by: Visitor, now: datetime
) -> None:
    """Keep the secrets, sealed; what an earlier test said no longer counts."""
    async with transaction():
        for name in sorted(values):
            await credentials.set(organization, name, values[name], by, now)
        await _forget_test(organization, channel)


async def disconnect(organization: Organization, channel: Channel) -> bool:
    """Delete the secrets that were entered; the environment's stay. False when there was none."""
    names = [secret.name for secret in channel.secrets]
    async with transaction():
        gone = (
            await Credential.delete()
            .where(Credential.organization == organization.id, Credential.name.is_in(names))
            .returning(Credential.id)
        )
        await _forget_test(organization, channel)
    return bool(gone)


async def _forget_test(organization: Organization, channel: Channel) -> None:
    await ChannelTest.delete().where(ChannelTest.organization == organization.id, ChannelTest.channel == channel.key)


async def test(organization: Organization, channel: Channel, outside: Integrations, now: datetime) -> tuple[bool, str]:
    """Ask the provider something harmless and remember what came of it: (works, sentence). Call it outside any
    transaction: it waits for the network."""
    try:
        works, said = True, await getattr(outside, channel.key).test()
    except ProviderError as problem:
        works, said = False, problem.message
    said = said if said.endswith((".", "?")) else f"{said}."
    await rows(REMEMBER, organization.id, channel.key, not works, said[:400], now)
    return works, said
