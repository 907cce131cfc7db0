"""How loss and accuracy went from epoch to epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ArgumentError
from ...training import History
from .. import style
from ..style import Axes, Figure

Floats = npt.NDArray[np.float64]
ROOMY, NARROW = 5.0, 4.4  # inches in which a remark, or the heading, stands beside the legend


@dataclass(frozen=True)
class Curve:
    """Per epoch: loss and accuracy (0..1) of the training and, if any, of the validation.

    A regression has no accuracies.
    """

    loss: Sequence[float]
    accuracy: Sequence[float] = ()
    validation_loss: Sequence[float] = ()
    validation_accuracy: Sequence[float] = ()

    @classmethod
    def of(cls, record: History) -> Curve:
        """Return what a history says of these."""

        def column(name: str) -> list[float]:
            values = record[name]
            return [] if any(value is None for value in values) else values

        return cls(*(column(field.name) for field in fields(cls)))


def history(
    record: History, *, test_accuracy: float | None = None, ax: Axes | None = None
) -> Figure | Axes:
    """Draw loss and error rate over the epochs.

    The loss above, the errors in per cent below, both on logarithmic scales; of a regression
    only the loss. A vertical line marks the epoch whose weights were kept, where validation
    chose it.

    Parameters
    ----------
    record : fencepost.training.History
        What `Network.fit` returned.
    test_accuracy : float, optional
        0 to 1: drawn as a star at the last epoch.

    Raises
    ------
    ArgumentError
        This is not a history, or one without epochs.

    Examples
    --------
    >>> import fencepost as fp
    >>> from fencepost.training import Epoch, History
    >>> epochs = [Epoch(k, 1 / k, 1 - 0.1 / k, None, None, 0.01, 2.0, 3000.0) for k in (1, 2, 4)]
    >>> figure = fp.plots.history(History(epochs))
    >>> figure.axes[0].child_axes[1].lines[0].get_ydata().round(1)
    array([10. ,  5. ,  2.5])
    """
    if not (hasattr(record, "best_epoch") and hasattr(record, "epochs")):
        raise ArgumentError(
            f"record must be the History that fit returned. Received: {type(record).__name__}."
        )
    if not len(record):
        raise ArgumentError("record must have at least one epoch. Received: a history of none.")
    curve = Curve.of(record)
    canvas = style.canvas(ax, 6.4, 4.4 if len(curve.accuracy) else 2.8)
    left, right, below = 0.75 / canvas.width, 0.2 / canvas.width, 0.45 / canvas.height
    top = 1 - 0.52 / canvas.height
    half = (top - below - 0.2 / canvas.height) / 2
    across = 1 - left - right
    if len(curve.accuracy):
        upper = canvas.panel(left, top - half, across, half)
        lower = canvas.panel(left, below, across, half)
    else:
        upper = lower = canvas.panel(left, below, across, top - below)
    draw_training_curve(upper, lower, curve, test_accuracy=test_accuracy, kept=record.best_epoch)
    return canvas.result


def draw_training_curve(
    upper: Axes,
    lower: Axes,
    curve: Curve,
    *,
    test_accuracy: float | None = None,
    kept: int | None = None,
) -> None:
    """Draw the loss above and the share of errors below, both on logarithmic scales.

    Epochs count from 1.  Errors are in per cent, because 99.0 % and 99.5 % right look alike and
    1.0 % and 0.5 % wrong do not.  `test_accuracy` is drawn as one mark at the last epoch,
    and a line marks the epoch whose weights were `kept`.  Without accuracies `lower` is `upper`.
    """
    epochs = len(curve.loss)
    _lines(upper, np.asarray(curve.loss), np.asarray(curve.validation_loss))
    _frame(upper, "loss", epochs, None)
    if len(curve.accuracy):
        wrong = [_per_cent_wrong(curve.accuracy), _per_cent_wrong(curve.validation_accuracy)]
        wrong.append(_per_cent_wrong([] if test_accuracy is None else [test_accuracy]))
        # A logarithmic scale has no place for 0, so that gets one below all other values.
        everything = np.concatenate(wrong)
        least = everything[everything > 0].min(initial=100.0)
        floor = least / 2 if (everything <= 0).any() else None
        if floor is not None:
            wrong = [np.maximum(values, floor) for values in wrong]
        _lines(lower, *wrong[:2])
        if test_accuracy is not None:
            lower.plot(
                [epochs], wrong[2], linestyle="", marker="*", markersize=11,
                color=style.BLACK, label="test", zorder=5, clip_on=False,
            )  # fmt: skip
        _frame(lower, "error rate, %", epochs, floor)
        upper.tick_params(labelbottom=False)
    if kept is not None:
        for axes in {upper, lower}:
            axes.axvline(kept, color=style.FAINT_INK, linewidth=1.0, linestyle=":", label="best")
    lower.set_xlabel("epoch", fontsize=style.TEXT_SIZE, color=style.INK)
    width = _width(upper)
    # Beside the heading, or within narrow axes: at the upper right, from where curves fall away.
    where: dict[str, Any] = {"loc": "upper right"}
    if width > NARROW:
        where = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "ncols": 4}
    upper.legend(
        *lower.get_legend_handles_labels(), fontsize=style.SMALL_SIZE, frameon=False,
        labelcolor=style.INK, borderaxespad=0.2, handlelength=2.2, columnspacing=1.2, **where,
    )  # fmt: skip
    style.heading(upper, "Training", "per epoch, logarithmic" if width > ROOMY else "")


def _width(axes: Axes) -> float:
    """Inches."""
    return style.canvas(axes, 0, 0).width


def _frame(axes: Axes, name: str, epochs: int, floor: float | None) -> None:
    style.plain(axes)
    axes.set_ylabel(name, fontsize=style.TEXT_SIZE, color=style.INK)
    axes.yaxis.set_label_coords(-0.5 / _width(axes), 0.5)
    _epoch_axis(axes, epochs)
    _logarithmic_axis(axes, floor)


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
    """From 1 to the last epoch, at most ten integers written."""
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
