from dashboard.chat.routes import api, settings

ROUTES = [*api.ROUTES, *settings.ROUTES]
