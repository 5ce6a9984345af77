from piccolo.columns import Boolean, ForeignKey, Text, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User


class SavedView(OrganizationOwned, Table):
    """A named filter of a list page."""

    page = Varchar(length=20)
    name = Varchar(length=60)
    query = Text(help_text="the query string, only parameters the list knows")
    owner = ForeignKey(User, null=False)
    shared = Boolean(default=False)
