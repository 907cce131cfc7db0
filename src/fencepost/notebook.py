"""Objects as notebooks show them: tables, curves and pictures in HTML, on light ground and dark."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from . import charts

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Text and lines take the notebook's own colour; blue and red are legible on white and on black.
_COLOURS = (
    "--blue: #3b8fd0; --red: #e0703a; --soft: currentColor; --line: rgba(127, 127, 127, 0.35)"
)
_TABLE = "border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 0.4em 0"
_CELL = "padding: 0.15em 0.7em; white-space: pre; background: none; text-align: "
_CHART = "display: inline-block; width: 26em; max-width: 100%; fill: currentColor; font-size: 12px"
_TINT = "rgba(59, 143, 208, {:.2f})"
_PICTURE = "image-rendering: pixelated; vertical-align: middle"


def paragraph(text: str) -> str:
    """Write a sentence or two, "" for none."""
    return f'<p style="margin: 0.4em 0">{escape(text)}</p>' if text else ""


def table(rows: Iterable[Sequence[str]], align: str, header: bool = True) -> str:
    """Lay rows out as `fencepost.text.format_table` does; the first is the header."""
    lines = []
    for number, row in enumerate(rows):
        tag = "th" if header and number == 0 else "td"
        cells = "".join(
            f'<{tag} style="{_CELL}{"left" if side == "<" else "right"}">{escape(text)}</{tag}>'
            for text, side in zip(row, align, strict=True)
        )
        lines.append(f'<tr style="background: none">{cells}</tr>')
    return f'<table style="{_TABLE}">{"".join(lines)}</table>'


def matrix(names: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Lay a confusion matrix out, each cell tinted by its share of the row."""
    edge = f"{_CELL}right; font-weight: normal; opacity: 0.75"
    head = "".join(f'<th style="{edge}">{escape(name)}</th>' for name in names)
    lines = [f'<tr style="background: none"><th></th>{head}</tr>']
    for name, row in zip(names, counts, strict=True):
        total = max(sum(row), 1)
        cells = "".join(
            f'<td style="{_CELL}right; background: {_TINT.format(0.6 * count / total)}">'
            f"{f'{count:,}' if count else '·'}</td>"
            for count in row
        )
        lines.append(
            f'<tr style="background: none"><th style="{edge}">{escape(name)}</th>{cells}</tr>'
        )
    return f'<table style="{_TABLE}">{"".join(lines)}</table>'


def curves(title: str, series: Mapping[str, Sequence[float]], kept: int | None = None) -> str:
    """Draw values of each epoch; see `fencepost.charts.curves`."""
    return f'<div style="{_CHART}; {_COLOURS}">{charts.curves(title, series, kept)}</div>'


def signal(values: Sequence[float]) -> str:
    """Draw one signal."""
    style = f"display: inline-block; width: 7em; fill: currentColor; {_COLOURS}"
    return f'<div style="{style}">{charts.signal(values)}</div>'


def picture(pixels: NDArray[Any], alt: str, height: int = 64) -> str:
    """Embed pixels (H, W) or (H, W, 3 or 4) of uint8, at least `height` high on the screen."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    source = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<img alt="{escape(alt)}" src="data:image/png;base64,{source}" '
        f'style="{_PICTURE}; height: {max(height, pixels.shape[0])}px">'
    )


def captioned(content: str, caption: str) -> str:
    """Put a caption below a picture or a signal, as one of several beside each other."""
    style = "display: inline-block; margin: 0.2em 0.5em; text-align: center; vertical-align: top"
    return f'<div style="{style}">{content}<br><small>{escape(caption)}</small></div>'
