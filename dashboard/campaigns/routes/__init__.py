"""The addresses of campaigns."""

from dashboard.campaigns.routes import (
    audience,
    blocked,
    brought,
    control,
    drafts,
    editor,
    ledger,
    listing,
    preflight,
    public,
    running,
    template_editor,
    templates,
    tracking,
)

ROUTES: list = [
    *audience.ROUTES,
    *blocked.ROUTES,
    *brought.ROUTES,
    *control.ROUTES,
    *drafts.ROUTES,
    *editor.ROUTES,
    *ledger.ROUTES,
    *listing.ROUTES,
    *preflight.ROUTES,
    *public.ROUTES,
    *running.ROUTES,
    *template_editor.ROUTES,
    *templates.ROUTES,
    *tracking.ROUTES,
]
