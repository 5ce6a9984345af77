"""What stands between a campaign and its launch, each with its reason and the place where it is mended."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from dashboard import settings
from dashboard.accounts.tables import Organization
from dashboard.campaigns import editor, placeholders, preflight_people, reaching, rendering, sending_from, trial
from dashboard.campaigns.findings import ASK, BLOCKED, FINE, WARNING, Checked, Finding
from dashboard.campaigns.rendering import Texts
from dashboard.campaigns.tables import CampaignKind, CampaignState
from dashboard.campaigns.templates_forms import without_unsubscribe

EXAMPLES = (".example.com", ".example.net", ".example.org")  # nobody's, kept for texts like these
LOOPBACK = ("http://127.", "http://localhost", "http://[::1]")


async def look(organization: Organization, id: int, me: int, now: datetime) -> Checked:
    """The findings and the figures behind them. Asks the provider of mails: not inside a transaction."""
    campaign, steps = await editor.find(organization, id), await editor.steps(organization, id)
    base = f"/{organization.slug}/campaigns"
    needed = _needed(campaign, steps)
    reach = await reaching.count(organization, campaign, list(needed), me or campaign["launched_by"] or 0, now)
    sender = await sending_from.sender(organization)
    findings = [
        *_state(campaign), *_steps(campaign, steps, base), *preflight_people.of_people(campaign, reach, base),
        *preflight_people.of_lacking(reach, needed, campaign, base), *_ways_out(steps, campaign, base),
        *_sender(sender, organization), *_tested(campaign, steps, organization, base),
        *preflight_people.of_consent(reach, campaign, base), *preflight_people.of_overlaps(reach, campaign, base),
        *preflight_people.of_zones(reach, campaign, organization.time_zone),
        *_start(campaign, now),
    ]  # fmt: skip
    order = (BLOCKED, ASK, WARNING, FINE)
    return Checked(sorted(findings, key=lambda each: order.index(each.level)), reach)


async def obstacles(organization: Organization, id: int, now: datetime) -> str:
    """What has come up since a campaign was scheduled and lets nothing leave, in words; "" when nothing has."""
    found = [each for each in (await look(organization, id, 0, now)).blocked if each.key in ("audience", "sender")]
    return ". ".join(f"{each.text}: {each.detail}" if each.detail else each.text for each in found)


def _needed(campaign: Mapping[str, Any], steps: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Placeholders without a fallback, with the first step that has one."""
    found: dict[str, dict[str, Any]] = {}
    subject = campaign["trial"].get("subject", "") if isinstance(campaign["trial"], dict) else ""
    for number, each in enumerate(steps):
        texts = _texts(each)
        everything = f"{texts.subject}\n{'' if number else subject}\n{texts.html}\n{texts.plain}"
        for name in placeholders.read(everything).missing({}):
            found.setdefault(name, each)
    for known in ("email", "organization", "sender", "unsubscribe_link"):
        found.pop(known, None)
    return found


def _state(campaign: Mapping[str, Any]) -> list[Finding]:
    if campaign["state"] == CampaignState.draft:
        return []
    return [Finding(BLOCKED, "It was launched already", key="state")]


def _steps(campaign: Mapping[str, Any], steps: list[dict[str, Any]], base: str) -> list[Finding]:
    here = f"{base}/{campaign['id']}/edit#steps"
    if not steps:
        return [Finding(BLOCKED, "There is no mail yet", "Add the first step", "Add", here, "steps")]
    found = []
    for each in steps:
        what = f"Day {each['day']}" if campaign["kind"] == CampaignKind.sequence else "The mail"
        if not each["template"]:
            found.append(
                Finding(BLOCKED, f"{what} has no text", "Choose a template or write one", "Fix", here, "steps")
            )
        elif each["archived_at"]:
            text = f"{what} uses an archived template"
            found.append(Finding(BLOCKED, text, each["template_name"], "Choose another", here, "steps"))
        elif not each["subject"].strip():
            href = f"{base}/templates/{each['template']}?campaign={campaign['id']}"
            found.append(Finding(BLOCKED, f"{what} has no subject", each["template_name"], "Write it", href, "steps"))
    return found


