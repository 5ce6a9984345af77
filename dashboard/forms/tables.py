from enum import StrEnum
from typing import Any

from piccolo.columns import JSONB, ForeignKey, Integer, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User


class FormKind(StrEnum):
    intake = "intake"
    lead = "lead"


class Form(OrganizationOwned, Table):
    """Sections and fields. The draft is edited; what was published never changes."""

    slug = Varchar(length=60)
    name = Varchar(length=120)
    kind = Varchar(length=10, choices=FormKind, default=FormKind.intake)
    draft: Any = JSONB(default={}, help_text="the definition being edited")
    published = Integer(default=0, help_text="number of the newest published version, 0 before the first")
    archived_at = Timestamptz(null=True, default=None)
    settings: Any = JSONB(default={}, help_text="lead forms: origins that may embed it, tags, owner, mail to send")


class FormVersion(OrganizationOwned, Table):
    form = ForeignKey(Form, null=False, index=True)
    number = Integer()
    definition: Any = JSONB()
    published_by = ForeignKey(User, null=True, default=None)
