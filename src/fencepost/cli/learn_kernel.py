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

    from ..estimation import LearnedKernel
    from ..estimation.jpeg import Jpeg

EXAMPLES = """\
fencepost learn-kernel portrait.png sharpened.png -o kernel.txt
fencepost filter holiday.jpg --kernel @kernel.txt -o sharper.jpg"""


def learn_kernel(
    before: Annotated[Path, typer.Argument(help="An image, or a folder of images.")],
    after: Annotated[
        Path,
        typer.Argument(
            help="The same image, filtered, of the same size; or a folder of them, of the same "
            "names."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Text file for the kernel of one image, a line for each row; else a folder to "
            "write to.",
        ),
    ],
    size: Annotated[
        str | None,
        typer.Option(
            help="Size of the kernel, such as 5 or 3x7.", show_default="detected, up to 15"
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Plot the kernel of one image with its standard errors: .png or .svg."),
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
    if before.is_dir() or after.is_dir():
        _learn_folder(console, before, after, out, shape, plot, overwrite)
        return
    check_outputs({"--out": out, "--plot": plot}, overwrite)
    learned, record = _learn(console, before, after, out, shape)
    if plot is not None:
        from .. import plots

        plots.save(learned.plot(), plot)
        console.note(f"Saved {plot}.")
    console.result(record)


def _learn(
    console: Console, before: Path, after: Path, out: Path, shape: tuple[int, int] | None
) -> tuple[LearnedKernel, dict[str, Any]]:
    """Estimate the kernel of a pair of images, write it, and say what it is."""
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
    return learned, {"output": str(out), **learned.to_dict()}


def _learn_folder(
    console: Console,
    before: Path,
    after: Path,
    out: Path,
    shape: tuple[int, int] | None,
    plot: Path | None,
    overwrite: bool,
) -> None:
    """Estimate the kernel of each pair of images in two folders."""
    from .shared import batch

    if not (before.is_dir() and after.is_dir()):
        raise ArgumentError(
            f"BEFORE and AFTER must be two images or two folders. Received: {before} and {after}, "
            f"of which {before if before.is_dir() else after} is a folder."
        )
    if plot is not None:
        raise ArgumentError("--plot is for one pair of images. Received: two folders.")
    jobs, skipped = batch.plan([before], out, ending="txt", compare=False, overwrite=overwrite)
    copies = _copies(after)
    records: list[dict[str, Any]] = []
    problems: list[str] = []
    for job in jobs:
        name = job.source.relative_to(before).with_suffix("")
        console.say(f"{job.source}:")
        try:
            if name not in copies:
                raise DataError(f"{job.source}: {after} must hold its copy, {name} with an ending.")
            job.target.parent.mkdir(parents=True, exist_ok=True)
            _, record = _learn(console, job.source, copies[name], job.target, shape)
            records.append({"image": str(job.source), **record})
        except DataError as error:
            text = str(error)
            problems.append(text if str(job.source) in text else f"{job.source}: {text}")
            records.append({"image": str(job.source), "error": problems[-1]})
    if skipped:
        console.note(batch.skipped_files(skipped))
    console.result({"images": records})
    if problems:
        raise DataError("\n".join(problems))


def _copies(folder: Path) -> dict[Path, Path]:
    """Return the images of a folder by their names in it, without endings."""
    from ..files.folders import visible_files

    return {file.relative_to(folder).with_suffix(""): file for file in visible_files(folder)[0]}


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
