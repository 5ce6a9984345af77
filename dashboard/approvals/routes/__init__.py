from dashboard.approvals.routes import deciding, learning, queue, rules, telegram

ROUTES = [*queue.ROUTES, *deciding.ROUTES, *learning.ROUTES, *rules.ROUTES, *telegram.ROUTES]
