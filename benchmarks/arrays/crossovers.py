"""Where one method overtakes another, measured beside what the cost model expects.

``python -m benchmarks.arrays.crossovers`` times every method that is possible, on kernels of no
structure and on separable ones, and prints the quickest, what the model chose, and what a wrong
choice costs. With ``FENCEPOST_ISA`` it does so for another instruction set. The constants of
`fencepost.convolution.methods.costs` are fitted to these tables.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator

import numpy as np

import fencepost as fp

from ..harness import THREADS
from ..machine import machine

SECONDS = 0.7  # for each method of a case
LEAST = 5  # calls of each
MOST = 1000  # milliseconds: a method that would take longer is left out


def least_milliseconds(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Call all in turn until the time is up, and return the least of each: the undisturbed one."""
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + SECONDS * len(calls)
    while time.perf_counter() < end or len(next(iter(times.values()))) < LEAST:
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append((time.perf_counter() - start) * 1e3)
    return {name: min(values) for name, values in times.items()}


def cases() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield a name, an array and a kernel."""
    generator = np.random.default_rng(0)
    for dtype, shape in ((np.float32, (2160, 3840)), (np.float32, (480, 640))):
        image = generator.standard_normal(shape, dtype)
        place = f"{np.dtype(dtype)} {shape[1]} × {shape[0]}"
        for size in (3, 5, 7, 9, 11, 13, 15, 19, 23, 31, 63):
            kernel = generator.standard_normal((size, size), dtype)
            yield f"{place}, dense {size} × {size}", image, kernel
        for size in (3, 5, 7, 11, 15, 31, 63):
            row = generator.standard_normal(size, dtype)
            yield f"{place}, rank 1, {size} × {size}", image, np.outer(row, row)
    signal = generator.standard_normal(1_000_000, np.float32)
    for taps in (3, 31, 63, 101, 151, 201, 301, 1001, 3001):
        yield f"10⁶ samples, {taps} taps", signal, generator.standard_normal(taps, np.float32)


def line(name: str, f: np.ndarray, g: np.ndarray) -> str:
    """Measure one case and write it as a line of the table."""
    choice = fp.explain_method(f, g, "same")
    expected = {
        candidate.method: candidate.seconds * 1e3
        for candidate in choice.candidates
        if candidate.seconds
    }
    calls = {
        method: functools.partial(fp.convolve, f, g, "same", method=method)
        for method, milliseconds in expected.items()
        if milliseconds < MOST
    }
    measured = least_milliseconds(calls)
    cells = [
        f"{measured[method]:.3g} ({expected[method]:.3g})" if method in measured else "–"
        for method in ("direct", "separable", "fft")
    ]
    ratio = measured[choice.method] / min(measured.values())
    return f"| {name} | {' | '.join(cells)} | {choice.method} | {ratio:.2f} |"


def main() -> None:
    """Print the table."""
    fp.set_num_threads(THREADS)
    print(*machine(), "", sep="\n")
    print("| ms, measured (expected) | direct | separable | fft | chosen | times the quickest |")
    print("| --- | ---: | ---: | ---: | --- | ---: |")
    for case in cases():
        print(line(*case), flush=True)


if __name__ == "__main__":
    main()
