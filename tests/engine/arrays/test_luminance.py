"""Luma taken from pixels and put back, at every instruction set, against the definitions."""

from __future__ import annotations

import numpy as np
import pytest

from fencepost import definitions

#: Pixels; the engine takes 64 at a time.
COUNTS = [1, 5, 63, 64, 65, 200, 40_000]
ARITHMETIC = {"uint8": "float32", "float32": "float32", "uint16": "float64", "float64": "float64"}


def _pixels(count, dtype):
    generator = np.random.default_rng(count)
    if np.dtype(dtype).kind == "f":
        return generator.normal(0, 100, (count, 3)).astype(dtype)
    return generator.integers(0, np.iinfo(dtype).max, (count, 3), dtype, endpoint=True)


@pytest.mark.parametrize("dtype", ARITHMETIC)
@pytest.mark.parametrize("count", COUNTS)
def test_luma_is_taken(engine, dtype, count):
    pixels = _pixels(count, dtype)
    luma = np.empty(count, ARITHMETIC[dtype])
    engine.take_luma(pixels, luma, threads=3)
    some = slice(-300, None)
    expected = definitions.take_luma(pixels[some])
    scale = np.finfo(luma.dtype).eps * 4 * np.abs(pixels[some].astype(float)).max()
    assert np.abs(luma[some] - expected).max() <= scale


@pytest.mark.parametrize("floats", [False, True])
@pytest.mark.parametrize("dtype", ARITHMETIC)
@pytest.mark.parametrize("count", COUNTS)
def test_luma_is_put_back(engine, dtype, count, floats):
    pixels = _pixels(count, dtype)
    luma = _pixels(count, dtype)[:, 1].astype(ARITHMETIC[dtype]) * 1.25 - 3
    out = np.empty((count, 3), luma.dtype if floats else dtype)
    engine.put_luma(pixels, luma, out, threads=3)
    some = slice(-300, None)
    expected = definitions.put_luma(pixels[some], luma[some])
    scale = np.finfo(luma.dtype).eps * 8 * np.abs(pixels[some].astype(float)).max()
    if out.dtype.kind == "u":
        top = np.iinfo(dtype).max
        assert (out[some] == np.rint(expected).clip(0, top)).mean() > 0.99
        expected, scale = expected.clip(0, top), 0.5 + scale
    assert np.abs(out[some] - expected).max() <= scale


def test_what_does_not_fit_is_refused(engine):
    pixels, luma = np.zeros((4, 3), np.uint8), np.zeros(4, np.float32)
    for call in (
        lambda: engine.take_luma(np.zeros((4, 4), np.uint8), luma),
        lambda: engine.take_luma(pixels, np.zeros(3, np.float32)),
        lambda: engine.take_luma(pixels, np.zeros(4)),
        lambda: engine.take_luma(np.zeros((4, 3), np.int64), np.zeros(4)),
        lambda: engine.put_luma(pixels, luma[:3], pixels.copy()),
        lambda: engine.put_luma(pixels, luma, np.zeros((4, 3))),
        lambda: engine.put_luma(pixels, luma, np.zeros((3, 3), np.uint8)),
    ):
        with pytest.raises(ValueError, match="must"):
            call()
