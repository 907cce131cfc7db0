"""Transparent pictures laid on a colour, for formats that have no transparency."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import ArgumentError
from ..text import format_value
from .channels import full_scale
from .picture import Picture
from .pixels import has_alpha
from .responses import postprocess

__all__ = ["flattened", "parse_colour"]


def parse_colour(text: str) -> tuple[int, int, int]:
    """Read a colour by its name in CSS or as #RRGGBB.

    >>> parse_colour("white"), parse_colour("#ff8000")
    ((255, 255, 255), (255, 128, 0))
    """
    from PIL import ImageColor

    try:
        red, green, blue, *alpha = ImageColor.getrgb(text)
    except ValueError:
        alpha = [0]
    if alpha:
        raise ArgumentError(
            f"a colour must be a name such as white, or #RRGGBB. Received: {format_value(text)}."
        )
    return red, green, blue


def flattened(picture: Picture, colour: tuple[int, int, int]) -> Picture:
    """Return a picture without alpha: where it was transparent, `colour` is seen.

    Grey stays grey on a grey ground. A picture that has no alpha is returned as it is.
    """
    if not has_alpha(picture.colours):
        return picture
    pixels = picture.pixels
    full = full_scale(pixels.dtype)
    seen, alpha = pixels[..., :-1].astype(np.float64), pixels[..., -1:] / full
    is_grey = seen.shape[2] == 1 and len(set(colour)) == 1
    ground = np.array(colour[:1] if is_grey else colour) * (full / 255)
    laid = postprocess(seen * alpha + ground * (1 - alpha), pixels.dtype)
    return replace(picture, pixels=laid, colours="L" if is_grey else "RGB")
