"""How training images were made, as far as it matters to a photograph; kept in model files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError, DataError
from ...files.levels import Levels
from ...text import format_value
from . import glyphs

SAMPLE = 500  # images that `detect` looks at
DARK, LIGHT = 0.25, 0.75  # of white: what counts as a dark and as a light border
MOST = 0.9  # the fraction of images that must agree


@dataclass(frozen=True)
class Preparation:
    """Properties of the training images that a photograph is matched to.

    Attributes
    ----------
    style : {"mnist", "plain"}
        "mnist": one glyph, light on dark, in a box of 20 pixels, centred by its centre of mass.
    background : {"dark", "light", "any"}
        What the borders of the training images show.
    white : float or None
        The value of white: 255, or 1; None if the values are not those of a picture.
    levels : Levels, optional
        Which values of pixels beyond 8 bits became black and white.
    """

    style: str = "plain"
    background: str = "any"
    white: float | None = 255.0
    levels: Levels | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.style not in ("mnist", "plain") or self.background not in ("dark", "light", "any"):
            raise ArgumentError(
                f'a preparation must have the style "mnist" or "plain" and the background "dark", '
                f'"light" or "any". '
                f"Received: {format_value(self.style)}, {format_value(self.background)}."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for a model file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preparation:
        """Return what `to_dict` was made from."""
        try:
            levels = values.get("levels")
            pairs = {name: pair and tuple(pair) for name, pair in (levels or {}).items()}
            return cls(**{**values, "levels": Levels(**pairs) if pairs else None})
        except TypeError as error:
            raise DataError(
                f"a preparation must have style, background and white. Received: "
                f"{dict(values)!r}. Save the model again."
            ) from error


def detect(images: NDArray[Any]) -> Preparation:
    """Look at training images, (N, C, H, W), and say how they were made.

    Examples
    --------
    >>> import fencepost as fp
    >>> images, labels = fp.datasets.mnist("test")
    >>> fp.datasets.prepare.detect(images)
    Preparation(style='mnist', background='dark', white=255.0)
    """
    if images.ndim != 4 or 0 in images.shape:
        return Preparation(white=None)
    sample = images[:: -(-len(images) // SAMPLE)]
    white = 255.0 if sample.dtype == np.uint8 else _white(sample)
    if white is None:
        return Preparation(white=None)
    values = sample.astype(np.float32) * (255 / white)
    edges = np.array([np.median(glyphs.border(image.mean(axis=0))) for image in values]) / 255
    background = "any"
    if np.mean(edges < DARK) >= MOST:
        background = "dark"
    elif np.mean(edges > LIGHT) >= MOST:
        background = "light"
    boxed = images.shape[1] == 1 and background == "dark"
    if boxed and np.mean([glyphs.is_normalised(image[0]) for image in values]) >= MOST:
        return Preparation("mnist", "dark", white)
    return Preparation("plain", background, white)


def _white(sample: NDArray[Any]) -> float | None:
    low, high = float(sample.min()), float(sample.max())
    if low < 0 or high > 255:
        return None
    return 1.0 if high <= 1 else 255.0
