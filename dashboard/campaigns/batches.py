"""Batches on leads, with all they need: which leads are meant is the audience's to say, who must not be written to the
out-tray's, and where a file is the storage's."""

from dashboard.campaigns import audience
from dashboard.deliveries import suppressed
from dashboard.files import storage
from dashboard.leads.carriers import Elsewhere, opening

OPENING = opening(Elsewhere(audience.read, suppressed.barred, storage.path_of))
