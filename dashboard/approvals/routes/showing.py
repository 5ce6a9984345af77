"""What both the queue's pages and the answers to its buttons show."""

from datetime import datetime
from typing import Any

from litestar import Request
from litestar.response import Template

from dashboard.accounts import credentials
from dashboard.accounts.current import Shell
from dashboard.accounts.tables import Organization, Role
from dashboard.approvals import actions, places, queries
from dashboard.approvals.places import Place
from dashboard.approvals.queries import Queue
from dashboard.formats import ago
from dashboard.pages import fragment

BY_CHANNEL = {
    "web": "in the chat", "mail": "by email", "messenger": "by Messenger", "instagram": "by Instagram",
    "whatsapp": "by WhatsApp", "telegram": "by Telegram",
}  # fmt: skip


def shell_of(request: Request) -> Shell:
    found = request.scope["shell"]  # type: ignore[typeddict-item]
    assert isinstance(found, Shell)
    return found


def place(request: Request, across: bool | None = None) -> Place:
    """Where the person works; a button says so by `across=1`."""
    shell = shell_of(request)
    if across is None:
        across = request.query_params.get("across") == "1"
    return places.place_of(shell.memberships, shell.organization, shell.user.second_factor, across)


async def facts(
    request: Request,
    here: Place,
    cur: dict[str, Any] | None,
    now: datetime,
    *,
    list_first: bool = False,
    queue: Queue | None = None,
) -> dict[str, Any]:
    """Everything the three columns show, with `cur` open."""
    shared: dict[str, Any] = {
        "place": here, "queue": queue or await queries.find_queue(here.organizations), "cur": cur, "now": now,
        "list_first": list_first,
    }  # fmt: skip
    if cur is None:
        return shared
    shell = shell_of(request)
    owner = next(each.organization for each in shell.memberships if each.organization.id == cur["organization"])
    role = next(each.role for each in shell.memberships if each.organization.id == cur["organization"])
    base = f"/{cur['slug']}"
    later = None if cur["state"] == "waiting" else await queries.successor(owner, cur)
    return shared | {
        "messages": await queries.thread(cur["conversation"]), "base": base, "at": f"{base}/approvals/{cur['id']}",
        "zone": owner.time_zone, "organization_name": owner.name, "by_channel": BY_CHANNEL[cur["channel"]],
        "shell_may_act": Role(role).rank >= Role.agent.rank, "reasons": actions.REASONS, "others": [],
        "overtaken": "", "swap_version": False, "sentence": sentence(cur), "edited_words": edited_words(cur),
        "outcome": outcome(cur, now), "may_undo": Role(role).rank >= Role.agent.rank,
        "successor": here.item({"slug": cur["slug"], "id": later}) if later else "",
        "model": (await credentials.integrations_for(owner.id)).openai.configured,
        "source_href": lambda source: source_href(base, source),
    }  # fmt: skip


async def show(
    request: Request,
    here: Place,
    cur: dict[str, Any] | None,
    now: datetime,
    *,
    status_code: int = 200,
    queue: Queue | None = None,
    **answer: Any,
) -> Template:
    """The three columns as the answer to a button; the address follows what is open."""
    context = await facts(request, here, cur, now, queue=queue)
    made = fragment(request, "approvals/_approvals.html", status_code=status_code, **answer, **context)
    made.headers["HX-Replace-Url"] = here.item(cur) if cur else here.href
    return made


async def opened(organizations: list[Organization], item: dict[str, Any] | None) -> dict[str, Any] | None:
    """The details of a row of the queue."""
    if item is None:
        return None
    owner = next(each for each in organizations if each.id == item["organization"])
    return await queries.get_detail(owner, item["id"])


def sentence(cur: dict[str, Any]) -> str:
    """What the confidence means, in words."""
    marks = sum(not check["ok"] for check in cur["checks"])
    if cur["needs_person"] and not cur["draft"]:
        return "Nobody knows. A person has to answer."
    if cur["needs_person"]:
        return "A person has to decide this. Check before you send."
    level = {"positive": "High", "warning": "Medium", "danger": "Low"}[cur["tone"]]
    if not cur["sources"]:
        return f"{level} confidence. Nothing here has a source."
    if marks:
        return f"{level} confidence. {'One check needs' if marks == 1 else f'{marks} checks need'} your eyes."
    ends = {"danger": "Check before you send."}
    return f"{level} confidence. {ends.get(cur['tone'], 'Every claim has a source.')}"


def edited_words(cur: dict[str, Any]) -> str:
    if cur["state"] in ("queued", "sent"):
        return f"{cur['edit_ratio']}% changed" if cur["edit_ratio"] else "Not edited"
    return f"Edited by {cur['decider']}" if cur["edited"] and cur["decider"] else "Not edited"


def outcome(cur: dict[str, Any], now: datetime) -> str:
    """What became of it, for whoever opens it later."""
    who = "A rule" if cur["rule"] else cur["decider"] or "Somebody"
    when = ago(cur["decided_at"], now) if cur["decided_at"] else ""
    return {
        "queued": f"{who} approved this {when}. It goes out in a moment.",
        "sent": f"{who} approved this {when}, and it was sent.",
        "rejected": f"{who} rejected this {when}: {cur['reason']}.",
        "stale": f"{cur['reason'] or 'Overtaken'}. Nothing was sent.",
        "replaced": "Another suggestion took its place.",
    }.get(cur["state"], "")


def source_href(base: str, source: dict[str, Any]) -> str:
    """Where a source can be read; empty where it has no page."""
    if source.get("kind") == "section" and source.get("article"):
        return f"{base}/knowledge/{source['article']}#{source.get('anchor', '')}"
    return ""
