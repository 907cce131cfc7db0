"""Which class was taken for which.  Calls style and matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fencepost.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_WITH_NUMBERS = 14
MOST_NAMES = 26
FEW = 4  # if no mistake is more frequent, none is drawn in the darkest orange


def draw_confusion_matrix(
    axes: Axes, confusion: npt.NDArray[np.integer], class_names: Sequence[str]
) -> None:
    """Draw counts (true class, predicted class): right answers grey, mistakes the darker the more.

    The numbers are written into the cells for up to 14 classes.
    """
    count = len(class_names)
    mistakes = confusion.astype(float)
    np.fill_diagonal(mistakes, 0)
    most = max(float(mistakes.max()), FEW)
    rows = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    pixels = _paint(mistakes / most, confusion / rows)
    axes.imshow(pixels, interpolation="nearest", aspect="equal")
    axes.set_anchor("NW")
    for side in axes.spines.values():
        side.set_color(style.FAINT_INK)
    if count <= MOST_WITH_NUMBERS:
        _write_numbers(axes, confusion, pixels)
    _name_classes(axes, class_names)
    remark = f"grey: right; orange: wrong, the darkest {int(mistakes.max())} ×"
    if not mistakes.any():
        remark = "grey: right; there are no mistakes"
    style.heading(axes, "Confusion matrix (counts)", remark)


def _paint(
    wrong: npt.NDArray[np.floating], right: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Colours (n, n, 3): the diagonal from white to grey, the rest from white to orange."""
    from matplotlib import colormaps

    # The root lets a single mistake be seen beside a hundred.
    pixels = np.asarray(colormaps["Oranges"](0.85 * np.sqrt(wrong)))[..., :3].copy()
    pixels[wrong == 0] = 1.0
    diagonal = np.arange(len(wrong))
    depth = 0.22 if len(wrong) <= MOST_WITH_NUMBERS else 0.5
    pixels[diagonal, diagonal] = (1 - depth * right[diagonal, diagonal])[:, None]
    return pixels.astype(np.float64)


def _write_numbers(
    axes: Axes, confusion: npt.NDArray[np.integer], pixels: npt.NDArray[np.float64]
) -> None:
    count = len(confusion)
    longest = len(str(int(confusion.max())))
    cell = 4.4 * 72 / count  # points
    size = min(9.5, 0.8 * cell / (0.64 * longest))
    for row, column in np.ndindex(count, count):
        number = int(confusion[row, column])
        if number or row == column:
            dark = pixels[row, column] @ (0.299, 0.587, 0.114) < 0.5
            axes.text(
                column, row, str(number), ha="center", va="center", fontsize=size,
                color=style.PAPER if dark else style.INK,
            )  # fmt: skip


def _name_classes(axes: Axes, class_names: Sequence[str]) -> None:
    count = len(class_names)
    step = -(-count // MOST_NAMES)
    places = list(range(0, count, step))
    names = [style.shorten(class_names[place], 15) for place in places]
    size = style.SMALL_SIZE
    upright = max(len(name) for name in names) * len(names) > 40
    below = [style.shorten(name, 12) for name in names] if upright else names
    axes.set_xticks(places, below, rotation=90 if upright else 0, fontsize=size, color=style.INK)
    axes.set_yticks(places, names, fontsize=size, color=style.INK)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_parse_math(False)
    axes.tick_params(length=2, color=style.FAINT_INK)
    axes.set_xlabel("the network says", fontsize=style.TEXT_SIZE, color=style.INK)
    axes.set_ylabel("it is", fontsize=style.TEXT_SIZE, color=style.INK)
