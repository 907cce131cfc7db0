"""Every size, kernel and dtype against the best of OpenCV, SciPy, NumPy, scikit-image and Pillow.

``python -m benchmarks grid`` (``make bench ARGS=grid``) prints, for each cell, the time of
fencepost, that of the quickest peer and their ratio, then the median of the ratios and the cells
below 1. All outputs of a cell are compared before they are timed, but for a border as wide as the
kernel, where systems differ in what stands beyond the edges. A peer that takes longer than
`MOST` seconds a call is not waited for.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import scipy.ndimage
import scipy.signal
from PIL import Image, ImageFilter

import fencepost as fp

from . import harness

MOST = 2.0
ROUNDS, BLOCK = 7, 0.02  # blocks of each candidate, and the seconds of one
SIZES = (16, 64, 256, 1024, 2048, 4096, 8192)
KERNELS = (3, 5, 7, 15, 31, 101, 301)
Call = Callable[[], Any]


@dataclass
class Cell:
    """One place of the grid: what is computed, by whom, and how much of the border is compared."""

    name: str
    calls: dict[str, Call]
    border: tuple[int, ...]
    tolerance: float  # how far outputs may be apart
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def best(self) -> str:
        """The name of the quickest peer."""
        peers = list(self.seconds)[1:]
        return min(peers, key=self.seconds.__getitem__)

    @property
    def ratio(self) -> float:
        """How many times as fast as the best of its peers fencepost is."""
        return self.seconds[self.best] / self.seconds["fencepost"]

    def run(self) -> None:
        """Verify all candidates, then time them in turn and keep the least of each."""
        results = {}
        for name, call in list(self.calls.items()):
            start = time.perf_counter()
            results[name] = np.asarray(call()).astype(np.float64)
            if name != "fencepost" and time.perf_counter() - start > MOST:
                del self.calls[name], results[name]
        expected = self._inside(results["fencepost"])
        for name, result in results.items():
            off = np.abs(self._inside(result) - expected).max(initial=0.0)
            assert off <= self.tolerance, f"{self.name}: {name} is off by {off:g}"
        rounds = 3 if harness.ROUNDS < ROUNDS else ROUNDS
        for _ in range(rounds):
            for name, call in self.calls.items():
                count, start = 0, time.perf_counter()
                while count == 0 or time.perf_counter() - start < BLOCK:
                    call()
                    count += 1
                taken = (time.perf_counter() - start) / count
                self.seconds[name] = min(taken, self.seconds.get(name, np.inf))

    def _inside(self, result: np.ndarray) -> np.ndarray:
        return result[tuple(slice(n, -n or None) for n in self.border)]


def image_cell(size: int, kernel: int, dtype: str, channels: int, kind: str) -> Cell | None:
    """Return a cell of images, unless the kernel does not fit."""
    if kernel > size:
        return None
    generator = np.random.default_rng(0)
    shape = (size, size) if channels == 1 else (size, size, channels)
    top = {"uint8": 255, "uint16": 65535}.get(dtype, 1)
    image = (generator.uniform(0, 1, shape) * top).astype(dtype)
    if channels == 4:
        image[..., 3] = top
    half = kernel // 2
    sigma = 0.3 * ((kernel - 1) * 0.5 - 1) + 0.8
    reflect, size_xy = cv2.BORDER_REFLECT, (kernel, kernel)
    spatial = (kernel, kernel) if channels == 1 else (kernel, kernel, 1)
    if kind == "box":
        weights = np.full((kernel, kernel), 1 / kernel**2)
        calls: dict[str, Call] = {
            "OpenCV": lambda: cv2.blur(image, size_xy, borderType=reflect),
            "SciPy": lambda: scipy.ndimage.uniform_filter(image, spatial),
        }
        if dtype == "uint8" and channels != 4:
            picture = Image.fromarray(image)
            calls["Pillow"] = lambda: picture.filter(ImageFilter.BoxBlur(half))
    elif kind == "Gaussian":
        row = cv2.getGaussianKernel(kernel, sigma)
        weights = row @ row.T
        along = (half, half) if channels == 1 else (half, half, 0)
        sigmas = (sigma, sigma) if channels == 1 else (sigma, sigma, 0)
        calls = {
            "OpenCV": lambda: cv2.GaussianBlur(image, size_xy, sigma, borderType=reflect),
            "OpenCV sepFilter2D": lambda: cv2.sepFilter2D(image, -1, row, row, borderType=reflect),
            "SciPy": lambda: scipy.ndimage.gaussian_filter(image, sigmas, radius=along),
        }
        calls |= _scikit_image(image, sigma, half, channels)
    elif kind in ("Sobel", "Laplacian"):
        if kernel != 3 or dtype not in ("float32", "float64"):
            return None
        weights = {
            "Sobel": np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
            "Laplacian": np.array([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]),
        }[kind]
        calls = {
            "OpenCV": (
                (lambda: cv2.Sobel(image, -1, 1, 0, borderType=reflect))
                if kind == "Sobel"
                else (lambda: cv2.Laplacian(image, -1, ksize=1, borderType=reflect))
            ),
            "OpenCV filter2D": lambda: cv2.filter2D(image, -1, weights, borderType=reflect),
        }
        if channels == 1:
            filtered = {"Sobel": scipy.ndimage.sobel, "Laplacian": scipy.ndimage.laplace}[kind]
            calls["SciPy"] = lambda: filtered(image)
    else:
        weights = generator.uniform(-1, 1, (kernel, kernel)) / kernel
        calls = {"OpenCV": lambda: cv2.filter2D(image, -1, weights, borderType=reflect)}
        if dtype.startswith("float") and channels == 1:
            turned = weights[::-1, ::-1].astype(dtype)
            calls["SciPy"] = lambda: scipy.signal.oaconvolve(image, turned, "same")
            calls["SciPy fftconvolve"] = lambda: scipy.signal.fftconvolve(image, turned, "same")

    def ours() -> np.ndarray:
        return fp.filter_image(image, weights, operation="correlate", alpha="keep")

    if channels == 4:  # peers filter alpha too; what is opaque stays so under a mean only
        calls = {name: _opaque(call) for name, call in calls.items()}
    tolerance = 1e-3 if dtype.startswith("float") else 3.0  # SciPy cuts off after each pass
    return Cell(
        f"{size}² {dtype}{'' if channels == 1 else f' × {channels}'}, {kind} {kernel}²",
        {"fencepost": ours, **calls},
        (kernel, kernel),
        tolerance,
    )


def _opaque(call: Call) -> Call:
    def with_alpha() -> np.ndarray:
        result = call()
        result[..., 3] = np.iinfo(result.dtype).max if result.dtype.kind == "u" else 1
        return result

    return with_alpha


def _scikit_image(image: np.ndarray, sigma: float, half: int, channels: int) -> dict[str, Call]:
    if image.dtype.kind != "f":  # it would give floats
        return {}
    from skimage.filters import gaussian

    axis = None if channels == 1 else -1
    return {
        "scikit-image": functools.partial(
            gaussian, image, sigma, mode="reflect", truncate=half / sigma, channel_axis=axis
        )
    }


def array_cell(shape: tuple[int, ...], kernel: tuple[int, ...], dtype: str, kind: str) -> Cell:
    """Return a cell of signals or volumes, or of a kernel of the array's own size."""
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
    if f.size * g.size < 1e9:
        calls["SciPy"] = lambda: scipy.signal.convolve(f, g, "same")
        calls["SciPy ndimage"] = lambda: scipy.ndimage.convolve(f, g, mode="constant")
        if f.ndim == 1:
            calls["NumPy"] = lambda: np.convolve(f, g, "same")
    name = f"{' × '.join(map(str, shape))} {dtype}, {kind} {' × '.join(map(str, kernel))}"
    border = tuple(0 if k == n else k for n, k in zip(shape, kernel, strict=True))
    if any(k % 2 == 0 for k in kernel):
        calls.pop("SciPy ndimage", None)  # it centres even kernels elsewhere
    bound = float(np.linalg.norm(f.ravel()) * np.linalg.norm(g.ravel()))
    return Cell(name, calls, border, bound * (1e-5 if dtype == "float32" else 1e-12))


