"""How much memory a call takes beyond its arrays: `python -m benchmarks.arrays.memory [--least 4]`.

Each cell is a process of its own, forked before anything was computed: the growth of its peak
(VmHWM, so Linux only), the result included, over the bytes of the image and its mask, or of the
result where that is larger. Prints the cells of more than `--least`, and of all how many there are,
the median, the most, and how many are above 4.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import multiprocessing
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import fencepost as fp

LAYOUTS = {
    "grey": (1, None),
    "grey+alpha": (2, "opaque"),
    "grey+alpha, translucent": (2, "translucent"),
    "RGB": (3, None),
    "RGBA": (4, "opaque"),
    "RGBA, translucent": (4, "translucent"),
}
DTYPES = ("uint8", "uint16", "float32", "float64")
PLAIN = {
    "3 × 3": "sharpen",
    "dense 15": "dense:15",
    "dense 65": "dense:65",
    **{f"box {size}": f"mean:size={size}" for size in (5, 129, 301, 1001)},
    **{f"gaussian {sigma}": f"gaussian:sigma={sigma}" for sigma in (2, 10, 20, 100)},
    "gaussian 30 of boxes": "gaussian:sigma=30,boxes=3",
    "sobel": "sobel",
    "kirsch": "kirsch",
}
CHAINS = {
    "box 5, box 5": ["mean:size=5"] * 2,
    "box 301, box 301": ["mean:size=301"] * 2,
    "gaussian 30, sobel": ["gaussian:sigma=30", "sobel"],
    "sharpen, gaussian 30": ["sharpen", "gaussian:sigma=30"],
    "gaussian 30, gaussian 20": ["gaussian:sigma=30", "gaussian:sigma=20"],
}
BLURS = ("box 5", "box 301", "gaussian 2", "gaussian 100", "gaussian 30 of boxes")
# Of CHAINS those whose weights can be divided by those that count.
MASKED = (*BLURS, "dense 65", *(chain for chain in CHAINS if "sobel" not in chain))
# What a call is given, the kernels under which it is looked at, and the layouts: all if None.
VARIANTS: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[str, ...] | None]] = {
    "": ({}, (*PLAIN, *CHAINS), None),
    "luminance": (
        {"luminance": True},
        (*BLURS, "dense 65", "sobel", *CHAINS),
        ("RGB", "RGBA", "RGBA, translucent"),
    ),
    "keep": ({"alpha": "keep"}, BLURS, ("grey+alpha, translucent", "RGBA, translucent")),
    "wrap": ({"boundary": "wrap"}, (*BLURS, *CHAINS), None),
    "nearest": ({"boundary": "nearest"}, BLURS, ("grey", "RGB", "RGBA, translucent")),
    "none": ({"boundary": "none"}, BLURS, None),
    "fill": ({"boundary": 7.0}, BLURS, None),
    "float": ({"dtype": "float32"}, (*BLURS, "sobel"), None),
    "double": ({"dtype": "float64"}, (*BLURS, "sobel"), ("grey", "RGB", "RGBA, translucent")),
    "scaled": (
        {"scale": 0.5, "offset": 9.0, "operation": "correlate"},
        (*BLURS, "dense 65", "sobel", *CHAINS),
        ("grey", "RGBA, translucent"),
    ),
    "magnitude": (
        {"magnitude": True},
        ("3 × 3", "gaussian 100", "box 301", "gaussian 30 of boxes", *CHAINS),
        None,
    ),
    "magnitude of luminance": (
        {"magnitude": True, "luminance": True},
        ("3 × 3", "gaussian 100", "box 301"),
        ("RGB", "RGBA, translucent"),
    ),
    "ignore": (
        {"nan": "ignore"},
        MASKED,
        ("grey", "RGB", "RGBA, translucent"),
    ),
    "ignore in luminance": (
        {"nan": "ignore", "luminance": True},
        (*BLURS, "dense 65"),
        ("RGB", "RGBA, translucent"),
    ),
    "mask": ({"nan": "ignore", "mask": True}, (*MASKED, "box 1001"), ("grey", "RGB")),
    "mask, luminance": ({"nan": "ignore", "mask": True, "luminance": True}, MASKED, ("RGB",)),
    "mask, magnitude": ({"nan": "ignore", "mask": True, "magnitude": True}, MASKED, ("grey",)),
    "mask, wrap": ({"nan": "ignore", "mask": True, "boundary": "wrap"}, MASKED, ("grey",)),
    "mask, none": ({"nan": "ignore", "mask": True, "boundary": "none"}, MASKED, ("grey",)),
}


def image(size: int, layout: str, dtype: str) -> Any:
    """Return noise of a size and layout."""
    channels, alpha = LAYOUTS[layout]
    most = 255 if dtype == "uint8" else 65535 if dtype == "uint16" else 1.0
    noise = np.random.default_rng(0).random((64, channels))
    pixels = np.resize((noise * most).astype(dtype), (size, size, channels))
    if alpha == "opaque":
        pixels[..., -1] = most
    return pixels


def kernel_of(text: Any) -> Any:
    """Return what a call is given for a kernel of the lists above."""
    if isinstance(text, str) and text.startswith("dense"):
        side = int(text.partition(":")[2])
        return np.random.default_rng(1).random((side, side)) / side**2
    return text


def filtered(size: int, layout: str, dtype: str, kernel: str, variant: str) -> Any:
    """Return what is to be measured, and what it is given."""
    options, given = dict(VARIANTS[variant][0]), image(size, layout, dtype)
    if given.dtype.kind == "f" and variant == "ignore":
        given[::7, ::5] = np.nan
    if options.get("mask"):
        options["mask"] = np.zeros((size, size), bool)
        options["mask"][::7, ::5] = True
    meant = kernel_of({**PLAIN, **CHAINS}[kernel])
    if variant == "none" and size < 1000:
        meant = "mean:size=3"

    def call(pixels: Any) -> Any:
        few = {**options, "mask": options["mask"][: len(pixels)]} if "mask" in options else options
        return fp.filter_image(pixels, meant, **few)

    return call, given, *([options["mask"]] if "mask" in options else [])


def gradient(size: int, layout: str, dtype: str, what: str) -> Any:
    """Return a gradient, its direction or its strength."""
    luminance = what.endswith("luma")
    name = what.split(",", maxsplit=1)[0]

    def call(pixels: Any) -> Any:
        found = fp.image_gradient(pixels, "sobel", luminance=luminance)
        return found.responses if name == "gradient" else getattr(found, name)

    return call, image(size, layout, dtype)


def array(size: int, layout: str, dtype: str, what: str) -> Any:
    """Return a convolution or pooling of an array, whatever it stands for."""
    given = image(size, layout, "uint8").astype(dtype)[..., 0].copy()
    integers = np.random.default_rng(2).integers(-9, 9, (9, 9))
    large = np.random.default_rng(2).integers(-9, 9, (65, 65))
    large_float = np.random.default_rng(2).random((601, 601))
    calls: dict[str, Callable[[Any], Any]] = {
        "convolve 9": lambda a: fp.convolve(a, integers, "same"),
        "correlate 9, wrap": lambda a: fp.correlate(a, integers, "same", boundary="wrap"),
        "convolve 9, full": lambda a: fp.convolve(a, integers, "full"),
        "convolve 9, 1D": lambda a: fp.convolve(a.ravel(), integers.ravel(), "same"),
        "convolve 5, 3D": lambda a: fp.convolve(
            a[: len(a) // 40 * 40].reshape(40, -1, a.shape[1]), integers[:5, :5, None], "same"
        ),
        "convolve 601": lambda a: fp.convolve(a, large_float, "same"),
        "convolve 65": lambda a: fp.convolve(a, large, "same"),
        "convolve box 301": lambda a: fp.convolve(a, np.ones((301, 301), int), "same"),
        "convolve 9, float": lambda a: fp.convolve(a, integers / 7, "same"),
        "max_pool 3": lambda a: fp.max_pool(a, 3, stride=1),
        "avg_pool 3": lambda a: fp.avg_pool(a, 3, stride=1),
        "avg_pool 301": lambda a: fp.avg_pool(a, 301, stride=1),
        "sum_pool 2": lambda a: fp.sum_pool(a, 2),
        "ignore 9": lambda a: fp.convolve(a, integers + 20.0, "same", nan="ignore"),
    }
    return calls[what], given


ARRAYS = (
    "convolve 9", "correlate 9, wrap", "convolve 9, full", "convolve 9, 1D", "convolve 5, 3D",
    "convolve 601", "convolve 65", "convolve box 301", "convolve 9, float", "max_pool 3",
    "avg_pool 3", "avg_pool 301", "sum_pool 2", "ignore 9",
)  # fmt: skip
KINDS = ("uint8", "int16", "uint16", "int32", "int64", "float32", "float64", "complex128")
GRADIENTS = ("gradient", "direction", "magnitude", "gradient, luma", "direction, luma")


def cells() -> Iterator[tuple[str, Callable[..., Any], tuple[str, ...]]]:
    """Yield the name of each cell, and what makes it of a size and the rest."""
    for variant, (_, kernels, layouts) in VARIANTS.items():
        for layout, dtype, kernel in itertools.product(layouts or LAYOUTS, DTYPES, kernels):
            name = f"{layout}; {dtype}; {kernel}" + (f"; {variant}" if variant else "")
            yield name, filtered, (layout, dtype, kernel, variant)
    for layout, dtype, what in itertools.product(("grey", "RGB"), DTYPES, GRADIENTS):
        if layout == "RGB" or "luma" not in what:
            yield f"{layout}; {dtype}; {what}", gradient, (layout, dtype, what)
    for dtype, what in itertools.product(KINDS, ARRAYS):
        if "pool" not in what or dtype != "complex128":
            yield f"array; {dtype}; {what}", array, ("grey", dtype, what)


def status(key: str) -> int:
    """Return what Linux counts of this process, in bytes."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(rf"{key}:\s*(\d+)", text)[1]) * 1024  # type: ignore[index]


