"""The built site must need no network: nothing that a page loads may be elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

# What a browser fetches by itself; where a reader may go by a click is no matter.
LOADED = {
    "script": ("src",), "img": ("src", "srcset"), "source": ("src", "srcset"), "iframe": ("src",),
    "video": ("src", "poster"), "audio": ("src",), "embed": ("src",), "object": ("data",),
    "input": ("src",), "image": ("href", "xlink:href"), "use": ("href", "xlink:href"),
}  # fmt: skip
FETCHED_LINKS = ("stylesheet", "icon", "preload", "modulepreload", "preconnect", "dns-prefetch")
ELSEWHERE = re.compile(r"(?:^|[\s,])(?:https?:)?//", re.IGNORECASE)
IN_STYLES = re.compile(r"""(?:url\(\s*|@import\s+)["']?(?:https?:)?//[^)"'\s]+""", re.IGNORECASE)


class Loads(HTMLParser):
    """What a page fetches from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        names: tuple[str, ...] = LOADED.get(tag, ())
        if tag == "link" and set(given.get("rel", "").split()) & set(FETCHED_LINKS):
            names = ("href",)
        self.urls += [given[name] for name in names if ELSEWHERE.search(given.get(name, ""))]
        self.urls += IN_STYLES.findall(given.get("style", ""))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.urls += IN_STYLES.findall(data)


def loads(page: str) -> list[str]:
    """Return the addresses elsewhere that a page of HTML fetches.

    >>> loads('<a href="https://example.org">x</a> <img src="https://example.org/x.png">')
    ['https://example.org/x.png']
    """
    parser = Loads()
    parser.feed(page)
    return parser.urls


def on_post_build(config: Any) -> None:
    """Read all that was built."""
    from mkdocs.exceptions import PluginError

    site = Path(config["site_dir"])
    outside = {
        str(path.relative_to(site)): elsewhere
        for path in [*site.rglob("*.html"), *site.rglob("*.css")]
        if (
            elsewhere := (loads if path.suffix == ".html" else IN_STYLES.findall)(
                path.read_text(encoding="utf-8")
            )
        )
    }
    if outside:
        lines = "".join(f"\n  {page}: {', '.join(urls)}" for page, urls in sorted(outside.items()))
        raise PluginError(f"Pages load what is elsewhere, and would need a network:{lines}")
