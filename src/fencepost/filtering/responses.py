"""What one kernel, or a set of them, makes of pixels (H, W, C), and the luma of these.

Everything about an image that is not arithmetic (alpha, luminance, files) is somebody else's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .. import _engine
from ..convolution.apply import correlate_planes
from ..convolution.boundaries import Boundary
from ..convolution.passes import Passes, correlate_passes
from ..convolution.stacked import BoxPasses, correlate_box_pair, correlate_boxes
from ..errors import ArgumentError, SizeError, SizeProblem
from ..kernels import Kernel
from ..remedies import setting
from .options import Options
from .pixels import arithmetic
from .steps import Step, in_passes, largest, magnitude

__all__ = [
    "box_pair",
    "check_fits",
    "full_scale",
    "interior",
    "margins",
    "passes_over",
    "postprocess",
    "present_passes",
    "present_rows",
    "put_luma",
    "response",
    "responses",
]

Pixels = NDArray[Any]
# Factors up to these leave room for the largest pixel and kernel before an overflow.
_LARGEST = {np.dtype(np.float32): 1e25, np.dtype(np.float64): 1e290}


def full_scale(dtype: np.dtype[Any]) -> float:
    """Return what white, and full opacity, is in pixels of `dtype`."""
    return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0


def response(
    pixels: Pixels,
    step: Step,
    options: Options,
    dtype: DTypeLike,
    *,
    scale: float = 1.0,
    offset: float = 0.0,
    boundary: Boundary | None = None,
    keeps_alpha: bool = False,
) -> Pixels:
    """Return scale · response + offset as `dtype`: rounded half to even and cut off if integer.

    Of a set the magnitude of its responses is returned: for a pair √(x² + y²). `keeps_alpha` takes
    the last channel over as it is; it is for single kernels, and pixels of `dtype`.
    """
    boundary = boundary or options.boundary
    if step.together is None:
        return _linear(
            pixels, step.kernels[0], options, boundary, dtype, scale, offset, keeps_alpha
        )
    magnitude = step.together.magnitude(responses(pixels, step, options))
    return postprocess(magnitude, dtype, scale, offset)


def responses(pixels: Pixels, step: Step, options: Options) -> list[Pixels]:
    """Return what each kernel of a step makes of the pixels, in floats."""
    exact = arithmetic(pixels.dtype)
    return [_linear(pixels, kernel, options, options.boundary, exact) for kernel in step.kernels]


def _linear(
    pixels: Pixels,
    kernel: Kernel,
    options: Options,
    boundary: Boundary,
    dtype: DTypeLike,
    scale: float = 1.0,
    offset: float = 0.0,
    keeps_alpha: bool = False,
) -> Pixels:
    _require_fit(pixels.shape, kernel, boundary)
    if options.nan == "ignore" and pixels.dtype.kind == "f" and np.isnan(pixels).any():
        return postprocess(_of_present(pixels, kernel, options, boundary), dtype, scale, offset)
    dtype = np.dtype(dtype)
    exact = arithmetic(pixels.dtype)
    laid = _as_correlated(kernel, options)
    most = largest(kernel)
    if not keeps_alpha and not most * abs(scale) < _LARGEST[exact]:
        # So large that sums could overflow, and become no number on their way to white.
        unscaled = _correlated(pixels, laid / most, 1.0, boundary, exact, 0.0)
        return postprocess(unscaled.astype(np.float64), dtype, scale * most, offset)
    return _correlated(pixels, laid, scale, boundary, dtype, offset, keeps_alpha)


def _require_fit(shape: tuple[int, ...], kernel: Kernel, boundary: Boundary) -> None:
    height, width = shape[:2]
    if boundary.kind == "none" and (kernel.shape[0] > height or kernel.shape[1] > width):
        raise SizeError(
            SizeProblem(
                "If the border is left out, the kernel must fit in the image.",
                received=f"a kernel of {kernel.shape[0]} × {kernel.shape[1]}, an image of "
                f"{height} × {width}",
                remedy="Choose a boundary, such as "
                f"{setting('boundary', 'reflect')}, or a smaller kernel.",
            )
        )


def check_fits(shape: tuple[int, ...], steps: tuple[Step, ...], options: Options) -> None:
    """Raise SizeError unless the kernels fit one after another into an image of this shape."""
    height, width = shape[:2]
    for step in steps:
        kernel = step.kernels[0]
        _require_fit((height, width), kernel, options.boundary)
        height, width = height - kernel.shape[0] + 1, width - kernel.shape[1] + 1


def margins(step: Step, options: Options) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return how far windows reach before and after their pixel, along rows and columns."""
    laid = _as_correlated(step.kernels[0], options)
    (row, column), (rows, columns) = laid.origin, laid.shape
    return (row, rows - 1 - row), (column, columns - 1 - column)


