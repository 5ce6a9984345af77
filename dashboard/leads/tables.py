from piccolo.columns import JSONB, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned


class Lead(OrganizationOwned, Table):
    """A person or company that might buy or has bought: one row per organization and address."""

    email = Varchar(length=254, default="")
    email_normalized = Varchar(length=254, null=True, default=None, help_text="unique per organization where present")
    name = Varchar(length=200, default="")
    company = Varchar(length=200, default="")
    phone = Varchar(length=40, default="")
    stage = Varchar(length=40, default="new")
    source = Varchar(length=80, default="")
    source_data = JSONB(default={}, help_text="UTM and metadata of the first touch")
