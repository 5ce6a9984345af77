from piccolo.conf.apps import AppRegistry

from dashboard.database import engine
from dashboard.settings import load

DB = engine(load().database_url)
APP_REGISTRY = AppRegistry(apps=["dashboard.piccolo_app"])
