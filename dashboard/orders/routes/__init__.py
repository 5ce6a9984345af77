"""The addresses of orders."""

from dashboard.orders.routes import bulk, deliverables, detail, listing, money, new, received, work

ROUTES = [
    *listing.ROUTES,
    *bulk.ROUTES,
    *new.ROUTES,
    *detail.ROUTES,
    *work.ROUTES,
    *money.ROUTES,
    *received.ROUTES,
    *deliverables.ROUTES,
]
