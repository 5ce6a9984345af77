from dashboard import settings
from dashboard.web import create_app

app = create_app(settings.with_development_secrets(settings.load()))
