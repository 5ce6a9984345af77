"""Batches on leads, with all they need: which leads are meant is the audience's to say, who must not be written to the
out-tray's, and where a file is the storage's. Taking many into a campaign is one of them."""

from dashboard.campaigns import adding, audience
from dashboard.deliveries import suppressed
from dashboard.files import storage
from dashboard.leads.carriers import Elsewhere, opening
from dashboard.leads.engine import Running, Work

_of_leads = opening(Elsewhere(audience.read, suppressed.barred, storage.path_of))


async def open_(running: Running) -> Work:
    """How a batch that is held becomes work."""
    if running.kind != adding.KIND:
        return await _of_leads(running)
    return adding.Removing(running) if running.state == "undoing" else await adding.open_adding(running, audience.read)


OPENING = open_
