"""Every address of the application, slice by slice."""

from dashboard import health, live
from dashboard.accounts.routes import ROUTES as ACCOUNTS
from dashboard.orders.routes import ROUTES as ORDERS
from dashboard.webhooks.routes import ROUTES as WEBHOOKS

ROUTES = [live.stream, health.show, health.speculation, *ACCOUNTS, *ORDERS, *WEBHOOKS]
