"""What the engine's loops over planes should give: random planes, and the sum in NumPy."""

from __future__ import annotations

import numpy as np

RANDOM = np.random.default_rng(31)
ARITHMETIC = {np.float32: np.float32, np.uint8: np.float32, np.uint16: np.float32,
              np.float64: np.float64, np.int64: np.int64}  # fmt: skip

#: boundary -> the source index of an index outside.
BOUNDARIES = {
    "fill": lambda i, n: np.where((i >= 0) & (i < n), i, -1),
    "nearest": lambda i, n: np.clip(i, 0, n - 1),
    "wrap": lambda i, n: i % n,
    "reflect": lambda i, n: np.minimum(i % (2 * n), 2 * n - 1 - i % (2 * n)),
    "mirror": lambda i, n: np.abs((i + n - 1) % max(2 * n - 2, 1) - (n - 1)),
}


def index_list(size, output, kernel, boundary="fill", before=None):
    """Return the source index of each element of the extended axis."""
    before = kernel // 2 if before is None else before
    return BOUNDARIES[boundary](np.arange(output + kernel - 1) - before, size).astype(np.int32)


def random_numbers(shape, dtype):
    if np.dtype(dtype).kind == "f":
        return RANDOM.standard_normal(shape).astype(dtype)
    low, high = (0, np.iinfo(dtype).max + 1) if np.dtype(dtype).kind == "u" else (-999, 1000)
    return RANDOM.integers(low, high, shape, dtype)


def expected(source, kernels, planes, rows, columns, fill=0.0, offset=0.0):
    """Return the correlation in the widest type, one tap after the other."""
    wide = np.int64 if source.dtype == np.int64 else np.float64
    _, height, width = kernels.shape
    framed = np.pad(source.astype(wide), ((0, 1), (0, 1), (0, 1), (0, 0)), constant_values=fill)
    extended = framed[:, rows][:, :, columns]
    out_height, out_width = len(rows) - height + 1, len(columns) - width + 1
    out = np.full((len(planes), out_height, out_width, source.shape[3]), offset, wide)
    for (t, i, j), weight in np.ndenumerate(kernels.astype(wide)):
        out += weight * extended[planes[:, t], i : i + out_height, j : j + out_width]
    return out


def rounded(values, dtype):
    """Return values as `dtype`: rounded half to even and saturated if integers."""
    if np.dtype(dtype).kind == "f":
        return values
    return np.clip(np.rint(values), np.iinfo(dtype).min, np.iinfo(dtype).max)
