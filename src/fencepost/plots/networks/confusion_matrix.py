"""The confusion matrix of a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...errors import ArgumentError, DataError
from ...network import Evaluation, RegressionEvaluation
from .. import style
from ..style import Axes, Figure

CELL = 0.169  # inches, at least, between the names of two classes
SMALLEST, LARGEST = 5.5, 9.5  # points of a count
CHARACTERS = 15  # of a name
FEW = 4  # if no mistake is more frequent, none is drawn in the darkest orange


def confusion(
    evaluation: Evaluation | npt.ArrayLike,
    class_names: Sequence[str] | None = None,
    *,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw the confusion matrix.

    Correct predictions in grey, mistakes the darker orange the more of them there are. Counts
    are written where they fit.

    Parameters
    ----------
    evaluation : Evaluation, or array_like of int, (classes, classes)
        What `Network.evaluate` returned, or counts: row the true class, column the prediction.
    class_names : sequence of str, optional
        One for each class; by default those of the evaluation, or indices.

    Raises
    ------
    ArgumentError
        This is the evaluation of a regression, or there are not as many names as classes.
    DataError
        The matrix is not square, or not of counts.

    Examples
    --------
    >>> import fencepost as fp
    >>> figure = fp.plots.confusion([[7, 2], [0, 9]], ["cat", "dog"])
    >>> sorted(text.get_text() for text in figure.axes[0].child_axes[0].texts)[:3]
    ['2', '7', '9']
    """
    matrix, names = _counts(evaluation, class_names)
    names = style.drawable_names(names)
    canvas = style.canvas(ax, 5.6, 5.6)
    shown = [style.shorten(name, CHARACTERS) for name in names]
    longest = max(style.text_width(name, style.SMALL_SIZE) for name in shown)
    left = longest + 0.45
    side = min(canvas.width - left - 0.15, canvas.height - 1.1)
    below = 0.45 + (longest if _upright(shown, side) else 0.1)
    side = min(side, canvas.height - below - 0.6)
    draw_confusion_matrix(canvas.inset(left, 0.6, side, side), matrix, names)
    return canvas.result


def _counts(
    evaluation: Evaluation | npt.ArrayLike, class_names: Sequence[str] | None
) -> tuple[npt.NDArray[np.integer], Sequence[str]]:
    if isinstance(evaluation, RegressionEvaluation):
        raise ArgumentError(
            "evaluation must be one of classes. Received: that of a regression, which has none."
        )
    if isinstance(evaluation, Evaluation):
        matrix: npt.NDArray[np.integer] = evaluation.confusion
        names: Sequence[str] = evaluation.class_names
    else:
        matrix = np.asarray(evaluation)
        square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1] > 0
        if not square or matrix.dtype.kind not in "iu" or matrix.min() < 0:
            raise DataError(
                "evaluation must be an Evaluation, or a square matrix of counts: integers "
                f"from 0 on. Received: dtype {matrix.dtype}, shape {matrix.shape}."
            )
        names = [str(k) for k in range(len(matrix))]
    if class_names is not None:
        names = [str(name) for name in class_names]
        if len(names) != len(matrix):
            raise ArgumentError(
                f"class_names must be as many as the classes, {len(matrix)}. "
                f"Received: {len(names)}."
            )
    return matrix, names


def draw_confusion_matrix(
    axes: Axes, confusion: npt.NDArray[np.integer], class_names: Sequence[str]
) -> None:
    """Draw counts (true class, predicted class): correct ones grey, mistakes the darker the more.

    The numbers are written where they fit.
    """
    room = style.canvas(axes, 0, 0)
    side = min(room.width, room.height)
    mistakes = confusion.astype(float)
    np.fill_diagonal(mistakes, 0)
    most = max(float(mistakes.max()), FEW)
    rows = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    size = _size(confusion, side)
    numbered = size >= SMALLEST
    pixels = _paint(mistakes / most, confusion / rows, 0.22 if numbered else 0.5)
    axes.imshow(pixels, interpolation="nearest", aspect="equal")
    axes.set_anchor("NW")
    for edge in axes.spines.values():
        edge.set_color(style.FAINT_INK)
    if numbered:
        _write_numbers(axes, confusion, pixels, size)
    _name_classes(axes, class_names, side)
    remark = f"grey: correct; orange: errors, darkest: {int(mistakes.max())}"
    if not mistakes.any():
        remark = "grey: correct; there are no errors"
    style.heading(axes, "Confusion matrix (counts)", remark)


def _size(confusion: npt.NDArray[np.integer], side: float) -> float:
    """Return the points in which the longest count fits its cell."""
    longest = len(str(int(confusion.max())))
    cell = side * 72 / len(confusion)
    return min(LARGEST, 0.8 * cell / (0.64 * longest))


def _paint(
    wrong: npt.NDArray[np.floating], right: npt.NDArray[np.floating], depth: float
) -> npt.NDArray[np.float64]:
    """Colours (n, n, 3): the diagonal from white to a `depth` of grey, the others to orange."""
    from matplotlib import colormaps

    # The root lets a single mistake be seen beside a hundred.
    pixels = np.asarray(colormaps["Oranges"](0.85 * np.sqrt(wrong)))[..., :3].copy()
    pixels[wrong == 0] = 1.0
    diagonal = np.arange(len(wrong))
    pixels[diagonal, diagonal] = (1 - depth * right[diagonal, diagonal])[:, None]
    return pixels.astype(np.float64)


def _write_numbers(
    axes: Axes, confusion: npt.NDArray[np.integer], pixels: npt.NDArray[np.float64], size: float
) -> None:
    for (row, column), number in np.ndenumerate(confusion):
        if number or row == column:
            dark = pixels[row, column] @ (0.299, 0.587, 0.114) < 0.5
            axes.text(
                column, row, str(number), ha="center", va="center", fontsize=size,
                color=style.PAPER if dark else style.INK,
            )  # fmt: skip


def _step(count: int, side: float) -> int:
    """Return how many classes share a name, so that the names do not run into each other."""
    return -(-count // max(1, int(side / CELL)))


def _upright(names: Sequence[str], side: float) -> bool:
    """Whether the names are too long to stand side by side below cells of so many inches."""
    step = _step(len(names), side)
    widest = max(style.text_width(name, style.SMALL_SIZE) for name in names[::step])
    return widest + 0.04 > side / len(names) * step


def _name_classes(axes: Axes, class_names: Sequence[str], side: float) -> None:
    indices = list(range(0, len(class_names), _step(len(class_names), side)))
    names = [style.shorten(class_names[index], CHARACTERS) for index in indices]
    size = style.SMALL_SIZE
    upright = _upright([style.shorten(name, CHARACTERS) for name in class_names], side)
    below = [style.shorten(name, 12) for name in names] if upright else names
    axes.set_xticks(indices, below, rotation=90 if upright else 0, fontsize=size, color=style.INK)
    axes.set_yticks(indices, names, fontsize=size, color=style.INK)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_parse_math(False)
    axes.tick_params(length=2, color=style.FAINT_INK)
    axes.set_xlabel("predicted class", fontsize=style.TEXT_SIZE, color=style.INK)
    axes.set_ylabel("true class", fontsize=style.TEXT_SIZE, color=style.INK)
