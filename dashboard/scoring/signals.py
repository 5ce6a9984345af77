"""What a score is made of: the questions that can be asked about a lead, and which of them an organization asks.

Opened mails are never asked about: mail programs open them by themselves."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import row
from dashboard.leads.tables import Signal

LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
TESTS = {"given": "is known", "is": "is any of", "at_least": "is at least"}
NUMBER = r"^\s*-?[0-9]{1,15}([.][0-9]{1,6})?\s*$"


@dataclass(frozen=True)
class Rule:
    """One reason for points. `key` names its Kind, `params` are what that kind wants to know."""

    key: str
    label: str
    points: int
    params: dict[str, Any] = field(default_factory=dict)
    enabled: bool = True

    @property
    def kind(self) -> "Kind":
        return KINDS[self.key]

    def condition(self, now: datetime) -> QueryString:
        """Whether it holds for a row `l`, given the facts its kind joins."""
        given: dict[str, Any] = {
            "since": now - timedelta(days=self.params["days"]) if self.params.get("days") else LONG_AGO,
            "times": self.params.get("times") or 1,
            "values": [value.casefold() for value in self.params.get("values", [])],
            "form": self.params.get("form"),
        }
        if self.key == "attribute":
            return _attribute(self.params, given["values"])
        return QueryString(self.kind.holds, *(given[name] for name in self.kind.binds))


class Kind(NamedTuple):
    """A question that can be asked. `holds` is SQL with `binds` for its braces; `facts` names the joins it needs;
    `wants` are the params a person may set."""

    title: str
    holds: str
    binds: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()


# An offer that went to thousands says nothing about anybody: behind one, what was written or noted in person counts.
CONTACT = (
    "CASE WHEN l.last_contact_at <= mails.offered_at THEN greatest(mails.answered_at, timeline.noted_at) "
    "ELSE l.last_contact_at END"
)
LATEST = f"{CONTACT}, timeline.at, orders.at, mails.clicked_at"

KINDS = {
    "name": Kind("A name is known", "l.name <> ''"),
    "company": Kind("A company is known", "l.company <> ''"),
    "phone": Kind("A phone number is known", "l.phone_normalized <> ''"),
    "source": Kind("Came from a source", "lower(l.source) = ANY({}::text[])", ("values",), wants=("values",)),
    "attribute": Kind("An attribute says so", "", wants=("attribute", "test", "values")),
    "form": Kind(
        "Filled in a form",
        "EXISTS (SELECT FROM capture x WHERE x.lead = l.id AND x.submitted_at >= {}::timestamptz "
        "AND coalesce(x.form = {}::bigint, true))",
        ("since", "form"), wants=("form", "days"),
    ),
    "consent": Kind(
        "Agreed to hear from us",
        "EXISTS (SELECT FROM consent x WHERE x.lead = l.id AND x.withdrawn_at IS NULL)",
    ),
    "delivered": Kind("A mail arrived", "mails.delivered_at >= {}::timestamptz", ("since",), ("mails",), ("days",)),
    "clicked": Kind("Clicked in a mail", "mails.clicked_at >= {}::timestamptz", ("since",), ("mails",), ("days",)),
    "bounced": Kind(
        "The newest mail bounced", "mails.bounced_at >= coalesce(mails.delivered_at, mails.bounced_at)",
        facts=("mails",),
    ),
    "suppressed": Kind(
        "May not be written to",
        "EXISTS (SELECT FROM suppression x WHERE x.organization = l.organization "
        "AND x.email_normalized = l.email_normalized)",
    ),
    "checkout": Kind(
        "Left a checkout unpaid", "timeline.checkout_at >= {}::timestamptz", ("since",), ("timeline",), ("days",)
    ),
    "ordered": Kind("Has ordered", "orders.times >= {}::int", ("times",), ("orders",), ("times",)),
    "recent": Kind(
        "Contact or activity",
        f"greatest({LATEST}) >= {{}}::timestamptz", ("since",),
        ("timeline", "orders", "mails"), ("days",),
    ),
    "quiet": Kind(
        "Nothing happened",
        f"greatest(l.created_at, {LATEST}) < {{}}::timestamptz",
        ("since",), ("timeline", "orders", "mails"), ("days",),
    ),
}  # fmt: skip

USUAL = (
    Rule("name", "Gave a name", 5),
    Rule("company", "Gave a company", 10),
    Rule("phone", "Gave a phone number", 10),
    Rule("form", "Filled in a form", 20, {"days": 90}),
    Rule("consent", "Agreed to hear from us", 5),
    Rule("source", "Was recommended to us", 10, {"values": ["Referral"]}),
    Rule("delivered", "Mails arrive", 5, {"days": 90}),
    Rule("clicked", "Clicked in a mail", 15, {"days": 30}),
    Rule("checkout", "Left a checkout unpaid", 10, {"days": 30}),
    Rule("ordered", "Has ordered", 20, {"times": 1}),
    Rule("ordered", "Ordered more than once", 10, {"times": 2}),
    Rule("recent", "Contact in the last two weeks", 15, {"days": 14}),
    Rule("quiet", "Nothing for three months", -10, {"days": 90}),
    Rule("bounced", "The newest mail bounced", -20),
    Rule("suppressed", "May not be written to", -20),
)


class Rules(NamedTuple):
    """All signals of an organization, and since when they are these; None: the usual ones, since always."""

    rules: list[Rule]
    changed_at: datetime | None

    @property
    def version(self) -> str:
        """Which state a page showed, so that two people never overwrite each other."""
        return self.changed_at.isoformat() if self.changed_at else ""


def _attribute(params: dict[str, Any], values: list[str]) -> QueryString:
    """An attribute is known, is one of some words, or a number at least so large."""
    key = params.get("attribute", "")
    match params.get("test"):
        case "is":
            said = [{"yes": "true", "no": "false"}.get(value, value) for value in values]
            return QueryString("lower(l.attributes ->> {}::text) = ANY({}::text[])", key, [*values, *said])
        case "at_least":
            return QueryString(
                "CASE WHEN l.attributes ->> {}::text ~ {}::text "
                "THEN (l.attributes ->> {}::text)::numeric >= {}::text::numeric ELSE false END",
                key, NUMBER, key, values[0] if values else "0",
            )  # fmt: skip
        case _:
            return QueryString("coalesce(l.attributes ->> {}::text, '') <> ''", key)


async def rules_of(organization: Organization | int) -> Rules:
    """What this organization asks: its own signals, or the usual ones while it has not changed them."""
    stored = await Signal.of(organization).order_by(Signal.position).order_by(Signal.id)
    known = [Rule(each.key, each.label, each.points, dict(each.params), each.enabled) for each in stored]
    if not known:
        return Rules(list(USUAL), None)
    return Rules([rule for rule in known if rule.key in KINDS], max(each.created_at for each in stored))


async def waiting(organization: Organization) -> int:
    """How many leads still have their score of before the last change, counted up to 10,001."""
    changed_at = (await rules_of(organization)).changed_at
    found = await row(
        "SELECT count(*) AS n FROM (SELECT FROM lead WHERE organization = {} AND deleted_at IS NULL "
        "AND (scored_at IS NULL OR scored_at < {}::timestamptz) LIMIT 10001) x",
        organization.id, changed_at or LONG_AGO,
    )  # fmt: skip
    return found["n"] if found else 0
