import pytest

from dashboard import clock
from dashboard.knowledge import loading


@pytest.fixture
async def knowing(acme):
    """Acme with the articles and synonyms that come with the application."""
    await loading.load(acme, clock.now())
    return acme
