"""How loss and accuracy went from epoch to epoch.  Calls style and matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fencepost.plots import style

Floats = npt.NDArray[np.float64]

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_training_curve(
    upper: Axes,
    lower: Axes,
    *,
    loss: Sequence[float],
    accuracy: Sequence[float],
    validation_loss: Sequence[float] = (),
    validation_accuracy: Sequence[float] = (),
    test_accuracy: float | None = None,
) -> None:
    """Draw the loss above and the share of errors below, both on logarithmic scales.

    Epochs count from 1.  Errors are in per cent, because 99.0 % and 99.5 % right look alike and
    1.0 % and 0.5 % wrong do not.  `test_accuracy` is drawn as one mark at the last epoch.
    """
    wrong = [_per_cent_wrong(accuracy), _per_cent_wrong(validation_accuracy)]
    wrong.append(_per_cent_wrong([] if test_accuracy is None else [test_accuracy]))
    # A logarithmic scale has no place for 0, so that gets one below all other values.
    everything = np.concatenate(wrong)
    least = everything[everything > 0].min(initial=100.0)
    floor = least / 2 if (everything <= 0).any() else None
    if floor is not None:
        wrong = [np.maximum(values, floor) for values in wrong]
    _lines(upper, np.asarray(loss), np.asarray(validation_loss))
    _lines(lower, *wrong[:2])
    if test_accuracy is not None:
        lower.plot(
            [len(accuracy)], wrong[2], linestyle="", marker="*", markersize=11,
            color=style.BLACK, label="test", zorder=5, clip_on=False,
        )  # fmt: skip
    for axes, text in ((upper, "loss"), (lower, "errors, %")):
        style.plain(axes)
        axes.set_ylabel(text, fontsize=style.TEXT_SIZE, color=style.INK)
        axes.yaxis.set_label_coords(-0.085, 0.5)
        _epoch_axis(axes, len(loss))
        _logarithmic_axis(axes, floor if axes is lower else None)
    upper.tick_params(labelbottom=False)
    lower.set_xlabel("epoch", fontsize=style.TEXT_SIZE, color=style.INK)
    upper.legend(
        *lower.get_legend_handles_labels(), fontsize=style.SMALL_SIZE, frameon=False,
        labelcolor=style.INK,
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderaxespad=0.2,
        handlelength=2.2, columnspacing=1.2,
    )  # fmt: skip
    style.heading(upper, "Training", "loss and errors from epoch to epoch, logarithmic")


def _lines(axes: Axes, training: Floats, validation: Floats) -> None:
    marker = "o" if len(training) <= 30 else ""
    axes.plot(
        range(1, len(training) + 1), training, color=style.BLUE, linewidth=1.6,
        marker=marker, markersize=3.5, label="training", clip_on=False,
    )  # fmt: skip
    if len(validation):
        axes.plot(
            range(1, len(validation) + 1), validation, color=style.VERMILLION, linewidth=1.6,
            linestyle="--", marker="s" if marker else "", markersize=3.5, label="validation",
            clip_on=False,
        )  # fmt: skip


def _per_cent_wrong(accuracy: Sequence[float]) -> Floats:
    return 100 * (1 - np.asarray(accuracy, dtype=float))


def _epoch_axis(axes: Axes, epochs: int) -> None:
    """From 1 to the last epoch, at most ten whole numbers written."""
    step = next(
        (step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500) if epochs <= 10 * step),
        -(-epochs // 10),
    )
    axes.set_xlim(0.5, epochs + 0.5)
    axes.set_xticks(range(step, epochs + 1, step))


def _logarithmic_axis(axes: Axes, floor: float | None) -> None:
    """Span at least a factor 4, so that nearly equal values are not magnified into noise.

    `floor` is where 0 is drawn, if it occurs.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    values = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in axes.lines])
    values = values[np.isfinite(values) & (values > 0)]
    axes.set_yscale("log")
    if not len(values):
        axes.yaxis.set_major_locator(NullLocator())
        return
    low, high = values.min() / 1.15, values.max() * 1.15
    widen = max(1.0, 4 / (high / low)) ** 0.5
    many = high / low > 300
    if floor is None:
        axes.set_ylim(low / widen, high * widen)
    else:
        axes.set_ylim(floor, high * widen**2)
        axes.annotate(
            "0", (0, floor), xycoords=("axes fraction", "data"), xytext=(-6, 0),
            textcoords="offset points", ha="right", va="center", fontsize=style.SMALL_SIZE,
            color=style.INK,
        )  # fmt: skip
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if many else (1.0, 2.0, 5.0)))
    lowest = 0.0 if floor is None else 1.3 * floor  # below it there is only room for the 0
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:g}" if value > lowest else "")
    )
    axes.yaxis.set_minor_formatter(NullFormatter())
