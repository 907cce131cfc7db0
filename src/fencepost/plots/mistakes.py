"""The mistakes that a network was surest of.  Calls style and tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fencepost.plots import style, tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes


SHORT = 3  # letters of a name that leaves room on its line for the probability
LETTER = 0.62  # the width of a letter, on average, in units of its size


@dataclass(frozen=True)
class Mistake:
    """One image (C, H, W) or signal (C, W), its class, what it was taken for, and how surely."""

    image: npt.NDArray[np.generic]
    truth: int
    answer: int
    probability: float


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
    style.heading(
        axes,
        "The surest mistakes",
        f"what it is → what the network says and how surely; {wrong:,} of {tested:,} are wrong",
    )


def _caption(
    truth: str, answer: str, probability: float, letters: int, lines: int
) -> tuple[str, ...]:
    surely = f"({100 * probability:.0f} %)"
    answer = style.shorten(answer, letters - 2)
    if lines == 2:
        return truth, f"→ {answer} {surely}"
    return style.shorten(truth, letters), f"→ {answer}", surely
