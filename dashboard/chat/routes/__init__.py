from dashboard.chat.routes import api

ROUTES = [*api.ROUTES]
