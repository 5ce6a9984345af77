"""What there is to say about the people a campaign reaches, before it is launched."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from dashboard.campaigns.findings import ASK, BLOCKED, FINE, WARNING, Finding
from dashboard.campaigns.placeholders import ATTRIBUTE
from dashboard.campaigns.reaching import Reach
from dashboard.formats import num


def of_people(campaign: Mapping[str, Any], reach: Reach, base: str) -> list[Finding]:
    """Whom it reaches, and who is left out by itself."""
    here = f"{base}/{campaign['id']}/audience"
    if reach.misunderstood:
        said = ", ".join(reach.misunderstood)
        return [
            Finding(BLOCKED, "A condition of the audience is not understood any more", said, "Fix", here, "audience")
        ]
    found = []
    if not reach.people and not campaign["enrols"]:
        detail = f"{num(reach.matching)} leads match, none can be written to" if reach.matching else "No lead matches"
        found.append(Finding(BLOCKED, "The audience is empty", detail, "Change it", here, "audience"))
    elif campaign["new_only"]:
        detail = "Whoever becomes a lead after the launch and matches"
        found.append(Finding(FINE, "Takes in new leads only", detail, key="audience"))
    if reach.barred:
        text = f"{num(reach.barred)} suppressed {'is' if reach.barred == 1 else 'are'} left out"
        found.append(Finding(FINE, text, "Unsubscribed, bounced or complained", key="suppressed"))
    if reach.nameless:
        text = f"{num(reach.nameless)} without an address {'is' if reach.nameless == 1 else 'are'} left out"
        found.append(Finding(FINE, text, key="addresses"))
    return found


def of_lacking(
    reach: Reach, needed: dict[str, dict[str, Any]], campaign: Mapping[str, Any], base: str
) -> list[Finding]:  # fmt: skip
    """Placeholders that would stay empty, each with how many people it is about."""
    found = []
    for name, count in reach.lacking.items():
        if count:
            href = f"{base}/templates/{needed[name]['template']}?campaign={campaign['id']}"
            detail = f"{name.removeprefix(ATTRIBUTE)}, {num(count)} {'person' if count == 1 else 'people'}"
            found.append(Finding(BLOCKED, "Placeholder without a value", detail, "Fix", href, "placeholders"))
    return found


def of_zones(reach: Reach, campaign: Mapping[str, Any], zone: str) -> list[Finding]:
    """Whose own time zone is known, where the hours are each person's; the others count in ours, `zone`."""
    if campaign["zone"] != "recipient" or not reach.people:
        return []
    source = f"From the field of a lead with the key time_zone, like {zone}, which an import or a form fills"
    if not reach.zoned:
        return [Finding(WARNING, f"Nobody's time zone is known: all count in {zone}", source, key="zones")]
    text = f"{num(reach.zoned)} of {num(reach.people)} {'has' if reach.zoned == 1 else 'have'} a time zone of their own"
    rest = f"The others count in {zone}. " if reach.zoned < reach.people else ""
    return [Finding(FINE, text, rest + source, key="zones")]


def of_consent(reach: Reach, campaign: Mapping[str, Any], base: str) -> list[Finding]:
    """Those of whom nothing says that they agreed to hear from us. Who took it back is suppressed."""
    if not reach.people or campaign["new_only"]:
        return []
    if not reach.unasked:
        return [Finding(FINE, "Everybody agreed to hear from you", "A consent is on record for each", key="consent")]
    text = f"{num(reach.unasked)} of {num(reach.people)} without a consent on record"
    detail = "Only those who expect it, such as customers, may stay"
    href = f"{base}/{campaign['id']}/consent?{urlencode({'revision': campaign['revision']})}"
    return [Finding(WARNING, text, detail, "Leave them out", href, "consent", post=True)]


def of_overlaps(reach: Reach, campaign: Mapping[str, Any], base: str) -> list[Finding]:
    """Those who get mails of another campaign at the same time: somebody has to say yes to that."""
    if not reach.elsewhere:
        return [] if reach.misunderstood else [Finding(FINE, "No overlap with other campaigns", key="overlap")]
    people = "1 person is" if reach.elsewhere == 1 else f"{num(reach.elsewhere)} people are"
    named = ", ".join(f"{each['name']} ({num(each['people'])})" for each in reach.overlaps)
    href = f"{base}/{campaign['id']}/overlap?{urlencode({'revision': campaign['revision']})}"
    return [Finding(ASK, f"{people} in another running campaign", named, "Leave them out", href, "overlap", post=True)]
