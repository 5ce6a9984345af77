"""Styles, scripts and vendored files the way browsers get them: joined, without comments, compressed once."""

import gzip
import hashlib
import mimetypes
import re
from functools import cache
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import NamedTuple

ROOT = Path(__file__).parent.parent / "static"
JOINED = {  # what every page of the desk needs comes in one file each; here it stays small enough to read
    "css/desk.css": ("vendor/inter.css", "css/app.css", "css/screens.css"),
    "css/panel.css": ("vendor/inter.css", "css/app.css", "css/screens.css", "css/chat.css"),
    "js/desk.js": tuple(f"js/{name}.js" for name in ("app", "toasts", "lists", "palette", "keys", "live")),
}
# Strings stay as they are; comments go, white space shrinks to one blank or to nothing beside a bracket or a comma.
STYLE = re.compile(r"""("[^"]*"|'[^']*')|/\*.*?\*/|;?\s*(\})\s*|\s*([{;,])\s*|\s+""", re.DOTALL)
# Lines that are a comment, blank lines and indentation. No text in our scripts may go over several lines.
SCRIPT = re.compile(r"^[ \t]*(?:/\*\*.*?\*/|//[^\n]*)?[ \t]*\n|^[ \t]+", re.DOTALL | re.MULTILINE)
ADDRESS = re.compile(r'url\("([^":]+)"\)')
OURS = ("js/", "embed/")  # scripts we wrote
TEXT = (".css", ".js", ".svg", ".json", ".txt")


class Asset(NamedTuple):
    """`packed`: the body in gzip, empty for what is compressed already. `version` changes with the content."""

    body: bytes
    packed: bytes
    media_type: str
    version: str


@cache
def find(path: str) -> Asset | None:
    """The file at this address below /static, or None."""
    if path not in JOINED and path not in _files():
        return None
    body = _content(path)
    packed = gzip.compress(body, 9, mtime=0) if path.endswith(TEXT) else b""
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return Asset(body, packed, kind, hashlib.sha256(body).hexdigest()[:10])


@cache
def address(path: str) -> str:
    """Where a file of static/ is, with its content's hash, so browsers may keep it for ever."""
    found = find(path)
    if found is None:
        raise FileNotFoundError(path)
    return f"/static/{path}?v={found.version}"


@cache
def areas() -> list[str]:
    """The style sheets that belong to some pages only, by name."""
    names = {path for path in _files() if path.startswith("css/")} - set(JOINED["css/desk.css"])
    return sorted(path.removeprefix("css/").removesuffix(".css") for path in names)


def _content(path: str) -> bytes:
    body = b"\n".join((ROOT / name).read_bytes() for name in JOINED.get(path, (path,)))
    if path.endswith(".css"):
        style = ADDRESS.sub(lambda match: f'url("{address(normpath(join(dirname(path), match[1])))}")', body.decode())
        return STYLE.sub(_shorter, style).strip().encode()
    return SCRIPT.sub("", body.decode()).encode() if path.startswith(OURS) else body


def _shorter(match: re.Match[str]) -> str:
    if match[0].startswith("/*"):
        return ""
    return match[1] or match[2] or match[3] or " "


@cache
def _files() -> frozenset[str]:
    return frozenset(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file())
