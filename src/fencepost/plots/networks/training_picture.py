"""One picture of a training: kernels, curve, confusion matrix, mistakes.

All its input is plain arrays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .. import style
from ..style import Axes, Figure
from .confusion_matrix import draw_confusion_matrix
from .misclassified import Mistake, draw_mistakes
from .trained_kernels import draw_learned_kernels
from .training_curve import Curve, draw_training_curve

WIDTH, HEIGHT = 13.0, 11.0
# Left edge, bottom edge, width, height of each panel, in inches from the lower left corner.
KERNELS = (0.5, 6.55, 5.5, 3.0)
LOSS, ERRORS = (6.8, 8.15, 5.8, 1.4), (6.8, 6.5, 5.8, 1.4)
CONFUSION, MISTAKES = (1.5, 1.15, 4.4, 4.4), (6.8, 0.5, 5.8, 5.05)


def draw_training(
    *,
    title: str,
    subtitle: str,
    kernels: npt.NDArray[np.float32] | None,
    curve: Curve,
    confusion: npt.NDArray[np.integer],
    mistakes: Sequence[Mistake],
    class_names: Sequence[str],
) -> Figure:
    """Draw what a network has learned and what it still gets wrong.

    `title`, `subtitle`: One line each, over the picture. `kernels` [array of shape (out, in, kh,
    kw) or (out, in, k), or None]: The weights of the first convolution; None if the network has
    none. `curve`: How the training went. `confusion` [integer array of shape (classes, classes)]:
    Counts: row the true class, column the prediction. `mistakes`: The most confident first; 24 fill
    their room. `class_names`: One for each class.

    Returns matplotlib.figure.Figure: Made without pyplot; see `fencepost.plots.save`.
    """
    figure = style.new_figure(WIDTH, HEIGHT)
    for text, height, size, colour in (
        (title, 0.36, style.TITLE_SIZE, style.INK),
        (subtitle, 0.68, style.TEXT_SIZE + 1, style.FAINT_INK),
    ):
        figure.text(
            0.5 / WIDTH, 1 - height / HEIGHT, text, fontsize=size, color=colour, va="center",
            parse_math=False, weight="bold" if text is title else "normal",
        )  # fmt: skip

    def panel(place: tuple[float, float, float, float]) -> Axes:
        left, bottom, width, height = place
        return figure.add_axes((left / WIDTH, bottom / HEIGHT, width / WIDTH, height / HEIGHT))

    kernel_panel = panel(KERNELS)
    if kernels is None:
        style.message(kernel_panel, "This network has no convolution.")
    else:
        draw_learned_kernels(kernel_panel, kernels, *KERNELS[2:])
    names = style.drawable_names(class_names)
    accuracy = float(np.trace(confusion) / confusion.sum())
    draw_training_curve(panel(LOSS), panel(ERRORS), curve, test_accuracy=accuracy)
    draw_confusion_matrix(panel(CONFUSION), confusion, names)
    draw_mistakes(panel(MISTAKES), mistakes, names, confusion, *MISTAKES[2:])
    return figure
