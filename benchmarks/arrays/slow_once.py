"""The cases of issue 16, slow once, beside the best of their peers.

``python -m benchmarks.arrays.slow_once`` prints the table. All in one process, in blocks of calls
in turn, of which the median is taken; results are compared first.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import scipy.ndimage
import scipy.signal

import fencepost as fp

from .. import harness

Call = Callable[[], Any]
Case = tuple[str, Call, str, Call, float]
ROUNDS, BLOCK = 7, 0.02  # blocks of each, and the seconds of one


def cases() -> Iterator[Case]:
    """Yield cases: name, fencepost's call, the peer and its call, by how much they may differ."""
    random = np.random.default_rng(0)

    def normal(*shape: int, dtype: Any = np.float64) -> np.ndarray:
        return random.normal(size=shape).astype(dtype)

    def pixels(*shape: int, dtype: Any = np.uint8) -> np.ndarray:
        return random.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)

    def full(f: np.ndarray, g: np.ndarray, name: str) -> Case:
        peer = scipy.signal.fftconvolve if min(f.size, g.size) > 50 else scipy.signal.convolve
        label = "SciPy " + peer.__name__
        return name, lambda: fp.convolve(f, g, "full"), label, lambda: peer(f, g), 1e-9

    image, template = normal(1080, 1920), normal(600, 900)
    yield (
        "template of 600 × 900 in 1080 × 1920, valid",
        lambda: fp.correlate(image, template, "valid"),
        "SciPy fftconvolve",
        lambda: scipy.signal.fftconvolve(image, template[::-1, ::-1], "valid"),
        1e-9,
    )
    yield full(normal(1000, 1000), normal(1000, 1000), "1000² ∗ 1000², full")
    yield full(normal(1500, 1700), normal(900, 1100), "1500 × 1700 ∗ 900 × 1100, full")
    yield full(normal(3, 3), normal(1000, 1000), "3 × 3 ∗ 1000², full")
    yield full(normal(64, 64, 64), normal(64, 64, 64), "64³ ∗ 64³, full")
    yield full(normal(64, 64, 64), normal(17, 17, 17), "64³ ∗ 17³, full")
    signal, taps = normal(1000), normal(11)
    yield (
        "1D, 1,000 samples, 11 taps",
        lambda: fp.convolve(signal, taps, "full"),
        "NumPy convolve",
        lambda: np.convolve(signal, taps),
        1e-9,
    )
    three, long = normal(3), normal(50_000)
    yield (
        "3 samples ∗ 50,000",
        lambda: fp.convolve(three, long, "full"),
        "NumPy convolve",
        lambda: np.convolve(three, long),
        1e-9,
    )

    def box(f: np.ndarray, size: int, name: str) -> Case:
        border = cv2.BORDER_REFLECT
        return (
            f"mean({size}) on {name}",
            lambda: fp.filter_image(f, f"mean:size={size}"),
            "OpenCV blur",
            lambda: cv2.blur(f, (size, size), borderType=border),
            1e-3 if f.dtype.kind == "f" else 1.0,
        )

    yield box(pixels(1024, 1024), 1001, "1024², uint8")
    yield box(pixels(2160, 3840), 101, "3840 × 2160, uint8")
    yield box(pixels(2160, 3840).astype(np.float32), 101, "3840 × 2160, float32")
    yield box(pixels(2160, 3840, 3), 101, "3840 × 2160, uint8 RGB")
    yield box(pixels(2160, 3840), 3, "3840 × 2160, uint8")
    yield box(pixels(2160, 3840), 5, "3840 × 2160, uint8")

    def gaussian(f: np.ndarray, sigma: float, name: str) -> Case:
        text = f"gaussian:sigma={sigma}"
        size = 2 * int(4 * sigma + 0.5) + 1
        tolerance = {"f": 0.05, "u": 2.0 if f.dtype == np.uint8 else 60.0}[f.dtype.kind]
        return (
            f"Gaussian σ = {sigma} on {name}",
            lambda: fp.filter_image(f, text),
            "OpenCV GaussianBlur",
            lambda: cv2.GaussianBlur(f, (size, size), sigma, borderType=cv2.BORDER_REFLECT),
            tolerance,
        )

    for sigma in (0.8, 2, 5):
        yield gaussian(pixels(2160, 3840), sigma, "3840 × 2160, uint8")
        yield gaussian(pixels(2160, 3840, 3), sigma, "3840 × 2160, uint8 RGB")
        yield gaussian(pixels(2160, 3840, dtype=np.uint16), sigma, "3840 × 2160, uint16")
        yield gaussian(pixels(2160, 3840).astype(np.float32), sigma, "3840 × 2160, float32")
    small, sharpen = pixels(64, 64), np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)
    yield (
        "64 × 64 uint8, 3 × 3",
        lambda: fp.filter_image(small, sharpen, operation="correlate"),
        "OpenCV filter2D",
        lambda: cv2.filter2D(small, -1, sharpen, borderType=cv2.BORDER_REFLECT),
        1.0,
    )
    colours = pixels(1024, 1024, 3)

    def luma_by_opencv() -> np.ndarray:
        parts = cv2.cvtColor(colours, cv2.COLOR_RGB2YCrCb)
        parts[..., 0] = cv2.blur(
            np.ascontiguousarray(parts[..., 0]), (3, 3), borderType=cv2.BORDER_REFLECT
        )
        return cv2.cvtColor(parts, cv2.COLOR_YCrCb2RGB)

    yield (
        "mean(3), luminance=True, 1024² RGB",
        lambda: fp.filter_image(colours, "mean:size=3", luminance=True),
        "OpenCV YCrCb",
        luma_by_opencv,
        4.0,
    )
    noisy, smooth = normal(1_000_000), np.hanning(3001)
    noisy[random.integers(0, noisy.size, 5)] = np.nan
    yield (
        "NaN in 10⁶ samples, 3,001 taps",
        lambda: fp.convolve(noisy, smooth, "same"),
        "SciPy convolve1d",
        lambda: scipy.ndimage.convolve1d(noisy, smooth, mode="constant"),
        1e-9,
    )
    spotted = normal(1024, 1024)
    spotted[random.random(spotted.shape) < 0.001] = np.nan
    dense, filled = normal(31, 31), np.nan_to_num(spotted)  # of which OpenCV's transforms make NaN
    yield (
        "0.1 % NaN in 1024², 31 × 31",
        lambda: fp.convolve(spotted, dense, "same"),
        "OpenCV filter2D, without NaN",
        lambda: cv2.filter2D(filled, -1, dense[::-1, ::-1], borderType=cv2.BORDER_CONSTANT),
        1e-9,
    )


