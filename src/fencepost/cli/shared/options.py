"""Options that several commands share, so that they read alike."""

from __future__ import annotations

import re
from typing import Any

import typer

from ...errors import ArgumentError

LARGEST_IMAGE = 99_999  # pixels along an axis

DATA_HELP = (
    "mnist; a folder with a subfolder of images per class; IDX files; an .npz; a .csv of signals "
    "with a column of labels."
)
DATA = typer.Option(help=DATA_HELP)
JSON = typer.Option("--json", help="Print one JSON object on standard output.")
THREADS = typer.Option(min=1, max=1024, help="Threads to compute with.", show_default="all cores")
SIZE = typer.Option(help="HEIGHTxWIDTH: resize all images of a folder to this.")
LABEL = typer.Option(help="The column of a .csv that holds the labels.")
CHANNELS = typer.Option(
    min=1,
    help="1 or 3: read a folder as grey or RGB. For a .csv: channels that follow one another.",
    show_default="as found",
)
KERNEL = typer.Option(
    "--kernel",
    "-k",
    help="Such as gaussian:sigma=2, sobel, or 3x3: 0,-1,0 -1,5,-1 0,-1,0; @FILE reads a matrix. "
    "`fencepost kernels` lists all. Given several times: one after another.",
)
BOUNDARY = typer.Option(
    help="What stands beyond the edge: reflect, mirror, nearest, wrap, zero, a number, or none to "
    "leave the border out."
)
PORTRAIT = typer.Option(
    help="A photograph to filter.", show_default="matplotlib's sample, of Grace Hopper"
)
OVERWRITE = typer.Option("--overwrite", help="Replace files that exist.")
RECIPE = "the model's recipe"


def from_recipe(help: str, **settings: Any) -> Any:
    """Make an option whose default depends on model and data."""
    return typer.Option(help=help, show_default=RECIPE, **settings)


def parse_boundary(text: str) -> str | float:
    """Read the name of a boundary, or the number that stands there.

    >>> parse_boundary("mirror"), parse_boundary("7.5")
    ('mirror', 7.5)
    """
    try:
        return float(text)
    except ValueError:
        return text


def parse_sizes(text: str, most: int) -> tuple[int, ...] | None:
    """Read up to `most` sizes, all at least 1, with "x" or commas between them; None if it is not.

    >>> parse_sizes("3x32x40", 3), parse_sizes("(1 × 128)", 3), parse_sizes("3x0", 2)
    ((3, 32, 40), (1, 128), None)
    """
    sizes = re.split(r"\s*[x×X,]\s*", text.strip(" ()"))
    if len(sizes) > most or not all(re.fullmatch(r"\d{1,9}", size) and int(size) for size in sizes):
        return None
    return tuple(map(int, sizes))


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Read HEIGHTxWIDTH, or one integer for both.

    >>> parse_size("32x40"), parse_size("28"), parse_size(None)
    ((32, 40), (28, 28), None)
    """
    if text is None:
        return None
    sizes = parse_sizes(text, 2)
    if sizes is None or max(sizes) > LARGEST_IMAGE:
        raise ArgumentError(
            f"--size must be HEIGHTxWIDTH in pixels, such as 32x32. Received: {text!r}."
        )
    return sizes[0], sizes[-1]
