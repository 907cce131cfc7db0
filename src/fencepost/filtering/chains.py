"""Chains with large kernels: each step reads the rows of the one before as they are made.

Of what is between two steps no more rows are held than the next one's windows read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .. import _engine
from ..convolution.stacked import BoxPasses
from .channels import blur, blurred_rows, check_premultiplied, divide
from .options import Options
from .responses import (
    LumaOf,
    Pixels,
    arithmetic,
    check_fits,
    full_scale,
    interior,
    margins,
    passes_over,
    postprocess,
    response,
)
from .steps import Step

__all__ = ["filter_chain", "is_chained"]

# A step's first row, its rows of colour, and of alpha where that weighs.
Made = Iterator[tuple[int, Pixels, "Pixels | None"]]
_BAND = 1 << 17  # elements at a time, at least: what a cache holds
_SHARE = 5  # of the image's memory, which part each step takes at a time
_LONE = 2  # times as much a step by itself, which has less to do twice then


def is_chained(steps: tuple[Step, ...], options: Options) -> bool:
    """Whether steps are best done this way, and can be."""
    if options.boundary.kind == "wrap" or options.nan == "ignore":
        return False  # the first rows of results need the last of the image
    several = len(steps) > 1 or options.magnitude
    return several and any(step.is_in_passes for step in steps)


def filter_chain(
    pixels: Pixels, has_alpha: bool, opaque: bool, steps: tuple[Step, ...], options: Options
) -> Pixels:
    """Return the pixels after all steps: as `filter_rows`."""
    dtype, inside = np.dtype(options.dtype or pixels.dtype), pixels
    if options.boundary.kind == "none":
        check_fits(pixels.shape, steps, options)
    for step in steps:
        inside = interior(inside, step, options)
    if has_alpha and options.alpha == "premultiply":
        check_premultiplied(steps)
    colour, alpha = (pixels[..., :-1], pixels[..., -1:]) if has_alpha else (pixels, None)
    weights = None if opaque or options.alpha == "keep" else alpha
    colours, out = colour.shape[2], _engine.empty(inside.shape, dtype)
    kept = has_alpha
    if options.luminance and colours > 1:
        exact = arithmetic(colour.dtype)
        ends = exact, options.scale, options.offset
        for at, rows, _ in _steps(LumaOf(colour), weights, steps, options, pixels, ends):
            some = slice(at, at + len(rows))
            _put_luma(inside[some, :, :colours], rows, out[some, :, :colours])
    else:
        ends = dtype, options.scale, options.offset
        # Without weights, a channel at a time: the rest of its memory is for the others' results.
        few = 1 if weights is None else colours
        kept &= weights is None
        for first in range(0, colours, few):
            part = colour[..., first : first + few]
            for at, rows, covered in _steps(part, weights, steps, options, pixels, ends):
                out[at : at + len(rows), :, first : first + few] = rows
                if covered is not None:
                    out[at : at + len(rows), :, -1:] = postprocess(covered, dtype)
    if kept:
        out[..., -1:] = postprocess(inside[..., -1:], dtype)
    return out


def _put_luma(colour: Pixels, after: Pixels, out: Pixels) -> None:
    """Put colours into `out` that have another luma, and the chroma that they had."""
    made = out.dtype if out.dtype == colour.dtype else after.dtype
    result: Pixels = _engine.empty(out.shape, made)
    before = np.ascontiguousarray(colour).reshape(-1, 3)
    _engine.put_luma(before, np.ascontiguousarray(after).reshape(-1), result.reshape(-1, 3))
    out[...] = postprocess(result, out.dtype)


def _steps(
    colour: Any,
    alpha: Any,
    steps: tuple[Step, ...],
    options: Options,
    image: Pixels,
    ends: tuple[np.dtype[Any], float, float],
) -> Made:
    """Yield what all steps make: scaled, offset and as a dtype in the end, by `ends`."""
    exact = arithmetic(colour.dtype)
    full = full_scale(colour.dtype if alpha is None else alpha.dtype)
    for index, step in enumerate(steps):
        last = index == len(steps) - 1 and not options.magnitude
        made = ends if last else (exact, 1.0, 0.0)
        rows = _step(colour, alpha, full, step, options, image, len(steps) == 1, made)
        if index < len(steps) - 1:
            shape = _shape(colour.shape, step, options)
            held = _Held(rows)
            colour = _View(held, 1, shape, exact)
            alpha = None if alpha is None else _View(held, 2, (*shape[:2], 1), exact)
    for at, values, covered in rows:
        done = postprocess(np.abs(values), *ends) if options.magnitude else values
        yield at, done, covered


def _shape(shape: tuple[int, ...], step: Step, options: Options) -> tuple[int, int, int]:
    """Return the shape of a step's result."""
    height, width, channels = shape
    if options.boundary.kind != "none":
        return height, width, channels
    rows, columns = step.kernels[0].shape
    return height - rows + 1, width - columns + 1, channels


