"""`fencepost explain`: one prediction from pixels or samples to classes, on one page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ArgumentError, DataError
from ..text import percent
from .shared import loading, options, outputs
from .shared.console import Console
from .shared.photographs import prediction_of, prepared

if TYPE_CHECKING:
    import numpy as np

    from ..network import Network
    from .predicting.samples import Sample
    from .shared.batch import Job

EXAMPLES = """\
fencepost explain mnist-lenet5.safetensors photograph_of_a_digit.jpg -o why.png
fencepost explain photos.safetensors holiday.jpg -o why.svg --class dog
fencepost explain signals.safetensors new_signals.csv --row 3 -o why.png"""


def explain(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Image files of any size, or folders of them; of signals, .csv files with one in "
            "each row."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="A .png or .svg file for one image or row; else a folder to write to.",
        ),
    ],
    of: Annotated[
        str | None,
        typer.Option(
            "--class",
            help="Class whose saliency is shown.",
            show_default="the predicted class",
        ),
    ] = None,
    row: Annotated[
        int | None,
        typer.Option(min=1, help="Row of the table, counted from 1.", show_default="all rows"),
    ] = None,
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Plot how a model makes its prediction: input, kernels, feature maps, classes, and saliency.

    Images and signals are preprocessed as for `fencepost predict`. The last two panels show
    which pixels or samples matter: by the gradient of the output, and by occlusion.
    """
    console = Console(as_json)
    from .predicting import samples
    from .shared import batch

    tables = list(filter(samples.is_table, images))
    if tables and len(tables) < len(images):
        raise ArgumentError(
            "explain takes images or tables of signals. Received: both. Give them in two calls."
        )
    if row is not None and not tables:
        raise ArgumentError("--row is for tables of signals. Received: images. Leave it out.")
    ending = None if outputs.is_file_name(out) else "png"
    if ending is None:
        outputs.check_picture(out)
    jobs: list[Job] = []
    skipped: list[Path] = []
    if not tables:
        jobs, skipped = batch.plan(images, out, ending=ending, compare=False, overwrite=overwrite)

    from .. import load
    from ..network.inspection import is_untrained, output_index
    from ..plots.arguments import UNTRAINED

    network = load(model)
    if loading.remembered(network).get("backbone"):
        raise DataError(
            f"{model}: explain is for networks that take images. Received: a model on the "
            "features of a backbone. `fencepost predict` gives its predictions."
        )
    wanted = output_index(network, of)
    untrained = is_untrained(network)
    explained: list[dict[str, Any]] = []
    problems: list[str] = []
    signals = [signal for table in tables for signal in _signals(network, table, row)]
    if signals:
        targets = _targets(signals, out, overwrite)
        for signal, target in zip(signals, targets, strict=True):
            explained.append(_explain_signal(console, network, signal, target, wanted))
    for job in jobs:
        try:
            explained.append(_explain(console, network, job, wanted))
        except DataError as error:
            problems.append(str(error))
            explained.append({"image": str(job.source), "error": str(error)})
    if untrained:
        console.note(UNTRAINED)
    if skipped:
        console.note(batch.skipped_files(skipped))
    console.result({"model": str(model), "untrained": untrained, "images": explained})
    if problems:
        raise DataError("\n".join(problems))


def _explain(console: Console, network: Network, job: Job, wanted: int | None) -> dict[str, Any]:
    """Draw one image's prediction, and say what it is."""
    from .. import plots

    started = time.perf_counter()
    pixels, done = prepared(network, job.source)
    job.target.parent.mkdir(parents=True, exist_ok=True)
    plots.save(plots.explain(network, pixels, wanted), job.target)
    prediction, said = _prediction(network, pixels)
    seconds = time.perf_counter() - started
    console.say(f"{job.source}: {said}")
    console.note(*(f"    {sentence}" for sentence in done), f"Saved {job.target}.")
    return {
        "image": str(job.source),
        **prediction,
        "prepared": done,
        "output": str(job.target),
        "seconds": round(seconds, 3),
    }


def _signals(network: Network, table: Path, row: int | None) -> list[Sample]:
    """Return the rows of a table that are to be explained."""
    from .predicting import samples

    rows = samples.rows_of(network, table)
    if row is not None and row > len(rows):
        raise ArgumentError(
            f"--row must be a row of the table. Received: {row}; {table} has {len(rows):,}."
        )
    chosen = range(len(rows)) if row is None else [row - 1]
    return [samples.Sample(table, index + 1, rows[index]) for index in chosen]


def _targets(signals: list[Sample], out: Path, overwrite: bool) -> list[Path]:
    """Return the file that each plot goes to."""
    if outputs.is_file_name(out):
        if len(signals) > 1:
            raise ArgumentError(
                f"--out must name a folder for several rows. Received: {out}, the name of a file, "
                f"for {len(signals):,} rows. Name a folder, or choose one with --row."
            )
        outputs.check_outputs({"--out": out}, overwrite)
        return [out]
    outputs.check_folder("--out", out)
    targets = [out / f"{signal.path.stem}-row{signal.row}.png" for signal in signals]
    if len({*targets}) < len(targets):
        raise ArgumentError("tables must have names of their own. Explain them into two folders.")
    outputs.check_new("--out", targets, overwrite)
    out.mkdir(parents=True, exist_ok=True)
    return targets


def _explain_signal(
    console: Console, network: Network, signal: Sample, target: Path, wanted: int | None
) -> dict[str, Any]:
    """Draw one signal's prediction, and say what it is and which samples matter."""
    from .. import plots
    from ..network import occlusion
    from ..network.saliency import important

    started = time.perf_counter()
    values = signal.values
    assert values is not None
    plots.save(plots.explain(network, values, wanted), target)
    prediction, said = _prediction(network, values)
    ranges = important(occlusion(network, values, wanted))
    seconds = time.perf_counter() - started
    console.say(f"{signal.name}: {said}; {_important(ranges, network.input_shape)}")
    console.note(f"Saved {target}.")
    return {
        "image": str(signal.path),
        "row": signal.row,
        **prediction,
        "important": [[first + 1, last + 1] for first, last in ranges],
        "output": str(target),
        "seconds": round(seconds, 3),
    }


def _important(ranges: list[tuple[int, int]], shape: tuple[int, ...]) -> str:
    """Say which samples of a signal, or values of a row, matter most, counted from 1."""
    what = "samples" if len(shape) == 2 else "values"
    if not ranges:
        return f"no {what} matter more than others"
    parts = [str(a + 1) if a == b else f"{a + 1} to {b + 1}" for a, b in ranges]
    return f"{what} that matter most: {', '.join(parts[:5])}{', …' if len(parts) > 5 else ''}"


def _prediction(network: Network, pixels: np.ndarray[Any, Any]) -> tuple[dict[str, Any], str]:
    """Return what the network predicts, for JSON and in words."""
    from ..network.inspection import has_classes, output_names

    if not has_classes(network):
        values = [float(value) for value in network(pixels[None]).ravel()]
        return {"outputs": values}, ", ".join(f"{value:.6g}" for value in values[:12])
    prediction = prediction_of(network.predict_proba(pixels[None])[0], output_names(network))
    return prediction, f"{prediction['class']} ({percent(prediction['probability'])})"
