"""The cells of the grid: what is computed in each, by whom, and what is right.

A cell is made only when it is run: the largest hold gigabytes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import scipy.ndimage
import scipy.signal
from PIL import Image, ImageFilter

import fencepost as fp

SIZES = (16, 64, 256, 1024, 2048, 4096, 8192)
KERNELS = (3, 5, 7, 15, 31, 101, 301)
DTYPES = ("uint8", "uint16", "float32", "float64")
_LONG = 3e8  # multiplications from which on SciPy's loops take seconds, and are not waited for
_PRODUCTS = 2e7  # multiplications that finding the right results at a few points may take
Call = Callable[[], Any]


@dataclass(frozen=True)
class Contest:
    """One computation by several libraries.

    Attributes
    ----------
    calls : dict of str to callable
        Fencepost's comes first.
    f, kernel : ndarray
        The array, and the kernel as it lies over it.
    border : str
        What stands beyond the edges, as ``numpy.pad`` calls it.
    """

    calls: dict[str, Call]
    f: np.ndarray
    kernel: np.ndarray
    border: str


@dataclass(frozen=True)
class Cell:
    """One place of the grid; `dtype`, `kernel` and `size` are what the table is summed up by."""

    name: str
    dtype: str
    kernel: str
    size: str
    make: Callable[[], Contest]


def points(contest: Contest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return some positions, corners first, with the sum Σ f·g and Σ|f||g| of each, in float64."""
    axes = contest.kernel.ndim
    sizes, shape = contest.f.shape[:axes], contest.kernel.shape
    count = int(min(500, max(3, _PRODUCTS / contest.kernel.size)))
    generator = np.random.default_rng(1)
    positions = np.stack([generator.integers(0, size, count) for size in sizes], axis=1)
    positions[0], positions[1] = 0, np.array(sizes) - 1
    lists = []
    for size, k in zip(sizes, shape, strict=True):
        options = {"constant_values": -1} if contest.border == "constant" else {}
        lists.append(np.pad(np.arange(size), (k // 2, k // 2), contest.border, **options))  # type: ignore[call-overload]
    kernel = contest.kernel.astype(np.float64)
    sums, magnitudes = [], []
    for position in positions:
        window = contest.f
        for axis, (start, k, along) in enumerate(zip(position, shape, lists, strict=True)):
            indices = along[start : start + k]
            window = np.take(window, indices.clip(0), axis=axis).astype(np.float64)
            if indices.min() < 0:
                window[(slice(None),) * axis + (indices < 0,)] = 0.0
        sums.append(np.tensordot(kernel, window, axes))
        magnitudes.append(np.tensordot(np.abs(kernel), np.abs(window), axes))
    return positions, np.array(sums), np.array(magnitudes)


def _picture(size: int, dtype: str, channels: int) -> np.ndarray:
    shape = (size, size) if channels == 1 else (size, size, channels)
    top = {"uint8": 255, "uint16": 65535}.get(dtype, 1)
    image = (np.random.default_rng(0).uniform(0, 1, shape) * top).astype(dtype)
    if channels == 4:
        image[..., 3] = top
    return image


def _means(image: np.ndarray, kernel: int) -> tuple[np.ndarray, dict[str, Call]]:
    spatial = (kernel, kernel) if image.ndim == 2 else (kernel, kernel, 1)
    size = (kernel, kernel)
    calls: dict[str, Call] = {
        "OpenCV blur": lambda: cv2.blur(image, size, borderType=cv2.BORDER_REFLECT),
        "SciPy": lambda: scipy.ndimage.uniform_filter(image, spatial),
    }
    if image.dtype == np.uint8:
        picture = Image.fromarray(image)
        calls["Pillow"] = lambda: picture.filter(ImageFilter.BoxBlur(kernel // 2))
    return np.full((kernel, kernel), 1 / kernel**2), calls


def _gaussians(image: np.ndarray, kernel: int) -> tuple[np.ndarray, dict[str, Call]]:
    half, size, reflect = kernel // 2, (kernel, kernel), cv2.BORDER_REFLECT
    sigma = 0.3 * ((kernel - 1) * 0.5 - 1) + 0.8
    row = cv2.getGaussianKernel(kernel, sigma)
    apart = () if image.ndim == 2 else (0,)
    sigmas, radii = (sigma, sigma, *apart), (half, half, *apart)
    calls: dict[str, Call] = {
        "OpenCV GaussianBlur": lambda: cv2.GaussianBlur(image, size, sigma, borderType=reflect),
        "OpenCV sepFilter2D": lambda: cv2.sepFilter2D(image, -1, row, row, borderType=reflect),
    }
    if image.size * kernel < _LONG:
        calls["SciPy"] = lambda: scipy.ndimage.gaussian_filter(image, sigmas, radius=radii)
        if image.dtype.kind == "f":  # it would give floats
            from skimage.filters import gaussian

            calls["scikit-image"] = functools.partial(
                gaussian,
                image,
                sigma,
                mode="reflect",
                truncate=half / sigma,
                channel_axis=-1 if apart else None,
            )
    return row @ row.T, calls


def _edges(image: np.ndarray, kind: str) -> tuple[np.ndarray, dict[str, Call]]:
    reflect = cv2.BORDER_REFLECT
    weights = {
        "Sobel": np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
        "Laplacian": np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    }[kind]
    calls: dict[str, Call] = {
        "OpenCV": (
            (lambda: cv2.Sobel(image, -1, 1, 0, borderType=reflect))
            if kind == "Sobel"
            else (lambda: cv2.Laplacian(image, -1, ksize=1, borderType=reflect))
        ),
        "OpenCV filter2D": lambda: cv2.filter2D(image, -1, weights, borderType=reflect),
    }
    if image.ndim == 2:
        filtered = {"Sobel": scipy.ndimage.sobel, "Laplacian": scipy.ndimage.laplace}[kind]
        calls["SciPy"] = lambda: filtered(image)
    return weights, calls


def _dense(image: np.ndarray, kernel: int) -> tuple[np.ndarray, dict[str, Call]]:
    weights = np.random.default_rng(0).uniform(-1, 1, (kernel, kernel)) / kernel
    calls: dict[str, Call] = {
        "OpenCV filter2D": lambda: cv2.filter2D(image, -1, weights, borderType=cv2.BORDER_REFLECT)
    }
    if image.dtype.kind == "f" and image.ndim == 2:
        turned = weights[::-1, ::-1].astype(image.dtype)
        calls["SciPy oaconvolve"] = lambda: scipy.signal.oaconvolve(image, turned, "same")
        calls["SciPy fftconvolve"] = lambda: scipy.signal.fftconvolve(image, turned, "same")
    return weights, calls


def image_contest(size: int, kernel: int, dtype: str, channels: int, kind: str) -> Contest:
    """Return a filter over an image, whose border is reflected."""
    image = _picture(size, dtype, channels)
    if kind == "box":
        weights, calls = _means(image, kernel)
    elif kind == "Gaussian":
        weights, calls = _gaussians(image, kernel)
    elif kind == "dense":
        weights, calls = _dense(image, kernel)
    else:
        weights, calls = _edges(image, kind)
    if channels == 4:  # alpha is kept, as for what is opaque; the peers filter it too
        calls = {name: _opaque(call) for name, call in calls.items()}

    def ours() -> np.ndarray:
        return fp.filter_image(image, weights, operation="correlate", alpha="keep")

    return Contest({"fencepost": ours, **calls}, image, weights, "symmetric")


def _opaque(call: Call) -> Call:
    def with_alpha() -> np.ndarray:
        result = np.array(made) if isinstance(made := call(), Image.Image) else made
        result[..., 3] = np.iinfo(result.dtype).max if result.dtype.kind == "u" else 1
        return result

    return with_alpha


def array_contest(
    shape: tuple[int, ...], kernel: tuple[int, ...], dtype: str, kind: str
) -> Contest:
    """Return a convolution of signals, volumes, or arrays of one size, zeros beyond."""
    generator = np.random.default_rng(0)
    f = generator.uniform(0, 1, shape).astype(dtype)
    g = generator.uniform(-1, 1, kernel).astype(dtype)
    if kind == "box":
        g[...] = 1
    calls: dict[str, Call] = {
        "fencepost": lambda: fp.convolve(f, g, "same"),
        "SciPy fftconvolve": lambda: scipy.signal.fftconvolve(f, g, "same"),
        "SciPy oaconvolve": lambda: scipy.signal.oaconvolve(f, g, "same"),
    }
    if f.size * g.size < _LONG:
        calls["SciPy convolve"] = lambda: scipy.signal.convolve(f, g, "same")
        if all(k % 2 for k in kernel):  # it centres even kernels elsewhere
            calls["SciPy ndimage"] = lambda: scipy.ndimage.convolve(f, g, mode="constant")
    if f.ndim == 1 and f.size * g.size < 1e10:
        calls["NumPy"] = lambda: np.convolve(f, g, "same")
    return Contest(calls, f, np.flip(g), "constant")


def _images() -> Iterator[Cell]:
    for size in SIZES:
        for kernel in KERNELS:
            for kind in ("box", "Gaussian", "dense", "Sobel", "Laplacian"):
                for dtype in DTYPES:
                    for channels in (1, 3, 4):
                        if kernel > size or (channels > 1 and kernel > 31):
                            continue
                        if channels > 1 and size not in (64, 1024, 2048):
                            continue
                        if size > 4096 and (dtype == "float64" or kernel not in (3, 15, 101)):
                            continue
                        if kind in ("Sobel", "Laplacian") and (kernel > 3 or dtype[0] == "u"):
                            continue
                        colours = {1: "", 3: " RGB", 4: " RGBA"}[channels]
                        yield Cell(
                            f"{size}² {dtype}{colours}, {kind} {kernel}²",
                            dtype + colours,
                            f"{kind} {kernel}²",
                            f"{size}²",
                            functools.partial(image_contest, size, kernel, dtype, channels, kind),
                        )


def _arrays() -> Iterator[Cell]:
    def cell(shape: tuple[int, ...], kernel: tuple[int, ...], dtype: str, kind: str) -> Cell:
        size = " × ".join(map(str, shape))
        weights = "the array's size" if shape == kernel else " × ".join(map(str, kernel))
        return Cell(
            f"{size} {dtype}, {kind} {weights}",
            dtype,
            f"{len(shape)}D {kind} {weights}",
            size,
            functools.partial(array_contest, shape, kernel, dtype, kind),
        )

    for dtype in ("float32", "float64"):
        for n in (16, 1000, 100_000, 1_000_000, 10_000_000):
            for taps in (3, 11, 101, 1001, 30_001):
                if taps <= n:
                    for kind in ("box", "dense"):
                        yield cell((n,), (taps,), dtype, kind)
        for n in (16, 64, 128):
            for side in (3, 5, 9, 17):
                if side <= n:
                    for kind in ("box", "dense"):
                        yield cell((n, n, n), (side,) * 3, dtype, kind)
        for shape in ((16, 16), (256, 256), (1000, 1000), (2048, 2048), (64, 64, 64)):
            yield cell(shape, shape, dtype, "dense")


def cells() -> Iterator[Cell]:
    """Yield the grid: images by size and kernel, then signals, volumes, and arrays of one size."""
    yield from _images()
    yield from _arrays()


def allowed(contest: Contest, sums: np.ndarray, magnitudes: np.ndarray) -> np.ndarray:
    """Return what fencepost promises: half a level, or 16 times the bound of the direct sum."""
    if contest.f.dtype.kind == "u":
        return np.full(sums.shape, 0.5 + 1e-3)
    unit = float(np.finfo(contest.f.dtype).eps) / 2
    bound: np.ndarray = 16 * contest.kernel.size * unit * magnitudes + math.ulp(0.0)
    return bound
