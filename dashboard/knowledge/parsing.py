"""An article's markdown, cut into sections at its headings."""

import re
from dataclasses import dataclass

from dashboard.knowledge.folding import fold

HEADING = re.compile(r"^(#{1,3})\s+(.+?)\s*#*\s*$")
ALSO = re.compile(r"<!--\s*also:(.*?)-->", re.IGNORECASE | re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
FENCE = re.compile(r"^\s*(```|~~~)")


@dataclass(frozen=True)
class Part:
    """One heading and what stands below it. `keywords` are found, never shown."""

    anchor: str
    heading: str
    text: str
    keywords: str = ""


def title_of(text: str) -> str:
    """The first heading of the first level, or nothing."""
    for line in text.splitlines():
        found = HEADING.match(line)
        if found and found[1] == "#":
            return found[2].strip()
    return ""


def sections(text: str, title: str) -> list[Part]:
    """Each second or third level heading with its text; what stands before the first belongs to the title. A heading
    with nothing below it is left out."""
    found: list[tuple[str, list[str]]] = [(title, [])]
    fenced = False
    for line in text.replace("\r\n", "\n").split("\n"):
        fenced ^= bool(FENCE.match(line))
        heading = None if fenced else HEADING.match(line)
        if heading is None:
            found[-1][1].append(line)
        elif len(heading[1]) > 1:
            found.append((heading[2].strip()[:200], []))
    parts: list[Part] = []
    for heading_text, lines in found:
        body = "\n".join(lines)
        keywords = " ".join(" ".join(each.split()) for each in ALSO.findall(body))
        if shown := COMMENT.sub("", body).strip():
            parts.append(Part(_free(heading_text, [part.anchor for part in parts]), heading_text, shown, keywords))
    return parts


def anchor_of(heading: str) -> str:
    """A heading as it stands in an address."""
    return "-".join(re.findall(r"[a-z0-9]+", fold(heading)))[:100].strip("-") or "section"


def _free(heading: str, taken: list[str]) -> str:
    wanted = anchor_of(heading)
    number = 2
    free = wanted
    while free in taken:
        free, number = f"{wanted}-{number}", number + 1
    return free