def _step(
    colour: Any,
    alpha: Any,
    full: float,
    step: Step,
    options: Options,
    image: Pixels,
    lone: bool,
    ends: tuple[np.dtype[Any], float, float],
) -> Made:
    """Yield what one step makes of colours, and of the alpha that weighs them, from top to bottom.

    `image`: That all is made of, by whose memory the steps' is measured. `lone`: Whether there
    is no other step.
    """
    (height, width, channels), exact = colour.shape, arithmetic(colour.dtype)
    weighs = alpha is not None and step.is_blur
    passes, elements = None, width * (channels + weighs)
    most = max(image.nbytes // (_SHARE * exact.itemsize), _BAND) // elements or 1
    if step.is_in_passes:
        shape = (height, width, channels + weighs)
        passes = passes_over(shape, image.dtype, step.kernels[0], options)
    if passes is None:
        yield from _in_bands(colour, alpha, full, step, options, ends)
        return
    if weighs:
        inside = _inside(colour, step, options)
        blurred = blurred_rows(colour, alpha, full, step, options, image.dtype, most)
        for at, _, mixed, covered in blurred:
            divide(mixed, covered, full, inside, (slice(at, at + len(mixed)), slice(None)))
            yield at, postprocess(mixed, *ends), covered
            del mixed, covered  # before the next are made
        return
    is_one = isinstance(passes, BoxPasses) and passes.is_one(colour.dtype)
    if lone and not is_one:
        most *= _LONE
    passes = replace(passes.times(ends[1]), block=min(passes.block, most))

    def read(first: int, last: int, left: int) -> Pixels:
        columns = passes.columns_at_a_time(last - first, channels)
        return np.ascontiguousarray(colour[first:last, left : left + columns])

    covers = None if alpha is None else _inside(alpha, step, options)
    fill, of_pixels = options.boundary.value.real, colour.dtype.kind == "u"
    dtype = ends[0] if ends[0].kind == "u" else exact
    if isinstance(passes, BoxPasses) and is_one:
        found = _of_box(passes, lambda *at: colour[at[0] : at[1], :], fill, ends[2], dtype)
    else:
        found = passes.results(read, fill, ends[2], of_pixels=of_pixels, dtype=dtype)
    for at, rows in found:
        some = None if covers is None else covers[at : at + len(rows), :].astype(exact)
        yield at, rows.astype(ends[0], copy=False), some
        del rows, some


def _in_bands(
    colour: Any,
    alpha: Any,
    full: float,
    step: Step,
    options: Options,
    ends: tuple[np.dtype[Any], float, float],
) -> Made:
    """Yield the same of a kernel that is run as a matrix, with the rows above and below."""
    (height, width, channels), exact = colour.shape, arithmetic(colour.dtype)
    none, halo = options.boundary.kind == "none", step.kernels[0].shape[0] - 1
    length = height - halo if none else height
    rows = max(4 * _BAND // (width * channels * max(len(step.kernels), 2)), 4 * halo, 1)
    rows = height if height <= 2 * halo else rows
    for at in range(0, length, rows):
        stop = min(at + rows, length)
        low, high = (at, stop + halo) if none else (max(at - halo, 0), min(stop + halo, height))
        some = slice(at - low, stop - low)
        values = colour[low:high, :]
        cover = None if alpha is None else alpha[low:high, :]
        if cover is not None and step.is_blur:
            made, cover = blur(values, cover, full, step, options, exact, *ends[1:])
            made = made if ends[0] == exact else postprocess(made, ends[0])
        else:
            cover = None if cover is None else interior(cover, step, options).astype(exact)
            made = response(values, step, options, ends[0], scale=ends[1], offset=ends[2])
        yield at, made[some], None if cover is None else cover[some]
        del values, cover, made


def _of_box(
    passes: BoxPasses, read: Any, fill: float, offset: float, dtype: np.dtype[Any]
) -> Iterator[tuple[int, Pixels]]:
    height, width = passes.outputs
    for at in passes.starts:
        rows = min(passes.block, height - at)
        out: Pixels = _engine.empty((rows, width, passes.shape[2]), dtype)
        passes.at_once(read, at, fill, out, offset)
        yield at, out
        del out


class _Held:
    """The rows of a step that are still to be read: those that come before, from the top on."""

    def __init__(self, rows: Made) -> None:
        self.rows, self.made = rows, 0
        self.parts: list[tuple[int, Pixels, Pixels | None]] = []

    def read(self, which: int, first: int, last: int, columns: slice) -> Pixels:
        """Return rows of the colours (1) or of alpha (2); those above are read no more."""
        if last > self.made:
            self.parts = [part for part in self.parts if part[0] + len(part[1]) > first]
            while self.made < last:
                part = next(self.rows)
                self.parts.append(part)
                self.made = part[0] + len(part[1])
        assert self.parts[0][0] <= first
        found: list[Pixels] = []
        for part in self.parts:
            low, high = max(first - part[0], 0), min(last - part[0], len(part[1]))
            if low < high:
                values = part[which]
                assert values is not None and not isinstance(values, int)
                found.append(values[low:high, columns])
        return np.concatenate(found)


class _View:
    """Colours or alpha of such rows, as an array (H, W, C), or what is inside of its border."""

    def __init__(
        self,
        held: _Held,
        which: int,
        shape: tuple[int, int, int],
        dtype: np.dtype[Any],
        start: tuple[int, int] = (0, 0),
    ) -> None:
        self.held, self.which, self.start = held, which, start
        self.shape, self.dtype = shape, dtype

    def __getitem__(self, at: tuple[slice, ...]) -> Pixels:
        (first, last, _), (left, right, _) = (
            part.indices(size) for part, size in zip(at, self.shape, strict=False)
        )
        row, column = self.start
        columns = slice(left + column, right + column)
        return self.held.read(self.which, first + row, last + row, columns)

    def inside(self, step: Step, options: Options) -> _View:
        """Return the pixels that have a result."""
        (above, _), (left, _) = margins(step, options)
        shape = _shape(self.shape, step, options)
        return _View(self.held, self.which, shape, self.dtype, (above, left))


def _inside(values: Any, step: Step, options: Options) -> Any:
    """Return the pixels that have a result."""
    if options.boundary.kind != "none":
        return values
    if isinstance(values, LumaOf):
        return LumaOf(interior(values.colour, step, options))
    is_view = isinstance(values, _View)
    return values.inside(step, options) if is_view else interior(values, step, options)
