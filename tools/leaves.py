"""Draws the sample pictures that come with fencepost: leaves of five trees, on all kinds of ground.

Run: python tools/leaves.py    writes src/fencepost/data/leaves.zip

They are made to be like photographs: of mixed sizes and proportions, each leaf turned, bent and
coloured otherwise, some stored sideways with the turn in their metadata, as telephones do. The
folder ``leaves`` has one folder for each tree; ``new`` has one more of each, and a feather.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

OUT = Path(__file__).parents[1] / "src" / "fencepost" / "data" / "leaves.zip"
EACH, FINE = 40, 4  # pictures of a tree; drawn so many times larger, and scaled down

Rng = np.random.Generator
Points = np.ndarray  # (n, 2): x to the right, y upwards; the stalk at (0, 0), the tip near (0, 1)


def _mirrored(half: Points) -> Points:
    """A right half from stalk to tip, and its mirror image back."""
    return np.vstack([half, half[::-1] * (-1, 1)])


def birch(rng: Rng) -> Points:
    """Like an egg with a long tip, and a saw's edge."""
    t = np.linspace(0, 1, 120)
    width = rng.uniform(1.0, 1.2) * t**0.45 * (1 - t) ** rng.uniform(0.8, 1.0)
    teeth = 1 + 0.16 * (1 - np.mod(t * rng.integers(9, 13), 1))
    return _mirrored(np.column_stack([width * teeth, t]))


def ginkgo(rng: Rng) -> Points:
    """A fan with a cleft."""
    a = np.linspace(-1, 1, 160)
    cleft = rng.uniform(0.2, 0.5) * np.exp(-((a / 0.07) ** 2))
    radius = 0.82 - 0.1 * a**2 + 0.02 * np.sin(a * rng.uniform(25, 40)) - cleft
    angle = a * rng.uniform(1.0, 1.25)
    rim = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
    return np.vstack([[[0.03, 0]], rim[::-1], [[-0.03, 0]]])


def maple(rng: Rng) -> Points:
    """Five pointed lobes around a centre, each with two teeth."""
    tips = np.radians([0, 48, 100]) + rng.normal(0, 0.05, 3)
    lengths = np.array([0.8, 0.72, 0.5]) * rng.uniform(0.93, 1.07, 3)
    half = [(0.1, np.pi)]
    for k in (2, 1, 0):
        tip, length = tips[k], lengths[k]
        half += [(0.62 * length, tip + 0.26), (0.55 * length, tip + 0.14), (length, tip)]
        if k:
            half += [(0.55 * length, tip - 0.14), (0.62 * length, tip - 0.26)]
            half += [(0.28, (tip + tips[k - 1]) / 2)]
    radius, angle = np.array(half).T
    return _mirrored(np.column_stack([radius * np.sin(angle), 0.24 + radius * np.cos(angle)]))


def oak(rng: Rng) -> Points:
    """Round lobes along a blade that is widest beyond its middle."""
    t = np.linspace(0, 1, 160)
    blade = 0.72 * t**0.8 * (1 - t) ** 0.4
    lobes = 1 + rng.uniform(0.3, 0.42) * np.sin(2 * np.pi * (rng.integers(4, 6) * t - 0.3))
    return _mirrored(np.column_stack([blade * lobes, t]))


def willow(rng: Rng) -> Points:
    """A lance."""
    t = np.linspace(0, 1, 80)
    return _mirrored(
        np.column_stack([rng.uniform(0.26, 0.36) * t**0.7 * (1 - t) ** 0.8, 1.1 * t - 0.05])
    )


def feather(rng: Rng) -> Points:
    """No leaf at all."""
    t = np.linspace(0, 1, 160)
    split = np.where(np.mod(t * 7, 1) < 0.12, 0.45, 1.0)
    return _mirrored(np.column_stack([0.2 * np.minimum(1, t * 5) * (1 - t**6) * split, t]))


TREES: dict[str, Callable[[Rng], Points]] = {
    tree.__name__: tree for tree in (birch, ginkgo, maple, oak, willow)
}


