"""What the property tests draw: arrays of every dtype and layout, and how they compare.

Draws are the same in every run (`derandomize`), so that a test that passed passes again.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

INTEGERS = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
FLOATS = ("f2", "f4", "f8", ">f4", ">f8")
MODES = ("full", "same", "valid")
# The names of np.pad for what lies beyond the edges.
PADS = {"reflect": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap"}
LAYOUTS = ("C", "F", "reversed", "strided", "read-only", "unaligned")
_MOST = {1: 40, 2: 9, 3: 5}


def drawn(examples: int, *strategies: Any, **named: Any) -> Callable[[Any], Any]:
    """Run a test on drawn examples, with every warning an error."""

    def decorated(test: Any) -> Any:
        @settings(max_examples=examples)
        @given(*strategies, **named)
        @wraps(test)
        def strict(*arguments: Any, **keywords: Any) -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                test(*arguments, **keywords)

        return strict

    return decorated


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """Return the same array, otherwise in memory."""
    if layout == "F":
        return np.asfortranarray(array)
    backwards = (slice(None, None, -1),) * array.ndim
    if layout == "reversed":
        return array[backwards].copy()[backwards]
    if layout == "strided":
        wide = np.zeros([2 * n for n in array.shape], array.dtype)
        wide[(slice(None, None, 2),) * array.ndim] = array
        return wide[(slice(None, None, 2),) * array.ndim]
    if layout == "unaligned":
        return np.frombuffer(b"\0" + array.tobytes(), array.dtype, offset=1).reshape(array.shape)
    array = array.copy()
    array.flags.writeable = layout != "read-only"
    return array


def shapes(axes: int, least: int = 1) -> st.SearchStrategy[tuple[int, ...]]:
    """Draw shapes of so many axes."""
    return hnp.array_shapes(min_dims=axes, max_dims=axes, min_side=least, max_side=_MOST[axes])


@st.composite
def integers(draw: Any, shape: tuple[int, ...], dtypes: tuple[str, ...] = INTEGERS) -> np.ndarray:
    """Draw an array of integers, up to the ends of their dtype."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    return laid_out(draw(hnp.arrays(dtype, shape)), draw(st.sampled_from(LAYOUTS)))


@st.composite
def floats(draw: Any, shape: tuple[int, ...], dtypes: tuple[str, ...] = FLOATS) -> np.ndarray:
    """Draw an array of floats, of magnitudes from 0 to a thousand."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    elements = st.floats(-1000, 1000, width=8 * dtype.itemsize)
    array = draw(hnp.arrays(dtype, shape, elements=elements))
    return laid_out(array, draw(st.sampled_from(LAYOUTS)))


def sums(f: np.ndarray, g: np.ndarray, kind: type) -> np.ndarray:
    """Return Σᵢ f(i) g(x − i) wherever it is defined, in numbers of `kind`."""
    f, g = (np.asarray(array).astype(kind) for array in (f, g))
    if kind is object:
        f, g = (np.frompyfunc(int, 1, 1)(array) for array in (f, g))
    out = np.zeros(np.add(f.shape, g.shape) - 1, kind)
    for index in np.ndindex(g.shape):
        part = tuple(slice(i, i + n) for i, n in zip(index, f.shape, strict=True))
        out[part] = out[part] + f * g[index]
    return out


def cut(full: np.ndarray, f: tuple[int, ...], g: tuple[int, ...], mode: str) -> np.ndarray:
    """Return the results of a mode among all of them."""
    parts = {
        "full": [slice(None)] * len(f),
        "same": [slice((k - 1) // 2, (k - 1) // 2 + n) for n, k in zip(f, g, strict=True)],
        "valid": [slice(k - 1, n) for n, k in zip(f, g, strict=True)],
    }
    return full[tuple(parts[mode])]


def close(result: np.ndarray, exact: np.ndarray, magnitudes: np.ndarray, terms: int) -> bool:
    """Whether results are off by no more than 16 times the bound of the direct sum."""
    unit = float(np.finfo(result.dtype).eps) / 2
    small = float(np.finfo(result.dtype).smallest_normal)
    off = np.abs(result.astype(exact.dtype) - exact)
    return bool((off <= 16 * terms * (unit * magnitudes.astype(float) + small)).all())
