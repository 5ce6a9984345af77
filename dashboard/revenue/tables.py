from datetime import date
from enum import StrEnum
from typing import Any

from piccolo.columns import Array, BigInt, Date, ForeignKey, Integer, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User
from dashboard.files.tables import File


class RevenueDay(OrganizationOwned, Table, tablename="revenue_day"):
    """What one day's lines of the journal come to, in the organization's time zone. Made from the journal alone and
    always to be had from it again, see daily.py; amounts are minor units of the currency."""

    day: date = Date()  # type: ignore[assignment]
    currency = Varchar(length=10)
    dimension = Varchar(length=10, default="", help_text="one of attribution.DIMENSIONS, or empty: all lines together")
    value = Varchar(length=200, default="", help_text="of the dimension")
    gross = BigInt(default=0)
    refunds = BigInt(default=0)
    disputes = BigInt(default=0)
    fees = BigInt(default=0)
    sold = BigInt(default=0, help_text="what the first charges of orders came to")
    charges = Integer(default=0)
    orders = Integer(default=0, help_text="lines that are the first charge of their order")
    refunded = Integer(default=0, help_text="lines that are refunds")
    disputed = Integer(default=0, help_text="lines that are disputes")
    with_fee = Integer(default=0, help_text="lines whose fee is known, and in the same currency")


class RevenueStale(OrganizationOwned, Table, tablename="revenue_stale"):
    """A day, in UTC, of which a line has changed since revenue_day was made. Triggers write one line for each change
    and never share one, so that what commits later is never taken for done."""

    day: date = Date()  # type: ignore[assignment]


class RevenueSummary(OrganizationOwned, Table, tablename="revenue_summary"):
    """An owner who wants a mail about each week."""

    user = ForeignKey(User, null=False, index=True)


class Every(StrEnum):
    week = "week"
    month = "month"


class RevenueExport(OrganizationOwned, Table, tablename="revenue_export"):
    """A file of the revenue page that is made by itself after each week or month; one per organization."""

    every = Varchar(length=5, choices=Every, default=Every.month)
    by = ForeignKey(User, null=False, help_text="who set it and gets the mail")


class RevenueFile(OrganizationOwned, Table, tablename="revenue_file"):
    """One such file: the days it is about, both included."""

    first: date = Date()  # type: ignore[assignment]
    last: date = Date()  # type: ignore[assignment]
    file = ForeignKey(File, null=False)


class RevenueMovement(OrganizationOwned, Table, tablename="revenue_movement"):
    """What one day's reports of subscriptions changed in the recurring revenue, see recurring.py: kept like
    RevenueDay, but made anew as a whole."""

    day: date = Date()  # type: ignore[assignment]
    currency = Varchar(length=10)
    kind = Varchar(length=15, help_text="one of recurring.KINDS")
    change = BigInt(default=0, help_text="minor units a month, signed")
    changes = Integer(default=0, help_text="how many subscriptions changed")


class RevenueMovementStale(OrganizationOwned, Table, tablename="revenue_movement_stale"):
    """A report of a subscription has changed since revenue_movement was made."""


class RevenueArrival(OrganizationOwned, Table, tablename="revenue_arrival"):
    """The leads of one day and source, the day in the organization's time zone, and the moments at which some of them
    reached a step, oldest first; see arrivals.py. How many had reached it by any moment is a search in the list."""

    day: date = Date()  # type: ignore[assignment]
    source = Varchar(length=80, default="")
    leads = Integer(default=0)
    qualified: Any = Array(Timestamptz(), default=[])
    ordered: Any = Array(Timestamptz(), default=[])
    done: Any = Array(Timestamptz(), default=[])
    repeat: Any = Array(Timestamptz(), default=[])


class RevenueArrivalStale(OrganizationOwned, Table, tablename="revenue_arrival_stale"):
    """A day, in UTC, whose leads have changed since revenue_arrival was made, or a lead of which something has: then
    its day, wherever that is by now. Neither means every day."""

    day: date | None = Date(null=True, default=None)  # type: ignore[assignment]
    lead = BigInt(null=True, default=None, help_text="id, no reference: it outlives the lead")
