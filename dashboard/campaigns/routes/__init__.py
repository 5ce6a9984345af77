"""The addresses of campaigns."""

from dashboard.campaigns.routes import ledger, listing, public, templates

ROUTES: list = [*listing.ROUTES, *ledger.ROUTES, *public.ROUTES, *templates.ROUTES]
