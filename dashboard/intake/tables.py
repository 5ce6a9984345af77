from enum import StrEnum
from typing import Any

from piccolo.columns import JSONB, Bytea, ForeignKey, Integer, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.files.tables import File
from dashboard.forms.tables import Form, FormVersion
from dashboard.leads.tables import Lead
from dashboard.orders.tables import Order


class IntakeState(StrEnum):
    open = "open"
    submitted = "submitted"


class Intake(OrganizationOwned, Table):
    """A customer's answers for an order, to the version of the form it began with."""

    order = ForeignKey(Order, null=False, unique=True)
    form_version = ForeignKey(FormVersion, null=False)
    state = Varchar(length=10, choices=IntakeState, default=IntakeState.open)
    answers: Any = JSONB(default={})
    submissions = Integer(default=0, help_text="how often it was sent; more than once when something was asked again")
    asks = Integer(default=0, help_text="how often the team asked for something once more")
    asked_again: Any = JSONB(default=[], help_text="keys of fields the team has asked for once more")
    link_version = Integer(default=1, help_text="raise it to revoke the private link")
    opened_at = Timestamptz(null=True, default=None)
    saved_at = Timestamptz(null=True, default=None)
    submitted_at = Timestamptz(null=True, default=None)


class IntakeFile(OrganizationOwned, Table):
    intake = ForeignKey(Intake, null=False, index=True)
    field = Varchar(length=60)
    file = ForeignKey(File, null=False, unique=True)


class Capture(OrganizationOwned, Table):
    """A visitor's answers to a public lead form. What was begun and never sent is forgotten after seven days."""

    form = ForeignKey(Form, null=False, index=True)
    form_version = ForeignKey(FormVersion, null=False)
    lead = ForeignKey(Lead, null=True, default=None, index=True)
    token_hash = Bytea(unique=True, help_text="of the random text in the visitor's page")
    answers: Any = JSONB(default={})
    source_data: Any = JSONB(default={}, help_text="UTM and the page it was on")
    saved_at = Timestamptz(null=True, default=None)
    submitted_at = Timestamptz(null=True, default=None)
