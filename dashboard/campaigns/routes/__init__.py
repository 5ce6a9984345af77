"""The addresses of campaigns."""

from dashboard.campaigns.routes import listing

ROUTES: list = [*listing.ROUTES]
