"""Chains with large kernels: each step reads the rows of the one before as they are made.

Of what is between two steps no more rows are held than the next one's windows read. Where the image
is continued by its other end, it is read with as many rows and columns around it as all windows
reach, each from where it lies, and no border is left to any step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .. import _engine
from ..convolution.boundaries import Boundary
from ..convolution.stacked import BoxPasses
from .channels import blur, blurred_rows, check_premultiplied, divide
from .options import Options
from .pixels import LumaOf, arithmetic
from .responses import (
    Pixels,
    box_pair,
    check_fits,
    full_scale,
    interior,
    margins,
    passes_over,
    postprocess,
    present_passes,
    present_rows,
    put_luma,
    response,
)
from .steps import Step

__all__ = ["chained", "filter_chain", "is_chained"]

# A step's first row, its rows of colour, and of alpha where that weighs.
Made = Iterator[tuple[int, Pixels, "Pixels | None"]]
_BAND = 1 << 17  # elements at a time, at least: what a cache holds
_LONE = 2  # times as much a step by itself, whose magnitude is taken in floats
_SHARE = 5  # of the image's memory, which part each step takes at a time


def is_chained(shape: tuple[int, ...], steps: tuple[Step, ...], options: Options) -> bool:
    """Whether steps over an image are best done this way, and can be."""
    if options.boundary.kind == "wrap" and len(steps) > 1:
        reach = np.sum([step.kernels[0].shape for step in steps], axis=0) - len(steps)
        if any(reach > shape[:2]):
            return False  # it would be read with more around it than it is
    several = len(steps) > 1 or options.magnitude or options.luminance
    return (several or options.nan == "ignore" or bool(options.dtype)) and any(
        step.is_in_passes for step in steps
    )


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
    pair = None
    if weights is None and not (options.luminance or options.magnitude):
        pair = box_pair(pixels, steps, options, dtype)
    out: Pixels = _engine.empty(inside.shape, dtype) if pair is None else pair
    made = () if pair is not None else chained(colour, weights, steps, options, pixels, dtype)
    blurred = False
    for at, some, rows, covered in made:
        out[at : at + len(rows), :, some] = rows
        if covered is not None:
            out[at : at + len(rows), :, -1:] = postprocess(covered, dtype)
            blurred = True
    if has_alpha and not blurred:
        out[..., -1:] = postprocess(inside[..., -1:], dtype)
    return out


def chained(
    colour: Any,
    weights: Any,
    steps: tuple[Step, ...],
    options: Options,
    image: Any,
    dtype: np.dtype[Any],
) -> Iterator[tuple[int, slice, Pixels, Pixels | None]]:
    """Yield what all steps make of colours, some rows at a time: the first one's number, and they.

    Of all channels or some, which stand second; last comes the alpha that has weighed them.
    `colour`: An image (H, W, C), or what gives some rows and columns of one. `weights`: Its alpha.
    `image`: That it is made of, by whose memory and type that of the steps is measured.
    """
    inside, colours = colour, colour.shape[2]
    for step in steps:
        inside = _inside(inside, step, options)
    if options.boundary.kind == "wrap" and len(steps) > 1:
        reach = [margins(step, options) for step in steps]
        colour = _Wrapped(colour, reach)
        weights = None if weights is None else _Wrapped(weights, reach)
        options = replace(options, boundary=Boundary("none"))
    if options.luminance and colours > 1:
        ends = arithmetic(colour.dtype), options.scale, options.offset
        for at, rows, _ in _steps(LumaOf(colour), weights, steps, options, image, ends):
            before = inside[at : at + len(rows), :]
            yield at, slice(0, colours), put_luma(before, rows, dtype), None
        return
    ends = dtype, options.scale, options.offset
    # Without weights, a channel at a time: the rest of its memory is for the others' results.
    few = 1 if weights is None else colours
    for first in range(0, colours, few):
        some = slice(first, first + few)
        part = colour if few == colours else _channels(colour, some)
        for at, rows, covered in _steps(part, weights, steps, options, image, ends):
            yield at, some, rows, None if weights is None else covered


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
    weighs, ignores = alpha is not None and step.is_blur, options.nan == "ignore"
    passes, elements = None, width * (channels + weighs) * (1 + ignores)
    most = max(image.nbytes // (_SHARE * exact.itemsize), _BAND) // elements or 1
    if step.is_in_passes:
        shape = (height, width, channels + weighs)
        passes = passes_over(shape, image.dtype, step.kernels[0], options)
    if passes is None:
        yield from _in_bands(colour, alpha, full, step, options, ends)
        return
    if weighs:
        inside = _inside(colour, step, options)
        few = 0 if lone else most
        blurred = blurred_rows(colour, alpha, full, step, options, image.dtype, few)
        for at, _, mixed, covered in blurred:
            divide(mixed, covered, full, inside, (slice(at, at + len(mixed)), slice(None)))
            yield at, postprocess(mixed, *ends), covered
            del mixed, covered  # before the next are made
        return
    covers = None if alpha is None else _inside(alpha, step, options)
    if ignores:
        kernel, most = step.kernels[0], 0 if lone else most
        passes = present_passes(colour.shape, image.dtype, kernel, options, most)
        assert passes is not None
        for at, rows in present_rows(colour, kernel, passes, options.boundary):
            some = None if covers is None else covers[at : at + len(rows), :].astype(exact)
            yield at, postprocess(rows, *ends), some
            del rows, some
        return
    is_one = isinstance(passes, BoxPasses) and passes.is_one(colour.dtype)
    if is_one or options.magnitude or not lone:
        most *= _LONE if lone and not is_one else 1
        passes = replace(passes, block=min(passes.block, most))
    passes = passes.times(ends[1])

    def read(first: int, last: int, left: int) -> Pixels:
        columns = passes.columns_at_a_time(last - first, channels)
        return np.ascontiguousarray(colour[first:last, left : left + columns])

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
    held = max(len(step.kernels), 2 if options.nan == "propagate" else 4)
    rows = max(4 * _BAND // (width * channels * held), 4 * halo, 1)
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
    """Colours or alpha of such rows, as an array (H, W, C)."""

    def __init__(
        self, held: _Held, which: int, shape: tuple[int, int, int], dtype: np.dtype[Any]
    ) -> None:
        self.held, self.which, self.shape, self.dtype = held, which, shape, dtype

    def __getitem__(self, at: tuple[slice, ...]) -> Pixels:
        (first, last, _), (left, right, _) = _ends(at, self.shape)
        return self.held.read(self.which, first, last, slice(left, right))


class _Part:
    """Rows and columns of such an array, from some on, as another."""

    def __init__(self, whole: Any, start: tuple[int, int], shape: tuple[int, int, int]) -> None:
        self.whole, self.start, self.shape, self.dtype = whole, start, shape, whole.dtype

    def __getitem__(self, at: tuple[slice, ...]) -> Pixels:
        sides = zip(self.start, _ends(at, self.shape), strict=True)
        found: Pixels = self.whole[tuple(slice(a + by, b + by) for by, (a, b, _) in sides)]
        return found


class _Wrapped:
    """Such an array with rows and columns around it, which are brought from the other end.

    `reach`: How many before and after it, along rows and columns, each of some steps needs.
    """

    def __init__(self, pixels: Any, reach: list[Any]) -> None:
        self.pixels, self.reach, self.dtype = pixels, reach, pixels.dtype
        height, width, channels = pixels.shape
        (above, below), (left, right) = np.sum(reach, axis=0).tolist()
        self.start = above, left
        self.shape = height + above + below, width + left + right, channels

    def __getitem__(self, at: tuple[slice, ...]) -> Pixels:
        ends = zip(_ends(at, self.shape), self.start, self.pixels.shape, strict=False)
        rows, columns = (_runs(a - by, b - by, size) for (a, b, _), by, size in ends)
        found = [[self.pixels[along, across] for across in columns] for along in rows]
        if len(rows) == len(columns) == 1:
            single: Pixels = found[0][0]
            return single
        return np.concatenate([np.concatenate(parts, axis=1) for parts in found])


def _ends(at: tuple[slice, ...], shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Return the first and last row, and column, of slices."""
    return [part.indices(size) for part, size in zip(at[:2], shape, strict=False)]


def _runs(first: int, last: int, size: int) -> list[slice]:
    """Return the elements from one to another of what repeats every `size`.

    >>> _runs(-1, 5, 4)
    [slice(3, 4, None), slice(0, 4, None), slice(0, 1, None)]
    """
    runs = []
    while first < last:
        start = first % size
        stop = min(start + last - first, size)
        runs.append(slice(start, stop))
        first += stop - start
    return runs


def _channels(colour: Any, some: slice) -> Any:
    """Return some channels of such an array."""
    if isinstance(colour, _Wrapped):
        return _Wrapped(_channels(colour.pixels, some), colour.reach)
    return colour[..., some]


def _inside(values: Any, step: Step, options: Options) -> Any:
    """Return the pixels that have a result."""
    if options.boundary.kind != "none":
        return values
    if isinstance(values, np.ndarray):
        return interior(values, step, options)
    (above, _), (left, _) = margins(step, options)
    return _Part(values, (above, left), _shape(values.shape, step, options))
