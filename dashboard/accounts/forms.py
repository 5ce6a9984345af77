"""What may be typed into the forms of accounts: addresses, names, organizations' addresses."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from dashboard.accounts import passwords
from dashboard.errors import Invalid
from dashboard.navigation import RESERVED_SLUGS

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
ADDRESS = re.compile(r"[^@\s\x00-\x1f<>\"',;:()\[\]\\]{1,64}@[^@\s\x00-\x1f<>\"',;:()\[\]\\]{1,180}\.[^@\s.]{2,}")


def line(text: str, longest: int = 120) -> str:
    """One line as typed, without what cannot be seen or stored, and not longer than the column."""
    kept = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept.split())[:longest].strip()


def address(text: str) -> str:
    """A mail address the way accounts store it: lower case, without spaces around."""
    return "".join(c for c in text.strip().lower() if c.isprintable())[:300]


def slug_of(name: str) -> str:
    """A free-looking address for an organization's name: letters, digits and single hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "company"


def slug_problem(slug: str) -> str:
    """Why an address cannot be used, in words; empty when it can."""
    if not SLUG.fullmatch(slug):
        return "Use lower-case letters, digits and hyphens, like harbour-pine."
    return "This word is used by Backdesk itself. Choose another." if slug in RESERVED_SLUGS else ""


def address_problem(email: str) -> str:
    """Why this is no mail address, in words; empty when it is one."""
    if not email:
        return "Write an address, like name@company.com."
    return "" if len(email) <= 254 and ADDRESS.fullmatch(email) else "Write the whole address, like name@company.com."


def refuse(problems: dict[str, str]) -> None:
    """Invalid with the fields that have a problem, if any has."""
    if wrong := {field: text for field, text in problems.items() if text}:
        raise Invalid(wrong)


@dataclass(frozen=True)
class Founding:
    """The first person and their organization."""

    email: str
    name: str
    password: str
    organization: str
    slug: str

    @classmethod
    def parse(cls, data: dict[str, str]) -> Self:
        """Read `email`, `name`, `password`, `organization` and perhaps `slug`."""
        organization = line(data.get("organization", ""))
        form = cls(
            address(data.get("email", "")), line(data.get("name", "")), data.get("password", ""), organization,
            data.get("slug", "").strip().lower() or free_slug(organization),
        )  # fmt: skip
        refuse(
            {
                "email": address_problem(form.email),
                "organization": slug_problem(form.slug) if organization else "Give your organization a name.",
                "password": passwords.problem(form.password, owner=True),
                "name": "" if form.name else "Say what people call you.",
            }
        )
        return form


@dataclass(frozen=True)
class Joining:
    """A new person who accepts an invitation."""

    name: str
    password: str

    @classmethod
    def parse(cls, data: dict[str, str]) -> Self:
        """Read `name` and `password`."""
        form = cls(line(data.get("name", "")), data.get("password", ""))
        refuse(
            {
                "name": "" if form.name else "Say what people call you.",
                "password": passwords.problem(form.password),
            }
        )
        return form


def free_slug(name: str) -> str:
    """The address a name leads to, made longer where the word is one of ours."""
    slug = slug_of(name)
    return f"{slug[:35]}-desk" if slug in RESERVED_SLUGS else slug
