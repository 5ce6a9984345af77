from dashboard.chat.routes import api, hosted, settings

ROUTES = [*api.ROUTES, *hosted.ROUTES, *settings.ROUTES]
