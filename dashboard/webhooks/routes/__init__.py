from dashboard.webhooks.routes import pages, receive
from dashboard.webhooks.routes.receive import _known as _known  # tests forget it between databases

ROUTES = [*receive.ROUTES, *pages.ROUTES]
