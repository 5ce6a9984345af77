"""Presses on links, and pictures that were fetched. The address in a mail carries the signed id of its row in the
ledger and the id of a stored link, so that nobody can make it lead anywhere else."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from dashboard import links
from dashboard.activity import actions as activity
from dashboard.campaigns.rendering import CLICK, OPEN
from dashboard.database import row, rows, transaction

SAME_PRESS = timedelta(seconds=10)
MACHINES = re.compile(
    r"bot|crawl|spider|scan|preview|proxy|fetch|monitor|headless|curl|wget|python|java/|go-http|okhttp|libwww|"
    r"barracuda|mimecast|proofpoint|safelinks",
    re.IGNORECASE,
)
FIND = """
    SELECT l.id, l.url, s.id AS send, s.organization, s.lead, s.campaign FROM campaign_link l
    JOIN campaign_send s ON s.campaign = l.campaign AND s.organization = l.organization
    WHERE s.id = {} AND l.id = {}"""
PRESS = """
    INSERT INTO campaign_click (organization, send, link, lead, clicked_at, created_at)
    SELECT {}, {}, {}, {}, {}, {} WHERE NOT EXISTS (
        SELECT FROM campaign_click WHERE send = {} AND link = {} AND clicked_at > {}) RETURNING id"""
PRESSED = """
    UPDATE campaign_send SET clicked_at = coalesce(clicked_at, {}) WHERE id = {} RETURNING delivery"""
DELIVERY = "UPDATE delivery SET clicked_at = {} WHERE id = {} AND clicked_at IS NULL"
OPENED = "UPDATE campaign_send SET opened_at = {} WHERE id = {} AND opened_at IS NULL RETURNING organization"


async def destination(token: str) -> dict | None:
    """Where a link leads, with whose it is; None for one that was forged, cut off or is gone."""
    read = links.read(CLICK, token)
    found = await row(FIND, *read) if read and max(read) < 2**63 else None
    return found if found and urlsplit(found["url"]).scheme in ("http", "https") else None


async def pressed(found: dict, now: datetime) -> None:
    """Write the press down; the same link again within seconds is the same press."""
    ids = (found["organization"], found["send"], found["id"], found["lead"])
    async with transaction():
        if await row(PRESS, *ids, now, now, found["send"], found["id"], now - SAME_PRESS):
            [send] = await rows(PRESSED, now, found["send"])
            if send["delivery"]:
                await rows(DELIVERY, now, send["delivery"])
            await activity.changed(found["organization"], "campaigns")


async def opened(token: str, now: datetime) -> None:
    """The picture was fetched, perhaps by a machine. Nothing is decided by it."""
    read = links.read(OPEN, token)
    if read and read[0] < 2**63:
        await rows(OPENED, now, read[0])


def by_machine(headers: Mapping[str, str]) -> bool:
    """Whether a scanner or a program that looks ahead asks: it is shown the way, and not counted."""
    if "prefetch" in f"{headers.get('purpose', '')} {headers.get('sec-purpose', '')} {headers.get('x-moz', '')}":
        return True
    agent = headers.get("user-agent", "")
    return not agent or bool(MACHINES.search(agent))
