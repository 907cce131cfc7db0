"""Colour, luminance and transparency through a chain of kernels.

Pixels are (H, W, C); the last channel may be alpha.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _engine
from ..convolution.boundaries import Boundary
from ..errors import ArgumentError
from ..remedies import setting
from .options import Options
from .responses import Pixels, arithmetic, interior, postprocess, response
from .steps import Step, largest

__all__ = ["check_luminance", "filter_rows", "full_scale", "luma"]

# Of full opacity: where less of anything is seen, there is no colour to be told.
TRANSPARENT = 1e-5
LARGEST_WEIGHT = 1e25


def full_scale(dtype: np.dtype[Any]) -> float:
    """Return what white, and full opacity, is in pixels of `dtype`."""
    return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0


def luma(colour: Pixels) -> Pixels:
    """Return 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) as (H, W, 1) floats; grey stays grey."""
    exact = arithmetic(colour.dtype)
    if colour.shape[2] == 1:
        return colour.astype(exact)
    colour = np.ascontiguousarray(colour)
    grey: Pixels = _engine.empty((*colour.shape[:2], 1), exact)
    _engine.take_luma(colour.reshape(-1, 3), grey.reshape(-1))
    return grey


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
        _check_premultiplied(steps)
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
    return np.concatenate([seen, postprocess(alpha, dtype)], axis=2)


def _is_one_pass(pixels: Pixels, steps: tuple[Step, ...], options: Options) -> bool:
    """Whether one kernel makes the result, and the engine can keep alpha as it writes it."""
    if len(steps) > 1 or steps[0].together is not None or options.dtype is not None:
        return False
    if steps[0].is_in_passes:
        return False
    if options.luminance or options.magnitude or options.nan == "ignore":
        return False
    # Beyond, `response` works with other weights, lest sums overflow.
    return largest(steps[0].kernels[0]) * abs(options.scale) < LARGEST_WEIGHT


def _check_premultiplied(steps: tuple[Step, ...]) -> None:
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
    """Return the colours as `dtype`, and the alpha in floats if blurs have changed it."""
    if options.luminance and colour.shape[2] > 1:
        return _filter_luminance(colour, alpha, steps, options, dtype), None
    exact = arithmetic(colour.dtype)
    full = full_scale(colour.dtype)
    for index, step in enumerate(steps):
        if alpha is not None and step.is_blur:
            colour, alpha = _blur(colour, alpha, full, step, options, exact)
            continue
        if alpha is not None:
            alpha = interior(alpha, step, options)
        if index == len(steps) - 1 and not options.magnitude:
            # The engine rounds and cuts off as it writes: no image of floats is ever made.
            last = response(
                colour, step, options, dtype, scale=options.scale, offset=options.offset
            )
            return last, alpha
        colour = response(colour, step, options, exact)
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
    luminance = luma(colour)
    after, _ = _filter_colour(luminance, alpha, steps, options, luminance.dtype)
    for step in steps:
        colour = interior(colour, step, options)
    made = dtype if dtype == colour.dtype else luminance.dtype
    result: Pixels = _engine.empty(colour.shape, made)
    _engine.put_luma(
        np.ascontiguousarray(colour).reshape(-1, 3), after.reshape(-1), result.reshape(-1, 3)
    )
    return postprocess(result, dtype)


def _blur(
    colour: Pixels,
    alpha: Pixels,
    full: float,
    step: Step,
    options: Options,
    exact: np.dtype[Any],
) -> tuple[Pixels, Pixels]:
    """Blur colours that count as much as they are opaque, and the alpha with them.

    Porter & Duff, "Compositing digital images" (1984): with colours multiplied by alpha before,
    and divided by it after, what is transparent lends no colour to its neighbours. Beyond a
    constant boundary everything is opaque.
    """
    weights = alpha.astype(exact, copy=False)
    border = opaque = options.boundary
    if border.kind == "fill":
        border, opaque = Boundary("fill", full * border.value), Boundary("fill", full)
    total = step.kernels[0].sum
    with np.errstate(over="ignore"):  # of floats: to infinity, as everywhere else
        heavy = colour * weights
    mixed = response(heavy, step, options, exact, boundary=border)
    covered = response(weights, step, options, exact, scale=1 / total, boundary=opaque)
    visible = covered > TRANSPARENT * full
    result: NDArray[Any] = interior(colour, step, options).astype(exact)
    with np.errstate(over="ignore", invalid="ignore"):
        np.divide(mixed, covered, out=result, where=visible)
    return result, np.where(visible, covered, exact.type(0))
