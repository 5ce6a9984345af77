"""The addresses of orders."""

from dashboard.orders.routes import bulk, deliverables, detail, listing, money, new, work

ROUTES = [
    *listing.ROUTES,
    *bulk.ROUTES,
    *new.ROUTES,
    *detail.ROUTES,
    *work.ROUTES,
    *money.ROUTES,
    *deliverables.ROUTES,
]
