"""The one door to rows that belong to an organization."""

from collections.abc import Iterable
from typing import Any, Self

from piccolo.columns import BigSerial, ForeignKey, Timestamptz
from piccolo.columns.defaults.timestamptz import TimestamptzNow

from dashboard.accounts.tables import Organization
from dashboard.errors import NotFound


class OrganizationOwned:
    """Columns and queries for a table whose rows belong to one organization."""

    id = BigSerial(primary_key=True)
    organization = ForeignKey(Organization, null=False, index=True)
    created_at = Timestamptz(default=TimestamptzNow())

    @classmethod
    def of(cls, organization: Organization | int) -> Any:
        """Objects of this organization, to be narrowed further."""
        return cls.objects().where(cls.organization == organization_id(organization))  # type: ignore[attr-defined]

    @classmethod
    def select_of(cls, organization: Organization | int, *columns: Any) -> Any:
        """Rows and aggregates of this organization. Name the columns."""
        return cls.select(*columns).where(cls.organization == organization_id(organization))  # type: ignore[attr-defined]

    @classmethod
    async def get_of(cls, organization: Organization | int, id: int) -> Self:
        """The row, or NotFound: another organization's row does not exist."""
        found = await cls.of(organization).where(cls.id == id).first()
        if found is None:
            raise NotFound()
        return found

    @classmethod
    def of_any(cls, organizations: Iterable[Organization]) -> Any:
        """Objects of several organizations, for pages across all of a person's memberships."""
        ids = [organization.id for organization in organizations]
        return cls.objects().where(cls.organization.is_in(ids or [0]))  # type: ignore[attr-defined]

    def refresh(self, columns: Any = None, load_json: bool = False) -> Any:
        """The row as it is now. Piccolo's own takes the dict of a jsonb column for a nested table and fails."""
        return self._refreshed()

    async def _refreshed(self) -> None:
        found = await type(self).objects().where(type(self).id == self.id).first()  # type: ignore[attr-defined,call-overload]
        for column in type(self)._meta.columns if found else ():  # type: ignore[attr-defined]
            setattr(self, column._meta.name, getattr(found, column._meta.name))

    @classmethod
    def across_organizations(cls) -> Any:
        """Every organization's rows: for jobs, workers and webhooks only; a test enforces it."""
        return cls.objects()  # type: ignore[attr-defined]


def organization_id(organization: Organization | int) -> int:
    return organization if isinstance(organization, int) else organization.id
