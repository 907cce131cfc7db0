"""Options that several commands share, so that they read alike."""

from __future__ import annotations

import re
from typing import Any

import typer

from ...errors import ArgumentError

DATA_HELP = (
    "mnist; a folder with a subfolder of images per class; IDX files; an .npz; a .csv of signals "
    "with a column of labels."
)
DATA = typer.Option(help=DATA_HELP)
JSON = typer.Option("--json", help="Print one JSON object on standard output.")
THREADS = typer.Option(min=1, help="Threads to compute with.", show_default="all cores")
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


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Read HEIGHTxWIDTH, or one number for both.

    >>> parse_size("32x40"), parse_size("28"), parse_size(None)
    ((32, 40), (28, 28), None)
    """
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d{1,5})(?:\s*[x×]\s*(\d{1,5}))?\s*", text)
    if not match or not (height := int(match[1])) or not (width := int(match[2] or match[1])):
        raise ArgumentError(
            f"--size must be HEIGHTxWIDTH in pixels, such as 32x32. Received: {text!r}."
        )
    return height, width


def parse_shape(name: str, text: str) -> tuple[int, ...]:
    """Read the shape of an input, CHANNELSxHEIGHTxWIDTH, with fewer numbers for signals.

    >>> parse_shape("INPUT", "3x32x40"), parse_shape("INPUT", "1 × 128"), parse_shape("INPUT", "84")
    ((3, 32, 40), (1, 128), (84,))
    """
    numbers = re.split(r"\s*[x×X,]\s*", text.strip(" ()"))
    if not 1 <= len(numbers) <= 3 or not all(
        re.fullmatch(r"\d{1,9}", number) and int(number) for number in numbers
    ):
        raise ArgumentError(
            f"{name} must be CHANNELSxHEIGHTxWIDTH, such as 3x224x224, CHANNELSxWIDTH for a "
            f"signal, or one number of features; all at least 1. Received: {text!r}."
        )
    return tuple(map(int, numbers))
