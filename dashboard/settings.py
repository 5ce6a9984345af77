"""Everything the environment can change, read in one place. No secret has a default."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dotenv import dotenv_values

PRODUCTION, DEVELOPMENT = "production", "development"
SHORTEST_SECRET = 32
LEAST_WORK = "least"
KNOWN_WORDS = ("changeme", "change-me", "secret", "example", "default", "password", "development", "insecure", "test")


class SettingsError(Exception):
    """A setting that must be mended before the application can start; names the setting, never its value."""


@dataclass(frozen=True)
class Settings:
    host: str
    port: int
    database_url: str
    data_dir: Path
    base_url: str
    environment: str
    secret_key: str
    internal_api_secret: str
    trusted_proxies: str
    password_work: str
    allow_real_sends: bool
    stripe_api_base: str
    stripe_secret_key: str
    stripe_webhook_secret: str
    resend_api_url: str
    resend_api_key: str
    resend_webhook_secret: str
    auth_from_email: str
    smtp_url: str
    openai_api_key: str
    openai_base_url: str
    openai_model: str
    telegram_api_url: str
    telegram_bot_token: str
    telegram_chat_id: str
    telegram_webhook_secret: str
    graph_api_url: str
    whatsapp_api_url: str
    whatsapp_access_token: str
    whatsapp_sender_id: str
    whatsapp_admin_phone: str
    whatsapp_alert_template: str
    facebook_app_secret: str
    facebook_verify_token: str
    n8n_webhook_url: str
    webhook_signing_secret: str

    @property
    def production(self) -> bool:
        return self.environment == PRODUCTION


BASE_URLS = {
    "stripe_api_base": "https://api.stripe.com",
    "resend_api_url": "https://api.resend.com",
    "openai_base_url": "https://api.openai.com/v1",
    "telegram_api_url": "https://api.telegram.org",
    "graph_api_url": "https://graph.facebook.com/v25.0",
    "whatsapp_api_url": "https://graph.facebook.com/v25.0",
}


def read_environment() -> dict[str, str]:
    """What the environment says, with `.env` underneath."""
    return {name: value for name, value in dotenv_values(".env").items() if value is not None} | dict(os.environ)


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment, with `.env` underneath; refuses what would be unsafe in production."""
    env = read_environment() if env is None else env
    host, port = env.get("HOST") or "127.0.0.1", env.get("PORT") or "8000"
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsError("PORT must be a number between 1 and 65535.")
    environment = env.get("ENVIRONMENT") or DEVELOPMENT
    if environment not in (PRODUCTION, DEVELOPMENT):
        raise SettingsError(f"ENVIRONMENT must be {DEVELOPMENT} or {PRODUCTION}.")
    if env.get("PASSWORD_WORK", "") not in ("", LEAST_WORK):
        raise SettingsError(f"PASSWORD_WORK must be {LEAST_WORK}, for tests, or not be set.")
    text = {
        name: env.get(name.upper(), "").strip() or BASE_URLS.get(name, "")
        for name, kind in Settings.__annotations__.items()
        if kind is str
    }
    text |= {"host": host, "environment": environment}
    text["base_url"] = (text["base_url"] or f"http://{host}:{port}").rstrip("/")
    settings = Settings(
        port=int(port),
        data_dir=Path(env.get("DATA_DIR") or "var"),
        allow_real_sends=env.get("ALLOW_REAL_SENDS", "") in ("1", "true", "yes"),
        **text,
    )
    if settings.production:
        _refuse_unsafe(settings)
    return settings


def with_development_secrets(settings: Settings) -> Settings:
    """In development, fill a missing SECRET_KEY with a random one kept in the data folder, so sessions survive."""
    if settings.production or settings.secret_key:
        return settings
    kept = settings.data_dir / "secret-key"
    settings.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    if not kept.exists():
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return replace(settings, secret_key=kept.read_text().strip())


def _refuse_unsafe(settings: Settings) -> None:
    for name, value in (("SECRET_KEY", settings.secret_key), ("INTERNAL_API_SECRET", settings.internal_api_secret)):
        make_one = 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        if not value:
            raise SettingsError(f"{name} is not set. {make_one}")
        if len(value) < SHORTEST_SECRET:
            raise SettingsError(f"{name} is shorter than {SHORTEST_SECRET} characters. {make_one}")
        if any(word in value.lower() for word in KNOWN_WORDS) or len(set(value)) < 10:
            raise SettingsError(f"{name} looks like an example value. {make_one}")
    if settings.password_work:
        raise SettingsError("PASSWORD_WORK is for tests: passwords hashed with it are guessed quickly. Remove it.")
    if settings.secret_key == settings.internal_api_secret:
        raise SettingsError("INTERNAL_API_SECRET must differ from SECRET_KEY.")
    if not settings.base_url.startswith("https://"):
        raise SettingsError("BASE_URL must be the https:// address people use, for links in mails and for cookies.")


_current: Settings | None = None


def use(settings: Settings) -> Settings:
    """Make these the settings of this process; called once at start by `app.py`, the command line and the tests."""
    global _current
    _current = settings
    return settings


def current() -> Settings:
    """The settings of this process, for the few places that build links or encrypt."""
    return _current if _current is not None else use(with_development_secrets(load()))
