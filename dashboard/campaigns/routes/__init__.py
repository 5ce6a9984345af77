"""The addresses of campaigns."""

from dashboard.campaigns.routes import control, ledger, listing, public, running, templates

ROUTES: list = [*listing.ROUTES, *ledger.ROUTES, *public.ROUTES, *running.ROUTES, *control.ROUTES, *templates.ROUTES]
