"""Numbers, money and times as people read them. One place, used by templates and exports.

Money is an integer in minor units with an ISO currency; times are aware datetimes. Nothing here reads the clock
unless `now` is left out.
"""

import re
import zlib
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_name, list_currencies
from markupsafe import Markup

MINUS = "\u2212"
_NBSP = "\u00a0"
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
_BIGINT = 2**63 - 1
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

# Decimals of a currency in Stripe's API, which is where amounts come from. Babel's are those of daily use and differ
# for about twenty currencies: ISK and UGX are two-decimal here, so are ALL and RSD; MGA has none.
_NO_DECIMALS = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


def exponent(currency: str) -> int | None:
    """Decimals of a currency in our minor units (EUR 2, JPY 0, KWD 3); None when the code is unknown."""
    if currency in _NO_DECIMALS:
        return 0
    if currency in _THREE_DECIMALS:
        return 3
    return 2 if currency in _currencies() else None


def currency_name(currency: str) -> str:
    """Euro, Japanese Yen; empty when the code is unknown."""
    return get_currency_name(currency, locale="en") if currency in _currencies() else ""


# ── money ──


def money(minor: int, currency: str, *, rough: bool = False) -> str:
    """€1,284.00, −$5.00, JPY 500; "1234 XXQ (minor units)" where the currency is unknown. `rough`, for estimates and
    wishes, leaves decimals out that are nothing: €1,284."""
    decimals = exponent(currency)
    if decimals is None:
        return f"{num(minor)} {currency} (minor units)"
    whole, rest = divmod(abs(minor), 10**decimals)
    amount = f"{whole:,}.{rest:0{decimals}d}" if decimals and (rest or not rough) else f"{whole:,}"
    return _signed(minor, currency, amount)


def money_short(minor: int, currency: str) -> str:
    """€61.2k, for axes, lanes and other tight places; rounded, never for bookkeeping."""
    decimals = exponent(currency)
    if decimals is None:
        return money(minor, currency)
    major = abs(minor) / 10**decimals
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if major >= size * 0.99995:  # 999,999 is 1M, not 1000k
            return _signed(minor, currency, f"{major / size:.1f}".removesuffix(".0") + unit)
    return _signed(minor, currency, f"{major:.0f}")


def money_input(minor: int, currency: str) -> str:
    """The amount as the value of an input, "1284.00"; parse_money reads it back. Raises ValueError on an unknown
    currency, because then nobody can say what was typed.
    """
    decimals = exponent(currency)
    if decimals is None:
        raise ValueError(f"Unknown currency {currency}")
    whole, rest = divmod(abs(minor), 10**decimals)
    return f"{'-' if minor < 0 else ''}{whole}" + (f".{rest:0{decimals}d}" if decimals else "")


def parse_money(text: str, currency: str) -> int | None:
    """Minor units of what a person typed ("1,284.00", "1284,5", "€ 1.284,00"), or None when it is not certain.

    A point or comma before exactly three digits can mean two things; it is read as we write it ourselves (comma for
    thousands), and refused where that is not possible. More decimals than the currency has are refused too.
    """
    decimals = exponent(currency)
    if decimals is None:
        return None
    typed = re.sub(rf"[\s'’]|{re.escape(_SYMBOLS.get(currency, currency))}|{currency}", "", text, flags=re.IGNORECASE)
    sign = -1 if typed[:1] in ("-", MINUS) else 1
    plain = _plain_amount(typed.lstrip(f"-{MINUS}") if sign < 0 else typed, decimals)
    if plain is None:
        return None
    whole, _, rest = plain.partition(".")
    minor = int(whole + rest.ljust(decimals, "0"))
    return sign * minor if minor <= _BIGINT else None


def _plain_amount(typed: str, decimals: int) -> str | None:
    """Digits with at most one point, or None."""
    fraction = rf"\.[0-9]{{1,{decimals}}}" if decimals else r"\.0{1,2}"
    if decimals == 3 and re.fullmatch(r"[0-9]{1,3},[0-9]{3}", typed):
        return None  # 1,284 is either thousands or the three decimals of this currency
    if re.fullmatch(rf"(?:[0-9]+|[0-9]{{1,3}}(?:,[0-9]{{3}})+)(?:{fraction})?", typed):
        plain = typed.replace(",", "")
    elif re.fullmatch(r"(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]{1,2}", typed) and decimals:
        plain = typed.replace(".", "").replace(",", ".")
    else:
        return None
    return plain if decimals else plain.partition(".")[0]


def _signed(minor: int, currency: str, amount: str) -> str:
    symbol = _SYMBOLS.get(currency) or currency + _NBSP
    return f"{MINUS if minor < 0 else ''}{symbol}{amount}"


# ── numbers ──


def num(value: int) -> str:
    """1,284 with a real minus sign."""
    return f"{value:,}".replace("-", MINUS)


def percent(ratio: float | None, places: int = 1) -> str:
    """A ratio as percent: 0.312 → 31.2%. None (nothing to divide by) is an empty text."""
    return "" if ratio is None else f"{100 * ratio:,.{places}f}%".replace("-", MINUS)


