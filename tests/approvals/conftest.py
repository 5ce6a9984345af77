from dataclasses import replace

import pytest

from dashboard import clock
from dashboard import settings as process_settings
from dashboard.accounts.tables import Role
from dashboard.approvals import approvers
from dashboard.conversations.tables import Channel
from tests.approvals.asking import a_suggestion, an_article
from tests.approvals.pressed import ALICE, ANA, SECRET, visitor
from tests.canaries import BOT_TOKEN
from tests.partners.provider import provider


@pytest.fixture
async def telegram(settings):
    """Telegram connected, with a bot, a chat and our secret."""
    async with provider() as p:
        process_settings.use(
            replace(
                settings, telegram_bot_token=BOT_TOKEN, telegram_chat_id="-1001", telegram_api_url=p.url,
                telegram_webhook_secret=SECRET,
            )
        )  # fmt: skip
        yield p


@pytest.fixture
async def team(telegram, alice, ana, acme):
    """Acme, whose suggestions are shown in its chat; Ana and Alice may decide there."""
    await an_article(acme, alice.user)
    await approvers.switch(acme, on=True, by=visitor(alice), now=clock.now())
    await approvers.add(acme, ana.user.id, str(ANA), visitor(ana), Role.agent)
    await approvers.add(acme, alice.user.id, str(ALICE), visitor(alice), Role.owner)
    return acme


@pytest.fixture
async def in_chat(team):
    return await a_suggestion(team, channel=Channel.mail, subject="Audit")
