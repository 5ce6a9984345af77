"""What an organization says about itself: the settings page, as a form and as what is stored."""

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self
from zoneinfo import available_timezones

from babel import Locale
from babel.numbers import get_currency_name, get_territory_currencies

from dashboard import formats
from dashboard.accounts import forms
from dashboard.accounts.tables import Organization
from dashboard.database import rows, serialize, transaction
from dashboard.errors import Conflict

DAYS = [
    ("mon", "Monday"), ("tue", "Tuesday"), ("wed", "Wednesday"), ("thu", "Thursday"), ("fri", "Friday"),
    ("sat", "Saturday"), ("sun", "Sunday"),
]  # fmt: skip
COLOURS = [(1, "Blue"), (2, "Teal"), (3, "Amber"), (4, "Plum"), (5, "Slate")]
TONES = ["Warm, short, no jargon", "Formal and precise", "Plain and factual", "Cheerful and informal"]
CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
LONGEST_KEPT = 3650  # days
# How long people are kept is said on another page, at the same time perhaps.
KEEP = "UPDATE organization SET retention = retention - 'events' || {} WHERE id = {}"
REGIONS = {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}


@dataclass(frozen=True)
class Settings:
    """Everything an admin may change; `slug` and `second_factor_required` only count from an owner."""

    name: str
    slug: str
    colour: int
    from_address: str
    postal_address: str
    time_zone: str
    currency: str
    working_hours: dict[str, list[str]]
    persona: dict[str, Any]
    retention: dict[str, int]
    second_factor_required: bool
    typed: dict[str, str] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, data: dict[str, str]) -> Self:
        """Read the form; Invalid names each field that needs another look."""
        problems: dict[str, str] = {}
        keep = data.get("keep_events", "").strip()
        sender = forms.address(data.get("from_address", ""))
        made = cls(
            name=forms.line(data.get("name", "")),
            slug=data.get("slug", "").strip().lower(),
            colour=int(data["colour"]) if data.get("colour") in {str(n) for n, _ in COLOURS} else 0,
            from_address=sender,
            postal_address=forms.line(data.get("postal_address", ""), 200),
            time_zone=data.get("time_zone", ""),
            currency=data.get("currency", ""),
            working_hours=_hours(data, problems),
            persona={
                "signs_as": forms.line(data.get("signs_as", ""), 60),
                "tone": forms.line(data.get("tone", ""), 60),
                "never_says": [
                    line for text in data.get("never_says", "").splitlines()[:50] if (line := forms.line(text))
                ],
            },
            retention={"events": int(keep)} if keep.isascii() and keep.isdecimal() and len(keep) < 6 else {},
            second_factor_required=data.get("second_factor_required") == "1",
            typed=dict(data),
        )
        days = made.retention.get("events")
        problems |= {
            "name": "" if made.name else "Give your organization a name.",
            "slug": forms.slug_problem(made.slug),
            "colour": "" if made.colour else "Choose one of the colours.",
            "from_address": forms.address_problem(sender) if sender else "",
            "time_zone": "" if made.time_zone in dict(time_zones()) else "Choose a time zone from the list.",
            "currency": "" if made.currency in dict(currencies()) else "Choose a currency from the list.",
            "keep_events": "Write a number of days from 30 to 3650, or nothing for the usual 90."
            if keep and not (days and 30 <= days <= LONGEST_KEPT) else "",
        }  # fmt: skip
        forms.refuse(problems)
        return made


def _hours(data: dict[str, str], problems: dict[str, str]) -> dict[str, list[str]]:
    hours = {}
    for day, name in DAYS:
        if data.get(f"{day}_open") != "1":
            continue
        start, end = data.get(f"{day}_from", "").strip(), data.get(f"{day}_to", "").strip()
        if not (CLOCK.fullmatch(start) and CLOCK.fullmatch(end)):
            problems[f"{day}_hours"] = f"{name}: write both times, like 09:00 and 17:00."
        elif start >= end:
            problems[f"{day}_hours"] = f"{name}: the end must be later than the start."
        hours[day] = [start, end]
    return hours


def typed(organization: Organization) -> dict[str, str]:
    """What the form shows before anything is typed."""
    persona: dict[str, Any] = _values(organization.persona)
    hours = _values(organization.working_hours)
    values = {
        "name": organization.name, "slug": organization.slug, "colour": str(organization.colour),
        "from_address": organization.from_address, "postal_address": organization.postal_address,
        "time_zone": organization.time_zone, "currency": organization.currency,
        "signs_as": str(persona.get("signs_as", "")), "tone": str(persona.get("tone", "")),
        "never_says": "\n".join(never_said(organization)),
        "keep_events": str(_values(organization.retention).get("events", "")),
        "second_factor_required": "1" if organization.second_factor_required else "",
    }  # fmt: skip
    for day, _ in DAYS:
        start, end = hours.get(day) or ("", "")
        values |= {f"{day}_open": "1" if day in hours else "", f"{day}_from": start, f"{day}_to": end}
    return values


def never_said(organization: Organization) -> list[str]:
    """The words the organization does not want to say, a phrase each."""
    stored = _values(organization.persona).get("never_says") or []
    lines = stored.splitlines() if isinstance(stored, str) else stored  # a text where it was not typed on the page
    return [line for each in lines if (line := " ".join(str(each).split()))]


def _values(stored: Any) -> dict[str, Any]:
    return stored or {}


async def save(organization: Organization, form: Settings, *, owner: bool) -> Organization:
    """Store what the form says. Its address and the second factor change only for an owner; Conflict when the address
    is taken. Saving the same again changes nothing."""
    columns = Organization
    changed: dict[Any, Any] = {
        columns.name: form.name, columns.colour: form.colour, columns.from_address: form.from_address,
        columns.postal_address: form.postal_address, columns.time_zone: form.time_zone, columns.currency: form.currency,
        columns.working_hours: form.working_hours, columns.persona: form.persona,
    }  # fmt: skip
    if owner:
        changed |= {columns.slug: form.slug, columns.second_factor_required: form.second_factor_required}
    async with transaction():
        await serialize("organizations")
        taken = Organization.exists().where(Organization.slug == form.slug, Organization.id != organization.id)
        if owner and await taken:
            raise Conflict(f"There is another organization at /{form.slug}.")
        await Organization.update(changed).where(Organization.id == organization.id)
        await rows(KEEP, form.retention, organization.id)
    await organization.refresh()
    return organization


@cache
def time_zones() -> list[tuple[str, str]]:
    """(name, label) of the zones people live in, and UTC."""
    names = sorted(name for name in available_timezones() if name.partition("/")[0] in REGIONS)
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


@cache
def currencies() -> list[tuple[str, str]]:
    """(code, "Euro, EUR") of the money in use today, in alphabetical order of its names."""
    english = Locale("en")
    used = {code for territory in english.territories for code in get_territory_currencies(str(territory))}
    known = [code for code in used if formats.exponent(code) is not None]
    return sorted(((code, f"{get_currency_name(code, locale=english)}, {code}") for code in known), key=lambda c: c[1])
