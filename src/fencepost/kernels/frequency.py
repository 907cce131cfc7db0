"""Which frequencies a kernel lets through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arguments import integer
from .kernel import Kernel


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
    response = kernel.matrix.astype(complex)
    frequencies = np.linspace(-0.5, 0.5, integer("count", count, 1))
    for axis, size in enumerate(kernel.shape):
        waves = np.exp(-2j * np.pi * np.outer(frequencies, np.arange(size)))
        response = np.moveaxis(np.tensordot(waves, response, axes=(1, axis)), 0, axis)
    return np.asarray(np.abs(response))
