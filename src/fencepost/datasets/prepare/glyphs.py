"""From a photograph of a digit or character to an image as MNIST's were made.

MNIST's makers size-normalised each digit "to fit in a 20×20 pixel box while preserving their aspect
ratio", grey from anti-aliasing, and centred it "in a 28×28 image by computing the center of mass of
the pixels" (yann.lecun.com/exdb/mnist). Before that, the ink must be separated from the paper; how
that is done here is ours. Arrays are float32 (H, W), brightness from 0 to 255.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError

__all__ = ["BOX", "Ink", "border", "find_ink", "is_normalised", "normalise"]

BOX = 20  # pixels that the longer side of a glyph takes
FRAME = 28  # the image that this box belongs to; larger images get a wider margin
MIN_CONTRAST = 20.0  # of 255, between ink and ground
COARSE, FINE = 64, 160  # pixels of the longer side while looking for the ground, for polarity
WIDEST = 0.3  # of the longer side: no stroke is wider
THIN, WANTED = (
    1.6,
    2.1,
)  # widths of strokes in a box of 20; MNIST's: 2.2, four fifths within 1.7 to 3.1

Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Ink:
    """How much of each pixel is ink (0 to 1), and whether it is darker than its ground."""

    coverage: Grey
    dark: bool
    contrast: float


def is_normalised(image: Grey) -> bool:
    """Tell whether an image is light on dark, boxed and centred, as MNIST's are."""
    side = min(image.shape)
    if side < FRAME or image.shape[0] != image.shape[1] or image.max() < MIN_CONTRAST:
        return False
    rows, columns = np.nonzero(image > 0.05 * image.max())
    box = max(np.ptp(rows), np.ptp(columns)) + 1
    y, x = _centre_of_mass(image)
    # Centring shifts by full pixels: half a pixel of rounding each way, and a little for noise.
    return bool(BOX - 1 <= box <= BOX and abs(y - side / 2) <= 1 and abs(x - side / 2) <= 1)


def find_ink(image: Grey) -> Ink:
    """Separate ink from ground, whatever the lighting and whichever of the two is darker.

    The ground under dark strokes is the brightness with everything narrower than a stroke can be
    filled in (a grey closing; for light strokes an opening), which follows gradients of light and
    shadows with sharp edges.

    Raises DataError: There is no ink: the message is the problem only.
    """
    dark = _is_dark(image)
    upside = -image if dark else image  # ink is now brighter than its ground
    magnitude = upside - _ground(upside)
    beyond = magnitude[magnitude > _tail(magnitude)]
    if beyond.size < 4:
        raise DataError("shows nothing that differs from its background")
    # Shadows and smudges lie between ground and ink: the threshold is asked of what stands out.
    contrast = float(np.median(beyond[beyond >= _otsu(beyond)]))
    if contrast < MIN_CONTRAST:
        raise DataError(
            f"shows strokes that differ from their background by only {contrast:.0f} of 255"
        )
    mask = _keep_glyph(magnitude > 0.45 * contrast)
    coverage = np.clip((magnitude / contrast - 0.2) / 0.6, 0, 1)
    coverage[~_grow(mask, 2)] = 0
    return Ink(coverage.astype(np.float32), dark, contrast)


def _is_dark(image: Grey) -> bool:
    """Tell whether the ink is darker than its ground.

    Taken from the brightness is a smooth surface fitted to the border and all that agrees with it.
    Ink then lies outside the range that the border shows (shadows do not); where the border shows
    everything, as with a table beside the paper, ink is on the side where more departs from zero.
    """
    image = _block_means(image, FINE)
    difference = image - _surface(image)
    tail = _tail(difference)
    low, high = np.percentile(border(difference), (2, 98))
    for floor, ceiling in ((min(low, 0) - tail, max(high, 0) + tail), (-tail, tail)):
        light = float((difference[difference > ceiling] - ceiling).sum())
        dark = float((floor - difference[difference < floor]).sum())
        if max(light, dark) > 0.001 * MIN_CONTRAST * image.size:
            break
    return dark > light


