"""The addresses of tickets."""

from dashboard.tickets.routes import bulk, detail, listing, new, satisfaction, settings, statistics, work

ROUTES = [
    *listing.ROUTES, *bulk.ROUTES, *new.ROUTES, *statistics.ROUTES, *detail.ROUTES, *work.ROUTES, *settings.ROUTES,
    *satisfaction.ROUTES,
]  # fmt: skip
