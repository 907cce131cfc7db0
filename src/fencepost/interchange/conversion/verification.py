"""A network beside the model that it was made of, on random input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataError
from ...network import Network
from ...remedies import in_python
from ..exports import TOLERANCE, relative_difference


def random_images(network: Network, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return images with random pixels: of the whole range in bytes, of standard deviation 1."""
    generator = np.random.default_rng(0)
    shape = (count, *network.input_shape)
    if dtype == np.uint8:
        return generator.integers(0, 256, shape, np.uint8)
    return generator.standard_normal(shape, np.float32)


def compare(source: str, received: NDArray[Any], expected: ArrayLike) -> None:
    """Raise DataError unless the network gave what the model gives."""
    values = np.asarray(expected, np.float32)
    if values.size != received.size:
        raise DataError(
            f"{source}: the network must give what the model gives. Received: outputs of shape "
            f"{received.shape}, and {values.shape} from the model."
        )
    difference = relative_difference(received.reshape(values.shape), values)
    if not difference <= TOLERANCE:
        raise DataError(
            f"{source}: the network must give what the model gives, to {TOLERANCE:.0e}. Received: "
            f"a difference of {difference:.1e} on random input. An operation of the model computes "
            f"something else than it declares{in_python('; verify=False skips this comparison')}."
        )