def border(image: Grey) -> Grey:
    """Return the pixels along the four sides."""
    return np.concatenate([image[0], image[-1], image[1:-1, 0], image[1:-1, -1]])


def _tail(difference: Grey) -> float:
    """Return what noise does not exceed: four standard deviations, taken from the median."""
    return max(4 * 1.4826 * float(np.median(np.abs(difference))), MIN_CONTRAST / 2)


def normalise(ink: Ink, size: tuple[int, int]) -> tuple[NDArray[np.uint8], list[str]]:
    """Return the glyph boxed and centred, light on dark, (H, W) uint8, and what was done to it."""
    from PIL import Image

    notes = []
    cut = _cut(ink.coverage)
    width = _stroke_width(cut) * BOX / max(cut.shape)
    if width < THIN:
        radius = max(1, round((WANTED - width) / 2 * max(cut.shape) / BOX))
        cut = _cut(_thicken(np.pad(cut, 2 * radius), radius))
        notes.append(f"thickened the strokes, {width:.1f} pixels wide after scaling")
    scale = BOX / max(cut.shape)
    height, across = (max(1, round(side * scale)) for side in cut.shape)
    picture = Image.fromarray((cut * 255).astype(np.uint8))
    small = np.asarray(picture.resize((across, height), Image.Resampling.BICUBIC), np.float32)
    small = small * (255 / max(float(small.max()), 1))
    y, x = _centre_of_mass(small)
    top = int(np.clip(round(size[0] / 2 - y), 0, size[0] - height))
    left = int(np.clip(round(size[1] / 2 - x), 0, size[1] - across))
    result = np.zeros(size, np.uint8)
    result[top : top + height, left : left + across] = small.round()
    notes.append(f"scaled the glyph to {height} × {across} pixels")
    notes.append("centred it by its centre of mass")
    return result, notes


def _centre_of_mass(image: Grey) -> tuple[float, float]:
    """Return (y, x) in pixels from the outer edge: the centre of the first pixel is 0.5."""
    total = float(image.sum())
    y = float((image.sum(axis=1) * (np.arange(image.shape[0]) + 0.5)).sum()) / total
    x = float((image.sum(axis=0) * (np.arange(image.shape[1]) + 0.5)).sum()) / total
    return y, x


def _surface(image: Grey) -> Grey:
    """Fit brightness = quadratic(x, y) to the border, then to all that agrees with it."""
    y = np.linspace(-1, 1, image.shape[0], dtype=np.float32)[:, None] * np.ones_like(image)
    x = np.linspace(-1, 1, image.shape[1], dtype=np.float32)[None, :] * np.ones_like(image)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
    values = image.reshape(-1)
    margin = max(1, min(image.shape) // 10)
    inside = np.zeros(image.shape, bool)
    inside[margin:-margin, margin:-margin] = True
    chosen = ~inside.reshape(-1)
    chosen &= np.abs(values - np.median(values[chosen])) <= 3 * _robust_std(values[chosen])
    surface = values
    for fit in range(8):
        parts = 6 if fit else 3  # constant and slopes first: a border says little of curvature
        some = terms[chosen, :parts]
        # The terms are of one size and hardly correlated: the normal equations are safe here.
        solution = np.linalg.lstsq(some.T @ some, some.T @ values[chosen], rcond=None)[0]
        surface = terms[:, :parts] @ solution
        residual = np.abs(values - surface)
        chosen = residual <= 3 * _robust_std(residual[chosen])
    return surface.reshape(image.shape).astype(np.float32)


def _ground(image: Grey) -> Grey:
    """Return the ground under bright strokes: a grey opening, wider than any stroke."""
    from PIL import Image

    small = _block_means(image, COARSE)
    radius = max(1, round(WIDEST * max(small.shape) / 2))
    padded = np.pad(small, 2 * radius, mode="edge")
    opened = -_sliding_maximum(-padded, radius)
    picture = Image.fromarray(np.ascontiguousarray(_sliding_maximum(opened, radius)))
    size = (image.shape[1], image.shape[0])
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR), np.float32)


