"""Links that carry a right: signed with (purpose, id, version), so they can be shown again and revoked by raising
the version. Nothing is stored, and a token for one purpose never opens another."""

import binascii
import hashlib
import hmac
from functools import lru_cache

MAC_BYTES = 20
SAFE = bytes.maketrans(b"+/", b"-_")  # what may stand in an address


@lru_cache(64)
def derive(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose; knowing one derived key tells nothing about the others."""
    return hmac.new(secret.encode(), f"backdesk:{purpose}".encode(), hashlib.sha256).digest()


def sign(secret: str, purpose: str, id: int, version: int = 1) -> str:
    """The token for a link, safe in a path."""
    text = f"{id}.{version}"
    return f"{text}.{_mac(secret, purpose, text)}"


def read(secret: str, purpose: str, token: str) -> tuple[int, int] | None:
    """(id, version) of a token we signed for this purpose, else None. The caller compares the version."""
    text, _, mac = token.rpartition(".")
    id, _, version = text.partition(".")
    if not (id.isascii() and id.isdecimal() and version.isascii() and version.isdecimal()) or len(text) > 40:
        return None
    canonical = text == f"{int(id)}.{int(version)}"
    if not canonical or not hmac.compare_digest(mac.encode(), _mac(secret, purpose, text).encode()):
        return None
    return int(id), int(version)


def _mac(secret: str, purpose: str, text: str) -> str:
    digest = hmac.digest(derive(secret, purpose), text.encode(), "sha256")[:MAC_BYTES]
    return binascii.b2a_base64(digest, newline=False).translate(SAFE, b"=").decode()