def _noise(rng: Rng, height: int, width: int, grain: tuple[int, int]) -> np.ndarray:
    """Smooth noise about 0, whose spots have about so many pixels in height and width."""
    small = rng.normal(size=(height // grain[0] + 2, width // grain[1] + 2)).astype(np.float32)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def _ground(rng: Rng, height: int, width: int) -> np.ndarray:
    """Paper, wood, stone, lawn or earth: float (height, width, 3)."""
    colour, grain, rough = [
        ((225, 222, 214), (60, 60), 5),
        ((160, 118, 78), (5, 220), 14),
        ((140, 140, 138), (9, 9), 13),
        ((96, 122, 66), (14, 4), 17),
        ((98, 80, 64), (7, 7), 15),
    ][rng.integers(5)]
    spots = _noise(rng, height, width, grain) + 0.6 * _noise(rng, height, width, (70, 70))
    light = np.linspace(rng.uniform(-14, 14), rng.uniform(-14, 14), width)
    shade = (rough * spots + light)[..., None] * (1, 0.97, 0.9)
    return np.array(colour) + rng.normal(0, 9, 3) + shade


def _placed(rng: Rng, points: Points, height: int, width: int) -> Points:
    """The points bent, turned, scaled and moved, in pixels."""
    x, y = points.T
    x = x + rng.normal(0, 0.12) * np.sin(np.pi * y)  # bent
    size = min(height, width) * rng.uniform(0.66, 0.84)
    turn = rng.normal(0, 0.5)
    x, y = x * rng.uniform(0.88, 1.08) * size, (y - 0.5) * size
    moved = rng.normal(0, 0.03 * min(height, width), 2)
    return np.column_stack(
        [
            width / 2 + moved[0] + x * np.cos(turn) + y * np.sin(turn),
            height / 2 + moved[1] + x * np.sin(turn) - y * np.cos(turn),
        ]
    )


def draw(rng: Rng, outline: Callable[[Rng], Points]) -> Image.Image:
    """Draw one leaf on some ground."""
    height, width = ((72, 96), (96, 72), (80, 80), (84, 112), (90, 120))[rng.integers(5)]
    tall, wide = FINE * height, FINE * width
    edge = outline(rng)
    t = np.linspace(-0.22, 0.92, 30)
    midrib = np.column_stack([0 * t, t])
    veins = [
        np.array([[0, y], [side * 0.3, y + 0.22]])
        for y in np.arange(0.15, 0.8, 0.13)
        for side in (-1, 1)
    ]
    if outline is ginkgo:
        midrib, angles = midrib[:12], np.linspace(-1, 1, 13)
        veins = [np.array([[0, 0], [0.7 * np.sin(a), 0.7 * np.cos(a)]]) for a in angles]
    lines = [edge, midrib, *veins]
    placed = np.split(
        _placed(rng, np.vstack(lines), tall, wide), np.cumsum([len(line) for line in lines])[:-1]
    )

    mask = Image.new("L", (wide, tall))
    ImageDraw.Draw(mask).polygon([*map(tuple, placed[0])], fill=255)
    stalk = ImageDraw.Draw(mask)
    stalk.line([*map(tuple, placed[1][:12])], fill=255, width=FINE)
    ribs = Image.new("L", (wide, tall))
    pen = ImageDraw.Draw(ribs)
    pen.line([*map(tuple, placed[1])], fill=255, width=FINE)
    for vein in placed[2:]:
        pen.line([*map(tuple, vein)], fill=150, width=FINE // 2)

    if outline is feather:
        colour = np.array([205, 205, 210]) + rng.normal(0, 8, 3)
    else:  # from green over yellow to red and brown
        autumn = [
            (74, 120, 48),
            (118, 146, 52),
            (206, 172, 52),
            (198, 104, 40),
            (160, 58, 44),
            (124, 82, 50),
        ]
        colour = np.array(autumn[rng.integers(len(autumn))]) + rng.normal(0, 12, 3)
    blade = (
        colour
        + 9 * (_noise(rng, tall, wide, (40, 40)) + 0.5 * _noise(rng, tall, wide, (8, 8)))[..., None]
    )
    blade = blade + 34 * (np.asarray(ribs)[..., None] / 255)
    fall = rng.integers(2, 5, 2) * FINE // 2
    shadow = mask.filter(ImageFilter.GaussianBlur(FINE * 1.5))
    dark = np.roll(np.asarray(shadow), fall, (0, 1))[..., None] / 255
    share = np.asarray(mask)[..., None] / 255
    pixels = _ground(rng, tall, wide) * (1 - 0.45 * dark) * (1 - share) + blade * share
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    small = image.resize((width, height), Image.Resampling.BOX)
    grainy = np.asarray(small) + rng.normal(0, 3, (height, width, 1))
    return Image.fromarray(grainy.clip(0, 255).astype(np.uint8))


def jpeg(rng: Rng, image: Image.Image) -> bytes:
    """The picture as a camera stores it: of ten, one lies on its side, and says so."""
    exif = Image.Exif()
    if rng.random() < 0.1:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6  # to be turned clockwise
    out = io.BytesIO()
    image.save(out, "JPEG", quality=72, exif=exif)
    return out.getvalue()


def pictures() -> dict[str, bytes]:
    """All of them, by their names in the archive."""
    rng = np.random.default_rng(2026)
    made = {
        f"leaves/{name}/{number:02}.jpg": jpeg(rng, draw(rng, tree))
        for name, tree in TREES.items()
        for number in range(EACH)
    }
    for number, tree in enumerate(rng.permutation([*TREES.values(), feather]), 1):
        made[f"new/{number}.jpg"] = jpeg(rng, draw(rng, tree))
    return made


def main() -> None:
    """Write the archive: JPEGs do not become smaller, so they are stored as they are."""
    with zipfile.ZipFile(OUT, "w") as archive:
        for name, content in pictures().items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    print(f"{OUT}: {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
