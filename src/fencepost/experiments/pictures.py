"""How the experiments' results are drawn.  Part of experiments; calls plots.

Each function takes a result and the axes to draw into, or None, as the functions of plots do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fencepost.kernels import Kernel
from fencepost.plots import cells, style
from fencepost.plots.kernel_grids import draw_kernel, draw_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from fencepost.experiments.learned import LearnedKernel
    from fencepost.experiments.lessons import KernelLessonsResult
    from fencepost.experiments.matching import HandMadeAndLearnedResult
    from fencepost.experiments.robustness import PoolingRobustnessResult
    from fencepost.experiments.sharing import SharedWeightsResult
    from fencepost.experiments.shifting import LocationInvarianceResult
    from fencepost.shared_weights import SharedWeights

_MOST_KERNELS = 8  # side by side
_SMALL: dict[str, Any] = {"fontsize": style.SMALL_SIZE, "color": style.FAINT_INK}


def draw_sharing(
    result: SharedWeightsResult, layer: SharedWeights, ax: Axes | None
) -> Figure | Axes:
    """Draw a layer as a matrix, and the weights of one neuron on a logarithmic scale."""
    canvas = style.canvas(ax, 7.4, 3.9)
    canvas.write(0.03, 0.95, "The article's signal as a layer: y = f ∗ [1, −1]", weight="bold")
    canvas.write(0.03, 0.885, "one row a neuron, one column an input; two weights", **_SMALL)
    matrix = layer.matrix()
    axes = canvas.panel(0.03, 0.04, 0.43, 0.8)
    side = cells.sheet(axes, -0.1, -0.1, matrix.shape[1] + 0.1, matrix.shape[0] + 0.1)
    colours, dark = cells.signed_colours(matrix)
    cells.draw_cells(axes, (0, 0), matrix.shape, colour=colours)
    texts = np.where(matrix == 0, "", cells.as_texts(matrix))
    cells.draw_numbers(axes, (0, 0), texts, side, dark=dark)

    canvas.write(0.55, 0.95, "Weights of one neuron", weight="bold")
    canvas.write(0.55, 0.885, "hatched if it is fully connected, plain if shared", **_SMALL)
    bars = canvas.panel(0.55, 0.13, 0.42, 0.7)
    style.plain(bars)
    bars.set_xscale("log")
    bars.set_xlim(1, 3e6)
    bars.set_ylim(len(result.article) - 0.3, -0.75)
    bars.set_yticks([])
    for row, (name, everything, shared) in enumerate(result.article):
        for offset, count, colour, hatch in (
            (-0.02, everything, style.VERMILLION, "//"),
            (0.26, shared, style.BLUE, ""),
        ):
            bars.barh(row + offset, count, 0.26, color=colour, hatch=hatch, edgecolor=style.PAPER)
            bars.text(
                count * 1.2, row + offset, f"{count:,}", va="center_baseline",
                fontsize=style.SMALL_SIZE, color=style.INK,
            )  # fmt: skip
        bars.text(1.15, row - 0.3, name, fontsize=style.SMALL_SIZE, color=style.INK)
    return canvas.result


def draw_shift(result: LocationInvarianceResult, ax: Axes | None) -> Figure | Axes:
    """Draw inputs and maps before and after a shift, and the cells that did not move with it."""
    canvas = style.canvas(ax, 7.4, 4.9)
    shift = result.drawn_shift
    before, after = result.maps
    moved = np.zeros(before.shape, bool)
    moved[shift:, shift:] = before[:-shift, :-shift] == after[shift:, shift:]
    rows = (("the input", result.inputs), ("its feature map, padding 2", result.maps))
    for line, (name, pair) in enumerate(rows):
        bottom = 0.5 - 0.48 * line
        for column, image in enumerate(pair):
            axes = canvas.panel(0.06 + 0.31 * column, bottom + 0.01, 0.27, 0.405)
            draw_picture(axes, image / (pair.max() or 1) * 1.0)
            when = f"{name}, moved by {shift}" if column else name
            axes.set_title(when, fontsize=style.SMALL_SIZE, color=style.INK)
    axes = canvas.panel(0.69, 0.03, 0.27, 0.405)
    colours = np.where(moved[..., None], (0.87, 0.87, 0.87), cells.rgb(style.VERMILLION))
    cells.sheet(axes, 0, 0, *moved.shape)
    cells.draw_cells(axes, (0, 0), moved.shape, colour=colours, edge="none")
    cells.draw_cells(
        axes, (0, 0), moved.shape, colour="none", edge=style.INK, hatch="////", mask=~moved
    )
    axes.set_title("where they differ", fontsize=style.SMALL_SIZE, color=style.INK)
    equal = int(moved.sum())
    text = (
        f"{equal:,} of {moved.size:,} cells have the value,\nbit for bit, that stood {shift} rows "
        f"higher\nand {shift} columns to the left.\n\nThe others (red) see pixels that\nmoved in, "
        "or padding where\npixels were."
    )
    canvas.write(0.69, 0.72, text, va="center", linespacing=1.35)
    return canvas.result


def draw_robustness(result: PoolingRobustnessResult, ax: Axes | None) -> Figure | Axes:
    """Draw accuracy by shift, mean and spread of the seeds."""
    canvas = style.canvas(ax, 6.4, 4.2)
    axes = canvas.whole(0.75, 0.6, 0.25, 0.75)
    style.plain(axes)
    seeds = len(next(iter(result.accuracy.values())))
    for (name, found), colour, dash, marker in zip(
        result.accuracy.items(),
        (style.BLUE, style.VERMILLION),
        style.DASHES,
        "os",
        strict=False,
    ):
        percent = 100 * found
        axes.errorbar(
            result.shifts,
            percent.mean(axis=0),
            percent.std(axis=0, ddof=1) if seeds > 1 else None,
            color=colour,
            linestyle=dash,
            marker=marker,
            markersize=5,
            capsize=3,
            label=f"{name}, {result.parameters[name]:,} parameters",
        )
    axes.set_xlabel("test digits shifted by so many pixels", fontsize=style.TEXT_SIZE)
    axes.set_ylabel("recognised, %", fontsize=style.TEXT_SIZE)
    axes.set_ylim(0, 102)
    axes.legend(fontsize=style.SMALL_SIZE, loc="lower left", frameon=False)
    of = f"of {seeds} trainings" if seeds > 1 else "of one training"
    remark = f"mean and standard deviation {of}, "
    remark += f"{result.epochs} epoch{'s' * (result.epochs > 1)} each"
    style.heading(axes, "Pooling and shifted digits", remark)
    return canvas.result


def draw_matches(result: HandMadeAndLearnedResult, ax: Axes | None) -> Figure | Axes:
    """Draw each learned kernel above the hand-made one that is most like it."""
    matches = result.matches[:_MOST_KERNELS]
    canvas = style.canvas(ax, max(4.2, 1.5 * len(matches)), 4.6)
    canvas.write(0.02, 0.96, "Learned, and the nearest made by hand", weight="bold")
    cut = (
        ""
        if len(result.matches) == len(matches)
        else (f"the first {len(matches)} of {len(result.matches)} kernels; ")
    )
    chance = (
        f"{cut}random numbers reach {result.by_chance[0]:.2f}, once in 20 {result.by_chance[1]:.2f}"
    )
    canvas.write(0.02, 0.905, chance, **_SMALL)
    width = 1 / len(matches)
    for column, one in enumerate(matches):
        left = column * width
        for bottom, matrix in ((0.51, one.kernel), (0.13, one.hand_made)):
            axes = canvas.panel(left + 0.08 * width, bottom, 0.84 * width, 0.34)
            _draw_signs(axes, matrix)
        middle = left + width / 2
        canvas.write(middle, 0.485, f"{one.correlation:.2f}", ha="center")
        words = style.shorten(one.name, 60).split(", ")
        canvas.write(middle, 0.065, "\n".join(words), ha="center", fontsize=6.5, linespacing=1.25)
    return canvas.result


def draw_lessons(result: KernelLessonsResult, ax: Axes | None) -> Figure | Axes:
    """Draw each kernel beside what was learned of it, four ways."""
    lessons = result.lessons
    canvas = style.canvas(ax, 7.4, 1.5 * len(lessons) + 0.6)
    titles = ("the kernel", *lessons[0].errors)
    for column, title in enumerate(titles):
        canvas.write(
            (column + 0.5) / 5, 1 - 0.25 / canvas.height, title, ha="center", weight="bold",
            fontsize=style.SMALL_SIZE,
        )  # fmt: skip
    height = 1 - 0.5 / canvas.height
    for row, lesson in enumerate(lessons):
        matrices = (
            lesson.kernel.matrix,
            lesson.exact.kernel.matrix,
            lesson.rounded.kernel.matrix,
            lesson.compressed.kernel.matrix,
            lesson.trained,
        )
        notes = [style.shorten(lesson.kernel.label, 22)]
        notes += [f"error {100 * error:.2g} %" for error in lesson.errors.values()]
        bottom = height * (1 - (row + 1) / len(lessons))
        for column, (matrix, note) in enumerate(zip(matrices, notes, strict=True)):
            axes = canvas.panel(
                column / 5 + 0.02, bottom + 0.2 * height / len(lessons), 0.16,
                0.76 * height / len(lessons),
            )  # fmt: skip
            _draw_signs(axes, matrix)
            canvas.write(
                (column + 0.5) / 5, bottom + 0.09 * height / len(lessons), note, ha="center",
                **_SMALL,
            )  # fmt: skip
    return canvas.result


def draw_learned(result: LearnedKernel, ax: Axes | None) -> Figure | Axes:
    """Draw the kernel as a grid of numbers, and its standard errors."""
    canvas = style.canvas(ax, 7.0, 3.9)
    canvas.write(0.03, 0.94, "Learned kernel", weight="bold")
    canvas.write(0.53, 0.94, "Standard error of each weight", weight="bold")
    draw_kernel(canvas.panel(0.03, 0.06, 0.44, 0.8), result.kernel)
    draw_kernel(canvas.panel(0.53, 0.06, 0.44, 0.8), Kernel(_two_digits(result.errors)))
    return canvas.result


def _draw_signs(axes: Axes, matrix: NDArray[np.float64]) -> None:
    """Draw a small kernel as colours, with a sign in each cell, for prints in grey."""
    rows, columns = matrix.shape
    side = cells.sheet(axes, -0.05, -0.05, columns + 0.05, rows + 0.05)
    colours, dark = cells.signed_colours(matrix)
    cells.draw_cells(axes, (0, 0), matrix.shape, colour=colours)
    noticeable = np.abs(matrix) > 0.04 * np.abs(matrix).max()
    signs = np.where(noticeable, np.where(matrix > 0, "+", "−"), "")
    cells.draw_numbers(axes, (0, 0), signs, side, dark=dark, size=min(8.0, 40 * side))


def _two_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([float(f"{value:.2g}") for value in values.flat]).reshape(values.shape)
