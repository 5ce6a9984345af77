from dashboard.chat.routes import api, embedding, hosted, settings, threads

ROUTES = [*api.ROUTES, *hosted.ROUTES, *threads.ROUTES, *embedding.ROUTES, *settings.ROUTES]
