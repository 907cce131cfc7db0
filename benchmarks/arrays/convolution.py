"""Convolution, filtering and pooling of arrays beside NumPy, SciPy, OpenCV and PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import torch
from scipy import signal

import fencepost as fp

from ..harness import THREADS, Case, assert_agree, seconds_per_call
from . import sizes

PEERS = ("fencepost", "OpenCV", "sepFilter2D", "SciPy", "NumPy", "PyTorch", "pandas", "Pillow")
HEIGHT, WIDTH = 2160, 3840
SAMPLES = 1_000_000
Calls = dict[str, Callable[[], np.ndarray]]
Aims = dict[str, tuple[tuple[str, ...], float]]


def _case(name: str, calls: Calls, aims: Aims, relative: float, absolute: float) -> Case:
    assert_agree({who: call() for who, call in calls.items()}, relative, absolute)
    milliseconds = {who: value * 1e3 for who, value in seconds_per_call(calls).items()}
    return Case(name, milliseconds, aims)


def _dense(image: np.ndarray, size: int) -> Case:
    """Time a kernel without structure, over zeros."""
    generator = np.random.default_rng(size)
    kernel = generator.standard_normal((size, size)).astype(np.float32)
    kernel /= np.abs(kernel).sum()
    name = f"{image.dtype} 3840 × 2160, dense {size} × {size}"
    calls: Calls = {
        "fencepost": lambda: fp.correlate(image, kernel),
        "OpenCV": lambda: cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_CONSTANT),
    }
    if image.dtype == np.uint8:
        calls["fencepost"] = lambda: fp.filter_image(
            image, fp.Kernel(kernel), operation="correlate", boundary="zero"
        )
        aim = 1.3 if size > 15 else 1.5
        # The FFT of either may round a sum near a half to the other side.
        return _case(name, calls, {"OpenCV": (("OpenCV",), aim)}, 0, 1)
    if size <= 11:
        return _case(name, calls, {"OpenCV": (("OpenCV",), 1.3)}, 1e-4, 1e-3)
    flipped = kernel[::-1, ::-1]
    calls["SciPy"] = lambda: signal.oaconvolve(image, flipped, mode="same")
    return _case(name, calls, {"the best": (("OpenCV", "SciPy"), 2.0)}, 1e-4, 1e-3)


def _smoothing(image: np.ndarray, column: np.ndarray, name: str) -> Case:
    """Time a separable kernel that is given as a matrix."""
    size, border = len(column), cv2.BORDER_CONSTANT
    kernel = np.outer(column, column)
    calls: Calls = {
        "fencepost": lambda: fp.correlate(image, kernel),
        "OpenCV": lambda: cv2.filter2D(image, -1, kernel, borderType=border),
        "sepFilter2D": lambda: cv2.sepFilter2D(image, -1, column, column, borderType=border),
    }
    aims: Aims = {
        "OpenCV": (("OpenCV",), 3.0 if size > 7 else 1.5),
        "sepFilter2D": (("sepFilter2D",), 1.0),
    }
    return _case(f"float32 3840 × 2160, {name} {size} × {size}", calls, aims, 1e-4, 1e-2)


def _mean(image: np.ndarray, size: int) -> Case:
    """Time the mean over a window beside OpenCV's box filter."""
    kernel = fp.kernels.mean(size)
    calls: Calls = {
        "fencepost": lambda: fp.filter_image(image, kernel, boundary="mirror"),
        "OpenCV": lambda: cv2.blur(image, (size, size)),
    }
    sides = " × ".join(str(side) for side in image.shape[:2][::-1] + image.shape[2:])
    absolute = 1.0 if image.dtype.kind == "u" else 1e-2  # a half may be rounded to either side
    name = f"{image.dtype} {sides}, mean {size} × {size}"
    return _case(name, calls, {"OpenCV": (("OpenCV",), 1.0)}, 0, absolute)


def _signal(taps: int, aim: float) -> Case:
    generator = np.random.default_rng(taps)
    f = generator.standard_normal(SAMPLES).astype(np.float32)
    g = generator.standard_normal(taps).astype(np.float32)
    calls: Calls = {
        "fencepost": lambda: fp.convolve(f, g),
        "SciPy": lambda: signal.oaconvolve(f, g),
    }
    if taps < 1000:  # beyond, NumPy takes a second
        calls["NumPy"] = lambda: np.convolve(f, g)
    aims: Aims = {"the best": (tuple(calls)[1:], aim)}
    return _case(f"1D, 10⁶ float32 samples, {taps} taps", calls, aims, 1e-3, 1e-2)


def _short() -> Case:
    f, g = np.arange(10.0), np.array([1.0, 2.0, 3.0])
    calls: Calls = {"fencepost": lambda: fp.convolve(f, g), "NumPy": lambda: np.convolve(f, g)}
    return _case("1D, 10 samples, 3 taps", calls, {"NumPy": (("NumPy",), 0.5)}, 1e-12, 0)


def _pooling() -> Case:
    x = np.random.default_rng(0).standard_normal((64, 16, 28, 28), np.float32)
    tensor = torch.from_numpy(x)

    def in_torch() -> np.ndarray:
        with torch.inference_mode():
            return torch.nn.functional.max_pool2d(tensor, 2).numpy()

    calls: Calls = {
        "fencepost": lambda: fp.max_pool(x, 2, axes=(2, 3)),
        "PyTorch": in_torch,
    }
    aims: Aims = {"PyTorch": (("PyTorch",), 2.0)}
    return _case("max_pool 2 × 2, float32 (64, 16, 28, 28)", calls, aims, 0, 0)


def cases() -> Iterator[Case]:
    """Yield every timed case, in milliseconds a call."""
    cv2.setNumThreads(THREADS)
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH))
    floats, octets = noise.astype(np.float32), noise.astype(np.uint8)
    for size in (3, 5, 7, 11, 15, 31, 63):
        yield _dense(floats, size)
    for size in (3, 5, 7, 11, 15, 31):
        yield _dense(octets, size)
    for size in (5, 7, 11, 15, 31):
        yield _smoothing(floats, cv2.getGaussianKernel(size, 0, cv2.CV_32F)[:, 0], "Gaussian")
        yield _smoothing(floats, np.full(size, 1 / size, np.float32), "box")
    colour = np.ascontiguousarray(np.broadcast_to(octets[:, :1280, None], (HEIGHT, 1280, 3)))
    for size in (3, 5, 101):
        yield _mean(octets, size)
    for image in (floats, colour):
        yield _mean(image, 101)
    yield _mean(octets[:1024, :1024].copy(), 1001)
    for taps, aim in ((3, 1.0), (31, 3.0), (301, 2.0), (3001, 2.0)):
        yield _signal(taps, aim)
    yield _short()
    yield from sizes.cases()
    yield _pooling()
