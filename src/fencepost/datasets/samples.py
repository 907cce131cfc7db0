"""Samples of a data set as notebooks show them: a picture or a signal of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import notebook

__all__ = ["as_pixels", "samples_html"]

SHOWN = 10
_HEIGHT = 64  # pixels on the screen


def samples_html(data: Any) -> str:
    """Show the first images of the first ten classes, or of all."""
    if data.class_names:
        _, first = np.unique(data.targets, return_index=True)
        chosen = first[:SHOWN] if len(first) > 4 else _of_each(data.targets, first)
    else:
        chosen = np.arange(min(SHOWN, len(data)))
    shown = []
    for index in chosen.tolist():
        image, target = np.asarray(data.images[index : index + 1])[0], data.targets[index]
        name = data.class_names[target] if data.class_names else _numbers(target)
        drawn = (
            notebook.picture(as_pixels(image), name, _HEIGHT)
            if image.ndim == 3
            else notebook.signal(image[0].astype(float).tolist())
            if image.ndim == 2
            else ""
        )
        shown.append(notebook.captioned(drawn, name))
    return "".join(shown)


def as_pixels(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Return one image (C, H, W) as (H, W) or (H, W, 3) of uint8, small enough for a page.

    Other values than those of uint8 are stretched from their least to their greatest; of other
    numbers of channels the mean is shown.
    """
    step = max(1, *(-(-size // 256) for size in image.shape[1:]))
    image = image[:, ::step, ::step]
    if image.dtype != np.uint8:
        low, high = float(image.min()), float(image.max())
        image = (image - low) * (255 / (high - low) if high > low else 0)
    if len(image) not in (1, 3):
        image = image.mean(axis=0, keepdims=True)
    pixels: NDArray[np.uint8] = np.rint(image).astype(np.uint8).transpose(1, 2, 0)
    return np.ascontiguousarray(pixels[..., 0] if len(image) == 1 else pixels)


def _of_each(targets: NDArray[Any], first: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the places of several images of each of a few classes."""
    each = SHOWN // len(first)
    return np.concatenate([np.flatnonzero(targets == targets[k])[:each] for k in first])


def _numbers(target: NDArray[Any]) -> str:
    return ", ".join(f"{value:.4g}" for value in np.atleast_1d(target)[:4])
