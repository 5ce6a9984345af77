from dashboard.approvals.routes import deciding, learning, queue, rules

ROUTES = [*queue.ROUTES, *deciding.ROUTES, *learning.ROUTES, *rules.ROUTES]
