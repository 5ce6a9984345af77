"""The addresses of campaigns."""

from dashboard.campaigns.routes import ledger, listing, public, running, templates

ROUTES: list = [*listing.ROUTES, *ledger.ROUTES, *public.ROUTES, *running.ROUTES, *templates.ROUTES]
