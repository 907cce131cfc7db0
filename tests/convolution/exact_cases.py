"""Random convolutions of integers, and their results in Python's own integers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import fencepost as fp

DTYPES = [np.bool_, "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
PADDING = {"reflect": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap"}
#: The most elements and weights along each of so many axes, of a large case.
LARGE = {1: (30_000, 1_500), 2: (500, 36), 3: (60, 11)}


@dataclass
class Case:
    """One call of convolve or correlate."""

    f: np.ndarray
    g: np.ndarray
    convolve: bool
    options: dict[str, Any] = field(default_factory=dict)

    def result(self) -> np.ndarray:
        """Compute it."""
        return (fp.convolve if self.convolve else fp.correlate)(self.f, self.g, **self.options)

    def expected(self) -> np.ndarray:
        """Compute it term by term, in integers that hold every sum."""
        bound = (max(map(abs, (int(self.f.max()), int(self.f.min())))) + 10) * sum(
            abs(int(weight)) for weight in self.g.flat
        )
        kind = np.int64 if bound < 2**63 else object
        extended, kernel = self._laid_out(kind)
        if kind is object:  # the padding is in NumPy's integers
            extended = np.frompyfunc(int, 1, 1)(extended)
        windows = np.lib.stride_tricks.sliding_window_view(extended, kernel.shape)
        axes = tuple(range(kernel.ndim))
        return np.tensordot(windows, kernel, (tuple(a + kernel.ndim for a in axes), axes))

    def by_weights(self, kind: Any) -> np.ndarray:
        """Compute it weight by weight: of int64 it is exact modulo 2⁶⁴, in a tenth of the time."""
        extended, kernel = self._laid_out(kind)
        result = np.zeros(np.subtract(extended.shape, kernel.shape) + 1, kind)
        for at in np.argwhere(kernel):
            window = tuple(slice(a, a + n) for a, n in zip(at, result.shape, strict=True))
            result += kernel[tuple(at)] * extended[window]
        return result

    def _laid_out(self, kind: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return f with what its boundary adds and the kernel as it is laid on it."""
        mode, boundary = self.options["mode"], self.options["boundary"]
        kernel = (np.flip(self.g) if self.convolve else self.g).astype(kind)
        padding = []
        for size, origin in zip(self.g.shape, self.options["origin"], strict=True):
            at = size - 1 - origin if self.convolve else origin
            around = {"full": (size - 1, size - 1), "same": (at, size - 1 - at), "valid": (0, 0)}
            padding.append(around[mode])
        f = self.f.astype(kind)
        if isinstance(boundary, str) and boundary != "zero":
            return np.pad(f, padding, PADDING[boundary]), kernel
        number = 0 if boundary == "zero" else boundary
        return np.pad(f, padding, constant_values=number), kernel


def integers(random: np.random.Generator, dtype: Any, shape: Any) -> np.ndarray:
    """Draw integers of a magnitude that is itself drawn."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    limits = np.iinfo(dtype)
    top = min(int(limits.max), 2 ** int(random.integers(1, 64)) - 1)
    low = max(int(limits.min), -top - 1)
    return random.integers(
        low, top, shape, dtype=np.int64 if low < 0 else np.uint64, endpoint=True
    ).astype(dtype)


def random_kernel(random: np.random.Generator, dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Draw a kernel: of no structure, constant, constant with a hole, of low rank, sparse."""
    kind = random.integers(5)
    g = integers(random, dtype, shape)
    if kind == 1:
        g[...] = g.flat[0]
    elif kind == 2:
        first, second = g.flat[0], g.flat[-1]
        g[...] = first
        g[tuple(slice(n // 3, n - n // 3) for n in shape)] = second
    elif kind == 3:
        product = np.ones((), np.int64)
        for size in shape:
            product = np.multiply.outer(product, random.integers(-4, 5, size))
        if len(shape) > 1 and random.integers(2):
            product = product + 3 * np.flip(product, 0)
        return (
            np.abs(product).astype(dtype)
            if np.dtype(dtype).kind in "ub"
            else product.clip(-128, 127).astype(dtype)
        )
    elif kind == 4:
        g[random.random(shape) < 0.7] = 0
    return g


def random_case(random: np.random.Generator, most: int = 12, large: bool = False) -> Case:
    """Draw a call, of up to so many elements and weights along an axis, or a large one."""
    axes = int(random.choice([1, 2, 2, 2, 3]))
    side = most if axes < 3 else max(2, most // 2)
    elements, weights = LARGE[axes] if large else (side, side)
    shape = tuple(int(n) for n in random.integers(1, elements + 1, axes))
    sizes = tuple(int(n) for n in random.integers(1, weights + 1, axes))
    mode = str(random.choice(["full", "same", "valid"]))
    if mode == "valid":
        sizes = tuple(min(pair) for pair in zip(shape, sizes, strict=True))
    boundary: Any = random.choice(["zero", *PADDING, "number"])
    boundary = int(random.integers(-9, 10)) if boundary == "number" else str(boundary)
    options = {
        "mode": mode,
        "boundary": boundary,
        "origin": tuple(int(random.integers(0, n)) for n in sizes),
        "method": str(random.choice(["auto", "auto", "direct", "separable", "box", "fft"])),
    }
    f = integers(random, random.choice(DTYPES), shape)
    return Case(
        f, random_kernel(random, random.choice(DTYPES), sizes), bool(random.integers(2)), options
    )


def check(case: Case, large: bool = False) -> str:
    """Compare a case with its expected results; say how it went: "exact" or why there are none."""
    try:
        result = case.result()
    except fp.ArgumentError as error:
        if "cannot compute this" in str(error):
            return "method"
        assert "must fit 64 bits" in str(error), error
        expected = case.by_weights(np.float64) if large else case.expected()
        inputs = [int(array.max()) for array in (case.f, case.g)]
        assert max(inputs) >= 2**63 or max(abs(int(y)) for y in expected.flat) >= 2**63, case
        return "does not fit"
    expected = case.by_weights(np.int64) if large else case.expected()
    assert result.dtype == np.int64
    assert result.shape == expected.shape
    assert (result == expected).all(), case
    return "exact"
