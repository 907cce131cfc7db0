"""Accuracy of the default recipe on small colour images, beside PyTorch and fastai, in equal time.

``python -m benchmarks.photographs.accuracy --peers PYTHON`` builds three sets in the user's cache
folder, from Debian packages (`apt-get download`), trains ``fencepost train --time`` and, with
PYTHON of an environment that has torch, torchvision and fastai,
`benchmarks.photographs.accuracy_peers`, over seeds, and prints a table. fencepost's time is that of
its whole command; the peers' begins when their libraries and the images are in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from fencepost.text import format_table

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "fencepost-benchmarks")
TEST_SHARE = 0.2
SYSTEMS = ("fencepost", "torch", "fastai")

# 100 characters in the faces of these packages; faces of a family are on one side of the split.
FONTS = [
    *("dejavu-core", "dejavu-extra", "liberation", "freefont-ttf", "lato", "open-sans"),
    *("roboto-unhinted", "cantarell", "comfortaa", "crosextra-carlito", "crosextra-caladea"),
    *("linuxlibertine", "inconsolata", "hack", "firacode", "quicksand"),
]
TEST_FAMILIES = ("OpenSans", "Caladea", "Hack", "Quicksand")
CHARACTERS = [chr(code) for code in range(33, 127)] + list("€£§ßµÆ")
STAMPS = ("animals", "food", "plants", "town", "vehicles", "household")
CLIPART = [
    *("animals", "buildings", "computer", "food", "people", "plants", "recreation"),
    *("shapes", "signs_and_symbols", "tools", "transportation", "office"),
]
MOST_CLIPART = 400  # of one class: there are 2,000 icons of computers


def unpacked(package: str) -> Path:
    """Return the folder of a Debian package's files."""
    folder = CACHE / "packages" / package
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as work:
            subprocess.run(["apt-get", "download", package], cwd=work, check=True)
            [archive] = Path(work).glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", archive, folder], check=True)
    return folder


def square(path: Path, size: int) -> Image.Image:
    """Return a picture file on white, as a square."""
    with Image.open(path) as opened:
        picture = opened.convert("RGBA")
    side = max(picture.size)
    ground = Image.new("RGBA", (side, side), "white")
    ground.alpha_composite(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return ground.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)


def pixels(path: Path) -> int:
    """Return width · height of a PNG file, from its header: some would take gigabytes to read."""
    with path.open("rb") as file:
        header = file.read(24)
    return int.from_bytes(header[16:20], "big") * int.from_bytes(header[20:24], "big")


def pictures_in(root: Path, classes: Sequence[str], most: int) -> Iterator[tuple[str, str, Any]]:
    """Yield part, class and picture of the files below a folder for each class."""
    shuffled = random.Random(0)
    for name in classes:
        paths = [path for path in sorted((root / name).rglob("*.png")) if pixels(path) < 4e6]
        shuffled.shuffle(paths)
        paths = paths[:most]
        for index, path in enumerate(paths):
            part = "test" if index < TEST_SHARE * len(paths) else "train"
            yield part, name, square(path, 64)


def stamps() -> Iterator[tuple[str, str, Any]]:
    """Photographs and drawings that children stamp with in Tux Paint, 6 classes."""
    root = unpacked("tuxpaint-stamps-default") / "usr/share/tuxpaint/stamps"
    yield from pictures_in(root, STAMPS, 10_000)


def clipart() -> Iterator[tuple[str, str, Any]]:
    """The Open Clip Art Library, by its folders: 12 classes."""
    root = unpacked("openclipart-png") / "usr/share/openclipart/png"
    yield from pictures_in(root, CLIPART, MOST_CLIPART)


