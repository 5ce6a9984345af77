"""Markdown as it is shown to people: headings, lists, links, and nothing that could act or load anything."""

import nh3
from markdown_it import MarkdownIt

from dashboard.knowledge.parsing import COMMENT

TAGS = {
    "h2", "h3", "h4", "p", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "a", "br", "hr", "table",
    "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
LONGEST = 100_000


def html_of(text: str) -> str:
    """Safe HTML of an article's markdown. HTML in it is shown as text; pictures are left out; links open only https,
    http and mail addresses."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    made = reader.render(COMMENT.sub("", text[:LONGEST])).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    return nh3.clean(
        made, tags=TAGS, attributes={"a": {"href"}}, url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )  # fmt: skip
