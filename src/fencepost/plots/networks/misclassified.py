"""The mistakes that a network was surest of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fencepost.arguments import integer
from fencepost.datasets.checks import check_targets
from fencepost.network.evaluation import confusion_matrix
from fencepost.network.inputs import as_checked_batch
from fencepost.plots import style
from fencepost.plots.networks import tiles
from fencepost.plots.networks.subjects import as_network, output_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fencepost.network import Network

SHORT = 3  # letters of a name that leaves room on its line for the probability
LETTER = 0.62  # the width of a letter, on average, in units of its size


@dataclass(frozen=True)
class Mistake:
    """One image (C, H, W) or signal (C, W), its class, what it was taken for, and how surely."""

    image: npt.NDArray[np.generic]
    truth: int
    answer: int
    probability: float


def mistakes(
    net: Network,
    images: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    most: int = 24,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw the images that a network takes for something else, the surest mistakes first.

    Parameters
    ----------
    net : Network
        With at least two classes.
    images : array, shape (N, *input_shape)
    labels : array of int, shape (N,)
        What they are.
    most : int
        Mistakes to draw; as many as there is room for.
    ax : matplotlib.axes.Axes, optional
        Draw here; without it, into a new figure.

    Returns
    -------
    Figure or Axes
        Below each image what it is, what the network says, and how surely.

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
    probabilities = as_network(net).predict_proba(images)
    batch = as_checked_batch(images, net.input_shape)
    classes = probabilities.shape[1]
    truths = check_targets(labels, len(batch), outputs=classes)
    answers = probabilities.argmax(axis=1)
    sureness = probabilities[np.arange(len(batch)), answers]
    canvas = style.canvas(ax, 6.2, 5.6)
    width, height = canvas.width - 0.2, canvas.height - 0.7
    panel = canvas.panel(
        0.1 / canvas.width, 0.1 / canvas.height, width / canvas.width, height / canvas.height
    )
    columns, rows = (max(1, int(size / least)) for size, least in ((width, 0.95), (height, 0.9)))
    shown = surest(batch, truths, answers, sureness, min(most, columns * rows))
    names = style.drawable_names(output_names(net))
    confusion = confusion_matrix(truths, answers, classes)
    draw_mistakes(panel, shown, names, confusion, width, height)
    return canvas.result


def surest(
    images: npt.NDArray[np.generic],
    truths: npt.NDArray[np.integer],
    answers: npt.NDArray[np.integer],
    sureness: npt.NDArray[np.floating],
    count: int,
) -> list[Mistake]:
    """Return at most `count` images whose answer is not the truth, the surest answer first."""
    wrong = np.flatnonzero(answers != truths)
    wrong = wrong[np.argsort(-sureness[wrong], kind="stable")][:count]
    return [Mistake(images[k], int(truths[k]), int(answers[k]), float(sureness[k])) for k in wrong]


def draw_mistakes(
    axes: Axes,
    mistakes: Sequence[Mistake],
    class_names: Sequence[str],
    confusion: npt.NDArray[np.integer],
    width: float,
    height: float,
) -> None:
    """Draw the mistakes with what they are and what the network said.

    `confusion` says how many there are in all; `width` and `height` are the room in inches.
    """
    tested = int(confusion.sum())
    wrong = tested - int(np.trace(confusion))
    if not mistakes:
        style.blank(axes)
        style.heading(axes, "Mistakes", f"none: all {tested:,} are right")
        return
    shape = mistakes[0].image.shape
    shown = {class_names[k] for m in mistakes for k in (m.truth, m.answer)}
    lines = 2 if max(map(len, shown)) <= SHORT else 3
    grid = tiles.best_grid(
        len(mistakes),
        width,
        height,
        aspect=1.6 if len(shape) == 2 else shape[2] / shape[1],
        caption=(0.2 + 1.2 * lines) * style.SMALL_SIZE / 72,
        gap=0.13,
        tallest=1.6,
        least_width=0.82,
    )
    letters = max(6, int((grid.column_width + grid.gap) * 72 / style.SMALL_SIZE / LETTER))
    captions = [
        _caption(class_names[m.truth], class_names[m.answer], m.probability, letters, lines)
        for m in mistakes
    ]
    if len(shape) == 2:
        signals = [np.asarray(m.image, dtype=float) for m in mistakes]
        tiles.draw_signals(axes, signals, grid, captions, around_zero=False)
    else:
        tiles.draw_images(axes, [tiles.to_pixels(m.image) for m in mistakes], grid, captions)
    count = f"{wrong:,} of {tested:,} are wrong"
    remark = f"what it is → what the network says and how surely; {count}"
    roomy = style.text_width(remark, style.SMALL_SIZE) < width
    style.heading(axes, "The surest mistakes", remark if roomy else count)


def _caption(
    truth: str, answer: str, probability: float, letters: int, lines: int
) -> tuple[str, ...]:
    surely = f"({100 * probability:.0f} %)"
    answer = style.shorten(answer, letters - 2)
    if lines == 2:
        return truth, f"→ {answer} {surely}"
    return style.shorten(truth, letters), f"→ {answer}", surely
