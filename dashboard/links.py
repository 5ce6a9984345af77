"""The addresses we give to people outside. Always from BASE_URL, never from a request's Host."""

from dashboard import settings, signing

INTAKE, DOWNLOAD, UNSUBSCRIBE, PREVIEW = "intake", "download", "unsubscribe", "preview"
SATISFACTION = "satisfaction"
PATHS = {INTAKE: "f", DOWNLOAD: "d", UNSUBSCRIBE: "u", SATISFACTION: "q"}

# What an address begins with whose rest is a right by itself: it stays out of the log, out of what staff are shown of a
# mail, and out of the Referer. Those of accounts and chats are made there.
OPENING = (*PATHS.values(), "c", "o", "r", "invitation", "reset", "setup", "signin/link", "signin/code", "chat/resume")


def public(purpose: str, id: int, version: int = 1) -> str:
    """The whole address of a private link that can be shown again and revoked by its version."""
    return f"{settings.current().base_url}/{PATHS[purpose]}/{token(purpose, id, version)}"


def token(purpose: str, id: int, version: int = 1) -> str:
    return signing.sign(settings.current().secret_key, purpose, id, version)


def read(purpose: str, given: str) -> tuple[int, int] | None:
    """(id, version) of a token made for this purpose, else None."""
    return signing.read(settings.current().secret_key, purpose, given)


def inside(path: str) -> str:
    """The whole address of one of our own pages, for mails to staff and alerts."""
    return f"{settings.current().base_url}{path}"
