"""The addresses of campaigns."""

from dashboard.campaigns.routes import ledger, listing

ROUTES: list = [*listing.ROUTES, *ledger.ROUTES]
