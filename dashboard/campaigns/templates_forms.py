"""What a person writes into a template: read from the form, checked, and given the link it must have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from dashboard import typed
from dashboard.accounts.forms import line
from dashboard.accounts.tables import Organization
from dashboard.campaigns import markup, placeholders
from dashboard.campaigns.markup import UNSUBSCRIBE, Address
from dashboard.campaigns.rendering import Texts
from dashboard.campaigns.tables import TemplateCategory
from dashboard.errors import Invalid
from dashboard.leads import attributes

CATEGORIES = {
    TemplateCategory.welcome: "Welcome",
    TemplateCategory.follow_up: "Follow-up",
    TemplateCategory.lead_magnet: "Lead magnet",
    TemplateCategory.newsletter: "Newsletter",
    TemplateCategory.offer: "Offer",
}
LONGEST_SUBJECT, LONGEST_TEXT = 200, 200_000


@dataclass(frozen=True)
class Words:
    """What the editor's form says."""

    name: str
    category: str
    texts: Texts

    @classmethod
    def parse(cls, data: Mapping[str, str], keys: frozenset[str]) -> Self:
        """Itself, or Invalid. `keys`: the organization's own questions that may be filled in."""
        said = {name: typed.text(data, name).replace("\r\n", "\n") for name in ("subject", "html", "text")}
        name, category = line(typed.text(data, "name")), data.get("category", "")
        subject = line(said["subject"], 1000)
        problems = {
            "name": "" if name else "Give the template a name, like “Welcome, first mail”.",
            "category": "" if category in CATEGORIES else "Choose what kind of mail it is.",
            "subject": "" if subject else "Write a subject.",
        }
        if len(subject) > LONGEST_SUBJECT:
            problems["subject"] = f"Shorten the subject to {LONGEST_SUBJECT} characters."
        if not said["html"].strip():
            problems["html"] = "Write the mail."
        for field in ("html", "text"):
            if len(said[field]) > LONGEST_TEXT:
                problems[field] = "This is too long for a mail: at most 200,000 characters."
        for field, text in said.items():
            problems[field] = problems.get(field, "") or _unknown(text, keys, field)
        typed.refuse(problems)
        return cls(name, category, Texts(subject, said["html"].strip(), said["text"].strip()))


def _unknown(text: str, keys: frozenset[str], field: str) -> str:
    try:
        placeholders.parse(text, keys, field)
    except Invalid as problem:
        return problem.fields[field]
    return ""


async def keys(organization: Organization) -> dict[str, str]:
    """The organization's own questions a mail can fill in: label by key."""
    return {each["key"]: each["label"] for each in await attributes.every(organization)}


def without_unsubscribe(texts: Texts) -> str:
    """Which form of a mail has no link to unsubscribe, in words; "" when both have."""
    pieces = markup.take_apart(texts.html)
    addresses = [piece for piece in pieces if isinstance(piece, Address)]
    shown = any(UNSUBSCRIBE in each.text.names for each in addresses)
    shown = shown or any(isinstance(piece, placeholders.Placeholder) and piece.name == UNSUBSCRIBE for piece in pieces)
    plain = UNSUBSCRIBE in placeholders.read(texts.plain).names
    if shown and plain:
        return ""
    return "in the mail" if not (shown or plain) else "in its plain text" if shown else "in its HTML"


def with_unsubscribe(texts: Texts) -> Texts:
    """The texts with a line at the end that was missing."""
    lacking = without_unsubscribe(texts)
    line_of_text = "\n\nNo more such mails: {{ unsubscribe_link }}"
    html, text = texts.html, texts.text
    if lacking in ("in the mail", "in its HTML"):
        html += '\n<p><a href="{{ unsubscribe_link }}">No more such mails</a></p>' if "</" in html else line_of_text
    if text.strip() and lacking in ("in the mail", "in its plain text"):
        text += line_of_text
    return Texts(texts.subject, html, text)
