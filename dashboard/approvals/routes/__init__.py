from dashboard.approvals.routes import deciding, queue

ROUTES = [*queue.ROUTES, *deciding.ROUTES]
