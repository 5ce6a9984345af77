"""The lines of a lead's timeline in words."""

from typing import Any

from dashboard.formats import money
from dashboard.labels import STATUS
from dashboard.leads.detail import visit

ICONS = {
    "note": "pencil", "noted": "pencil", "note_changed": "pencil", "note_deleted": "trash-2", "moved": "arrow-right",
    "won": "circle-check", "lost": "circle-x", "assigned": "user", "tagged": "tag", "reminder": "calendar-clock",
    "contacted": "phone", "undone": "undo-2", "deleted": "trash-2", "person": "pencil", "deal": "briefcase",
    "added": "user-plus", "scored": "gauge", "abandoned_checkout": "shopping-bag", "merged": "git-merge",
    "recovery_sent": "mail",
    "paid": "credit-card", "intake_requested": "list-checks", "intake_submitted": "list-checks",
    "form_submitted": "list-checks", "delivered": "check", "refunded": "undo-2", "cancelled": "ban",
    "campaign_added": "megaphone", "campaign_stopped": "megaphone", "campaign_resumed": "megaphone",
    "placed": "shopping-bag", "imported": "upload", "brought_back": "rotate-ccw",
}  # fmt: skip
KINDS = {"staff": "staff", "customer": "customer", "machine": "ai", "mail": "system", "system": "system"}
DEFAULT_ICONS = {"staff": "user", "customer": "user", "machine": "bot", "mail": "mail", "system": "settings"}


def item(line: dict[str, Any], undoable: set[int]) -> dict[str, Any]:
    """A row of the timeline as the template draws it; `undoable` are the merges that can still be taken back."""
    title, text, icon = (
        line["title"],
        line["text"],
        ICONS.get(line["name"], DEFAULT_ICONS.get(line["actor"], "settings")),
    )
    note = line["name"] == "note"
    merge = line["data"].get("merge") if line["name"] == "merged" else None
    if line["actor"] == "mail":
        title, text, icon = _mail(line)
    elif line["name"] == "form_submitted":
        came = visit(line["data"])
        text = "\n".join([text, f"Came through {came}"] if came else [text])
    elif line["name"] == "placed":
        title, text = _placed(line["title"], line["data"])
    elif line["by_name"]:
        # Lines of a lead are said of somebody ("moved the lead"); those of other things stand alone.
        title = f"{line['by_name']} {title}" if title[:1].islower() else f"{title}, by {line['by_name']}"
    return {
        "kind": KINDS.get(line["actor"], "system"), "icon": icon, "title": title[:1].upper() + title[1:], "text": text,
        "at": line["at"], "order": line["number"] or None, "note": line["id"] if note and not line["number"] else None,
        "author": line["by"] if note else None, "changed": note and bool(line["data"].get("changed")),
        "name": line["name"], "mail": line["id"] if line["actor"] == "mail" else None,
        "merge": merge if merge in undoable else None, "key": f"{line['rank']}-{line['id']}",
    }  # fmt: skip


def _placed(plan: str, order: dict[str, Any]) -> tuple[str, str]:
    came = visit(order["source_data"])
    said = [money(order["amount"], order["currency"])] * bool(order["currency"]) + [f"came through {came}"] * bool(came)
    return f"Ordered {plan}" if plan else "Placed an order", ", ".join(said)


def _mail(line: dict[str, Any]) -> tuple[str, str, str]:
    state, _ = STATUS["delivery"].get(line["name"], (line["name"], ""))
    seen = "Clicked" if line["data"].get("clicked") else "Opened" if line["data"].get("opened") else ""
    reached = line["name"] in ("sent", "delivered")
    why = "" if reached else line["text"]
    return (
        f"Mail: {line['title']}",
        ". ".join(part for part in (seen or state, why) if part),
        "mail-open" if seen else "mail",
    )


def beginning(lead: dict[str, Any]) -> dict[str, Any]:
    """How it began; not an activity, so that a million imported leads need no million lines."""
    known = [f"Source: {lead['source']}"] * bool(lead["source"]) + [lead["visit"]] * bool(lead["visit"])
    return {
        "kind": "system", "icon": "user-plus", "title": "Lead created", "text": ", ".join(known),
        "at": lead["created_at"], "order": None, "note": None, "author": None, "changed": False, "mail": None,
        "name": "", "merge": None, "checkout": False, "key": "beginning",
    }  # fmt: skip
