from dashboard.approvals.routes import deciding, queue, rules

ROUTES = [*queue.ROUTES, *deciding.ROUTES, *rules.ROUTES]
