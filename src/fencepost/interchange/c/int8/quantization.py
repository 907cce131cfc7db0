"""Real numbers as 8-bit integers: real = scale * (integer - zero).

The scheme of TensorFlow Lite (https://ai.google.dev/edge/litert/models/quantization_spec), of
B. Jacob et al., Quantization and training of neural networks for efficient integer-arithmetic-only
inference, 2018: values with a zero of their own, weights symmetric with a scale for each output
channel, sums in 32 bits, brought to the next scale by an integer factor and a shift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LOW, HIGH = -128, 127
_WEIGHT = 127
_LARGEST_BIAS = 2**30
_LARGEST_SHIFT = 62


@dataclass(frozen=True)
class Quantization:
    """The scale of a value and the integer that stands for 0."""

    scale: float
    zero: int

    @classmethod
    def of_range(cls, low: float, high: float) -> Quantization:
        """Spread 256 integers over a range, to which 0 is added so that it is exact.

        >>> Quantization.of_range(0.0, 25.5)
        Quantization(scale=0.1, zero=-128)
        """
        low, high = min(low, 0.0), max(high, 0.0)
        if not high > low:
            return cls(1.0, 0)
        scale = (high - low) / (HIGH - LOW)
        return cls(scale, int(np.clip(round(LOW - low / scale), LOW, HIGH)))

    def integer(self, real: float) -> int:
        """Return the nearest integer that stands for a number."""
        return int(np.clip(round(real / self.scale) + self.zero, LOW, HIGH))

    def reals(self) -> NDArray[np.float64]:
        """Return what the 256 integers stand for, from the least on."""
        return np.arange(LOW - self.zero, HIGH + 1 - self.zero, dtype=np.float64) * self.scale

    def integers(self, reals: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return the nearest integers, half upwards, as the header's own rounding."""
        rounded = np.floor(reals / self.scale + self.zero + 0.5)
        return np.clip(rounded, LOW, HIGH).astype(np.int8)


def multiplier(real: float) -> tuple[int, int]:
    """Write a positive factor as integer / 2**shift, with 31 bits.

    >>> multiplier(0.5)
    (1073741824, 31)
    """
    factors, shift = multipliers(np.array([real]))
    return int(factors[0]), shift


def multipliers(reals: NDArray[np.float64]) -> tuple[NDArray[np.int32], int]:
    """Write positive factors as integers / 2**shift, of which the largest has 31 bits.

    One shift for all is a constant to the compiler. A factor that loses bits by that belongs to
    sums of at most 2**31, of which it makes as little.

    >>> multipliers(np.array([0.5, 0.125]))
    (array([1073741824,  268435456], dtype=int32), 31)
    """
    _, exponent = math.frexp(float(reals.max()))
    shift = min(max(31 - exponent, 1), _LARGEST_SHIFT)
    # at the least shift, factors are beyond what 8 bits tell apart
    factors = np.minimum(np.rint(np.ldexp(reals, shift)), 2**31 - 1)
    return factors.astype(np.int32), shift


def weights(
    weight: NDArray[np.float64], bias: NDArray[np.float64], scale: float
) -> tuple[NDArray[np.int8], NDArray[np.int32], NDArray[np.float64]]:
    """Return weights and biases as integers, and the scale of each output channel's sums.

    `weight` has shape (groups, rows, columns, inputs, outputs); `scale` is the input's.
    """
    groups, *_, each = weight.shape
    largest = np.abs(weight).max(axis=(1, 2, 3)).ravel()
    # Where weights are tiny, a scale at which the bias still fits into 32 bits.
    scales = np.maximum(largest / _WEIGHT, np.abs(bias) / (scale * _LARGEST_BIAS))
    scales[scales == 0] = 1.0
    integers = np.rint(weight / scales.reshape(groups, 1, 1, 1, each))
    sums = scale * scales
    return integers.astype(np.int8), np.rint(bias / sums).astype(np.int32), sums