def seconds_of(ours: Call, theirs: Call) -> tuple[float, float]:
    """Time blocks of calls in turn, and return the median of their means."""
    times: tuple[list[float], list[float]] = [], []
    for _ in range(ROUNDS):
        for call, taken in zip((ours, theirs), times, strict=True):
            count, start = 0, time.perf_counter()
            while count == 0 or time.perf_counter() - start < BLOCK:
                call()
                count += 1
            taken.append((time.perf_counter() - start) / count)
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    """Print the table."""
    cv2.setNumThreads(harness.THREADS)
    print(
        "| case | fencepost, ms | peer, ms | | times as fast |",
        "| --- | ---: | ---: | --- | ---: |",
        sep="\n",
    )
    for name, ours, peer, theirs, tolerance in cases():
        one, other = np.asarray(ours(), np.float64), np.asarray(theirs(), np.float64)
        both = np.isfinite(one) & np.isfinite(other)
        scale = np.abs(other[both]).max() if tolerance < 1e-6 else 1.0
        assert np.abs(one[both] - other[both]).max() <= tolerance * scale, name
        mine, theirs_ = (1e3 * seconds for seconds in seconds_of(ours, theirs))
        print(
            f"| {name} | {mine:.4g} | {theirs_:.4g} | {peer} | **{theirs_ / mine:.2f}** |",
            flush=True,
        )


if __name__ == "__main__":
    main()
