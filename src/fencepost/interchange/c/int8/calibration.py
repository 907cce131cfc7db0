"""The range of every value of a network, measured on images: by the engine, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import DataError
from ....graph import SizedLayer
from ....layers import Concat, Subsample
from ....layers.base import engine_shape
from ....network import Network
from ....text import plural

#: Images that are measured: more change ranges hardly.
MOST = 512
_BATCH = 32

Ranges = dict[str, tuple[float, float]]


def ranges(network: Network, images: NDArray[Any]) -> Ranges:
    """Return the least and the largest of each layer's output by its place, and of the input."""
    step = max(1, len(images) // MOST)
    chosen = images[::step][:MOST].reshape(-1, *engine_shape(network.input_shape))
    places = list(_places(network.rows))
    measured: Ranges = {"input": _input_range(network, chosen)}
    for start in range(0, len(chosen), _BATCH):
        piece = np.ascontiguousarray(chosen[start : start + _BATCH])
        with network.engine_weights.lent() as (parameters, state, *_):
            values = network.engine_plan.features(
                parameters, state, piece, *network.engine_normalization
            )
        for place, value in zip(places, values, strict=True):
            low, high = measured.get(place, (math.inf, -math.inf))
            measured[place] = min(low, float(value.min())), max(high, float(value.max()))
    wrong = [place for place, limits in measured.items() if not np.isfinite(limits).all()]
    if wrong:
        raise DataError(
            "values must be finite to be calibrated. Received: on these images, NaN or infinity "
            f"from {plural(len(wrong), 'layer')}, first from {wrong[0]}. No file was written."
        )
    return measured


def _input_range(network: Network, images: NDArray[Any]) -> tuple[float, float]:
    """Range of the normalised pixels: all that bytes can be, so that none is cut off."""
    mean, scale = (values.reshape(-1, 1, 1) for values in network.engine_normalization)
    if images.dtype == np.uint8:
        ends = (np.array([0, 255], np.float32) - mean) * scale
    else:
        ends = (images - mean) * scale
    return float(ends.min()), float(ends.max())


def _places(rows: Sequence[SizedLayer]) -> Iterator[str]:
    """Name the layer that each step of the engine belongs to, in order."""
    for sized in rows:
        for chain in sized.chains:
            yield from _places(chain)
        if isinstance(sized.layer, Subsample):
            yield f"{sized.place}:sum"
        if isinstance(sized.layer, Concat):  # joined in pairs, the last of which is the whole
            yield from (f"{sized.place}:pair" for _ in range(len(sized.chains) - 2))
        yield sized.place