def cells() -> Iterator[Cell]:
    """Yield the grid: images by size and kernel, then signals, volumes, and arrays of one size."""
    for size in SIZES:
        for kernel in KERNELS:
            for kind in ("box", "Gaussian", "dense", "Sobel", "Laplacian"):
                for dtype in ("uint8", "uint16", "float32", "float64"):
                    for channels in (1, 3, 4):
                        if channels > 1 and (size not in (64, 1024, 2048) or kernel > 31):
                            continue
                        if size > 4096 and (dtype == "float64" or kernel not in (3, 15, 101)):
                            continue
                        cell = image_cell(size, kernel, dtype, channels, kind)
                        if cell:
                            yield cell
    for dtype in ("float32", "float64"):
        for n in (16, 1000, 100_000, 1_000_000, 10_000_000):
            for taps in (3, 11, 101, 1001, 30_001):
                if taps <= n:
                    for kind in ("box", "dense"):
                        yield array_cell((n,), (taps,), dtype, kind)
        for n in (16, 64, 128):
            for side in (3, 5, 9, 17):
                if side <= n:
                    for kind in ("box", "dense"):
                        yield array_cell((n, n, n), (side,) * 3, dtype, kind)
        for shape in ((16, 16), (256, 256), (1000, 1000), (2048, 2048), (64, 64, 64)):
            yield array_cell(shape, shape, dtype, "dense")


def lines() -> Iterator[str]:
    """Run the grid and yield its table, the median of the ratios, and the cells below 1."""
    yield "| cell | fencepost, ms | best peer, ms | | times as fast |"
    yield "| --- | ---: | ---: | --- | ---: |"
    done: list[Cell] = []
    for cell in cells():
        cell.run()
        if len(cell.seconds) < 2:
            alone = cell.seconds["fencepost"] * 1e3
            yield f"| {cell.name} | {alone:.4g} | – | all too slow | – |"
            continue
        done.append(cell)
        ours, best = cell.seconds["fencepost"] * 1e3, cell.seconds[cell.best] * 1e3
        times = f"{ours:.4g} | {best:.4g} | {cell.best}"
        yield f"| {cell.name} | {times} | **{cell.ratio:.2f}** |"
    below = [cell for cell in done if cell.ratio < 1]
    middle = statistics.median(cell.ratio for cell in done)
    yield ""
    yield (
        f"{len(done)} cells; the median is **{middle:.2f}** times "
        f"the best of the peers; {len(below)} are below 1:"
    )
    yield ""
    for cell in sorted(below, key=lambda cell: cell.ratio):
        yield f"- {cell.name}: {cell.ratio:.2f} × {cell.best}"
