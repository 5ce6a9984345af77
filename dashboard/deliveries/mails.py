"""Our mails: an HTML and a text form from one set of facts, in the organization's name and colour.

Each is two files in templates/mails: NAME.txt (first line "Subject: …", the rest is the text form) and NAME.html."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from dashboard import formats
from dashboard.accounts.tables import Organization

TEMPLATES = Path(__file__).parent.parent.parent / "templates" / "mails"
FONT = "-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
# By the organization's swatch: under white letters, and as a link on a dark ground.
COLOURS = {1: "#2563c9", 2: "#0d7f86", 3: "#9a5b00", 4: "#a02a78", 5: "#475067"}
LIGHT_COLOURS = {1: "#8fb8ff", 2: "#6ad3d8", 3: "#f2b45c", 4: "#f29acb", 5: "#b9c3d6"}
ONE_TIME = "https://one-time.invalid/link"  # replaced by the real link at the moment of sending
LONGEST_SUBJECT = 200
ABOUT_ORDER = "You get this mail because you ordered from {sender}."
ABOUT_FORM = "You get this mail because this address was given in a form of {sender}."
ABOUT_MESSAGE = "You get this mail because you wrote to {sender}."
ABOUT_CHECKOUT = "You get this mail because you began an order at {sender}."
ABOUT_REPORTS = "You get this mail because you asked for it on the revenue page of {sender}."
ABOUT_ACCOUNT = "You get this mail because somebody used this address at Backdesk."


@dataclass(frozen=True)
class Kind:
    """One mail of ours. `needs`: the facts its caller must give; `may`: those it may leave out. Account mails are
    Backdesk's own: they belong to no organization and carry a link made at the moment of sending."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    reason: str = ABOUT_ORDER
    account: bool = False


# lead: Lead (its name greets; always given by queue_mail) · order: Order · plan: Plan or None · link: a whole address ·
# nr: 1 or 2 · fields: labels asked for again · message: what staff wrote, "" for nothing · deliverables:
# [{title, link, version}] · title: of the report · offer: Plan.upsell_to · name: of the person with the account ·
# organization_name, inviter: names · role: a Role · amount: money in words, "" when unknown ·
# received: money in words, else what the order costs · sums: [{code, facts}] of
# each currency · days: how long a file is kept.
KINDS = {
    "payment_confirmation": Kind(needs=("lead", "order"), may=("plan", "received")),
    "intake_request": Kind(needs=("lead", "order", "link")),
    "intake_reminder": Kind(needs=("lead", "order", "link", "nr")),
    "intake_again": Kind(needs=("lead", "order", "link", "fields"), may=("message",)),
    "handover": Kind(needs=("lead", "order", "deliverables")),
    "report_ready": Kind(needs=("lead", "order", "title", "link")),
    "report_failed": Kind(needs=("lead", "order", "title")),
    "upsell": Kind(needs=("lead", "order", "offer"), may=("link",)),
    "follow_up": Kind(needs=("lead", "order", "title"), may=("link",)),
    "form_reply": Kind(needs=("lead", "title", "message"), may=("link",), reason=ABOUT_FORM),
    "reply": Kind(needs=("message", "title"), may=("name", "files"), reason=ABOUT_MESSAGE),
    "satisfaction": Kind(needs=("title", "link"), may=("name",), reason=ABOUT_MESSAGE),
    "recovery": Kind(needs=("lead", "amount", "link"), reason=ABOUT_CHECKOUT),
    "revenue_summary": Kind(needs=("title", "sums", "link"), may=("name",), reason=ABOUT_REPORTS),
    "revenue_file": Kind(needs=("title", "days", "link"), may=("name",), reason=ABOUT_REPORTS),
    "invitation": Kind(("organization_name", "inviter", "role"), ("name",), ABOUT_ACCOUNT, account=True),
    "password_reset": Kind((), ("name",), ABOUT_ACCOUNT, account=True),
    "sign_in_link": Kind((), ("name",), ABOUT_ACCOUNT, account=True),
}


@dataclass(frozen=True)
class Mail:
    subject: str
    html: str
    text: str


def render(name: str, organization: Organization | None, /, **context: Any) -> Mail:
    """The mail `name` with the facts its Kind asks for. TypeError when one is missing: nothing half-filled goes out."""
    kind = KINDS[name]
    if missing := [fact for fact in kind.needs if fact not in context]:
        raise TypeError(f"The mail {name} needs {', '.join(missing)}")
    facts: dict[str, Any] = dict.fromkeys(kind.may) | _frame(kind, organization) | context
    person = facts.get("lead")
    facts["greeting"] = first_name(person.name if person else facts.get("name") or "")
    first, body = _text(name)
    subject = one_line(first.render(facts).removeprefix("Subject:"))[:LONGEST_SUBJECT]
    text = re.sub(r"\n{3,}", "\n\n", body.render(facts)).strip() + "\n"
    html = _environment(True).get_template(f"{name}.html").render(facts | {"subject": subject})
    return Mail(subject, html, text)


def _frame(kind: Kind, organization: Organization | None) -> dict[str, Any]:
    """What the frame of every mail shows: who speaks, in which colour, and why."""
    colour = organization.colour if organization and organization.colour in COLOURS else 5
    persona: Any = (organization.persona or {}) if organization else {}
    sender = organization.name if organization else "Backdesk"
    return {
        "sender": sender,
        "signs_as": str(persona.get("signs_as") or ""),
        "postal_address": organization.postal_address if organization else "",
        "zone": organization.time_zone if organization else "UTC",
        "reason": kind.reason.replace("{sender}", sender),
        "colour": COLOURS[colour],
        "light_colour": LIGHT_COLOURS[colour],
        "font": FONT,
    } | ({"link": ONE_TIME} if kind.account else {})


def first_name(name: str) -> str:
    """How a mail greets: the first word of a name when it reads like one. Anything that a mail program might turn into
    a link, or that is no word at all, greets nobody."""
    words = name.split()
    first = words[0].strip(",;") if words else ""
    plain = re.fullmatch(r"[^\W\d_](?:[\w'’\-]|\.(?!\w{2})){0,39}", first)
    return first if plain and not first.endswith(".") else ""


def one_line(text: str) -> str:
    """Text fit for a header: one line, no control characters, nothing that turns the direction of what follows."""
    spaced = " ".join(text.split())
    if spaced.isprintable():  # nothing of what is left out below
        return spaced
    kept = (c for c in spaced if unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") and c not in TURNS)
    return "".join(kept).strip()


TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


@cache
def _environment(html: bool) -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=html,  # noqa: S701 – the text form is no HTML
    )  # fmt: skip
    made.globals.update(money=formats.money, day=formats.day, initials=formats.initials, with_article=_with_article)
    return made


@cache
def _text(name: str) -> tuple[Template, Template]:
    """The subject and the body as templates of their own: a line break in a name cannot move text between them."""
    environment = _environment(False)
    source, *_ = environment.loader.get_source(environment, f"{name}.txt")  # type: ignore[union-attr]
    first, _, body = source.partition("\n")
    return environment.from_string(first), environment.from_string(body)


def _with_article(word: str) -> str:
    return f"{'an' if word[:1] in 'aeiou' else 'a'} {word}"
