"""The mistakes that a network was most confident of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...arguments import integer
from ...datasets.checks import check_targets
from ...network import Network
from ...network.arguments import require_classes
from ...network.evaluation import Evaluation, classification
from ...network.inputs import as_checked_batch
from ...network.inspection import output_names
from ...text import percent
from .. import style
from ..arguments import as_network
from ..style import Axes, Figure
from . import tiles

SHORT = 3  # characters of a name that leaves room on its line for the probability
CHARACTER = 0.62  # the width of a character, on average, in units of its size


@dataclass(frozen=True)
class Mistake:
    """An image (C, H, W) or signal (C, W), its class, the prediction, and its probability."""

    image: npt.NDArray[np.generic]
    truth: int
    prediction: int
    probability: float


def mistakes(
    net: Network,
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    most: int = 24,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw the images that a network misclassifies, the most confident mistakes first.

    Below each image its class, the prediction, and its probability.

    Parameters
    ----------
    net : Network
        With at least two classes.
    images : array, shape (N, *input_shape)
    labels : array of int, shape (N,)
        Class of each image.
    most : int
        Mistakes to draw; as many as there is room for.

    Raises
    ------
    DataError
        Images or labels are of another shape or kind, or not of one number.
    ArgumentError
        The network has no classes, or `most` is not positive.

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.Network((1, 2, 2), [fp.Flatten(), fp.Linear(2)])
    >>> net.parameter_vector[:] = 0
    >>> figure = fp.plots.mistakes(net, [[[0, 1], [2, 3]], [[3, 2], [1, 0]]], [0, 1])
    >>> [text.get_text() for text in figure.axes[0].child_axes[0].texts][:2]
    ['1', '→ 0 (50 %)']
    """
    most = integer("most", most, 1)
    require_classes(as_network(net).output_shape)
    batch = as_checked_batch(images, net.input_shape)
    truth = check_targets(labels, len(batch), outputs=net.output_shape[0])
    evaluation = classification(net(batch), truth, output_names(net))
    canvas = style.canvas(ax, 6.2, 5.6)
    width, height = canvas.width - 0.2, canvas.height - 0.7
    panel = canvas.inset(0.1, 0.6, width, height)
    columns, rows = (max(1, int(size / least)) for size, least in ((width, 0.95), (height, 0.9)))
    shown = most_confident(batch, evaluation, min(most, columns * rows))
    names = style.drawable_names(evaluation.class_names)
    draw_mistakes(panel, shown, names, evaluation.confusion, width, height)
    return canvas.result


def most_confident(
    images: npt.NDArray[np.generic], evaluation: Evaluation, count: int
) -> list[Mistake]:
    """Return at most `count` of the evaluated images that were misclassified, in that order."""
    return [
        Mistake(
            images[index],
            int(evaluation.labels[index]),
            int(evaluation.predictions[index]),
            float(evaluation.confidence[index]),
        )
        for index in evaluation.most_confident_mistakes(count)
    ]


def draw_mistakes(
    axes: Axes,
    mistakes: Sequence[Mistake],
    class_names: Sequence[str],
    confusion: npt.NDArray[np.integer],
    width: float,
    height: float,
) -> None:
    """Draw the mistakes with their classes and predictions.

    `confusion` says how many there are in all; `width` and `height` are the room in inches.
    """
    tested = int(confusion.sum())
    wrong = tested - int(np.trace(confusion))
    if not mistakes:
        style.blank(axes)
        style.heading(axes, "Errors", f"none: all {tested:,} are correct")
        return
    shape = mistakes[0].image.shape
    shown = {class_names[k] for m in mistakes for k in (m.truth, m.prediction)}
    lines = 2 if max(map(len, shown)) <= SHORT else 3
    aspect = 1.6 if len(shape) == 2 else shape[2] / shape[1]
    caption = (0.2 + 1.2 * lines) * style.SMALL_SIZE / 72
    grid = tiles.best_grid(len(mistakes), width, height, aspect, 0.13, caption, 1.6, 0.82)
    characters = max(6, int((grid.column_width + grid.gap) * 72 / style.SMALL_SIZE / CHARACTER))
    captions = [
        _caption(class_names[m.truth], class_names[m.prediction], m.probability, characters, lines)
        for m in mistakes
    ]
    if len(shape) == 2:
        signals = [np.asarray(m.image, dtype=float) for m in mistakes]
        tiles.draw_signals(axes, signals, grid, captions, around_zero=False)
    else:
        tiles.draw_images(axes, [tiles.to_pixels(m.image) for m in mistakes], grid, captions)
    count = f"{wrong:,} of {tested:,} are misclassified"
    remark = f"true class → prediction (probability); {count}"
    roomy = style.text_width(remark, style.SMALL_SIZE) < width
    style.heading(axes, "The most confident errors", remark if roomy else count)


def _caption(
    truth: str, prediction: str, probability: float, characters: int, lines: int
) -> tuple[str, ...]:
    share = f"({percent(probability, 0)})"
    prediction = style.shorten(prediction, characters - 2)
    if lines == 2:
        return truth, f"→ {prediction} {share}"
    return style.shorten(truth, characters), f"→ {prediction}", share
