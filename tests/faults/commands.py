"""Commands of fencepost in forked processes, to which something happens: a kill, a full disk."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import sys
import time
import traceback
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import fencepost as fp
import fencepost.cli.shared.report
import fencepost.cli.training.page.page
import fencepost.plots.article
from fencepost.cli.app import run

LONGEST = 300.0  # seconds after which something hangs


def make_data(folder: Path) -> None:
    """Write what the commands read: photos, arrays, signals, a model, a backbone."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (60, 16, 16, 3)).astype(np.uint8)
    labels = np.arange(60) % 3
    images[np.arange(60), labels * 4] //= 4
    for k, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = folder / "photos" / "abc"[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{k:03}.png")
    np.savez(folder / "arrays.npz", images=images, labels=labels)
    np.save(folder / "large.npy", images.reshape(-1, 16, 3))
    waves = np.sin(np.arange(32) * (1 + labels[:, None])) + draw.normal(0, 0.1, (60, 32))
    rows = [
        f"{'abc'[label]},{','.join(f'{value:.4f}' for value in wave)}"
        for label, wave in zip(labels, waves, strict=True)
    ]
    head = ",".join(["label", *(f"t{k}" for k in range(32))])
    (folder / "signals.csv").write_text("\n".join([head, *rows]) + "\n")
    with wave.open(str(folder / "tone.wav"), "wb") as tone:
        tone.setparams((1, 2, 8000, 0, "NONE", ""))
        tone.writeframes((9000 * waves.ravel()).astype("<i2").tobytes())
    (folder / "load.csv").write_text(
        "seconds,load\n" + "".join(f"{k},{k % 7}\n" for k in range(99))
    )
    layers = [fp.Conv2d(8, 3), fp.ReLU(), fp.AdaptiveAvgPool2d(1), fp.Flatten(), fp.Linear(3)]
    network = fp.Network((3, 16, 16), layers, seed=0, class_names=list("abc"))
    network.export(folder / "b.onnx")
    network.save(folder / "model.st")


@dataclass(frozen=True)
class Started:
    """A process that runs a command."""

    process: int
    output: int  # from which what it prints is read

    def kill(self) -> None:
        """Kill it, if it is still there."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)

    def end(self) -> tuple[int, str]:
        """Wait for its end; return its status, negative if a signal ended it, and its words."""
        said = b""
        os.set_blocking(self.output, False)
        limit = time.monotonic() + LONGEST
        while True:
            with contextlib.suppress(BlockingIOError):
                said += os.read(self.output, 1 << 16)
            done, status = os.waitpid(self.process, os.WNOHANG)
            if done:
                break
            if time.monotonic() > limit:
                self.kill()
            time.sleep(0.002)
        with contextlib.suppress(BlockingIOError):
            said += os.read(self.output, 1 << 16)
        os.close(self.output)
        return os.waitstatus_to_exitcode(status), said.decode(errors="replace")


def start(command: str, folder: Path, happens: Callable[[], object] = lambda: None) -> Started:
    """Fork a process that runs a command in a folder, and in which something happens before."""
    output, written = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child:
        os.close(written)
        return Started(child, output)
    try:
        os.close(output)
        os.dup2(written, 1)
        os.dup2(written, 2)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        os.chdir(folder)
        os.environ["XDG_CACHE_HOME"] = str(folder / "home")
        happens()
        os._exit(run(shlex.split(command)))
    except BaseException:
        os.write(2, traceback.format_exc().encode())
        os._exit(70)


def is_written(event: str, arguments: tuple[object, ...]) -> str | None:
    """Return the path of a file that an audit event opens to be written; else None."""
    if event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
        return None
    flags = arguments[2]
    if not (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)):
        return None
    path = os.fsdecode(arguments[0])
    return None if path.startswith(("/dev/", "/proc/")) else path
