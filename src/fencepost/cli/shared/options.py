"""Options that several commands share, so that they read alike."""

from __future__ import annotations

import re

import typer

from ...errors import ArgumentError

FITS = ("crop", "pad", "stretch")
LARGEST_IMAGE = 99_999  # pixels along an axis

DATA_HELP = (
    "mnist; a folder with a subfolder of images for each class, or with a label file (labels.csv); "
    "a .zip or .tar of such a folder; IDX files; an .npz file; or a .csv file of signals with a "
    "label column."
)
DATA = typer.Option(help=DATA_HELP)
JSON = typer.Option("--json", help="Print one JSON object on standard output.")
THREADS = typer.Option(min=1, max=1024, help="Number of threads.", show_default="all cores")
SIZE = typer.Option(
    help="Resize all images of a folder to HEIGHTxWIDTH.", show_default="chosen from the images"
)
FIT = typer.Option(
    help="How images of another aspect ratio are resized: crop cuts off what is too wide or too "
    "high, pad fills with black, stretch does not keep the aspect ratio.",
    show_default="crop, or as with --from",
)
NESTED = typer.Option(
    "--nested/--no-nested",
    help="Whether classes are nested folders, such as animals/cat.",
    show_default="detected",
)
SKIP_BAD = typer.Option(
    "--skip-bad", help="Skip files that cannot be read, and list them at the end."
)
CACHE = typer.Option(
    metavar="FOLDER",
    help="Folder that caches decoded images, or none to keep them in memory only.",
    show_default="the user cache, for more than 50 MB",
)
LABEL = typer.Option(
    help="The label column of a .csv or of a label file: its name, or its index (0, -1)."
)
CHANNELS = typer.Option(
    min=1,
    help="1 or 3: read a folder as grey or RGB images. For a .csv: number of channels in a row.",
    show_default="detected",
)
KERNEL = typer.Option(
    "--kernel",
    "-k",
    metavar="KERNEL",
    help="A name, such as sobel or gaussian:sigma=2; a matrix, such as "
    '"3x3: 0,-1,0 -1,5,-1 0,-1,0"; or @FILE. `fencepost kernels` lists the names. Repeat the '
    "option to apply several kernels in turn.",
)
BOUNDARY = typer.Option(
    help="Values beyond the edges: reflect, mirror, nearest, wrap, zero, a number; or none, to "
    "leave out the border."
)
PORTRAIT = typer.Option(
    help="A photograph to filter.", show_default="matplotlib's sample photograph"
)
OVERWRITE = typer.Option("--overwrite", help="Overwrite files that exist.")
PLOT = "--plot"


def parse_boundary(text: str) -> str | float:
    """Read the name of a boundary, or a number.

    >>> parse_boundary("mirror"), parse_boundary("7.5")
    ('mirror', 7.5)
    """
    try:
        return float(text)
    except ValueError:
        return text


def parse_share(text: str, option: str = "--target") -> float:
    """Read a share of 1, or a percentage.

    >>> parse_share("99%"), parse_share("0.99"), parse_share("99.5 %")
    (0.99, 0.99, 0.995)
    """
    number, percent = text.strip().removesuffix("%").strip(), text.strip().endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        raise ArgumentError(
            f"{option} must be a percentage, such as 99%, or a fraction, such as 0.99. "
            f"Received: {text!r}."
        )
    return share


def parse_duration(text: str) -> float:
    """Read a time in seconds, or with its units.

    >>> parse_duration("60s"), parse_duration("1h30m"), parse_duration("2.5 min")
    (60.0, 5400.0, 150.0)
    """
    seconds = {"h": 3600.0, "m": 60.0, "s": 1.0}
    parts = re.findall(r"(\d+(?:\.\d+)?) *(h|min|m|s|$)[a-z]* *", text.strip().lower())
    rest = re.sub(r"(\d+(?:\.\d+)?) *(h|min|m|s|$)[a-z]* *", "", text.strip().lower())
    total = sum(float(number) * seconds[unit[:1] or "s"] for number, unit in parts)
    if rest or not parts or total <= 0:
        raise ArgumentError(f"--time must be a time, such as 60s, 5m or 1h30m. Received: {text!r}.")
    return total


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
        from ...sizing.readings import Reading, readings

        larger = parse_sizes(text, 5)
        hint = ""
        if larger is not None and len(larger) > 2:
            height, width = (next(readings(larger), None) or Reading(larger, "")).shape[-2:]
            hint = f" Without the channels that is {height}x{width}; --channels says how many."
        raise ArgumentError(
            f"--size must be HEIGHTxWIDTH in pixels, such as 32x32. Received: {text!r}.{hint}"
        )
    return sizes[0], sizes[-1]
