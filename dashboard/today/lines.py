"""A line of Today: what is wrong, whom it concerns, why, since when, and the one button that fixes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from dashboard.accounts.tables import Role
from dashboard.formats import money, num
from dashboard.runs import words
from dashboard.runs.queries import Standing

Group = Literal["now", "today", "later"]
GROUPS: tuple[tuple[Group, str, str], ...] = (
    ("now", "Now", "Costs money or a promise while it waits"),
    ("today", "Due today", "Before the end of the day"),
    ("later", "Can wait", "Nothing breaks before tomorrow"),
)
TONES = ("danger", "warning", "ai", "info", "neutral")
LATE_SHOWN = 2  # jobs that are late get a line each, up to this many
ICONS = {
    "Send reminder": "send", "Mark done": "check", "Start work": "play", "Choose plan": "package",
    "Done": "check", "Take it": "hand", "Reply": "send", "Answer": "send", "Write an article": "pencil",
    "Resume": "play", "Mend it": "pencil",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """`action_method` is post for a button that does it at once, get for a link to where it is done; `needs` is the
    role a post takes, below which the button opens `href` instead."""

    key: str
    group: Group
    icon: str
    tone: str
    title: str
    who: str
    href: str
    reason: str
    since: datetime
    action_label: str
    action_icon: str
    action_href: str
    action_method: Literal["post", "get"] = "get"
    assignee: int | None = None
    needs: Role = Role.agent

    def age(self, now: datetime) -> str:
        """How long it has waited, or in how long it is due."""
        left = self.since - now
        if left > timedelta(0):
            return f"due in {words.rough(left)}"
        return words.rough(-left)

    def for_role(self, role: Role) -> "Line":
        """The line as somebody with this role may use it."""
        if self.action_method == "get" or role.rank >= self.needs.rank:
            return self
        return replace(self, action_label="Open", action_icon="arrow-right", action_href=self.href, action_method="get")


def arranged(lines: Iterable[Line]) -> list[tuple[str, str, str, list[Line]]]:
    """(key, title, what it means, lines) of each group that has any; the gravest and oldest first."""
    ordered = sorted(lines, key=lambda line: (TONES.index(line.tone), line.since))
    grouped = [(key, title, why, [line for line in ordered if line.group == key]) for key, title, why in GROUPS]
    return [group for group in grouped if group[3]]


# ── what each slice says, as lines ──


def of_orders(found: Sequence[dict[str, Any]]) -> list[Line]:
    return [
        Line(
            key=line["key"], group=line["group"], icon=line["icon"], tone=line["tone"], title=line["title"],
            who=line["concerns"], href=line["href"], reason=line["why"], since=line["at"],
            action_label=line["label"], action_icon=ICONS.get(line["label"], "arrow-right"),
            action_href=line["post"] or line["href"], action_method="post" if line["post"] else "get",
            assignee=line["assignee"],
        )
        for line in found
    ]  # fmt: skip


of_leads = of_tickets = of_questions = of_campaigns = of_orders  # they say it in the same words


def of_replies(base: str, found: dict[str, Any]) -> list[Line]:
    """Suggested replies that wait for a person, with count and oldest."""
    count = found["count"]
    if not count:
        return []
    return [
        Line(
            key="approvals", group="today", icon="sparkles", tone="ai",
            title="A reply waits for approval" if count == 1 else f"{num(count)} replies wait for approval",
            who="Approvals", href=f"{base}/approvals", reason="Customers wait until somebody approves or answers.",
            since=found["oldest"], action_label="Review", action_icon="arrow-right", action_href=f"{base}/approvals",
        )
    ]  # fmt: skip


def of_deliveries(base: str, found: Sequence[dict[str, Any]]) -> list[Line]:
    return [_delivery(f"{base}/outbox", line, f"{base}/settings/integrations") for line in found]


def _delivery(outbox: str, line: dict[str, Any], connect: str) -> Line:
    count, state = line["count"], line["state"]
    one = f"{outbox}/{line['id']}"
    listed = f"{outbox}?state={state}" if count > 1 else one
    what, who = (line["what"], line["recipient"]) if count == 1 else (f"{num(count)} deliveries", "Outbox")
    facts: dict[str, Any] = {
        "key": f"delivery-{state}",
        "who": who,
        "href": listed,
        "reason": line["why"],
        "since": line["oldest"],
    }
    if state == "failed":
        send: dict[str, Any] = (
            {"action_href": f"{one}/sending", "action_method": "post"} if count == 1 else {"action_href": listed}
        )
        label, icon = ("Send now", "send") if count == 1 else ("Review", "arrow-right")
        return Line(
            group="now", icon="send", tone="danger", title=f"{what} failed", action_label=label, action_icon=icon,
            **facts, **send,
        )  # fmt: skip
    if state == "unknown":
        return Line(
            group="now", icon="send", tone="warning", title=f"{what} may or may not have arrived",
            action_label="Decide…", action_icon="scale", action_href=listed, **facts,
        )  # fmt: skip
    return Line(
        group="later", icon="plug", tone="warning", title=f"{what} held", action_label="Connect", action_icon="plug",
        action_href=connect, **facts,
    )  # fmt: skip


def of_events(base: str, found: dict[str, Any]) -> list[Line]:
    """`found` has count, oldest, and the newest one's id, sender, kind and error."""
    count = found["count"]
    if not count:
        return []
    one, sender = count == 1, found["sender"].capitalize()
    return [
        Line(
            key="events-failed", group="now", icon="webhook", tone="danger",
            title=f"{sender} event failed" if one else f"{num(count)} events failed", who="Events",
            href=f"{base}/events/{found['id']}" if one else f"{base}/events?state=failed",
            reason=f"{found['kind']}: {found['error']}", since=found["oldest"],
            action_label="Replay" if one else "Replay both" if count == 2 else f"Replay all {num(count)}",
            action_icon="rotate-ccw", action_method="post",
            action_href=f"{base}/events/{found['id']}/replay" if one else f"{base}/events/replays",
        )
    ]  # fmt: skip


