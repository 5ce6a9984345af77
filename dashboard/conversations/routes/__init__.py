"""The addresses of conversations."""

from dashboard.conversations.routes import detail, listing, sorting

ROUTES = [*listing.ROUTES, *sorting.ROUTES, *detail.ROUTES]
