"""What the engine makes by Fourier transforms, beside the sum written out in NumPy."""

from __future__ import annotations

import numpy as np

from array_reference import ARITHMETIC, expected, index_list, rounded


def transformed(engine, source, kernels, tile, *, boundary="fill", shape=None, planes=None,
                out_dtype=None, fill=0.0, offset=0.0, threads=2):  # fmt: skip
    """Return what the engine computes, which tiles it doubts, and the sum as it is defined."""
    dtype = ARITHMETIC[source.dtype.type]
    kernels = np.ascontiguousarray(kernels, dtype)
    count, height, width, channels = source.shape
    out_height, out_width = shape or (height, width)
    planes = np.arange(count)[:, None] if planes is None else np.asarray(planes)
    planes = planes.astype(np.int32)
    rows = index_list(height, out_height, kernels.shape[1], boundary)
    columns = index_list(width, out_width, kernels.shape[2], boundary)
    out = np.full((len(planes), out_height, out_width, channels), 77, out_dtype or dtype)
    doubtful = engine.correlate_fft(
        source, kernels, planes, rows, columns, fill, out, tile, offset, threads
    )
    with np.errstate(invalid="ignore"):
        wanted = expected(source, kernels, planes, rows, columns, fill, offset)
    return out, doubtful, wanted


def check(engine, source, kernels, tile, **options):
    """Compare; the bound is that of a transform: the tile's largest element times the kernel."""
    out, doubtful, wanted = transformed(engine, source, kernels, tile, **options)
    assert doubtful == []
    assert out.shape == wanted.shape
    dtype = ARITHMETIC[source.dtype.type]
    largest = max(np.abs(source.astype(float)).max(), abs(options.get("fill", 0)))
    bound = np.finfo(dtype).eps * np.log2(np.prod(tile)) * largest * np.linalg.norm(kernels)
    bound = 2 * bound + np.finfo(dtype).eps * np.abs(wanted).max()
    if out.dtype.kind == "f":
        assert np.abs(out - wanted).max() <= bound
    else:
        away = np.abs(out.astype(float) - rounded(wanted, out.dtype))
        assert away.max() <= 1
        near_half = np.abs(wanted - np.floor(wanted) - 0.5) <= bound
        assert (near_half | (away == 0)).all()
