"""How often the standard errors that `learn_kernel` states hold.

``python -m benchmarks.arrays.kernel_errors``: ten random kernels filter matplotlib's photograph of
Grace Hopper; each copy is kept in 8 bits, or compressed as JPEG of several qualities, and the
kernel is sought in it. The table that is printed stands in docs/experiments.md. It takes some
minutes.
"""

from __future__ import annotations

import io

import numpy as np
from matplotlib import cbook
from numpy.typing import NDArray
from PIL import Image

import fencepost as fp
from fencepost.estimation import learn_kernel

SEED = 2026
SIDES = (3,) * 7 + (5,) * 3
QUALITIES = (None, 95, 85, 75, 50)
OFFSET = 60  # so that edges of both signs are seen


def random_kernels() -> list[NDArray[np.float64]]:
    """Return kernels of both signs, blurs, and edges, in turn."""
    rng = np.random.default_rng(SEED)
    found = []
    for index, side in enumerate(SIDES):
        matrix = rng.normal(size=(side, side))
        if index % 3 == 1:
            matrix = np.abs(matrix)
        elif index % 3 == 2:
            matrix = 4 * (matrix - matrix.mean())
        matrix /= np.abs(matrix).sum() / (4 if index % 3 == 2 else 1)
        found.append(np.round(matrix, 3))
    return found


def compressed(picture: NDArray[np.uint8], quality: int | None) -> NDArray[np.uint8]:
    """Return a picture as a JPEG of some quality has it."""
    if quality is None:
        return picture
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        return np.asarray(image)


def row(picture: NDArray[np.uint8], quality: int | None) -> str:
    """Return what came out for one kind of copy: a row of the table."""
    covered: list[bool] = []
    misses, sure = [], []
    for matrix in random_kernels():
        after = fp.filter_image(picture, fp.Kernel(matrix), offset=OFFSET)
        found = learn_kernel(picture, compressed(after, quality), matrix.shape)
        off = np.abs(found.kernel.matrix - matrix)
        covered += (off <= 2 * found.errors).ravel().tolist()
        misses.append(off.max() / np.abs(matrix).max())
        sure.append(found.verdict.startswith(("Sure", "Fairly sure")))
    name = "8 bits" if quality is None else f"JPEG {quality}"
    kind = "grey" if picture.ndim == 2 else "colour"
    return (
        f"| {kind}, {name} | {100 * np.mean(covered):.1f} % | {np.median(misses):.2g} | "
        f"{max(misses):.2g} | {sum(sure)} of {len(sure)} |"
    )


def main() -> None:
    """Print the table."""
    with cbook.get_sample_data("grace_hopper.jpg") as file, Image.open(file) as image:
        pictures = [np.asarray(image.convert(mode)) for mode in ("L", "RGB")]
    for picture in pictures:
        for quality in QUALITIES:
            print(row(picture, quality), flush=True)


if __name__ == "__main__":
    main()
