"""Which frequencies a kernel lets through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arguments import integer
from .kernel import Kernel


@np.errstate(over="ignore", invalid="ignore")  # of weights near 1e308 it is inf
def frequency_response(kernel: Kernel, count: int = 129) -> NDArray[np.float64]:
    """Return by how much a kernel multiplies waves, ``|Σ g(j) · exp(−2πi·j·u)|``.

    Parameters
    ----------
    kernel : Kernel
    count : int
        Of frequencies along each axis, from −½ to ½ cycles per pixel; odd, so that 0 is one.

    Returns
    -------
    ndarray, `count` along each axis
        Computed from the definition; the origin only turns the phase.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.kernels.frequency_response(fp.kernels.mean(2, ndim=1), 3).round(12)
    array([0., 1., 0.])
    """
    frequencies = np.linspace(-0.5, 0.5, integer("count", count, 1))
    period = max(2, 2 * (count - 1))  # in samples, of all of these waves together
    folded = kernel.matrix
    for axis in range(kernel.ndim):
        folded = _folded(folded, axis, period)
    response = folded.astype(complex)
    for axis, size in enumerate(folded.shape):
        waves = np.exp(-2j * np.pi * np.outer(frequencies, np.arange(size)))
        response = np.moveaxis(np.tensordot(waves, response, axes=(1, axis)), 0, axis)
    return np.asarray(np.abs(response))


def _folded(weights: NDArray[np.float64], axis: int, period: int) -> NDArray[np.float64]:
    """Add up weights that lie a multiple of the period apart."""
    if weights.shape[axis] <= period:
        return weights
    first, *others = np.split(weights, range(period, weights.shape[axis], period), axis)
    total: NDArray[np.float64] = first.copy()
    for part in others:
        total[(slice(None),) * axis + (slice(part.shape[axis]),)] += part
    return total