def _ways_out(steps: list[dict[str, Any]], campaign: Mapping[str, Any], base: str) -> list[Finding]:
    found = []
    for each in steps:
        lacking = without_unsubscribe(_texts(each)) if each["version"] else ""
        if lacking:
            href = f"{base}/templates/{each['template']}?campaign={campaign['id']}"
            detail = f"{each['template_name']}, {lacking}"
            found.append(Finding(BLOCKED, "No link to unsubscribe", detail, "Fix", href, "unsubscribe"))
    if not found and any(each["version"] for each in steps):
        found.append(Finding(FINE, "Unsubscribe link in every mail", "One click, RFC 8058", key="unsubscribe"))
    found += _placeholders(steps, campaign, base)
    address = settings.current().base_url
    if address.startswith(LOOPBACK):
        detail = f"They lead to {address}. Set BASE_URL to the address people use"
        found.append(Finding(WARNING, "Nobody outside can open the links", detail, key="links"))
    return found


def _placeholders(steps: list[dict[str, Any]], campaign: Mapping[str, Any], base: str) -> list[Finding]:
    """Links that stand in a text only to be replaced, such as the one in the template for a file somebody asked for."""
    found = []
    for each in steps:
        hosts = {urlsplit(url).hostname or "" for url in rendering.urls(_texts(each))} if each["version"] else set()
        if examples := sorted(host for host in hosts if f".{host}".endswith(EXAMPLES)):
            href = f"{base}/templates/{each['template']}?campaign={campaign['id']}"
            detail = f"{each['template_name']}, {', '.join(examples)}. Put your own address there"
            found.append(Finding(BLOCKED, "A link leads to an example", detail, "Fix", href, "examples"))
    return found


def _texts(step: Mapping[str, Any]) -> Texts:
    return Texts(step["subject"], step["html"], step["text"])


def _sender(sender: sending_from.Sender, organization: Organization) -> list[Finding]:
    setup, connect = f"/{organization.slug}/settings", f"/{organization.slug}/settings/integrations"
    if sender.missing:
        href = connect if "not connected" in sender.missing else setup
        return [Finding(BLOCKED, "Mail cannot be sent yet", sender.missing, "Connect", href, "sender")]
    if sender.trouble:
        detail = f"{sender.address}. {sender.trouble}; the test mail shows it"
        return [Finding(WARNING, "Sender not confirmed", detail, key="sender")]
    if sender.status and sender.status != "verified":
        state = "is not known to Resend" if sender.status == "not_there" else f"is {sender.status.replace('_', ' ')}"
        return [Finding(BLOCKED, "Sender domain not verified", f"{sender.domain} {state}", "Check", connect, "sender")]
    return [Finding(FINE, "Sender verified" if sender.status else "Sends by SMTP", sender.address, key="sender")]


def _tested(
    campaign: Mapping[str, Any], steps: list[dict[str, Any]], organization: Organization, base: str
) -> list[Finding]:  # fmt: skip
    if trial.is_tested(campaign, steps, organization):
        return [Finding(FINE, "Test mail sent", "Nothing has changed since", key="test")]
    text = "Changed since the last test mail" if campaign["tested_at"] else "No test mail sent yet"
    href = f"{base}/{campaign['id']}/trial-mail"
    return [Finding(BLOCKED, text, "Send one to yourself", "Send", href, "test", post=True)]


def _start(campaign: Mapping[str, Any], now: datetime) -> list[Finding]:
    if campaign["starts_at"] and campaign["starts_at"] < now:
        return [Finding(WARNING, "The start lies in the past", "It would begin at once", key="start")]
    return []
