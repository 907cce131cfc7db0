"""`fencepost learn-kernel`: the kernel between a picture and its copy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ArgumentError, DataError
from .shared import options
from .shared.console import Console
from .shared.outputs import check_outputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..estimation.jpeg import Jpeg

EXAMPLES = """\
fencepost learn-kernel portrait.png sharpened.png -o kernel.txt
fencepost filter holiday.jpg --kernel @kernel.txt -o sharper.jpg"""


def learn_kernel(
    before: Annotated[Path, typer.Argument(help="An image.")],
    after: Annotated[Path, typer.Argument(help="The same image, filtered, of the same size.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Text file for the kernel, a line for each row.")
    ],
    size: Annotated[
        str | None,
        typer.Option(
            help="Size of the kernel, such as 5 or 3x7.", show_default="detected, up to 15"
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Plot the kernel with its standard errors: .png or .svg."),
    ] = None,
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Estimate the kernel that filtered an image, with its standard errors.

    The kernel is that of a convolution, as `fencepost filter --kernel @FILE`
    applies it. Images may have 8 or 16 bits, be saturated in part, and be
    compressed as JPEG.
    """
    console = Console(as_json)
    shape = _size(size)
    check_outputs({"--out": out, "--plot": plot}, overwrite)
    from ..estimation import learn_kernel as learn
    from ..files.atomic import atomic_path

    before_pixels, after_pixels = _pixels(before), _pixels(after)
    if before_pixels.shape[2] != after_pixels.shape[2]:
        raise DataError(
            f"{before} and {after} must have the same channels. Received: "
            f"{before_pixels.shape[2]} and {after_pixels.shape[2]}. Save both in colour, or both "
            "in grey."
        )
    learned = learn(before_pixels, after_pixels, shape, compression=_compression(after))
    with atomic_path(out) as unfinished:
        rows = (" ".join(f"{weight:.17g}" for weight in row) for row in learned.kernel.matrix)
        unfinished.write_text("\n".join(rows) + "\n", encoding="utf-8")
    console.say(str(learned))
    if abs(learned.offset) > 0.5 and learned.integers:
        console.say(f"Apply it with --offset {learned.offset:.3g}.")
    console.note(f"Saved {out}.")
    if plot is not None:
        from .. import plots

        plots.save(learned.plot(), plot)
        console.note(f"Saved {plot}.")
    console.result({"output": str(out), **learned.to_dict()})


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d{1,3})(?:\s*[x×]\s*(\d{1,3}))?\s*", text)
    if not match:
        raise ArgumentError(f"--size must be a number, or ROWSxCOLUMNS. Received: {text!r}.")
    return int(match[1]), int(match[2] or match[1])


def _pixels(path: Path) -> NDArray[Any]:
    """Read a picture's colours; whether it is transparent does not matter here."""
    from ..filtering import read_image

    picture = read_image(path)
    alpha = picture.colours.endswith("A")
    return picture.pixels[..., :-1] if alpha else picture.pixels


def _compression(path: Path) -> Jpeg | None:
    """Return how a picture that could be read was compressed, if it is a JPEG."""
    from PIL import Image

    from ..estimation.jpeg import Jpeg

    with Image.open(path) as image:
        return Jpeg.of_file(image)
