"""Figures 4 to 7 of the article: convolution in 2D, kernels on a portrait, pooling on a digit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import datasets, kernels
from ...convolution import convolution_terms, convolve
from ...convolution.pooling import max_pool
from ...filtering import filter_image
from ...text import join_words, percent
from .. import style
from ..images.kernel_grids import draw_picture, filtering
from ..images.samples import read_portrait
from ..signals.sums import convolution_steps
from ..style import Axes
from .drawn import Drawn

TWO = 38  # the index, among MNIST's test images, of a 2 whose top-left stroke slants
STROKE = slice(3, 11), slice(6, 14)  # rows and columns of that stroke
FLATTER = 0.75  # the share of its slope that is taken away
POOL = 4


def two_dimensions() -> Drawn:
    """Draw f, g and y as grids, the sum at (1, 1) written out, for both origins."""
    f = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
    g = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    figure = style.new_figure(7.0, 6.6)
    sums = {}
    for bottom, origin, name in (
        (0.5, "first", "the origin of g is its first element"),
        (0.0, "centre", "the origin of g is its centre, as is the convention for images"),
    ):
        axes = figure.add_axes((0, bottom, 1, 0.46))
        convolution_steps(f, g, (1, 1), origin=origin, all_of_y=True, ax=axes)  # type: ignore[arg-type]
        figure.text(0.03, bottom + 0.475, name, fontsize=style.TEXT_SIZE, color=style.INK)
        sums[origin] = convolution_terms(f, g, (1, 1), origin=origin)  # type: ignore[arg-type]
    first, centre = sums["first"], sums["centre"]
    return Drawn(
        figure,
        "A convolution in 2D at (1, 1): g is flipped over both axes, its weights in small type "
        "below the values of f that they multiply.",
        f"With its origin at the first element, the sum has {len(first)} terms and is "
        f"{first.total}; centred, it has {len(centre)} and is {centre.total}.",
    )


def laplace_edges(portrait: Path | None = None) -> Drawn:
    """Draw the Laplace kernel on a portrait."""
    image = read_portrait(portrait)
    figure = filtering(image, kernels.laplace())
    edges = filter_image(image, kernels.laplace())
    flat = filter_image(np.full_like(image, 128), kernels.laplace())
    return Drawn(
        figure,
        "Edges by the Laplace kernel: 8 in the centre, −1 around it. White edges on black.",
        f"Where nothing changes, the response is {int(flat.max())}; the mean brightness falls from "
        f"{image.mean():.0f} to {edges.mean():.0f} of 255, and "
        f"{percent(np.mean(edges > 64), 0)} of the pixels are edges brighter than 64.",
    )


def blur_and_edges(portrait: Path | None = None) -> Drawn:
    """Draw the mean blur beside the Laplace edges."""
    image = read_portrait(portrait)
    blurred = filter_image(image, kernels.mean(5))
    edges = filter_image(image, kernels.laplace())
    figure = _pictures([image, blurred, edges], ["the photograph", "mean of 5 × 5", "Laplace"], 7.0)
    before, after = (
        float(np.abs(np.diff(picture.astype(float))).mean()) for picture in (image, blurred)
    )
    return Drawn(
        figure,
        "Two kernels on the same portrait: the mean, which is smoothing in 2D, and the Laplace.",
        f"The mean kernel leaves the brightness ({image.mean():.1f} before, {blurred.mean():.1f} "
        f"after) and takes neighbouring pixels from {before:.1f} apart to {after:.1f}.",
    )


def pooled_digit() -> Drawn:
    """Draw a 2, its horizontal edges and these pooled; and the same with a flatter stroke."""
    digit = datasets.mnist("test").images[TWO, 0]
    edited = flattened(digit, STROKE, FLATTER)
    responses = [_horizontal_edges(picture) for picture in (digit, edited)]
    pooled = [max_pool(picture, POOL) for picture in responses]
    row, columns = strongest_run(pooled)
    figure = style.new_figure(7.0, 4.6)
    titles = ("the digit", "horizontal Sobel, cut off at 0", f"its maximum over {POOL} × {POOL}")
    for line, images in enumerate(zip((digit, edited), responses, pooled, strict=True)):
        for column, image in enumerate(images):
            box = (0.045 + 0.32 * column, 0.5 - 0.475 * line, 0.3, 0.44)
            axes = figure.add_axes(box)
            draw_picture(axes, image)
            if line == 0:
                axes.set_title(titles[column], fontsize=style.TEXT_SIZE, color=style.INK)
            if column == 0:
                name = "edited" if line else "as written"
                axes.set_ylabel(name, fontsize=style.TEXT_SIZE, color=style.INK)
            if column == 2:
                _draw_bar(axes, row, columns)
    before, after = (
        join_words(f"{value:.0f}" for value in picture[row, columns]) for picture in pooled
    )
    moved = int((digit != edited).sum())
    return Drawn(
        figure,
        "The horizontal Sobel kernel and max-pooling on a 2, and on the same 2 with its top-left "
        "stroke made more horizontal. The bar marks the feature.",
        f"{moved} pixels were changed, and the edges at the bar (elements {columns.start} to "
        f"{columns.stop - 1} of row {row}) stay: {before} before, {after} "
        f"after, of at most {max(float(picture.max()) for picture in pooled):.0f}.",
    )


def flattened(
    digit: NDArray[np.uint8], place: tuple[slice, slice], share: float
) -> NDArray[np.uint8]:
    """Make a stroke more horizontal: shift each of its columns, so that its slope becomes less.

    The line through the columns' middles of ink is turned about its right end, where the stroke
    joins the others.
    """
    stroke = digit[place].astype(float)
    rows = np.arange(stroke.shape[0], dtype=float)
    ink = stroke.sum(axis=0)
    columns = np.flatnonzero(ink)
    middles = (rows @ stroke)[columns] / ink[columns]
    slope = np.polyfit(columns, middles, 1, w=np.sqrt(ink[columns]))[0]
    edited = digit.copy()
    for column in columns:
        shift = share * slope * (column - columns[-1])  # rows by which it is too low
        moved = np.interp(rows + shift, rows, stroke[:, column], left=0, right=0)
        edited[place][:, column] = np.rint(moved)
    return edited


def strongest_run(pooled: Sequence[NDArray[np.float64]]) -> tuple[int, slice]:
    """Find, in the upper left, the two neighbours in a row whose least response is the greatest."""
    least = np.minimum.reduce(list(pooled))
    half = least[: len(least) // 2, : len(least[0]) // 2 + 1]
    pairs = np.minimum(half[:, :-1], half[:, 1:])
    row, column = np.unravel_index(pairs.argmax(), pairs.shape)
    return int(row), slice(int(column), int(column) + 2)


def _horizontal_edges(digit: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the responses of the Sobel kernel to brightness that rises downwards, else 0."""
    responses = convolve(digit.astype(float), kernels.sobel("y"), "same")
    return np.asarray(np.maximum(responses, 0))


def _draw_bar(axes: Axes, row: int, columns: slice) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (columns.start - 0.5, row - 0.16), columns.stop - columns.start, 0.32,
            facecolor=style.VERMILLION, edgecolor=style.PAPER, linewidth=1.0, hatch="//",
        )
    )  # fmt: skip


def _pictures(images: Sequence[NDArray[Any]], titles: Sequence[str], width: float) -> Any:
    """Draw pictures of one size beside each other."""
    rows, columns = images[0].shape[:2]
    each = (width - 0.2) / len(images) - 0.12
    height = each * rows / columns + 0.42
    figure = style.new_figure(width, height)
    for index, (image, title) in enumerate(zip(images, titles, strict=True)):
        left = (0.14 + index * (each + 0.12)) / width
        axes = figure.add_axes((left, 0.1 / height, each / width, (height - 0.42) / height))
        draw_picture(axes, image)
        axes.set_title(title, fontsize=style.TEXT_SIZE, color=style.INK)
    return figure
