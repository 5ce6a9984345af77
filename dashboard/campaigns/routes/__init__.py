"""The addresses of campaigns."""

from dashboard.campaigns.routes import (
    blocked,
    brought,
    control,
    editor,
    ledger,
    listing,
    preflight,
    public,
    running,
    templates,
    tracking,
)

ROUTES: list = [
    *blocked.ROUTES,
    *brought.ROUTES,
    *control.ROUTES,
    *editor.ROUTES,
    *ledger.ROUTES,
    *listing.ROUTES,
    *preflight.ROUTES,
    *public.ROUTES,
    *running.ROUTES,
    *templates.ROUTES,
    *tracking.ROUTES,
]
