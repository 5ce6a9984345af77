"""What becomes of each mail that is due: it leaves, it leaves later, or it never does. Pure: one decision for each row,
in an order in which the first that holds is the reason people read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.campaigns.conditions import KINDS
from dashboard.campaigns.engine import trials
from dashboard.campaigns.engine.windows import Window, window, zone_of

HALF_A_DAY, SOON = timedelta(hours=12), timedelta(minutes=10)
BARRED = {
    "unsubscribed": "Unsubscribed before", "bounced": "Mail to this address bounced before",
    "complained": "Marked a mail of ours as spam before",
}  # fmt: skip


@dataclass
class Sorted:
    """`leaving`: rows, each with `first`, whether it is the first mail. `later`: ids by what is waited for and until
    when. `ended`: ids by state and reason."""

    leaving: list[dict[str, Any]] = field(default_factory=list)
    later: dict[tuple[str, datetime], list[int]] = field(default_factory=lambda: defaultdict(list))
    ended: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))


def sort(
    found: Sequence[dict[str, Any]], campaign: dict[str, Any], organization: Organization,
    steps: dict[int, dict[str, Any]], now: datetime,
) -> Sorted:  # fmt: skip
    """Each row of queueing.PICK to what becomes of it. Those who must not be written to any more are left to the next
    round, which ends them."""
    made, hours = Sorted(), window(campaign)
    first = min(steps.values(), key=lambda step: (step["position"], step["id"]))["id"]
    for each in found:
        step = steps[each["step"]]
        condition = step["condition"] or {}
        if each["person"] != "active":
            made.ended["stopped", "Is not in the campaign any more"].append(each["id"])
        elif each["reason"]:
            continue
        elif not each["email"]:
            made.ended["skipped", "Has no address any more"].append(each["id"])
        elif each["barred"]:
            words = BARRED.get(each["barred"], "This address was blocked by hand")
            made.ended["suppressed", words].append(each["id"])
        elif (at := _too_soon(each, step, organization, hours, now)) is not None:
            made.later["Waits for the mail before it", at].append(each["id"])
        elif (opens := hours.opens(now, zone_of(each["zone"], organization.time_zone))) > now:
            made.later["", opens].append(each["id"])
        elif not _met(condition, each):
            words = KINDS.get(condition.get("kind", ""), "Its condition was not met")
            made.ended["skipped", words].append(each["id"])
        elif each["variant"] == "-" and each["step"] == first and (ends := trials.pending(campaign, now)) is not None:
            made.later["Waits for the result of the A/B test", ends].append(each["id"])
        else:
            made.leaving.append(each | {"first": each["step"] == first})
    return made


def _too_soon(
    each: dict[str, Any], step: dict[str, Any], organization: Organization, hours: Window, now: datetime
) -> datetime | None:  # fmt: skip
    """When the step is due, if the one before it left too late for now: the days between them are kept."""
    if each["before"] is None:
        return None
    gap = max(0, step["day"] - each["before_day"])
    zone = zone_of("", organization.time_zone)
    if each["before"] in ("waiting", "due", "queued"):
        return hours.on_day(now, gap, zone) if gap else now + SOON
    left_at = each["left_at"]
    if left_at is None or not gap or left_at <= now - timedelta(days=gap) + HALF_A_DAY:
        return None
    return hours.on_day(left_at, gap, zone)


def _met(condition: dict[str, Any], each: dict[str, Any]) -> bool:
    match condition.get("kind", ""):
        case "clicked" | "replied" | "bought" as fact:
            return bool(each[fact])
        case "not_clicked" | "not_replied" | "not_bought" as fact:
            return not each[fact.removeprefix("not_")]
        case "tag":
            return condition.get("tag") in each["tags"]
        case "no_tag":
            return condition.get("tag") not in each["tags"]
    return True
