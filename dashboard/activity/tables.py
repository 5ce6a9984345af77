from piccolo.columns import JSONB, BigInt, ForeignKey, Text, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User


class Activity(OrganizationOwned, Table):
    """One line of a timeline: who did what to what, when. Never changed afterwards."""

    subject_kind = Varchar(length=20)
    subject_id = BigInt()
    verb = Varchar(length=40)
    actor = Varchar(length=10, help_text="staff, customer, machine or system")
    user = ForeignKey(User, null=True, default=None)
    title = Varchar(length=200)
    detail = Text(default="")
    data = JSONB(default={})


class Note(OrganizationOwned, Table):
    """What the team writes to itself about something."""

    subject_kind = Varchar(length=20)
    subject_id = BigInt()
    text = Text()
    author = ForeignKey(User, null=True, default=None)
    updated_at = Timestamptz(null=True, default=None)
