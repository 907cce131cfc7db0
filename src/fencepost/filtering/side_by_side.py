"""Two pictures of one thing as one, to be looked at: before and after, direction as hue."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .images import Gradient
from .pixels import CHANNELS, has_alpha
from .responses import full_scale, postprocess

__all__ = ["hues", "side_by_side"]

Pixels = NDArray[Any]
_GAP = 0.02  # of the width of a picture


def hues(gradient: Gradient, dtype: Any, scale: float = 1.0) -> Pixels:
    """Return RGB (H, W, 3): direction as hue, magnitude times `scale` as brightness.

    Red is where brightness rises to the right, yellow-green downwards, cyan to the left, violet
    upwards: the hues of HSV (Smith, "Color gamut transform pairs", 1978), 90° apart.
    """
    turn = np.mod(gradient.direction / (2 * np.pi), 1.0)[..., None]
    distance = np.abs(np.mod(6 * turn + np.array([0.0, 4.0, 2.0]), 6.0) - 3.0)
    pure = np.clip(distance - 1.0, 0.0, 1.0)
    full = full_scale(np.dtype(dtype))
    bright = np.minimum(scale * gradient.magnitude, full)[..., None]
    return postprocess(pure * bright, dtype)


def side_by_side(
    before: Pixels, before_colours: str, after: Pixels, after_colours: str
) -> tuple[Pixels, str]:
    """Return both pictures (H, W, C) with a gap of white between them, and their colours.

    Grey beside colour becomes colour; the smaller of two stands in the middle of its half.
    """
    colours = max(before_colours, after_colours, key=CHANNELS.__getitem__)
    first, second = (
        as_colours(before, before_colours, colours),
        as_colours(after, after_colours, colours),
    )
    height = max(first.shape[0], second.shape[0])
    gap = max(2, round(_GAP * first.shape[1]))
    white = full_scale(first.dtype)
    width = first.shape[1]
    canvas = np.full((height, 2 * width + gap, first.shape[2]), white, first.dtype)
    canvas[: first.shape[0], :width] = first
    top, left = (height - second.shape[0]) // 2, width + gap + (width - second.shape[1]) // 2
    canvas[top : top + second.shape[0], left : left + second.shape[1]] = second
    return canvas, colours


def as_colours(pixels: Pixels, own: str, colours: str) -> Pixels:
    """Return pixels in richer colours: grey as RGB, what has no alpha as opaque."""
    if own == colours:
        return pixels
    grey = own in ("L", "LA")
    colour = pixels[..., :-1] if has_alpha(own) else pixels
    if grey:
        colour = np.repeat(colour, CHANNELS[colours] - has_alpha(colours), axis=2)
    if not has_alpha(colours):
        return colour
    alpha = np.full((*pixels.shape[:2], 1), full_scale(pixels.dtype), pixels.dtype)
    return np.concatenate([colour, pixels[..., -1:] if has_alpha(own) else alpha], axis=2)