def measure(size: int, make: Callable[..., Any], arguments: tuple[str, ...], send: Any) -> None:
    """Send the peak of a call, in this process, over the larger of its array and result."""
    try:
        call, given, *others = make(size, *arguments)
        taken = given.nbytes + sum(other.nbytes for other in others)
        # What the first call loads is none of its memory: on a few rows, or less.
        with contextlib.suppress(fp.SizeError):
            call(given[:40])
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = status("VmRSS")
        result = call(given)
        peak = status("VmHWM") - before
        results = result if isinstance(result, tuple) else (result,)
        send.send(peak / max(taken, sum(one.nbytes for one in results)))
    except fp.FencepostError as error:
        send.send(str(error))


def main() -> None:
    """Measure the cells that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.arrays.memory", description=__doc__)
    parser.add_argument("--size", type=int, default=2000, help="of the images, along both sides")
    parser.add_argument("--least", type=float, default=4.0, help="times the array, to be printed")
    parser.add_argument("--only", default="", help="the cells that match a regular expression")
    chosen = parser.parse_args()
    fork, all_taken = multiprocessing.get_context("fork"), []
    for name, make, arguments in cells():
        if not re.search(chosen.only, name):
            continue
        receive, send = fork.Pipe(duplex=False)
        process = fork.Process(target=measure, args=(chosen.size, make, arguments, send))
        process.start()
        send.close()
        try:
            taken = receive.recv()
        except EOFError:
            taken = "the process ended"
        process.join()
        if isinstance(taken, str):
            if "weights of a kernel must not add up" not in taken:
                print(f"{name}: {taken}", flush=True)
            continue
        all_taken.append(taken)
        if taken > chosen.least:
            print(f"{taken:.1f}  {name}", flush=True)
    if all_taken:
        above = sum(taken > 4 for taken in all_taken)
        print(
            f"{len(all_taken)} cells of {chosen.size} × {chosen.size}: {np.median(all_taken):.2f} "
            f"times the image in the median, {max(all_taken):.2f} at most, {above} above 4"
        )


if __name__ == "__main__":
    main()
