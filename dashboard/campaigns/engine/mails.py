"""How a campaign's mails are kept in the out-tray and written when they leave."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from dashboard import links
from dashboard.accounts.tables import Organization
from dashboard.campaigns import placeholders, rendering
from dashboard.campaigns.rendering import Texts
from dashboard.database import rows
from dashboard.deliveries.mails import LONGEST_SUBJECT, one_line
from dashboard.deliveries.writing import WRITERS
from dashboard.integrations.outcomes import Refused

NAME = "campaign"
REPLY = "reply"  # the purpose of the token by which a reply is known
OF_OWNER = ("slug", "name", "colour", "postal_address")
AT_ONCE = 25  # mails written before others get their turn
VERSIONS = "SELECT id, subject, html, text FROM mail_template_version WHERE organization = {} AND id = ANY({})"
FACTS = """
    SELECT c.id, c.from_name, c.reply_to, c.trial, o.slug, o.name, o.colour, o.postal_address,
        (SELECT jsonb_object_agg(l.url, l.id) FROM campaign_link l WHERE l.campaign = c.id) AS links,
        (SELECT jsonb_object_agg(v.id, jsonb_build_array(v.subject, v.html, v.text)) FROM mail_template_version v
         WHERE v.organization = c.organization AND v.id = ANY({})) AS versions
    FROM campaign c JOIN organization o ON o.id = c.organization WHERE c.organization = {} AND c.id = ANY({})"""


def payload(
    campaign: Mapping[str, Any], version: int, send: int, texts: Texts, values: Mapping[str, str], *, other: bool
) -> dict[str, Any]:  # fmt: skip
    """What a delivery keeps: which texts, for whom. `other`: with the other subject of the trial."""
    used = names(texts)
    kept = {"campaign": campaign["id"], "version": version, "send": send} | ({"other": True} if other else {})
    return kept | {"values": {name: value for name, value in values.items() if name in used}}


def title(subject: str, values: Mapping[str, str]) -> str:
    """The subject of one person's mail."""
    return one_line(placeholders.read(subject).fill(values))[:LONGEST_SUBJECT].strip()


async def texts_of(organization: int, versions: Iterable[int]) -> dict[int, Texts]:
    """What these versions say, by id."""
    found = await rows(VERSIONS, organization, list(set(versions)))
    return {each["id"]: Texts(each["subject"], each["html"], each["text"]) for each in found}


def subject_of(campaign: Mapping[str, Any], texts: Texts, *, other: bool) -> str:
    trial = campaign["trial"] if isinstance(campaign["trial"], dict) else {}
    return str(trial.get("subject") or texts.subject) if other else texts.subject


@lru_cache(maxsize=256)
def names(texts: Texts) -> frozenset[str]:
    """Every placeholder in it, and in any subject of a trial: those of a subject are few."""
    everything = f"{texts.subject}\n{texts.html}\n{texts.plain}"
    return placeholders.read(everything).names | {"first_name", "name", "company"}


async def write(organization: int, payloads: Sequence[dict[str, Any]]) -> list[dict[str, Any] | Exception]:
    """The mails of these payloads, in their order."""
    ids, versions = ({each[name] for each in payloads} for name in ("campaign", "version"))
    found = await rows(FACTS, list(versions), organization, list(ids))
    campaigns = {each["id"]: each for each in found}
    owner = Organization(**{name: found[0][name] for name in OF_OWNER}) if found else Organization()
    known = {int(id): Texts(*each) for id, each in ((found[0]["versions"] or {}) if found else {}).items()}
    made: list[dict[str, Any] | Exception] = []
    for number, each in enumerate(payloads):
        if number % AT_ONCE == AT_ONCE - 1:
            await asyncio.sleep(0)
        try:
            if (texts := known.get(each["version"])) is None:
                raise Refused("The texts of this mail are gone. Nothing was sent.")
            made.append(_mail(each, texts, campaigns[each["campaign"]], owner))
        except Exception as problem:
            made.append(problem)
    return made


def _mail(
    payload: dict[str, Any], texts: Texts, campaign: dict[str, Any], owner: Organization
) -> dict[str, Any]:  # fmt: skip
    if payload.get("other"):
        texts = texts._replace(subject=subject_of(campaign, texts, other=True))
    send = payload["send"]
    mail = rendering.render(
        texts, payload["values"], rendering.addresses(send, campaign["links"] or {}), owner,
        from_name=campaign["from_name"], reply_to=campaign["reply_to"],
    )  # fmt: skip
    # Mail programs carry the references of a mail into every reply to it.
    headers = {**mail.headers, "References": f"<{links.token(REPLY, send)}@campaign.invalid>"}
    return {
        "subject": mail.subject, "html": mail.html, "text": mail.text, "from_name": mail.from_name,
        "from": payload.get("from", ""), "reply_to": mail.reply_to, "headers": headers,
    }  # fmt: skip


WRITERS[NAME] = write