def file_size(size: int) -> str:
    """Bytes as 820 bytes, 18 kB, 6.1 MB (decimal units, as file managers show them)."""
    if size < 1000:
        return f"{size} byte{'' if size == 1 else 's'}"
    amount = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        amount /= 1000
        if amount < 999.5 or unit == "TB":
            break
    return f"{amount:.0f} {unit}" if unit == "kB" or amount >= 100 else f"{amount:.1f} {unit}"


# ── times ──


def moment(when: datetime, zone: str | tzinfo = "UTC") -> str:
    """21 Nov 2026, 09:42 in the given time zone."""
    local = when.astimezone(_zone(zone))
    return f"{day(local.date())}, {local:%H:%M}"


def day(when: datetime | date, zone: str | tzinfo = "UTC", *, weekday: bool = False) -> str:
    """24 Nov 2026, or Tue 24 Nov 2026; a datetime is first taken to the time zone, a date stays as it is."""
    local = when.astimezone(_zone(zone)) if isinstance(when, datetime) else when
    return f"{_WEEKDAYS[local.weekday()] + ' ' if weekday else ''}{local.day} {_MONTHS[local.month - 1]} {local.year}"


def brief(when: datetime, zone: str | tzinfo = "UTC", now: datetime | None = None) -> str:
    """As little as says when: 09:42 today, else 19 Nov, else 19 Nov 2025; in the given time zone."""
    now = now or datetime.now(UTC)
    local = when.astimezone(_zone(zone))
    if local.date() == now.astimezone(_zone(zone)).date():
        return f"{local:%H:%M}"
    return _short_day(when, now, zone)


def local_day(when: datetime, zone: str | tzinfo = "UTC") -> date:
    """The day it is in the time zone at that moment."""
    return when.astimezone(_zone(zone)).date()


def start_of_day(local: date, zone: str | tzinfo = "UTC") -> datetime:
    """The moment, in UTC, at which a day begins in the time zone."""
    return datetime(local.year, local.month, local.day, tzinfo=_zone(zone)).astimezone(UTC)


def end_of_day(local: date, zone: str | tzinfo = "UTC") -> datetime:
    """The last second of a day in the time zone, in UTC: what a deadline on that day means."""
    return start_of_day(local + timedelta(days=1), zone) - timedelta(seconds=1)


def ago(when: datetime, now: datetime | None = None, zone: str | tzinfo = "UTC") -> str:
    """just now, 14 min ago, 5 h ago, Yesterday (by the zone), 19 Nov, 19 Nov 2025; a coming time reads "in 26 min"."""
    now = now or datetime.now(UTC)
    passed = now - when
    if passed < timedelta(minutes=-1):
        return _coming(-passed) if passed > timedelta(days=-7) else _short_day(when, now, zone)
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min ago"
    if passed < timedelta(days=1):
        return f"{passed // timedelta(hours=1)} h ago"
    if local_day(when, zone) + timedelta(days=1) == local_day(now, zone):
        return "Yesterday"
    return _short_day(when, now, zone)


def deadline(due: datetime, now: datetime | None = None, *, paused: bool = False) -> tuple[str, str]:
    """Text and tone of a due time: ("in 26 min", "warning") under 30 minutes, ("3 d late", "danger"), else neutral."""
    if paused:
        return "Paused", "pending"
    left = due - (now or datetime.now(UTC))
    if left < timedelta(0):
        return f"{_span(-left)} late", "danger"
    return _coming(left), "warning" if left < timedelta(minutes=30) else "neutral"


def time_tag(when: datetime | None, zone: str | tzinfo = "UTC", now: datetime | None = None) -> Markup:
    """<time> that shows how long ago and carries the full time in the given zone; None is an empty text."""
    if when is None:
        return Markup()
    full = moment(when, zone)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(when.isoformat(), full, ago(when, now, zone))


def _coming(left: timedelta) -> str:
    return f"in {_span(left)}"


def _span(length: timedelta) -> str:
    if length < timedelta(hours=1):
        return f"{max(1, length // timedelta(minutes=1))} min"
    if length < timedelta(days=1):
        return f"{length // timedelta(hours=1)} h"
    return f"{length // timedelta(days=1)} d"


def _short_day(when: datetime, now: datetime, zone: str | tzinfo) -> str:
    local, today = when.astimezone(_zone(zone)), now.astimezone(_zone(zone))
    return f"{local.day} {_MONTHS[local.month - 1]}{'' if local.year == today.year else f' {local.year}'}"


def _zone(zone: str | tzinfo) -> tzinfo:
    return ZoneInfo(zone) if isinstance(zone, str) else zone


# ── people ──


def initials(name: str) -> str:
    """Two letters for an avatar: "Ingrid Solheim" → IS, "Acme" → AC, an address → its first letters, "" → "?"."""
    words = [word for word in re.split(r"[^\w]+", name.partition("@")[0]) if word and word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]).upper()


def hue(text: str) -> int:
    """A colour number 1 to 6 that stays the same for the same text."""
    return zlib.crc32(text.casefold().encode()) % 6 + 1
