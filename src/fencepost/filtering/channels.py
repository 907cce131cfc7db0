"""Colour, luminance and transparency through a chain of kernels.

Pixels are (H, W, C); the last channel may be alpha.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .. import _engine
from ..convolution.boundaries import Boundary
from ..convolution.passes import Passes
from ..convolution.stacked import BoxPasses
from ..errors import ArgumentError
from ..kernels import Kernel
from ..remedies import setting
from .options import Options
from .pixels import LumaOf, arithmetic, luma
from .responses import (
    Pixels,
    full_scale,
    interior,
    passes_over,
    postprocess,
    present_passes,
    present_rows,
    put_luma,
    response,
)
from .steps import Step, largest

__all__ = [
    "blur",
    "blurred_rows",
    "check_luminance",
    "check_premultiplied",
    "divide",
    "filter_rows",
]

# Of full opacity: where less of anything is seen, there is no colour to be told.
TRANSPARENT = 1e-5
_AT_ONCE = 1 << 20  # values of colours, as floats; of more, a channel at a time takes less memory
_SMALL = 1 << 22  # values of an image, up to which its memory matters less than its time
_SEEN = 1 / 8  # of full opacity: what is divided by as much is off by no more than 8 times as much
LARGEST_WEIGHT = 1e25


def check_luminance(luminance: bool, colours: str) -> None:
    """Raise ArgumentError for colours that have no luma."""
    if luminance and colours == "CMYK":
        raise ArgumentError(
            f"{setting('luminance', True)} needs a grey or RGB image. Received: CMYK. Convert it "
            "to RGB first."
        )


def filter_rows(
    pixels: Pixels, has_alpha: bool, opaque: bool, steps: tuple[Step, ...], options: Options
) -> Pixels:
    """Return the pixels after all steps, with nothing rounded in between.

    `opaque` tells whether no pixel is transparent, of the image that these may be some rows of.
    """
    dtype = np.dtype(options.dtype or pixels.dtype)
    if not has_alpha:
        return _filter_colour(pixels, None, steps, options, dtype)[0]
    colour, alpha = pixels[..., :-1], pixels[..., -1:]
    if options.alpha == "premultiply":
        check_premultiplied(steps)
    blurs = any(step.is_blur for step in steps) and options.alpha != "keep" and not opaque
    if _is_one_pass(pixels, steps, options) and not blurs:
        return response(
            pixels,
            steps[0],
            options,
            dtype,
            scale=options.scale,
            offset=options.offset,
            keeps_alpha=True,
        )
    weights = None if opaque or options.alpha == "keep" else alpha
    seen, blurred = _filter_colour(colour, weights, steps, options, dtype)
    if blurred is None:
        for step in steps:
            alpha = interior(alpha, step, options)
    else:
        alpha = blurred
    alpha = postprocess(alpha, dtype)
    if seen.base is not None and seen.base is alpha.base:  # as `blur` makes them
        whole: Pixels = seen.base
        return whole
    return np.concatenate([seen, alpha], axis=2)


def _is_one_pass(pixels: Pixels, steps: tuple[Step, ...], options: Options) -> bool:
    """Whether one kernel makes the result, and the engine can keep alpha as it writes it."""
    if len(steps) > 1 or steps[0].together is not None or options.dtype is not None:
        return False
    if steps[0].is_in_passes and len(steps[0].kernels[0].boxes) != 1:
        return False
    if options.luminance or options.magnitude or options.nan == "ignore":
        return False
    # Beyond, `response` works with other weights, lest sums overflow.
    return largest(steps[0].kernels[0]) * abs(options.scale) < LARGEST_WEIGHT


def check_premultiplied(steps: tuple[Step, ...]) -> None:
    """Raise ArgumentError for kernels that do not blur."""
    for step in steps:
        if not step.is_blur:
            raise ArgumentError(
                f"{setting('alpha', 'premultiply')} needs kernels that blur: no negative weight, "
                f"and a sum above 0. Received: {step.label}. {setting('alpha', 'auto')} "
                f"premultiplies only for blurs, and {setting('alpha', 'keep')} never."
            )


def _filter_colour(
    colour: Pixels,
    alpha: Pixels | None,
    steps: tuple[Step, ...],
    options: Options,
    dtype: np.dtype[Any],
) -> tuple[Pixels, Pixels | None]:
    """Return the colours as `dtype`, and the alpha if blurs have changed it."""
    if options.luminance and colour.shape[2] > 1:
        return _filter_luminance(colour, alpha, steps, options, dtype), None
    exact = arithmetic(colour.dtype)
    full = full_scale(colour.dtype if alpha is None else alpha.dtype)  # luma is in floats
    for index, step in enumerate(steps):
        last = index == len(steps) - 1 and not options.magnitude
        made = (dtype, options.scale, options.offset) if last else (exact, 1.0, 0.0)
        if alpha is not None and step.is_blur:
            colour, alpha = blur(colour, alpha, full, step, options, *made)
            if last:
                return colour, alpha
            continue
        if alpha is not None:
            alpha = interior(alpha, step, options)
        # The engine rounds and cuts off as it writes: no image of floats is ever made.
        colour = response(colour, step, options, made[0], scale=made[1], offset=made[2])
        if last:
            return colour, alpha
    if options.magnitude:
        colour = np.abs(colour)
    return postprocess(colour, dtype, options.scale, options.offset), alpha


def _filter_luminance(
    colour: Pixels,
    alpha: Pixels | None,
    steps: tuple[Step, ...],
    options: Options,
    dtype: np.dtype[Any],
) -> Pixels:
    """Add to all three colours what the filter adds to their luma, so that chroma stays."""
    inside = colour
    for step in steps:
        inside = interior(inside, step, options)
    after, _ = _filter_colour(luma(colour), alpha, steps, options, arithmetic(colour.dtype))
    return put_luma(inside, after, dtype)


def blur(
    colour: Pixels,
    alpha: Pixels,
    full: float,
    step: Step,
    options: Options,
    dtype: np.dtype[Any],
    scale: float,
    offset: float,
) -> tuple[Pixels, Pixels]:
    """Blur colours that count as much as they are opaque, and the alpha with them, as `dtype`.

    Porter & Duff, "Compositing digital images" (1984): with colours multiplied by alpha before,
    and divided by it after, what is transparent lends no colour to its neighbours. Beyond a
    constant boundary everything is opaque.
    """
    inside = interior(colour, step, options)
    channels = colour.shape[2]
    out = _engine.empty((*inside.shape[:2], channels + 1), dtype)
    for at, first, mixed, covered in blurred_rows(colour, alpha, full, step, options):
        rows, some = slice(at, at + len(mixed)), slice(first, first + mixed.shape[2])
        divide(mixed, covered, full, inside, (rows, slice(None), some))
        out[rows, :, some] = postprocess(mixed, dtype, scale, offset)
        if some.stop == channels:
            out[rows, :, -1:] = postprocess(covered, dtype)
        del mixed, covered  # before the next are made
    return out[..., :-1], out[..., -1:]


def divide(
    mixed: Pixels, covered: Pixels, full: float, inside: Pixels | LumaOf, at: tuple[slice, ...]
) -> None:
    """Divide colours by what is seen of them; where nothing is, take those of `inside`."""
    visible = covered > TRANSPARENT * full
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for channel in range(mixed.shape[2]):
            np.divide(mixed[..., channel], covered[..., 0], out=mixed[..., channel])
    if not visible.all():
        np.copyto(mixed, inside[at], where=~visible)
        np.copyto(covered, 0, where=~visible)


def blurred_rows(
    colour: Pixels | LumaOf,
    alpha: Pixels,
    full: float,
    step: Step,
    options: Options,
    stored: np.dtype[Any] | None = None,
    most: int = 0,
) -> Iterator[tuple[int, int, Pixels, Pixels]]:
    """Yield colours times alpha, and alpha, both blurred: first row, first channel, and these.

    Of chains `stored` is the dtype of the image, and `most` how many rows are passed down at a
    time, at most; then they are large kernels, and colours may be any that are read by rows and
    columns.
    """
    exact = arithmetic(colour.dtype)
    border = opaque = options.boundary
    if border.kind == "fill":
        border, opaque = Boundary("fill", full * border.value), Boundary("fill", full)
    kernel, (height, width, channels) = step.kernels[0], colour.shape
    passes, of_luma = None, isinstance(colour, LumaOf)
    if options.nan == "ignore" and stored is not None:
        yield from _of_present(colour, alpha, kernel, options, stored, most, (border, opaque))
        return
    if options.nan == "propagate":
        dtype = stored or colour.dtype
        passes = passes_over((height, width, channels + 1), dtype, kernel, options)
    if passes is not None and most:
        passes = replace(passes, block=min(passes.block, most))
    small = height * width * (channels + 1) <= _SMALL and stored is None
    if isinstance(passes, BoxPasses) and (of_luma or not small):
        yield from _in_boxes(colour, alpha, kernel.sum, passes, border, opaque)
        return
    if passes is not None and not isinstance(passes, BoxPasses):
        yield from _in_passes(colour, alpha, full, kernel.sum, passes, border, opaque)
        return
    assert not isinstance(colour, LumaOf)  # which is for passes
    counted = alpha.astype(exact, copy=False)
    covered = response(counted, step, options, exact, scale=1 / kernel.sum, boundary=opaque)
    del counted
    some = channels if colour.size <= _AT_ONCE else 1
    for first in range(0, channels, some):
        heavy = _heavy(colour[..., first : first + some], alpha, exact)
        mixed = response(heavy, step, options, exact, boundary=border)
        del heavy
        yield 0, first, mixed, covered
        del mixed


class _Heavy:
    """Colours that count as much as they are opaque, as an array that is made where it is read."""

    def __init__(self, colour: Any, alpha: Any) -> None:
        self.colour, self.alpha = colour, alpha
        self.shape, self.dtype = colour.shape, arithmetic(colour.dtype)

    def __getitem__(self, at: tuple[slice, ...]) -> Pixels:
        return _heavy(self.colour[at], self.alpha[at], self.dtype)


def _of_present(
    colour: Any,
    alpha: Any,
    kernel: Kernel,
    options: Options,
    dtype: np.dtype[Any],
    most: int,
    edges: tuple[Boundary, Boundary],
) -> Iterator[tuple[int, int, Pixels, Pixels]]:
    """Yield the same of what is not NaN, a few rows at a time."""
    height, width, channels = colour.shape
    passes = present_passes((height, width, channels + 1), dtype, kernel, options, most)
    assert passes is not None
    heavy = present_rows(_Heavy(colour, alpha), kernel, passes, edges[0])
    weights = present_rows(alpha, kernel, passes, edges[1])
    for (at, mixed), (_, covered) in zip(heavy, weights, strict=True):
        np.divide(covered, kernel.sum, out=covered)
        yield at, 0, mixed, covered


def _in_passes(
    colour: Pixels | LumaOf,
    alpha: Pixels,
    full: float,
    total: float,
    passes: Passes,
    border: Boundary,
    opaque: Boundary,
) -> Iterator[tuple[int, int, Pixels, Pixels]]:
    """Yield the same, a few rows at a time.

    What is divided by little shows the error of a transform as much the more, so it is one of
    pixels only where enough is seen; of integers of 16 bits, in float64, nothing is left of it.
    """
    exact, channels = arithmetic(colour.dtype), colour.shape[2]
    shares = passes.times(1.0, total)
    around, beyond = border.value.real, opaque.value.real

    def part(pixels: Pixels | LumaOf, first: int, last: int, left: int) -> Pixels:
        width = passes.columns_at_a_time(last - first, channels)
        return pixels[first:last, left : left + width]

    def weights(*at: int) -> Pixels:
        return _as_floats(part(alpha, *at), exact)

    def heavy(*at: int) -> Pixels:
        return _heavy(part(colour, *at), part(alpha, *at), exact)

    rooms, few = (passes.room(1), passes.room(channels)), passes.rows_at_a_time()
    deep, enough = alpha.dtype == np.uint16, _SEEN * full
    for start in passes.starts:
        below = shares.down(weights, start, beyond, rooms[0], of_pixels=deep)
        seen = deep or (alpha.dtype == np.uint8 and bool(below.min() >= enough))
        above = passes.down(heavy, start, around, rooms[1], of_pixels=seen)
        for at in range(0, len(above), few):
            rows = slice(at, at + few)
            mixed = passes.along(above[rows], around, of_pixels=seen)
            covered = shares.along(below[rows], beyond, of_pixels=seen)
            yield start + at, 0, mixed, covered
            del mixed, covered  # before the next are made


def _in_boxes(
    colour: Pixels | LumaOf,
    alpha: Pixels,
    total: float,
    passes: BoxPasses,
    border: Boundary,
    opaque: Boundary,
) -> Iterator[tuple[int, int, Pixels, Pixels]]:
    """Yield the same of sums over windows, each colour by itself: a plane of its own.

    Products of bytes are integers of 16 bits: half of what is read, and exact down the columns.
    """
    exact, channels = arithmetic(colour.dtype), colour.shape[2]
    bytes_only = colour.dtype == alpha.dtype == np.uint8
    counts, products = (np.uint8, np.uint16) if bytes_only else (exact, exact)
    shares = passes.times(1.0, total)
    around, beyond = border.value.real, opaque.value.real

    def part(first: int, last: int, left: int) -> tuple[Pixels, Pixels]:
        width = passes.columns_at_a_time(last - first, channels)
        inside = slice(first, last), slice(left, left + width)
        return colour[inside], _as_floats(alpha[inside], np.dtype(counts))

    def weights(*at: int) -> Pixels:
        return part(*at)[1][None]

    def heavy(*at: int) -> Pixels:
        values, weight = part(*at)
        product = _engine.empty((channels, *values.shape[:2], 1), np.dtype(products))
        with np.errstate(over="ignore"):
            for channel in range(channels):
                np.multiply(
                    values[..., channel], weight[..., 0], out=product[channel, ..., 0],
                    dtype=products,
                )  # fmt: skip
        return product

    rooms, few = (passes.room(1), passes.room(1, channels)), passes.rows_at_a_time()
    for start in passes.starts:
        below = shares.down(weights, start, beyond, rooms[0])
        above = passes.down(heavy, start, around, rooms[1])
        for at in range(0, above.shape[1], few):
            mixed = passes.along(above[:, at : at + few], around)[..., 0].transpose(1, 2, 0)
            covered = shares.along(below[:, at : at + few], beyond)[0]
            yield start + at, 0, mixed, covered
            del mixed, covered  # before the next are made


def _as_floats(pixels: Pixels, dtype: np.dtype[Any]) -> Pixels:
    """Return a copy as `dtype`, in memory that is taken again and again."""
    copy: Pixels = _engine.empty(pixels.shape, dtype)
    np.copyto(copy, pixels)
    return copy


def _heavy(colour: Pixels, alpha: Pixels, exact: np.dtype[Any]) -> Pixels:
    """Return colours that count as much as they are opaque."""
    product = _engine.empty(colour.shape, exact)
    with np.errstate(over="ignore"):  # of floats: to infinity, as everywhere else
        for channel in range(colour.shape[2]):  # NumPy is slow where its innermost axis is short
            np.multiply(colour[..., channel], alpha[..., 0], out=product[..., channel], dtype=exact)
    return product
