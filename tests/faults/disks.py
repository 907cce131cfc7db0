"""Disks that are full, read-only or gone, at each file that each command writes.

``PYTHONPATH=src:tests python -m faults.disks`` has each of the files meet each of the faults.

What a system call would answer is raised at the moment at which Python opens a file (an audit hook
sees it), or, for a disk that becomes full while it is written, is the system's own answer to a
limit of file sizes. So no rights are needed, and no disk is filled.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from faults.commands import is_written, make_data, start

TRAIN = "train --epochs 1 --model small_cnn --threads 1 --overwrite"
KERNEL = "--kernel mean:size=3 --overwrite"
# A command, and the files that it writes in `out`.
WRITTEN = {
    f"{TRAIN} --data photos --cache none --out out/a.st --plot out/a.png --report out/r.html "
    "--show-augmentation out/s.png --checkpoint out/c.ckpt": (
        "a.st", "a.png", "r.html", "s.png", "c.ckpt",
    ),
    f"{TRAIN} --data photos --cache none --find-lr out/lr.png": ("lr.png",),
    f"filter photos/a/000.png {KERNEL} -o out/f.png": ("f.png",),
    f"filter photos/a/000.png {KERNEL} -o out/f.tif": ("f.tif",),
    f"filter photos/a/000.png {KERNEL} -o out/f.jpg": ("f.jpg",),
    f"filter photos/a/000.png {KERNEL} -o out/f.webp": ("f.webp",),
    f"filter photos/a/000.png {KERNEL} -o out/f.gif": ("f.gif",),
    f"filter photos/a/000.png {KERNEL} -o out/f.bmp": ("f.bmp",),
    f"filter photos/a/000.png {KERNEL} -o out/f.ppm": ("f.ppm",),
    f"filter large.npy {KERNEL} --tiles -o out/t.npy": ("t.npy",),
    f"filter large.npy {KERNEL} --tiles -o out/t.tif": ("t.tif",),
    f"filter photos/a photos/b {KERNEL} -o out": ("000.png", "004.png"),
    f"convolve load.csv {KERNEL} -o out/c.csv --plot out/p.png": ("c.csv", "p.png"),
    f"convolve tone.wav {KERNEL} -o out/w.wav": ("w.wav",),
    "predict model.st photos/a/000.png photos/b/001.png --out out/p.csv --overwrite": ("p.csv",),
    "predict model.st photos/a/000.png --sort-into out --overwrite": ("c/000.png",),
    "export model.st -o out/m.onnx --overwrite": ("m.onnx",),
    "export model.st -o out/m.h --overwrite": ("m.h",),
    "convert b.onnx -o out/c.st --overwrite": ("c.st",),
    "figures -o out --only 4 --overwrite": ("04-convolution-2d.png", "index.html"),
    "kernels sobel --plot out/k.png --overwrite": ("k.png",),
    "size 1x8x8 Conv2d(2,3) --plot out/s.svg --overwrite": ("s.svg",),
    "explain model.st photos/a/000.png -o out/e.png --overwrite": ("e.png",),
    "learn-kernel photos/a/000.png photos/a/000.png -o out/k.txt --overwrite --size 3": ("k.txt",),
}  # fmt: skip


def refused(target: str, number: int) -> Callable[[], None]:
    """Have the system refuse to open a file of this name, or one that becomes it."""

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        path = is_written(event, arguments)
        if path is not None and target in Path(path).name and "out" in Path(path).parts:
            raise OSError(number, os.strerror(number), path)

    return lambda: sys.addaudithook(hook)


def full(size: int = 10) -> None:
    """Have files take no more than so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def vanishing(target: str) -> Callable[[], None]:
    """Have the folder disappear when a file of this name is to be written."""

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        path = is_written(event, arguments)
        if path is not None and target in Path(path).name and "out" in Path(path).parts:
            shutil.rmtree("out", ignore_errors=True)

    return lambda: sys.addaudithook(hook)


FAULTS = {
    "read-only disk": lambda target: refused(target, errno.EROFS),
    "no permission": lambda target: refused(target, errno.EACCES),
    "full disk": lambda target: refused(target, errno.ENOSPC),
    "disk that becomes full": lambda target: full,
    "folder that disappears": vanishing,
}

CASES = [(command, target) for command, targets in WRITTEN.items() for target in targets]
_OLD = b"what was there before"


def problems(data: Path, command: str, target: str, fault: str) -> list[str]:
    """Run a command in a folder of data, with a fault at a file; return what is wrong with it."""
    out = data / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    stays = fault != "folder that disappears" and not target.endswith(".ckpt")
    if stays:
        (out / target).parent.mkdir(exist_ok=True)
        (out / target).write_bytes(_OLD)
    status, words = start(command, data, FAULTS[fault](Path(target).name)).end()
    found = []
    if status != 2:
        found.append(f"status {status}")
    if "Traceback" in words or "partial" in words:
        found.append("foreign words")
    if fault not in ("folder that disappears", "disk that becomes full") and target not in words:
        found.append("the file is not named")
    if stays and (out / target).read_bytes() != _OLD:
        found.append("the old file is lost")
    if any(path.name.startswith(".") for path in out.rglob("*")):
        found.append("something half is left")
    return [*found, words] if found else []


def main() -> None:
    """Run all, print what is wrong, and fail if anything is."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        make_data(Path(folder))
        for command, target in CASES:
            for fault in FAULTS:
                found = problems(Path(folder), command, target, fault)
                wrong += bool(found)
                if found:
                    print(f"{fault} at {target}, {command}: {'; '.join(found)}", flush=True)
    print(
        f"{len(CASES)} files of {len(WRITTEN)} commands, {len(FAULTS)} faults at each: {wrong} of "
        f"{len(CASES) * len(FAULTS)} went wrong."
    )
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
