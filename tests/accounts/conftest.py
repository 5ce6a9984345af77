"""People with passwords, an installation whose mail works, and the links that were mailed."""

from dataclasses import replace

import pytest

from dashboard import settings as process_settings
from dashboard.accounts import one_time, passwords
from dashboard.accounts.tables import User
from dashboard.deliveries.tables import Delivery
from tests import canaries

RIGHT = canaries.PASSWORD


@pytest.fixture
def account():
    """`await account("maya@acme.example")`: somebody with the password RIGHT and no organization."""

    async def make(email: str = "maya@acme.example", **changes) -> User:
        user = User(email=email, name="Maya Lind", password_hash=await passwords.hash(RIGHT), **changes)
        await user.save()
        return user

    return make


@pytest.fixture
def mail_works(settings):
    """Mail can leave, in principle: nothing is dispatched in these tests."""
    connected = {"resend_api_key": canaries.RESEND_KEY, "auth_from_email": "desk@backdesk.example"}
    process_settings.use(replace(settings, resend_api_url="http://127.0.0.1:9", **connected))


@pytest.fixture
def mailed():
    """The path of the link in the newest mail of this name, made as at the moment of sending; None without one."""

    async def path(name: str) -> str | None:
        found = await Delivery.objects().where(Delivery.name == name).order_by(Delivery.id, ascending=False).first()
        if found is None:
            return None
        link = await one_time.link_for_mail(found.payload["one_time_token"])
        return link.removeprefix("https://test.local")

    return path
