"""`fencepost filter`: kernels over pictures, one or a whole folder."""

from __future__ import annotations

import functools
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ArgumentError, DataError, FencepostError
from ..text import plural
from .shared import options
from .shared.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from ..filtering import Picture
    from ..kernels import Kernel, KernelSet
    from .shared.batch import Job

EXAMPLES = """\
fencepost filter portrait.jpg --kernel gaussian:sigma=2 -o soft.jpg
fencepost filter photos/ --kernel gaussian:sigma=1 --kernel sobel -o edges/ --compare"""


def filter_(
    images: Annotated[list[Path], typer.Argument(help="Image files, or folders of them.")],
    kernel: Annotated[list[str], options.KERNEL],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write for one image, else a folder.")
    ],
    boundary: Annotated[str, options.BOUNDARY] = "reflect",
    luminance: Annotated[
        bool, typer.Option("--luminance", help="Filter brightness only; colours are kept.")
    ] = False,
    alpha: Annotated[
        str,
        typer.Option(
            help="Transparency: keep it, premultiply (so that nothing transparent bleeds), or "
            "auto: premultiply for blurs, else keep."
        ),
    ] = "auto",
    scale: Annotated[float, typer.Option(help="Factor for the result.")] = 1.0,
    offset: Annotated[
        float,
        typer.Option(
            help="Value added to the result after --scale (128 is middle grey in 8 bits)."
        ),
    ] = 0.0,
    magnitude: Annotated[
        bool,
        typer.Option(
            "--magnitude", help="Absolute values, as for edges. Pairs of kernels (sobel) imply it."
        ),
    ] = False,
    direction: Annotated[
        bool,
        typer.Option(
            "--direction",
            help="For a pair (sobel) or compass (kirsch): gradient direction as hue (red: rising "
            "to the right), magnitude as brightness.",
        ),
    ] = False,
    correlate: Annotated[
        bool,
        typer.Option(
            "--correlate",
            help="Correlate instead of convolve: the kernel is not flipped, as in OpenCV.",
        ),
    ] = False,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Also write NAME-compare, before and after side by side."),
    ] = False,
    format: Annotated[
        str | None,
        typer.Option(help="Format to write, such as png.", show_default="that of the input"),
    ] = None,
    frame: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Filter only this frame of an animation or page of a TIFF, counted from 0.",
            show_default="all, if the output format holds them",
        ),
    ] = None,
    flatten: Annotated[
        str | None,
        typer.Option(help="Background colour for transparent images, such as white or #808080."),
    ] = None,
    tiles: Annotated[
        bool,
        typer.Option(
            "--tiles",
            help="Read and write in tiles, for images larger than memory: .tif; .npy and .zarr "
            "always.",
        ),
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Compute a .zarr with the workers of a Dask scheduler, such as tcp://HOST:8786.",
        ),
    ] = None,
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    threads: Annotated[int | None, options.THREADS] = None,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Filter images with kernels: blur, sharpen, find edges.

    Several kernels are applied in turn, without rounding in between. Results
    are rounded, and clipped to black and white. File names, metadata and
    colour profiles are kept; the EXIF orientation is applied; all frames and
    pages are filtered if the output format holds them. Images that cannot be
    read are listed at the end.
    """
    console = Console(as_json)
    started = time.perf_counter()
    from .. import filter_image
    from ..filtering.options import Options
    from ..filtering.steps import as_steps
    from ..filtering.writing import flattened, format_of, parse_colour
    from .shared import batch

    steps = as_steps(kernel)
    if direction and steps[-1].together is None:
        raise ArgumentError(
            "--direction needs a pair or a compass as the last kernel, such as sobel. Received: "
            f"{steps[-1].label}."
        )
    keywords: dict[str, Any] = {
        "boundary": options.parse_boundary(boundary),
        "luminance": luminance,
        "alpha": alpha,
        "scale": scale,
        "offset": offset,
        "magnitude": magnitude,
        "operation": "correlate" if correlate else "convolve",
    }
    Options.read(**keywords)
    tiles = tiles or scheduler is not None or _are_arrays(images, out)
    if tiles and (direction or compare or flatten is not None or frame is not None):
        raise ArgumentError(
            "--tiles, --scheduler, .npy and .zarr cannot be combined with --direction, "
            "--compare, --flatten and --frame, which need whole images."
        )
    ground = None if flatten is None else parse_colour(flatten)
    jobs, passed_over = batch.plan(images, out, ending=format, compare=compare, overwrite=overwrite)
    if (len(jobs) == 1 or format) and not tiles:
        format_of(jobs[0].target)

    chain = [step.together or step.kernels[0] for step in steps]
    alone = chain[0] if len(chain) == 1 else chain

    def change(before: Picture) -> Picture:
        after = (
            _direction(before, chain, keywords)
            if direction
            else filter_image(before, alone, **keywords)
        )
        return after if ground is None else flattened(after, ground)

    def work(job: Job) -> dict[str, Any]:
        if tiles:
            return _filter_tiles(
                job, chain, {"overwrite": overwrite, "scheduler": scheduler, **keywords}
            )
        return _filter_one(job, change, frame, overwrite or job.again)

    # In pieces, one image is bounded; several at once would share the memory and the disk.
    outcome = batch.run(jobs, work, threads, several=not tiles)
    seconds = time.perf_counter() - started
    records = []
    for job in jobs:
        if job.source in outcome.done:
            records.append({"image": str(job.source), **outcome.done[job.source]})
        else:
            records.append({"image": str(job.source), "error": outcome.failed[job.source]})
    done = plural(len(outcome.done), "image")
    if len(jobs) == 1 and outcome.done:
        console.note(f"Saved {jobs[0].target}.")
    elif outcome.done:
        console.note(f"Saved {done} in {out} in {seconds:.1f} s.")
    if passed_over:
        console.note(batch.skipped_files(passed_over))
    console.result(
        {
            "kernels": [step.label for step in steps],
            "images": records,
            "written": len(outcome.done),
            "rejected": len(outcome.failed),
            "passed_over": [str(path) for path in passed_over],
            "seconds": round(seconds, 3),
        }
    )
    if outcome.failed:
        sys.stdout.flush()
        problems = [outcome.failed[job.source] for job in jobs if job.source in outcome.failed]
        more = f"\n({len(problems):,} of {len(jobs):,} images were not filtered.)"
        raise DataError("\n".join(problems) + (more if len(jobs) > 1 else ""))


def _filter_one(
    job: Job, change: Callable[[Picture], Picture], frame: int | None, overwrite: bool
) -> dict[str, Any]:
    from ..filtering import read_frames, read_image, write_frames
    from ..filtering.side_by_side import side_by_side
    from ..filtering.writing import check_frames, holds_frames

    if frame is None:
        before = read_frames(job.source)
    else:
        before = [read_image(job.source, frame=frame)]
    if len(before) > 1 and not holds_frames(job.target, before[0].format):
        raise DataError(
            f"{job.source} has {len(before)} frames or pages, and {job.target} would hold one. "
            "Choose it with --frame, or write them all: animations as .webp, .apng or .gif, pages "
            "as .tiff."
        )
    try:
        after = [change(picture) for picture in before]
    except FencepostError as error:
        raise DataError(f"{job.source}: {error}") from error
    if not job.target.parent.is_dir():
        check_frames(job.target, after)  # before there is a folder
        job.target.parent.mkdir(parents=True, exist_ok=True)
    write_frames(job.target, after, overwrite=overwrite)
    record: dict[str, Any] = {
        "output": str(job.target),
        "width": after[0].pixels.shape[1],
        "height": after[0].pixels.shape[0],
        "colours": after[0].colours,
        "dtype": _name_of(after[0].pixels.dtype),
    }
    if len(after) > 1:
        record["frames"] = len(after)
    if job.comparison is not None:
        pairs = []
        for first, second in zip(before, after, strict=True):
            pixels, colours = side_by_side(
                first.pixels, first.colours, second.pixels, second.colours
            )
            pairs.append(replace(second, pixels=pixels, colours=colours))
        write_frames(job.comparison, pairs, overwrite=overwrite)
        record["comparison"] = str(job.comparison)
    return record


@functools.cache  # NumPy takes as long for it as the engine for a small image
def _name_of(dtype: np.dtype[Any]) -> str:
    return str(dtype)


def _are_arrays(images: list[Path], out: Path) -> bool:
    """Whether images are arrays, or become ones, which are filtered in tiles and no other way."""
    from ..filtering.formats.zarr_files import is_zarr

    endings = {path.suffix.lower() for path in images}
    arrays = endings == {".npy"} or out.suffix.lower() == ".npy"
    return arrays or any(map(is_zarr, [*images, out]))


def _filter_tiles(
    job: Job, kernels: list[Kernel | KernelSet], keywords: dict[str, Any]
) -> dict[str, Any]:
    from ..filtering import filter_file
    from .shared.console import part_bar

    job.target.parent.mkdir(parents=True, exist_ok=True)
    with part_bar(job.source.name) as progress:
        height, width, channels = filter_file(
            job.source, job.target, kernels, progress=progress, **keywords
        )
    return {"output": str(job.target), "width": width, "height": height, "channels": channels}


def _direction(
    before: Picture, kernels: list[Kernel | KernelSet], keywords: dict[str, Any]
) -> Picture:
    import numpy as np

    from .. import image_gradient
    from ..filtering.images import inner_pixels
    from ..filtering.pixels import has_alpha
    from ..filtering.side_by_side import hues

    gradient = image_gradient(
        before,
        kernels,
        boundary=keywords["boundary"],
        luminance=True,
        operation=keywords["operation"],
    )
    pixels = hues(gradient, before.pixels.dtype, keywords["scale"])
    if not has_alpha(before.colours):
        return replace(before, pixels=pixels, colours="RGB")
    alpha = inner_pixels(before.pixels[..., -1:], kernels, keywords["boundary"])
    return replace(before, pixels=np.concatenate([pixels, alpha], axis=2), colours="RGBA")