def _sliding_maximum(image: Grey, radius: int) -> Grey:
    """Return the maximum over the (2·radius + 1)² square around each pixel that has one."""
    for axis in (0, 1):
        windows = np.lib.stride_tricks.sliding_window_view(image, 2 * radius + 1, axis=axis)
        image = windows.max(axis=-1)
    return image


def _robust_std(values: NDArray[np.float32]) -> float:
    """Return a standard deviation that outliers do not inflate, at least 2 of 255."""
    return max(2.0, 1.4826 * float(np.median(np.abs(values - np.median(values)))))


def _block_means(image: Grey, longest: int) -> Grey:
    """Return a smaller image of at most about `longest` pixels, each the mean of a square."""
    step = max(1, -(-max(image.shape) // longest))
    step = min(step, *image.shape)
    height, width = (side // step * step for side in image.shape)
    blocks = image[:height, :width].reshape(height // step, step, width // step, step)
    means: Grey = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def _otsu(values: Grey) -> float:
    """Return the threshold with the largest variance between the two sides (Otsu 1979)."""
    if np.ptp(values) < 1:
        return float(values.min())
    counts, edges = np.histogram(values, bins=128)
    middle = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[int(np.nanargmax(between[:-1])) + 1])


def _keep_glyph(mask: Mask) -> Mask:
    """Drop specks, and what reaches in from the edge of the picture unless there is little else."""
    labels, count = _label(mask)
    if count == 0:
        return mask
    areas = np.bincount(labels.reshape(-1), minlength=count + 1)
    areas[0] = 0
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    inside = areas.copy()
    inside[edge] = 0
    if inside.max() >= 0.1 * areas.max():
        areas = inside
    kept: Mask = areas >= max(0.05 * areas.max(), 1)
    return kept[labels]


def _label(mask: Mask) -> tuple[NDArray[np.int64], int]:
    """Return 8-connected components labelled from 1: runs of rows, joined by union-find."""
    padded = np.pad(mask.astype(np.int8), ((0, 0), (1, 1)))
    rows, starts = np.nonzero(np.diff(padded, axis=1) == 1)
    ends = np.nonzero(np.diff(padded, axis=1) == -1)[1]
    parent = list(range(len(rows)))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    first = np.searchsorted(rows, np.arange(mask.shape[0] + 1)).tolist()
    for row in range(1, mask.shape[0]):
        above, here = first[row - 1], first[row]
        while above < first[row] and here < first[row + 1]:
            if starts[above] <= ends[here] and starts[here] <= ends[above]:
                parent[root(here)] = root(above)
            if ends[above] < ends[here]:
                above += 1
            else:
                here += 1
    _, indices = np.unique([root(run) for run in range(len(rows))], return_inverse=True)
    labels = np.zeros(mask.shape, np.int64)
    for run, index in enumerate(indices):
        labels[rows[run], starts[run] : ends[run]] = index + 1
    return labels, int(indices.max()) + 1 if len(rows) else 0


def _grow(mask: Mask, radius: int) -> Mask:
    return _thicken(mask.astype(np.float32), radius) > 0


def _thicken(image: Grey, radius: int) -> Grey:
    """Return the maximum over a disc-like neighbourhood: squares and diamonds in turn."""
    for step in range(radius):
        padded = np.pad(image, 1)
        views = [padded[1:-1, 1:-1], padded[:-2, 1:-1], padded[2:, 1:-1]]
        views += [padded[1:-1, :-2], padded[1:-1, 2:]]
        if step % 2:
            views += [padded[:-2, :-2], padded[:-2, 2:], padded[2:, :-2], padded[2:, 2:]]
        image = np.maximum.reduce(views)
    return image


def _cut(coverage: Grey) -> Grey:
    rows, columns = np.nonzero(coverage > 0.25)
    return coverage[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _stroke_width(coverage: Grey) -> float:
    """Return twice the area over the outline, which is the width of a long thin stroke."""
    padded = np.pad(coverage, 1)
    along = np.hypot(np.diff(padded, axis=0)[:, :-1], np.diff(padded, axis=1)[:-1])
    return 2 * float(coverage.sum()) / float(along.sum())
