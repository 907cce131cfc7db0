"""Arrays of every size, and whole files, beside SciPy, NumPy, pandas and Pillow, in milliseconds.

Cases that the grid does not have.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage, signal

import fencepost as fp

from ..harness import Case, assert_agree, seconds_per_call

Calls = dict[str, Callable[[], np.ndarray]]
_RUNS = 3  # of a command, of which the quickest counts
_PANDAS = """
import sys, numpy as np, pandas as pd
table = pd.read_csv(sys.argv[1])
for name in table.columns[1:]:
    padded = np.pad(table[name], 2, mode="symmetric")
    table[name] = np.convolve(padded, np.full(5, 1 / 5), "valid")
table.to_csv(sys.argv[2], index=False)
"""
_SCIPY = """
import sys, numpy as np
from scipy.io import wavfile
rate, samples = wavfile.read(sys.argv[1])
for channel in samples.T:
    padded = np.pad(channel.astype(float), 2, mode="symmetric")
    channel[:] = np.rint(np.convolve(padded, np.full(5, 1 / 5), "valid")).clip(-32768, 32767)
wavfile.write(sys.argv[2], rate, samples)
"""
_PILLOW = """
import sys
from pathlib import Path
from PIL import Image, ImageFilter
out = Path(sys.argv[2])
out.mkdir(exist_ok=True)
for path in Path(sys.argv[1]).glob("*.png"):
    Image.open(path).filter(ImageFilter.GaussianBlur(1)).save(out / path.name)
"""


def _case(name: str, calls: Calls, tolerance: float) -> Case:
    assert_agree({who: call() for who, call in calls.items()}, tolerance, tolerance)
    milliseconds = {who: value * 1e3 for who, value in seconds_per_call(calls).items()}
    return Case(name, milliseconds, {"the best": (tuple(calls)[1:], 1.0)})


def _full(f: tuple[int, ...], g: tuple[int, ...], dtype: str = "float64") -> Case:
    """Time all overlaps of two arrays."""
    generator = np.random.default_rng(0)
    a, b = generator.uniform(0, 1, f).astype(dtype), generator.uniform(-1, 1, g).astype(dtype)
    name = " ∗ ".join(" × ".join(map(str, shape)) for shape in (f, g))
    calls: Calls = {"fencepost": lambda: fp.convolve(a, b)}
    if a.ndim == 1 and min(a.size, b.size) < 1000:
        calls["NumPy"] = lambda: np.convolve(a, b)
    else:
        calls["SciPy"] = lambda: signal.convolve(a, b)
    return _case(f"{dtype} {name}, full", calls, 2e-3 if dtype == "float32" else 1e-9)


def _template() -> Case:
    """Time the search for a template by correlation."""
    image = np.random.default_rng(0).uniform(0, 1, (1080, 1920))
    template = image[200:800, 500:1400] - image.mean()
    calls: Calls = {
        "fencepost": lambda: fp.correlate(image, template, "valid"),
        "SciPy": lambda: signal.correlate(image, template, "valid"),
    }
    return _case("float64, template of 600 × 900 in 1080 × 1920", calls, 1e-9)


def _with_nan() -> list[Case]:
    """Time missing elements in what is transformed."""
    generator = np.random.default_rng(0)
    f, g = generator.standard_normal(1_000_000), generator.standard_normal(301)
    f[500_000] = np.nan
    image = generator.uniform(0, 1, (1080, 1920)).astype(np.float32)
    image[generator.random(image.shape) < 1e-3] = np.nan
    kernel = generator.uniform(0, 1, (31, 31)).astype(np.float32)

    def zeroed(
        f: np.ndarray, g: np.ndarray, convolve: Callable[..., np.ndarray]
    ) -> Callable[[], np.ndarray]:
        def call() -> np.ndarray:  # as one does it with SciPy
            missing = np.isnan(f)
            result = convolve(np.where(missing, 0, f), g, "same")
            counts = ndimage.maximum_filter(missing, g.shape, mode="constant")
            result[counts] = np.nan
            return result

        return call

    return [
        _case(
            "float64, a NaN in 10⁶ samples, 301 taps",
            {
                "fencepost": lambda: fp.convolve(f, g, "same"),
                "SciPy": zeroed(f, g, signal.oaconvolve),
            },
            1e-9,
        ),
        _case(
            "float32 1920 × 1080, 0.1 % NaN, dense 31 × 31",
            {
                "fencepost": lambda: fp.convolve(image, kernel, "same"),
                "SciPy": zeroed(image, kernel, signal.oaconvolve),
            },
            1e-3,
        ),
    ]


def _command(name: str, ours: list[str], peer: tuple[str, str], source: Path, out: Path) -> Case:
    """Time commands from their start to their end, each of which writes a new file."""
    commands = {
        "fencepost": [sys.executable, "-m", "fencepost", *ours],
        peer[0]: [sys.executable, "-c", peer[1], str(source), str(out.with_name("p" + out.name))],
    }
    seconds = dict.fromkeys(commands, np.inf)
    for _ in range(_RUNS):
        for who, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds[who] = min(seconds[who], time.perf_counter() - start)
    milliseconds = {who: value * 1e3 for who, value in seconds.items()}
    return Case(name, milliseconds, {peer[0]: ((peer[0],), 1.0)})


def _files() -> Iterator[Case]:
    """Time commands over a table of 33 MB, a sound of 115 MB and 5,000 small pictures."""
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        values = generator.standard_normal((1_000_000, 3))
        values[:, 0] = np.arange(len(values)) / 1000
        table = folder / "signals.csv"
        with table.open("w") as file:
            file.write("t,a,b\n")
            np.savetxt(file, values, fmt=["%.3f", "%.9f", "%.9f"], delimiter=",")
        sound = folder / "sound.wav"
        with wave.open(str(sound), "wb") as writer:
            writer.setparams((2, 2, 48000, 0, "NONE", ""))
            writer.writeframes(
                generator.integers(-20000, 20000, 57_500_000).astype("<i2").tobytes()
            )
        pictures = folder / "pictures"
        pictures.mkdir()
        for index in range(5000):
            pixels = generator.integers(0, 256, (32, 32)).astype(np.uint8)
            Image.fromarray(pixels).save(pictures / f"{index:04}.png")
        for source, peer, kernel, label in (
            (table, ("pandas", _PANDAS), "mean:5", "`convolve`, CSV of 33 MB, 5 taps"),
            (sound, ("SciPy", _SCIPY), "mean:5", "`convolve`, WAV of 115 MB, 5 taps"),
            (pictures, ("Pillow", _PILLOW), "gaussian:sigma=1", "`filter`, 5,000 PNGs of 32 × 32"),
        ):
            out = folder / ("out" + source.suffix)
            command = "filter" if source == pictures else "convolve"
            options = [str(source), "-k", kernel, "-o", str(out), "--overwrite"]
            yield _command(label, [command, *options], peer, source, out)


def cases() -> Iterator[Case]:
    """Yield every timed case, in milliseconds a call."""
    yield _template()
    yield _full((1000, 1000), (1000, 1000))
    yield _full((2000, 1500), (1000, 2000))
    yield _full((1000, 1000), (3, 3))
    yield _full((3, 3), (1000, 1000))
    yield _full((64, 64, 64), (64, 64, 64))
    yield _full((64, 64, 64), (17, 17, 17), "float32")
    yield _full((1000,), (11,))
    yield _full((3,), (50_000,))
    yield from _with_nan()
    yield from _files()
