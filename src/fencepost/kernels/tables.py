"""A matrix of weights as text and as HTML."""

from __future__ import annotations

import html as markup

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SHOWN = 15  # rows or columns; of more, the middle is left out
_LONGEST_NAME = 100


def size(shape: tuple[int, ...]) -> str:
    """Say a kernel's size.

    >>> size((3, 5)), size((1,))
    ('3 × 5', '1 weight')
    """
    if len(shape) == 1:
        return f"{shape[0]:,} weight" + "s" * (shape[0] != 1)
    return " × ".join(str(n) for n in shape)


def shorten(name: str) -> str:
    """Cut a name that many operations have made long."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def table(matrix: Array) -> str:
    """Write the weights in columns; those with a small common denominator as whole numbers.

    >>> print(table(np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16))
    1/16 ×
    1 2 1
    2 4 2
    1 2 1
    """
    denominator, weights = common(matrix)
    cells = _cells(weights)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        " ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for row in cells
    ]
    return "\n".join([f"1/{denominator} ×", *lines] if denominator > 1 else lines)


def html(label: str, matrix: Array) -> str:
    """Write the weights as an HTML table, shaded by size: blue above 0, vermillion below."""
    denominator, weights = common(matrix)
    shades = _elided(np.atleast_2d(weights / (np.abs(weights).max() or 1.0)))
    rows = []
    for texts, values in zip(_cells(weights), shades, strict=True):
        cells = (
            f'<td style="text-align:right;background:{_colour(value)}">{text}</td>'
            for text, value in zip(texts, values, strict=True)
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
        whole = np.rint(matrix * denominator)
        if denominator > 1 and np.allclose(matrix * denominator, whole, rtol=1e-12, atol=1e-12):
            return denominator, whole + 0.0
    return 1, matrix


def _cells(matrix: Array) -> list[list[str]]:
    return [
        ["…" if np.isnan(value) else _written(value) for value in row]
        for row in _elided(np.atleast_2d(matrix))
    ]


def _written(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e9 else f"{value:.4g}"


def _elided(matrix: Array) -> list[list[float]]:
    """Put NaN in the place of rows and columns that are not shown."""
    for axis in (0, 1):
        count = matrix.shape[axis]
        if count > SHOWN:
            kept = np.r_[: SHOWN // 2, count - SHOWN // 2 : count]
            matrix = np.insert(matrix.take(kept, axis), SHOWN // 2, np.nan, axis)
    result: list[list[float]] = matrix.tolist()
    return result


def _colour(value: float) -> str:
    if np.isnan(value):
        return "none"
    red, green, blue = (0, 114, 178) if value >= 0 else (213, 94, 0)
    return f"rgba({red},{green},{blue},{0.6 * abs(value):.2f})"
