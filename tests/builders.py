"""Rows for tests, with believable defaults."""

from dashboard.accounts.actions import WEEK
from dashboard.accounts.tables import Membership, Organization, User


async def an_organization(slug: str, name: str, **changes) -> Organization:
    organization = Organization(slug=slug, name=name, working_hours=WEEK, **changes)
    await organization.save()
    await organization.refresh()  # jsonb defaults are text until they were read
    return organization


async def a_member(organization: Organization, email: str, name: str, role: str) -> User:
    user = await User.objects().get_or_create(User.email == email, {User.name: name})
    await Membership(user=user.id, organization=organization.id, role=role).save()
    return user
