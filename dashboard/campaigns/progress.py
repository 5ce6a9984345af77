"""How a campaign stands: what happens next and when, what went wrong, how its two subjects do, what was done to it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.campaigns import planning
from dashboard.campaigns.engine import trials
from dashboard.campaigns.engine.windows import window, zone_of
from dashboard.campaigns.numbers import COMING, Figures
from dashboard.database import row, rows
from dashboard.formats import ago, day, moment, num

NEXT = """
    SELECT step, due_at FROM campaign_send WHERE campaign = {} AND state IN ('waiting', 'due')
    ORDER BY due_at, id LIMIT 1"""
# The last of so many within the limit's time: when that is over, the next one may leave.
RELEASED = """
    SELECT queued_at FROM campaign_send WHERE campaign = {} AND queued_at > {}
    ORDER BY queued_at DESC OFFSET {} LIMIT 1"""
TIMELINE = """
    SELECT a.id, a.verb, a.title, a.detail, a.actor, a.created_at AS at, u.name AS by_name
    FROM activity a LEFT JOIN app_user u ON u.id = a."user"
    WHERE a.organization = {} AND a.subject_kind = 'campaign' AND a.subject_id = {}
    ORDER BY a.created_at DESC, a.id DESC LIMIT {}"""
# Of the first step, which alone has two subjects: the people who were in the trial are a share of all.
TRIAL = """
    SELECT e.variant, count(*) AS people, count(*) FILTER (WHERE s.state IN ('delivered', 'complained')) AS delivered,
           count(*) FILTER (WHERE s.clicked_at IS NOT NULL) AS clicked,
           count(*) FILTER (WHERE s.replied_at IS NOT NULL) AS replied
    FROM (SELECT enrollment, state, clicked_at, replied_at FROM campaign_send
          WHERE organization = {} AND campaign = {} AND step = {}
          AND state IN ('sent', 'delivered', 'bounced', 'complained') ORDER BY id LIMIT {}) s
    JOIN enrollment e ON e.id = s.enrollment WHERE e.variant IN ('a', 'b') GROUP BY e.variant"""
MOST_IN_TRIAL = 20_000
LINES = 30
ICONS = {
    "launched": "zap", "paused": "pause", "resumed": "play", "stopped": "ban", "finished": "circle-check",
    "retried": "rotate-ccw", "tested": "mail", "scheduled": "calendar-clock", "unscheduled": "pencil",
    "not_begun": "circle-alert", "trial_decided": "scale", "created": "plus", "mails_failed": "circle-alert",
}  # fmt: skip
KINDS = {"staff": "staff", "customer": "customer", "machine": "ai"}


@dataclass(frozen=True)
class Next:
    """What will happen without anybody doing anything, or what it waits for."""

    title: str
    text: str


async def upcoming(
    organization: Organization, campaign: dict[str, Any], steps: list[dict[str, Any]], figures: Figures, now: datetime
) -> Next:  # fmt: skip
    """What happens next, and when."""
    zone = organization.time_zone
    match campaign["state"]:
        case "draft":
            return Next("This is a draft", "Nothing leaves before it is launched in the editor.")
        case "scheduled":
            at = campaign["starts_at"]
            when = moment(at, zone) if at else "at its time"
            return Next(
                f"Starts {when}", "Audience and sender are looked at once more then, and the audience is taken in."
            )
        case "paused":
            text = "Nothing leaves until somebody resumes it. What was due meanwhile follows then, nobody twice."
            return Next("Paused", text)
        case "stopped" | "done":
            ended = campaign["finished_at"]
            word = "Stopped" if campaign["state"] == "stopped" else "Finished"
            rest = "Clicks, replies and purchases that still come are counted here."
            return Next(f"{word} {moment(ended, zone)}" if ended else word, rest)
    first = await row(NEXT, campaign["id"])
    if first is None:
        return _running_dry(campaign, figures)
    label = next((step["label"] for step in steps if step["id"] == first["step"]), "the next step")
    at = max(first["due_at"], await _limited_until(campaign, now))
    return Next(_when(organization, campaign, label, at, now), _pace(campaign, figures))


async def _limited_until(campaign: dict[str, Any], now: datetime) -> datetime:
    """When the limits of an hour and of a day let the next mail leave."""
    at = now
    for most, within in ((campaign["per_hour"], timedelta(hours=1)), (campaign["per_day"], timedelta(days=1))):
        last = await row(RELEASED, campaign["id"], now - within, most - 1) if most else None
        at = max(at, last["queued_at"] + within) if last else at
    return at


def _running_dry(campaign: dict[str, Any], figures: Figures) -> Next:
    if figures.mails["queued"]:
        return Next(f"The last {num(figures.mails['queued'])} are leaving", "They stand in the Outbox.")
    if campaign["enrols"]:
        return Next("Waiting for new leads", "Everybody so far has had every mail. Who comes to match is taken in.")
    if campaign["launched_at"] and not figures.recipients:
        return Next("Taking in the audience", "Recipients appear here as they are taken in.")
    return Next("Everybody has had every mail", "It ends by itself.")


def _when(organization: Organization, campaign: dict[str, Any], label: str, due: datetime, now: datetime) -> str:
    zone = zone_of("", organization.time_zone)
    at = max(due, now)
    opens = window(campaign).opens(at, zone) if campaign["zone"] == "organization" else at
    if opens <= now:
        return f"{label} is leaving now"
    days = (opens.astimezone(zone).date() - now.astimezone(zone).date()).days
    local = opens.astimezone(zone)
    when = f"today, {local:%H:%M}" if not days else f"{day(local.date(), weekday=True)}, {local:%H:%M}"
    return f"Next: {label}, {when} ({ago(opens, now, zone)})"


def _pace(campaign: dict[str, Any], figures: Figures) -> str:
    """The limits that hold, and how long the rest takes with them."""
    left = figures.of(COMING)
    said = [f"{num(left)} mail{'' if left == 1 else 's'} to come."]
    if limited := planning.limits(campaign):
        said.append(f"{limited[0].upper()}{limited[1:]}.")
    hours = window(campaign)
    if not hours.always:
        whose = "the recipient's time" if campaign["zone"] == "recipient" else "our time"
        said.append(f"Between {_clock(hours.since)} and {_clock(hours.until)} in {whose}{_weekdays(hours.weekdays)}.")
    if campaign["per_hour"] and left > campaign["per_hour"]:
        took = timedelta(hours=left / campaign["per_hour"])
        span = f"{took.days} days" if took.days > 1 else f"{-(-took.total_seconds() // 3600):.0f} hours"
        said.append(f"All of them need about {span} of open time.")
    return " ".join(said)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _weekdays(days: frozenset[int]) -> str:
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    if days >= frozenset(range(7)):
        return ""
    if days == frozenset(range(5)):
        return ", Monday to Friday"
    return f", on {', '.join(names[each] for each in sorted(days))}"


async def trial(
    organization: Organization, campaign: dict[str, Any], steps: list[dict[str, Any]]
) -> list[dict[str, Any]]:  # fmt: skip
    """How both subjects do among the first MOST_IN_TRIAL who got the mail: variant, subject, people, delivered,
    clicked, replied, and `href`, where they stand. Empty without a trial."""
    said = campaign["trial"] if isinstance(campaign["trial"], dict) else {}
    if not said.get("subject") or not steps:
        return []
    found = await rows(TRIAL, organization.id, campaign["id"], steps[0]["id"], MOST_IN_TRIAL)
    known = {each["variant"]: each for each in found}
    none = {"people": 0, "delivered": 0, "clicked": 0, "replied": 0}
    subjects = {"a": steps[0]["subject"], "b": str(said["subject"])}
    ledger = f"/{organization.slug}/campaigns/{campaign['id']}/ledger?step={steps[0]['id']}&subject="
    return [
        {**none, **known.get(each, {}), "variant": each, "subject": subjects[each], "href": ledger + each}
        for each in subjects
    ]


def trial_rule(organization: Organization, campaign: dict[str, Any]) -> str:
    """How the trial is decided, or was."""
    said = campaign["trial"] if isinstance(campaign["trial"], dict) else {}
    fact = "replied" if said.get("rule") == trials.REPLIES else "clicked"
    if trials.everybody(said) and not said.get("winner"):
        return "Half of the people get each. Nothing is decided."
    rule = f"Sent to {said.get('share', 0)}% of the people, half each; what a larger share {fact} goes to the rest"
    if said.get("winner"):
        figures = said.get("figures") or {}
        counts = [
            f"{num(part)} of {num(whole)} {fact} {each.upper()}" for each, (part, whole) in sorted(figures.items())
        ]
        return f"{rule}. Subject {str(said['winner']).upper()} won{': ' if counts else ''}{', '.join(counts)}."
    end = trials.ends(campaign)
    return f"{rule}, decided {moment(end, organization.time_zone)}." if end else f"{rule}."


async def timeline(organization: Organization, id: int) -> list[dict[str, Any]]:
    """What was done to the campaign, newest first, as ui.feed draws it."""
    return [_line(each) for each in await rows(TIMELINE, organization.id, id, LINES)]


def _line(line: dict[str, Any]) -> dict[str, Any]:
    title = line["title"]
    if line["by_name"]:
        title = f"{line['by_name']} {title}" if title[:1].islower() else f"{title}, by {line['by_name']}"
    verb = re.sub(r"^campaign_", "", line["verb"])
    return {
        "kind": KINDS.get(line["actor"], "system"), "icon": ICONS.get(verb, "megaphone"), "title": title,
        "text": line["detail"], "at": line["at"],
    }  # fmt: skip
