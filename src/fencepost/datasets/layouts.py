"""Which axis of an array in a file is which: channels first or channels last."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import choice
from ..errors import DataError
from ..remedies import at_the_shell, in_python

__all__ = ["check_layout", "to_nchw"]

LAYOUTS = ("NCHW", "NHWC")
USUAL_CHANNELS = (1, 2, 3, 4)


def check_layout(layout: str | None) -> None:
    """Refuse a layout that is not one of LAYOUTS or None."""
    if layout is not None:
        choice("layout", layout, LAYOUTS)


def to_nchw(array: NDArray[Any], where: str, layout: str | None = None) -> NDArray[Any]:
    """Return images from a file as (N, C, H, W), or signals as (N, 1, W).

    (N, W) are signals, (N, H, W) grey images. Of four axes the channel axis is the one, first or
    last after N, that has 1 to 4 entries; if both or neither have, `layout` decides.
    """
    check_layout(layout)
    if array.ndim in (2, 3):
        return array[:, None]
    if array.ndim != 4:
        raise DataError(
            f"{where}: images must have shape (N, H, W), (N, H, W, C) or (N, C, H, W), and "
            f"signals (N, W). Received: shape {array.shape}. Save them in one of these shapes."
        )
    first, last = array.shape[1] in USUAL_CHANNELS, array.shape[3] in USUAL_CHANNELS
    if layout is None:
        if first == last:
            which = "Both" if first else "Neither"
            raise DataError(
                f"{where}: of four axes the second or the last holds the channels (1 to 4 of "
                f"them). Received: shape {array.shape}. {which} could be it. "
                + in_python('Use layout="NCHW" (channels first) or layout="NHWC" (channels last).')
                + at_the_shell("Save them as (N, H, W) if they are grey, else with 3 channels.")
            )
        layout = "NCHW" if first else "NHWC"
    if layout == "NCHW":
        return array
    return np.ascontiguousarray(array.transpose(0, 3, 1, 2))
