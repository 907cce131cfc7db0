"""How far confidence is to be trusted, and which images are found to be unlike the training data.

``python -m benchmarks.photographs.confidence [SET...]`` trains on each set (mnist, and those of
`benchmarks.photographs.accuracy`: stamps, clipart) with a tenth held out for validation, as `fit`
calibrates, and prints for the test images: accuracy, calibration error before and after; and the
share of images that are far from the training data (`Network.novelty` above 1), or predicted with
less than 70 %, among the test images, drawn shapes, letters, noise, inverted, shuffled and blank
images, and those of the other sets.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import fencepost as fp
from benchmarks.photographs.accuracy import build
from fencepost.text import format_table, percent

SIDE, COUNT, SURELY = 48, 300, 0.7
LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZabdefhkmnrtwx"  # none that may be a digit
Images = NDArray[np.uint8]


def data(name: str) -> tuple[fp.Dataset, fp.Dataset]:
    """Return training and test images of a set."""
    if name == "mnist":
        return fp.datasets.mnist("train"), fp.datasets.mnist("test")
    opened = fp.datasets.open(str(build(name)), pictures=fp.datasets.Loading((SIDE, SIDE)))
    assert opened.test is not None
    return opened.train, opened.test


def trained(name: str, train: fp.Dataset) -> fp.Network:
    """Train the default model of a set."""
    shape, classes = train.input_shape, len(train.class_names)
    make = fp.models.lenet5 if name == "mnist" else fp.models.small_cnn
    net = make(classes, shape) if name == "mnist" else make(shape, classes)
    net.fit(
        train.images,
        train.targets,
        epochs=4 if name == "mnist" else 20,
        lr=0.003,
        augmentation="shift=2,rotate=10,scale=0.1",
        validation=0.1,
        progress=False,
    )
    return net


def drawn(size: int, kind: int, rng: np.random.Generator) -> Image.Image:
    """Draw a triangle, a square, a star, a hexagon, a cross or a filled triangle."""
    picture = Image.new("L", (4 * size, 4 * size), 0)
    pen, width = ImageDraw.Draw(picture), int(0.36 * size)
    (x, y), r = rng.uniform(1.4, 2.6, 2) * size, rng.uniform(1.0, 1.6) * size
    angle = rng.uniform(0, 2 * np.pi)
    if kind == 4:
        pen.line([(x - r, y), (x + r, y)], fill=255, width=width)
        pen.line([(x, y - r), (x, y + r)], fill=255, width=width)
        return picture.resize((size, size), Image.Resampling.LANCZOS)
    corners = {0: 3, 1: 4, 2: 10, 3: 6, 5: 3}[kind]
    radii = [r * (0.45 if kind == 2 and k % 2 else 1) for k in range(corners)]
    turns = angle + 2 * np.pi * np.arange(corners) / corners
    points = [(x + q * np.cos(t), y + q * np.sin(t)) for q, t in zip(radii, turns, strict=True)]
    if kind in (3, 5):
        pen.polygon(points, fill=255)
    else:
        pen.line([*points, *points[:2]], fill=255, width=width)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def letter(size: int, text: str, rng: np.random.Generator) -> Image.Image:
    """Write a letter, light on dark."""
    picture = Image.new("L", (size, size), 0)
    font = ImageFont.load_default(size * float(rng.uniform(0.7, 0.9)))
    ImageDraw.Draw(picture).text((size / 2, size / 2), text, fill=255, font=font, anchor="mm")
    return picture


def others(shape: tuple[int, ...], test: Images) -> dict[str, Images]:
    """Return images of other kinds."""
    rng = np.random.default_rng(0)
    size = shape[1]
    pictures = {
        "shapes": [drawn(size, k % 6, rng) for k in range(COUNT)],
        "letters": [letter(size, LETTERS[k % len(LETTERS)], rng) for k in range(COUNT)],
    }
    found: dict[str, Images] = {
        kind: np.stack([np.repeat(np.asarray(one)[None], shape[0], 0) for one in made])
        for kind, made in pictures.items()
    }
    few = test[:COUNT]
    flat = few.reshape(len(few), shape[0], -1)
    found["noise"] = rng.integers(0, 256, (COUNT, *shape), np.uint8)
    found["inverted"] = 255 - few
    found["shuffled"] = rng.permuted(flat, axis=2).reshape(few.shape)
    found["blank"] = np.stack([np.full(shape, value, np.uint8) for value in range(0, 256, 8)])
    return found


def brought(images: Images, shape: tuple[int, ...]) -> Images:
    """Bring images of another set to a shape."""
    mode, size = "L" if shape[0] == 1 else "RGB", (shape[2], shape[1])
    made = []
    for image in images:
        picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
        array = np.asarray(picture.convert(mode).resize(size))
        made.append(array[None] if mode == "L" else array.transpose(2, 0, 1))
    return np.stack(made)


def main() -> None:
    """Print the figures of the sets."""
    names = sys.argv[1:] or ["mnist", "stamps", "clipart"]
    sets = {name: data(name) for name in names}
    for name, (train, test) in sets.items():
        net = trained(name, train)
        after = net.evaluate(test.images, test.targets)
        plain = net.copy()
        plain.calibration = None
        before = plain.evaluate(test.images, test.targets)
        images = np.asarray(test.images[:])
        kinds = {"test images": images, **others(net.input_shape, images)}
        for other, (_, those) in sets.items():
            if other != name:
                kinds[other] = brought(np.asarray(those.images[:COUNT]), net.input_shape)
        print(
            f"{name}: test accuracy {percent(after.accuracy)}, temperature {net.temperature:.3f}, "
            f"calibration error {percent(before.calibration_error)} before, "
            f"{percent(after.calibration_error)} after; loss {before.loss:.4f}, {after.loss:.4f}"
        )
        rows = [("images", "unlike", f"below {percent(SURELY, 0)}", "either")]
        for kind, these in kinds.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", fp.DataWarning)
                unlike = net.novelty(these) > 1
                low = net.predict_proba(these).max(axis=1) < SURELY
            shares = (unlike.mean(), low.mean(), (unlike | low).mean())
            rows.append((kind, *(percent(float(share), 1) for share in shares)))
        print(format_table(rows, "<>>>"), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
