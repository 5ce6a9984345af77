from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

SLICES = (
    "accounts", "activity", "leads", "payments", "files", "forms", "runs", "views",
    "deliveries", "orders", "intake", "webhooks", "campaigns", "knowledge", "conversations", "assistant", "tickets",
    "approvals", "revenue",
)  # fmt: skip

APP_CONFIG = AppConfig(
    app_name="dashboard",
    migrations_folder_path=str(Path(__file__).parent.parent / "piccolo_migrations"),
    table_classes=table_finder(modules=[f"dashboard.{name}.tables" for name in SLICES], exclude_imported=True),
)