def passes_over(
    shape: tuple[int, ...], dtype: np.dtype[Any], kernel: Kernel, options: Options
) -> Passes | None:
    """Return the passes of a kernel that is run axis by axis; None if it is done otherwise."""
    laid = _as_correlated(kernel, options)
    if not in_passes(laid):
        return None
    factor = max(1.0, abs(options.scale), 1 / abs(kernel.sum) if kernel.sum else 1.0)
    if not largest(kernel) * factor < _LARGEST[arithmetic(dtype)]:
        return None
    _require_fit(shape, kernel, options.boundary)
    height, width, channels = shape
    (row, column), (down, across) = laid.origin, laid.parts
    size, origin = (height, width, channels), (int(row), int(column))
    if _fits_boxes(laid, shape):
        exact = arithmetic(dtype)
        return BoxPasses.of(size, dtype, _boxes(laid), laid.sum, origin, options.boundary, exact)
    return Passes.over(size, dtype, (down, across), origin, options.boundary)


def _of_present(pixels: Pixels, kernel: Kernel, options: Options, boundary: Boundary) -> Pixels:
    """Return sums over what is not NaN, divided by the weights that count: see `convolve`."""
    passes = present_passes(pixels.shape, pixels.dtype, kernel, options)
    if passes is not None:
        rows = present_rows(pixels, kernel, passes, boundary)
        height, width = interior(pixels, Step((kernel,)), options).shape[:2]
        result: Pixels = _engine.empty((height, width, pixels.shape[2]), pixels.dtype)
        for at, some in rows:
            result[at : at + len(some)] = some
        return result
    total, rounding = _weights_that_count(kernel, pixels.dtype)
    plain = replace(options, nan="propagate")
    missing = np.isnan(pixels)
    edges = Boundary("fill", 1.0) if boundary.kind == "fill" else boundary
    shares = _linear((~missing).astype(pixels.dtype), kernel, plain, edges, pixels.dtype)
    np.copyto(shares, np.nan, where=np.abs(shares) <= rounding)
    np.divide(total, shares, out=shares)
    sums = _linear(np.where(missing, 0, pixels), kernel, plain, boundary, pixels.dtype)
    return np.multiply(sums, shares, out=sums)


def _weights_that_count(kernel: Kernel, dtype: np.dtype[Any]) -> tuple[float, float]:
    """Return the sum of the weights, and what is none but for rounding."""
    total = kernel.sum
    rounding = math.prod(kernel.shape) * float(np.finfo(dtype).eps) * magnitude(kernel)
    if abs(total) <= rounding:
        raise ArgumentError(
            'with nan="ignore", the weights of a kernel must not add up to 0: each result is '
            "divided by the sum of the weights used. "
            f"Received: {kernel.label}, whose weights add up to {total:g}."
        )
    return total, rounding


