"""The addresses of leads."""

from dashboard.leads.routes import (
    batches,
    board,
    bulk,
    campaigns,
    checkouts,
    deal,
    detail,
    duplicates,
    filters,
    imports,
    new,
    notes,
    person,
    settings,
    vocabulary,
    work,
)
from dashboard.leads.routes.listing import ROUTES as LISTING

ROUTES = [
    *LISTING,
    *filters.ROUTES,
    *bulk.ROUTES,
    *campaigns.ROUTES,
    *checkouts.ROUTES,
    *batches.ROUTES,
    *imports.ROUTES,
    *board.ROUTES,
    *new.ROUTES,
    *detail.ROUTES,
    *duplicates.ROUTES,
    *work.ROUTES,
    *deal.ROUTES,
    *notes.ROUTES,
    *person.ROUTES,
    *settings.ROUTES,
    *vocabulary.ROUTES,
]
