"""Images as training sees them: the originals, and what augmentation makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...arguments import integer
from ...datasets.checks import check_images
from ...errors import DataError
from ...training.augmentation import Augmentation, as_augmentation
from .. import style
from ..networks import tiles
from ..style import Axes, Figure

SHOWN = 6  # rows: more images than that say no more
LABEL = 0.95  # inches of a row's name


def augmentations(
    images: npt.ArrayLike,
    augmentation: Augmentation | str,
    *,
    names: Sequence[str] | None = None,
    versions: int = 7,
    seed: int = 0,
    ax: Axes | None = None,
) -> Figure | Axes:
    """Draw images, a row for each: the original, and versions as `fit` makes them.

    The augmentation is written above them. Mixed images are mixed with the next row's.

    Parameters
    ----------
    images : array, shape (N, C, H, W) or (N, C, W)
        The first six are drawn.
    augmentation : Augmentation or text such as "light"
    names : sequence of str, optional
        Names of the images, written beside each row.
    versions : int
        Versions of each image.
    seed : int
        Seed of the random changes.

    Raises
    ------
    DataError
        There are no `images`, or they are features (N, F).
    ArgumentError
        The changes do not apply to such images, or `versions` is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import fencepost as fp
    >>> images = np.random.default_rng(0).integers(0, 256, (3, 3, 16, 16), np.uint8)
    >>> figure = fp.plots.augmentations(images, "light", versions=4)
    >>> len(figure.axes[0].child_axes[0].images)  # 3 rows of 5
    15
    """
    versions = integer("versions", versions, 1)
    every = check_images(images)
    if every.ndim == 2:
        raise DataError(
            "images must have shape (N, C, H, W), or (N, C, W) for signals. Received: shape "
            f"{every.shape}, features, which cannot be drawn."
        )
    augment = as_augmentation(augmentation, every.shape[1:])
    assert augment is not None  # it is an object or text
    augment.check_input(every.shape[1:], every)
    given = every[:SHOWN]
    drawn = [given, *(augment.apply(given, seed=seed, step=step) for step in range(versions))]
    columns, rows = len(drawn), len(given)
    labels = [] if names is None else style.drawable_names(list(names)[:rows])
    left = LABEL if labels else style.MARGIN
    is_signal = given.ndim == 3
    aspect = 1.6 if is_signal else given.shape[3] / given.shape[2]
    gap, tile = 0.06, 0.92 * aspect**0.5
    width, height = columns * (tile + gap), rows * (tile / aspect + gap)
    canvas = style.canvas(ax, left + width + style.MARGIN, 0.75 + height)
    recipe = str(augment).replace(",", ", ")
    top = canvas.title("Augmentation", recipe, "left: the original; right: augmented versions")
    room = canvas.width - left - style.MARGIN, canvas.height - top - style.MARGIN
    tile = min((room[0] + gap) / columns - gap, ((room[1] + gap) / rows - gap) * aspect)
    grid = tiles.Grid(columns, tile / aspect, aspect, gap, 0.0, 0.0)
    panel = canvas.inset(left, top, *room)
    ordered = [version[row] for row in range(rows) for version in drawn]
    if is_signal:
        signals = [np.asarray(signal, float) for signal in ordered]
        tiles.draw_signals(panel, signals, grid, around_zero=False)
    else:
        low, high = (0.0, 255.0) if given.dtype == np.uint8 else _range(given)
        tiles.draw_images(panel, [_pixels(image, low, high) for image in ordered], grid)
    for row, label in enumerate(labels):
        middle = top + row * (grid.height + gap) + grid.height / 2
        shown = style.fitted(label, style.SMALL_SIZE, left - 2 * style.MARGIN)
        canvas.note(style.MARGIN, middle, shown)
    return canvas.result


def _range(images: npt.NDArray[np.generic]) -> tuple[float, float]:
    low, high = float(images.min()), float(images.max())
    return low, high if high > low else low + 1


def _pixels(image: npt.NDArray[np.generic], low: float, high: float) -> npt.NDArray[np.float32]:
    """All images on one scale, so that brightness can be compared; alpha is left out."""
    colours = image[:3] if len(image) == 4 else image
    scaled = 255 * (colours.astype(np.float32) - low) / (high - low)
    return tiles.to_pixels(scaled.clip(0, 255).astype(np.uint8))
