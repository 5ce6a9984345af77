"""What a file is called and what it is: the sender's name made safe to show, the type from our own list."""

import re
import unicodedata
from urllib.parse import quote

LONGEST = 200
NAMELESS = "file"
UNKNOWN = "application/octet-stream"
TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
TYPES = {
    "csv": "text/csv", "doc": "application/msword", "gif": "image/gif", "heic": "image/heic", "jpeg": "image/jpeg",
    "jpg": "image/jpeg", "json": "application/json", "md": "text/markdown", "mov": "video/quicktime",
    "mp3": "audio/mpeg", "mp4": "video/mp4", "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet", "pdf": "application/pdf", "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint", "txt": "text/plain", "wav": "audio/wav", "webp": "image/webp",
    "xls": "application/vnd.ms-excel", "zip": "application/zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


def shown_name(given: str) -> str:
    """The sender's name for a file, fit to be shown and offered: no path, no control characters, nothing that turns
    the direction of what follows, at most 200 characters with the ending kept. Never used as a place on the disk."""
    name = re.split(r"[/\\]", given)[-1]
    name = "".join(" " if c in "\r\n\t" else c for c in name if c not in TURNS)
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cs", "Co", "Zl", "Zp"))
    name = " ".join(unicodedata.normalize("NFC", name).split()).strip(". ")
    if len(name) > LONGEST:
        stem, dot, ending = name.rpartition(".")
        keeps = dot and len(ending) <= 10
        name = f"{stem[: LONGEST - len(ending) - 1]}.{ending}" if keeps else name[:LONGEST]
    return name or NAMELESS


def content_type(name: str) -> str:
    """The type by the ending, from our own list. What the sender claims is never believed, and nothing a browser
    would run (HTML, SVG, XML, scripts) is on the list."""
    return TYPES.get(name.rpartition(".")[2].lower(), UNKNOWN) if "." in name else UNKNOWN


def disposition(name: str) -> str:
    """The Content-Disposition header that saves a file under its name (RFC 6266), never opens it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^\w. ()\-]", "_", plain).strip(". ") or NAMELESS
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
