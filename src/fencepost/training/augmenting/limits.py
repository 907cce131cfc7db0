"""What augmentation may do to images of a size and of a range of values: no more than they have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError, warn
from ...text import format_shape, join_words, plural

# Changes after which a pixel lies elsewhere.
_MOVING = {
    "shift", "rotate", "scale", "shear", "elastic", "crop", "flip", "vflip", "randaugment", "cutmix"
}  # fmt: skip


def check_reach(given: Mapping[str, Any], input_shape: Sequence[int]) -> None:
    """Raise `ArgumentError` for changes that move every pixel out of an input of this shape."""
    sides = tuple(input_shape[1:] or input_shape)
    along = [side for side in sides if side > 1] or [1]
    size = f"inputs of {format_shape(sides)}"
    if given.get("shift", 0) >= min(along):
        usual = f"A tenth of the side is usual: shift={max(1, min(along) // 10)}."
        raise ArgumentError(
            f"shift must be less than each side, {plural(min(along), 'pixel')}, or nothing may be "
            f"left of an input. Received: shift={given['shift']:g}, and {size}. "
            + (usual if min(along) > 1 else "Leave it out.")
        )
    pixels = math.prod(sides)
    if given.get("crop") is not None and given["crop"] * pixels < 1:
        raise ArgumentError(
            f"crop must leave a pixel at least: 1/{pixels:,} of the area. Received: "
            f"crop={given['crop']:g}, and {size}. "
            + ("Usual is crop=0.6." if pixels > 1 else "Leave it out.")
        )
    alpha, sigma = given.get("elastic") or (0.0, 1.0)
    moved = _elastic_pixels(alpha, sigma, len(along) == 1)
    if sigma > max(along) or moved >= min(along) / 2:
        raise ArgumentError(
            "elastic=alpha:sigma must smooth over no more than the longer side, and move pixels by "
            f"less than half of the shorter one. Received: elastic={alpha:g}:{sigma:g}, which "
            f"moves them by {moved:.3g} pixels (standard deviation), and {size}. Usual are a "
            "twentieth of the side for sigma, and twice to eight times sigma for alpha, such as "
            "elastic=8:4."
        )


def warn_of_maps(
    given: Mapping[str, Any], input_shape: Sequence[int], targets: NDArray[Any]
) -> None:
    """Warn of changes that move pixels where targets are maps of them, which stay as they are."""
    sides = tuple(input_shape[1:])
    moving = [name for name in given if name in _MOVING]
    values = math.prod(targets.shape[1:])
    if moving and targets.ndim > 1 and math.prod(sides) > 1 and values % math.prod(sides) == 0:
        warn(
            f"augmentation moves the pixels of the images ({join_words(moving)}), but not the "
            f"labels, which have {values:,} values, as maps of {format_shape(sides)} have. If they "
            "are maps of the images, such as masks, use changes that move nothing: jitter, erase, "
            "noise or mixup."
        )


def check_values(given: Mapping[str, Any], images: NDArray[Any]) -> None:
    """Raise `ArgumentError` for values far from those of the images, such as 128 for 0 to 1."""
    names = [name for name in ("fill", "noise") if given.get(name)]
    if not names or not images.size:
        return
    if images.dtype == np.uint8:
        low, high, span, around = 0.0, 255.0, 255.0, 0.0
        range_of = "images of uint8, from 0 to 255"
    else:  # a sample perhaps, and what is outside may be another colour than all within
        low, high = float(images.min()), float(images.max())
        span = around = high - low or 1.0
        range_of = f"values from {low:g} to {high:g}"
    noise, fill = given.get("noise", 0.0), given.get("fill")
    if noise > span:
        raise ArgumentError(
            f"noise must be at most the range of the images' values, {span:g}. Received: "
            f"noise={noise:g}, and {range_of}. Usual is a fiftieth: noise={span / 50:.2g}."
        )
    if fill is not None and not low - around <= fill <= high + around:
        raise ArgumentError(
            "fill must be a value that pixels have. Received: "
            f"fill={fill:g}, and {range_of}. Leave it out for the usual value at their borders."
        )


def _elastic_pixels(alpha: float, sigma: float, one_axis: bool) -> float:
    """Return the standard deviation of elastic displacements: uniform numbers, smoothed."""
    spread = sigma * math.sqrt(12 * math.pi)
    if one_axis:
        spread = math.sqrt(6 * math.sqrt(math.pi) * sigma)
    return alpha / max(spread, math.sqrt(3))
