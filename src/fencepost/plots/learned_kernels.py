"""The kernels that the first layer of a network has learned.  Calls style and tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fencepost.plots import style, tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 64


def draw_learned_kernels(
    axes: Axes, weights: npt.NDArray[np.float32], width: float, height: float
) -> None:
    """Draw kernels (out, in, kh, kw) as images, (out, in, k) as lines.

    One input channel: grey, with mid-grey for 0, so that a print keeps the sign.  Three: the
    kernel as a colour image.  Any other number: the input channel with the largest weights.
    `width` and `height` say what shape of room there is, in inches.
    """
    total, channels = weights.shape[:2]
    shown = weights[:MOST]
    size = " × ".join(str(n) for n in weights.shape[2:])
    size += " weights each" if weights.ndim == 3 else ""
    of = f"{MOST} of {total}" if total > MOST else str(total)
    name = f"Learned kernels of the first layer: {of}, {size}"
    largest = float(np.abs(shown).max()) or 1.0
    if weights.ndim == 3:
        grid = tiles.best_grid(len(shown), width, height, aspect=1.6)
        tiles.draw_signals(axes, list(shown), grid, markers=True)
        channels_text = "" if channels == 1 else f"; one colour for each of {channels} channels"
        style.heading(axes, name, f"weights from left to right, the thin line is 0{channels_text}")
        return
    scaled = 0.5 + 0.5 * shown / largest
    if channels == 3:
        images = [np.ascontiguousarray(kernel.transpose(1, 2, 0)) for kernel in scaled]
        remark = "as colour images: grey is 0, a bright colour is sought, a dark one avoided"
    else:
        strongest = np.square(shown).sum(axis=(2, 3)).argmax(axis=1)
        images = [
            np.repeat(kernel[channel][..., None], 3, axis=2)
            for kernel, channel in zip(scaled, strongest, strict=True)
        ]
        remark = f"white is +{largest:.2g}, black is −{largest:.2g}, mid-grey is 0"
        if channels > 1:
            remark += f"; of {channels} channels, the one with the largest weights"
    rows, columns = shown.shape[2:]
    grid = tiles.best_grid(len(images), width, height, aspect=columns / rows)
    tiles.draw_images(axes, images, grid)
    style.heading(axes, name, remark)