def glyphs() -> Iterator[tuple[str, str, Any]]:
    """Coloured characters, 100 classes, tested with families of fonts that were not seen."""
    drawn = random.Random(0)
    faces = [
        path
        for package in FONTS
        for path in sorted(unpacked(f"fonts-{package}").rglob("*"))
        if path.suffix in (".ttf", ".otf") and "Math" not in path.name
    ]
    for face in faces:
        part = "test" if face.name.startswith(TEST_FAMILIES) else "train"
        font = ImageFont.truetype(str(face), 22)
        for index, character in enumerate(CHARACTERS):
            if part == "train" and drawn.random() > 0.4:
                continue  # 40 or so of each are enough to learn from
            back, ink = ([drawn.randrange(256) for _ in range(3)] for _ in range(2))
            while sum(abs(a - b) for a, b in zip(back, ink, strict=True)) < 200:
                ink = [drawn.randrange(256) for _ in range(3)]
            picture = Image.new("RGB", (32, 32), tuple(back))
            place = (16 + drawn.uniform(-2, 2), 24 + drawn.uniform(-2, 2))
            ImageDraw.Draw(picture).text(place, character, tuple(ink), font, anchor="ms")
            yield part, f"{index:02}", picture


SETS = {"stamps": stamps, "clipart": clipart, "glyphs": glyphs}


def build(name: str) -> Path:
    """Write a set as a folder with train/ and test/, if it is not there, and return it."""
    folder = CACHE / "sets" / name
    if not folder.is_dir():
        work = folder.with_name(f"{name}.part")
        for number, (part, label, picture) in enumerate(SETS[name]()):
            path = work / part / label / f"{number:05}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
        work.rename(folder)
    return folder


def train(
    system: str, folder: Path, seconds: int, seed: int, peers: str, speed: float | None
) -> float:
    """Train once, and return the share of the test images that are right."""
    if system == "fencepost":
        with tempfile.TemporaryDirectory() as out:
            command = [sys.executable, "-c", "from fencepost.cli import main; main()", "train"]
            command += ["--data", str(folder), "--time", f"{seconds}s", "--seed", str(seed)]
            command += ["--out", f"{out}/model.safetensors", "--plot", "none", "--json"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(json.loads(done.stdout)["test_accuracy"])
    command = [peers, "-m", "benchmarks.photographs.accuracy_peers", system, str(folder)]
    command += [str(seconds), str(seed), *([] if speed is None else [str(speed)])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def results() -> dict[str, list[float]]:
    """Return what was measured, by set, system and seconds."""
    path = CACHE / "accuracy.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def table(seconds: int) -> str:
    """Return mean and standard deviation of what was measured, in percent."""
    measured = results()
    rows = [["set", "classes", "train", "test", *SYSTEMS]]
    for name in SETS:
        folder = build(name)
        classes = len(list((folder / "train").iterdir()))
        counts = [len(list((folder / part).rglob("*.png"))) for part in ("train", "test")]
        cells = []
        for system in SYSTEMS:
            found = [100 * right for right in measured.get(f"{name} {system} {seconds}", [])]
            spread = f" ± {statistics.stdev(found):.1f}" if len(found) > 1 else ""
            cells.append(f"{statistics.mean(found):.1f}{spread}" if found else "")
        rows.append([name, str(classes), *(f"{count:,}" for count in counts), *cells])
    return format_table(rows, align="<>>>>>>")


def main() -> None:
    """Measure what is asked for, add it to what was measured before, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default="", help="Python with torch, torchvision and fastai")
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--systems", nargs="*", default=None, choices=SYSTEMS)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--speed", type=float, help="steps/s of a peer, measured before")
    given = parser.parse_args()
    systems = given.systems if given.systems is not None else SYSTEMS[: 3 if given.peers else 1]
    for name in given.sets:
        for system in systems:
            for seed in given.seeds:
                right = train(system, build(name), given.seconds, seed, given.peers, given.speed)
                print(f"{name}, {system}, seed {seed}: {100 * right:.1f} %", flush=True)
                measured = results()
                measured.setdefault(f"{name} {system} {given.seconds}", []).append(right)
                (CACHE / "accuracy.json").write_text(json.dumps(measured))
    print(table(given.seconds))


if __name__ == "__main__":
    main()
