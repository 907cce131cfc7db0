"""Weights as text and as HTML."""

from __future__ import annotations

import html as markup
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..text import format_shape, plural

Array = NDArray[np.float64]

SHOWN = 15  # rows or columns; of more, the middle is left out
_LONGEST_NAME = 100


def size(shape: tuple[int, ...]) -> str:
    """Say a kernel's size.

    >>> size((3, 5)), size((1,))
    ('3 × 5', '1 weight')
    """
    if len(shape) == 1:
        return plural(shape[0], "weight")
    return format_shape(shape)


def shorten(name: str) -> str:
    """Cut a name that many operations have made long."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def table(matrix: Array) -> str:
    """Write the weights in columns; those with a small common denominator as integers.

    Of more than two axes, matrix by matrix.

    >>> print(table(np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16))
    1/16 ×
    1 2 1
    2 4 2
    1 2 1
    """
    denominator, weights = common(matrix)
    slices = _slices(weights)
    texts = ["\n".join(_aligned(_texts(part))) for part in slices[:SHOWN]]
    texts += ["…"] * (len(slices) > SHOWN)
    return f"1/{denominator} ×\n" * (denominator > 1) + "\n\n".join(texts)


def _slices(weights: Array) -> list[Array]:
    """Return the matrices of the last two axes."""
    return list(np.atleast_2d(weights).reshape(-1, *np.atleast_2d(weights).shape[-2:]))


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        " ".join(f"{text:>{width}}" for text, width in zip(row, widths, strict=True))
        for row in rows
    ]


def html(label: str, matrix: Array) -> str:
    """Write the weights as an HTML table, shaded by size: blue above 0, vermillion below."""
    denominator, weights = common(matrix)
    largest = np.abs(weights).max() or 1.0
    rows = []
    for part in _slices(weights)[:SHOWN]:
        for texts, shades in zip(_texts(part), _elided(part / largest), strict=True):
            cells = (
                f'<td style="text-align:right;background:{_colour(shade)}">{text}</td>'
                for text, shade in zip(texts, shades, strict=True)
            )
            rows.append(f"<tr>{''.join(cells)}</tr>")
    factor = f", times 1/{denominator}" if denominator > 1 else ""
    caption = f"{markup.escape(label)}: {size(matrix.shape)}{factor}"
    return f"<table><caption>{caption}</caption>{''.join(rows)}</table>"


def common(matrix: Array) -> tuple[int, Array]:
    """Return a denominator and numerators; the denominator is 1 if no small one serves."""
    weights = np.abs(matrix[matrix != 0])
    if weights.size:
        # Of 1/3 and 2/3, or of 1/16 and 4/16, the smallest tells the denominator; of 2/9 and
        # 3/9, the difference would: such matrices are written with decimals.
        denominator = round(1 / max(float(weights.min()), 1e-6))
        integers = np.rint(matrix * denominator)
        if denominator > 1 and np.allclose(matrix * denominator, integers, rtol=1e-12, atol=1e-12):
            return denominator, integers + 0.0
    return 1, matrix


def _texts(matrix: Array) -> list[list[str]]:
    return [
        ["…" if np.isnan(value) else _written(value) for value in row] for row in _elided(matrix)
    ]


def brief(value: Any) -> str:
    """Write a parameter of a named kernel.

    >>> brief((3, 5)), brief(0.1 + 0.2), brief("x")
    ('3×5', '0.3', 'x')
    """
    if isinstance(value, (tuple, list)):
        return "×".join(map(brief, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def exact(value: float) -> str:
    """Write a weight so that it is read back without loss."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _written(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.4g}"


def _elided(matrix: Array) -> list[list[float]]:
    """Put NaN in the place of rows and columns that are not shown."""
    for axis in (0, 1):
        count = matrix.shape[axis]
        if count > SHOWN:
            shown = np.r_[: SHOWN // 2, count - SHOWN // 2 : count]
            matrix = np.insert(matrix.take(shown, axis), SHOWN // 2, np.nan, axis)
    result: list[list[float]] = matrix.tolist()
    return result


def _colour(value: float) -> str:
    if np.isnan(value):
        return "none"
    red, green, blue = (0, 114, 178) if value >= 0 else (213, 94, 0)
    return f"rgba({red},{green},{blue},{0.6 * abs(value):.2f})"
