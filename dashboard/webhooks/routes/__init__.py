from dashboard.webhooks.routes import receive
from dashboard.webhooks.routes.receive import _known as _known  # tests forget it between databases

ROUTES = [*receive.ROUTES]
