"""What tests of campaigns have in common."""

import pytest

from dashboard import settings as process_settings
from dashboard.campaigns import sending_from
from tests.integrations import environment
from tests.partners.provider import provider


@pytest.fixture
async def mail(settings):
    """Resend connected for this process, with a domain it knows."""
    async with provider() as partner:
        sending_from._known.clear()
        here = {
            "DATABASE_URL": settings.database_url,
            "DATA_DIR": str(settings.data_dir),
            "BASE_URL": settings.base_url,
        }
        here |= {"SECRET_KEY": settings.secret_key, "PASSWORD_WORK": "least"}
        process_settings.use(process_settings.load(here | environment(partner)))
        yield partner
        sending_from._known.clear()