def of_money(base: str, found: Sequence[dict[str, Any]]) -> list[Line]:
    """Money whose order has not arrived; one row per currency with total, count and oldest."""
    if not found:
        return []
    sums = " and ".join(money(int(row["total"]), row["currency"]) for row in found[:4])
    return [
        Line(
            key="money-waiting", group="later", icon="credit-card", tone="warning",
            title=f"{sums} without an order", who="Events", href=f"{base}/events",
            reason="The money arrived without its order. They join by themselves when the checkout arrives.",
            since=min(row["oldest"] for row in found), action_label="Look at events", action_icon="arrow-right",
            action_href=f"{base}/events",
        )
    ]  # fmt: skip


def of_jobs(base: str, found: Sequence[Standing], now: datetime) -> list[Line]:
    """Late jobs, which did not start, and failed ones, which did."""
    late = [standing for standing in found if standing.state == "late"]
    failed = [standing for standing in found if standing.state == "failed"]
    page = f"{base}/schedules"
    lines = []
    if len(late) > LATE_SHOWN:
        oldest = max(standing.late_by or timedelta() for standing in late)
        lines.append(
            Line(
                key="jobs-late",
                group="now",
                icon="timer",
                tone="danger",
                title=f"{len(late)} jobs did not start",
                who="Schedules",
                href=page,
                reason="No process runs the clock, or it is stuck.",
                since=now - oldest,
                action_label="Open schedules",
                action_icon="arrow-right",
                action_href=page,
            )
        )
        late = []
    for standing in [*late, *failed]:
        by = standing.late_by
        lines.append(
            Line(
                key=f"job-{standing.name}",
                group="now" if by else "today",
                icon="timer",
                tone="warning" if by else "danger",
                who="Schedules",
                href=page,
                title=f"{standing.job.title} {'did not start' if by else 'failed'}",
                reason=f"{words.rough(by).capitalize()} late." if by else standing.result,
                since=now - by if by else standing.last["started_at"] if standing.last else now,
                action_label="Run now",
                action_icon="play",
                action_href=f"{page}/{standing.name}/runs",
                action_method="post",
                needs=Role.admin,
            )
        )
    return lines
