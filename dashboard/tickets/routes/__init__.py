"""The addresses of tickets."""

from dashboard.tickets.routes import detail, listing, work

ROUTES = [*listing.ROUTES, *detail.ROUTES, *work.ROUTES]
