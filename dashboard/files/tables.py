from piccolo.columns import BigInt, Bytea, Integer, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned


class File(OrganizationOwned, Table):
    """Bytes somebody gave us, stored under a name of our own."""

    name = Varchar(length=200, help_text="what the person called it; only ever shown")
    content_type = Varchar(length=100, help_text="from our own list by ending, never the sender's word")
    size = BigInt()
    sha256 = Bytea()
    storage_key = Varchar(length=80, unique=True)
    given_by = Varchar(length=10, help_text="customer, staff or machine")
    link_version = Integer(default=1, help_text="raise it to revoke every download link")