def present_passes(
    shape: tuple[int, ...], dtype: np.dtype[Any], kernel: Kernel, options: Options, most: int = 0
) -> Passes | None:
    """Return the passes of `present_rows`; None of kernels that are not run axis by axis.

    `dtype`: Of the image that all is made of. `most`: Rows that are passed down at a time.
    """
    passes = passes_over((*shape[:2], 2 * shape[2]), dtype, kernel, options)
    if passes is None:
        return None
    # Two arrays of the image's channels are between the passes.
    if isinstance(passes, BoxPasses):
        floats = passes.column.itemsize // dtype.itemsize
        most = min(most or shape[0], max(3 * shape[0] // (4 * floats), 1))
        passes = replace(passes, few=passes.few // 2)
    elif not most and dtype.kind == "u" and 2 * len(passes.column) <= passes.block:
        most = -(-passes.block // 2)  # shorter blocks would read more
    return replace(passes, block=min(passes.block, most)) if most else passes


def present_rows(
    pixels: Any, kernel: Kernel, passes: Passes, boundary: Boundary
) -> Iterator[tuple[int, Pixels]]:
    """Yield sums over what is not NaN as `_of_present`: a row's number, and rows from it on.

    `pixels`: An array (H, W, C) of floats, or what gives some rows and columns of one.
    """
    total, rounding = _weights_that_count(kernel, pixels.dtype)
    channels, fill = pixels.shape[2], boundary.value.real
    filled = 1.0 if boundary.kind == "fill" else fill

    def of_those(sums: Pixels, shares: Pixels) -> Pixels:
        np.copyto(shares, np.nan, where=np.abs(shares) <= rounding)
        np.divide(total, shares, out=shares)
        return np.multiply(sums, shares, out=sums)

    integers = pixels.integers if getattr(pixels, "of_integers", False) else None
    if isinstance(passes, BoxPasses) and integers and passes.is_one(pixels.pixels.dtype):
        few = passes.rows_at_a_time()
        for start, sums, shares in _of_integers(passes, integers, fill, filled, pixels.dtype):
            for at in range(0, len(sums), few):
                yield start + at, of_those(sums[at : at + few], shares[at : at + few])
        return
    of_boxes, complete = isinstance(passes, BoxPasses), True

    def part(first: int, last: int, left: int) -> tuple[Pixels, Pixels]:
        width = passes.columns_at_a_time(last - first, channels)
        values = pixels[first:last, left : left + width]
        return values, _engine.empty(values.shape, values.dtype)

    def present(*at: int) -> Pixels:
        nonlocal complete
        values, found = part(*at)
        missing = np.isnan(values)
        complete &= not missing.any()
        np.copyto(found, values)
        np.copyto(found, 0, where=missing)
        return found[None] if of_boxes else found

    def there(*at: int) -> Pixels:
        values, found = part(*at)
        np.equal(values, values, out=found)  # NaN is not
        return found[None] if of_boxes else found

    rooms, few = (passes.room(channels), passes.room(channels)), passes.rows_at_a_time()
    for start in passes.starts:
        complete = True
        above = passes.down(present, start, fill, rooms[0])
        below = above if complete else passes.down(there, start, filled, rooms[1])
        for at in range(0, above.shape[-2], few):
            sums = passes.along(above[..., at : at + few, :], fill)
            if below is not above:
                shares = passes.along(below[..., at : at + few, :], filled)
                of_those(sums, shares)
                del shares
            yield start + at, sums[0] if of_boxes else sums
            del sums


def _of_integers(
    passes: BoxPasses, read: Any, fill: float, filled: float, dtype: np.dtype[Any]
) -> Iterator[tuple[int, Pixels, Pixels]]:
    """Yield sums over a box of integers that are there, and of ones: a row's number, and rows.

    `read`: Gives such integers (rows, columns, C), 0 where none is, and ones where they are.
    """
    height, width = passes.outputs
    for start in passes.starts:
        rows = min(passes.block, height - start)
        sums: Pixels = _engine.empty((rows, width, passes.shape[2] // 2), dtype)
        shares: Pixels = _engine.empty((rows, width, 1), dtype)
        passes.at_once(lambda first, last, _: read(first, last)[0], start, fill, sums)
        passes.at_once(lambda first, last, _: read(first, last)[1], start, filled, shares)
        yield start, sums, shares
        del sums, shares


def _correlated(
    pixels: Pixels,
    laid: Kernel,
    scale: float,
    boundary: Boundary,
    dtype: np.dtype[Any],
    offset: float,
    keeps_alpha: bool = False,
) -> Pixels:
    """Return scale times a kernel, as it slides over the image, plus an offset."""
    source = np.ascontiguousarray(pixels)[None]
    row, column = laid.origin
    origin, edges = (int(row), int(column)), (boundary.kind, boundary.value.real)
    out = dtype if dtype.kind == "u" else arithmetic(pixels.dtype)
    if not in_passes(laid):
        matrix = scale * laid.matrix
        planes = correlate_planes(
            source, matrix, origin, *edges, out, offset, keeps_alpha=keeps_alpha
        )
    elif _fits_boxes(laid, pixels.shape):
        total = scale * laid.sum
        rows = correlate_boxes(
            source[0], _boxes(laid), total, origin, *edges, out, offset, keeps_alpha=keeps_alpha
        )
        planes = rows[None]
    else:
        down, across = laid.parts
        rows = correlate_passes(source[0], (scale * down, across), origin, *edges, out, offset)
        planes = rows[None]
    result: Pixels = planes[0].astype(dtype, copy=False)
    return result


def box_pair(
    pixels: Pixels, steps: tuple[Step, ...], options: Options, dtype: np.dtype[Any]
) -> Pixels | None:
    """Return what two boxes make of integers, one after the other; None if it is something else."""
    laid = [_as_correlated(step.kernels[0], options) for step in steps if not step.together]
    if len(steps) != 2 or [len(kernel.boxes) for kernel in laid] != [1, 1]:
        return None
    boxes = [_boxes(kernel)[0] for kernel in laid]
    first, second = (kernel.sum / math.prod(box) for kernel, box in zip(laid, boxes, strict=True))
    origins = [(int(row), int(column)) for row, column in (kernel.origin for kernel in laid)]
    made = dtype if dtype == pixels.dtype else arithmetic(pixels.dtype)
    weights = first, second * options.scale
    found = correlate_box_pair(
        pixels, boxes, weights, origins, options.boundary, made, options.offset
    )
    return None if found is None else found.astype(dtype, copy=False)


def _as_correlated(kernel: Kernel, options: Options) -> Kernel:
    """Return the kernel as it slides over the image."""
    return kernel if options.operation == "correlate" else kernel.flipped()


def _boxes(kernel: Kernel) -> list[tuple[int, int]]:
    return [(int(rows), int(columns)) for rows, columns in kernel.boxes]


def _fits_boxes(kernel: Kernel, shape: tuple[int, ...]) -> bool:
    """Whether sums of sums are as quick as they should be: what they extend is no larger."""
    fits = all(size <= rows for size, rows in zip(kernel.shape, shape, strict=False))
    return len(kernel.boxes) == 1 or (fits and len(kernel.boxes) > 1)


def interior(pixels: Pixels, step: Step, options: Options) -> Pixels:
    """Return the pixels that have a result: all, unless the border is left out."""
    if options.boundary.kind != "none":
        return pixels
    height, width = pixels.shape[:2]
    (above, below), (left, right) = margins(step, options)
    return pixels[above : height - below, left : width - right]


def put_luma(colour: Pixels, after: Pixels, dtype: np.dtype[Any]) -> Pixels:
    """Return colours as `dtype` that have another luma, in floats, and the chroma they had."""
    result: Pixels = _engine.empty(colour.shape, dtype if dtype == colour.dtype else after.dtype)
    before = np.ascontiguousarray(colour).reshape(-1, 3)
    _engine.put_luma(before, np.ascontiguousarray(after).reshape(-1), result.reshape(-1, 3))
    return postprocess(result, dtype)


def postprocess(
    values: Pixels, dtype: DTypeLike, scale: float = 1.0, offset: float = 0.0
) -> Pixels:
    """Return scale · values + offset as `dtype`; integers are rounded half to even and cut off."""
    dtype = np.dtype(dtype)
    if scale != 1.0 or offset != 0.0:
        if abs(scale) > _LARGEST[values.dtype]:
            values = values.astype(np.float64)  # where it is finite
        with np.errstate(over="ignore", invalid="ignore"):  # beyond all numbers is white or black
            values = values * values.dtype.type(scale) + values.dtype.type(offset)
    if dtype.kind == "f" or values.dtype == dtype:
        with np.errstate(over="ignore"):
            return values.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    rounded = np.rint(values)
    return np.clip(rounded, limits.min, limits.max, out=rounded).astype(dtype)
