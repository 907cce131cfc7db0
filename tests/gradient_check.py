"""Checks a gradient along one random direction by a central difference in float64.

A gradient that is right along a random direction is right: an error of any kind has, with
probability 1, a part along it. One check costs two evaluations, whatever the number of values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def directional_derivative(
    function: Callable[..., float],
    arrays: Sequence[Array],
    directions: Sequence[Array],
    step: float = 1e-5,
) -> float:
    """Return d function(arrays + t · directions) / dt at t = 0.

    The error is of the order step² · third derivative + 1e-16 · value / step.
    """
    ahead, behind = (
        function(*(a + sign * step * d for a, d in zip(arrays, directions, strict=True)))
        for sign in (1.0, -1.0)
    )
    return (ahead - behind) / (2.0 * step)


def random_directions(arrays: Sequence[Array], seed: int) -> list[Array]:
    """Return a random direction of length about 1 for each array, none of its entries near 0.

    Entries near 0 would hide what is wrong in their place.
    """
    generator = np.random.default_rng(seed)
    directions = []
    for array in arrays:
        lengths = generator.uniform(0.5, 1.5, array.shape) / np.sqrt(max(1, array.size))
        directions.append(lengths * generator.choice([-1.0, 1.0], array.shape))
    return directions


def check_gradient(
    function: Callable[..., float],
    arrays: Sequence[Array],
    gradients: Sequence[Array],
    *,
    tolerance: float,
    step: float = 1e-5,
    seed: int = 0,
) -> None:
    """Raise AssertionError unless gradients are those of `function`, each array by itself.

    Parameters
    ----------
    function : callable
        Takes `arrays`, returns a number.
    tolerance : float
        Allowed difference, relative to the length of the gradient times that of the direction,
        so that what is wrong in one entry is not forgiven because another is large.
    """
    arrays = [np.asarray(array, np.float64) for array in arrays]
    for index, (array, gradient) in enumerate(zip(arrays, gradients, strict=True)):
        assert gradient.shape == array.shape, (
            f"gradient {index} has shape {gradient.shape}, its array {array.shape}"
        )
        (direction,) = random_directions([array], seed + index)
        still = [np.zeros_like(other) for other in arrays]
        still[index] = direction
        expected = directional_derivative(function, arrays, still, step)
        claimed = float(np.sum(np.asarray(gradient, np.float64) * direction))
        scale = float(np.linalg.norm(gradient) * np.linalg.norm(direction))
        # A gradient that claims to be nothing is measured against what is found.
        allowed = tolerance * max(scale, abs(expected), 1e-8)
        assert abs(claimed - expected) <= allowed, (
            f"gradient of array {index}: {claimed:.9g} along a random direction, "
            f"but the function changes by {expected:.9g} (allowed difference {allowed:.2g})"
        )
