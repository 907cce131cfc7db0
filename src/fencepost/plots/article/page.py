"""The page that shows all figures: one file of HTML, pictures included."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Entry:
    """One figure as the page shows it; `files` are names beside the page."""

    number: int
    stem: str
    title: str
    caption: str
    claim: str
    picture: bytes  # a PNG
    files: tuple[str, ...]
    width: float  # inches, as it is printed


def page(entries: Sequence[Entry]) -> str:
    """Write the page; it needs nothing beside it, and is light or dark as the reader has it."""
    contents = "".join(
        f'<li><a href="#{entry.stem}">{escape(entry.title)}</a></li>\n' for entry in entries
    )
    figures = "\n".join(map(_figure, entries))
    return _PAGE.format(style=_STYLE, contents=contents, figures=figures)


def _figure(entry: Entry) -> str:
    picture = base64.b64encode(entry.picture).decode()
    links = ", ".join(
        f'<a href="{escape(name)}">{name.rpartition(".")[2].upper()}</a>' for name in entry.files
    )
    return (
        f'<figure id="{entry.stem}">\n<h2>{entry.number}. {escape(entry.title)}</h2>\n'
        f'<img src="data:image/png;base64,{picture}" alt="{escape(entry.caption)}" '
        f'style="width: {entry.width:g}in">\n'
        f"<figcaption><p>{escape(entry.caption)}</p>\n"
        f'<p class="claim">{escape(entry.claim)}</p>\n'
        f'<p class="files">{links}</p></figcaption>\n</figure>'
    )


_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48em; margin: 2em auto; padding: 0 1em; }
ol { columns: 2; }
figure { margin: 3em 0; }
h2 { font-size: 1.2em; }
img { max-width: 100%; height: auto; display: block; background: #fff; border-radius: 4px; }
.claim { border-left: 4px solid #0072B2; padding-left: 0.8em; }
.files { font-size: 0.85em; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>From convolution to neural network: the figures</title>
<style>{style}</style>
</head>
<body>
<h1>From convolution to neural network: the figures</h1>
<p>Each figure is drawn from what fencepost computed for this page, and so is each number below
it. <code>fencepost figures</code> draws them anew.</p>
<ol>
{contents}</ol>
{figures}
</body>
</html>
"""
