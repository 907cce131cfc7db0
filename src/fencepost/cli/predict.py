"""`fencepost predict`: what a model predicts for images, or for rows of a table."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ArgumentError, DataError
from ..text import plural
from .shared import options, outputs
from .shared.backbones import remembered_backbone
from .shared.console import Console

if TYPE_CHECKING:
    from .predicting.results import Prediction

EXAMPLES = """\
fencepost predict mnist-lenet5.safetensors photograph_of_a_digit.jpg
fencepost predict photos.safetensors more/ -o results.csv --sort-into sorted/
fencepost predict signals.safetensors new_signals.csv -o results.csv"""


def predict(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    images: Annotated[
        list[Path],
        typer.Argument(
            help="Image files of any size, folders of them, .zip or .tar files of such folders, "
            "patterns such as 'photos/*.jpg'; of signals, .csv files with one in each row."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="A .csv file for the results: file, class, confidence, and the next classes.",
            show_default="standard output",
        ),
    ] = None,
    sort_to: Annotated[
        str | None,  # a path of "" would be the current folder
        typer.Option(
            "--sort-into",
            metavar="FOLDER",
            help="Folder into which the images are copied, each into the folder of its class.",
            show_default="none",
        ),
    ] = None,
    unsure_below: Annotated[
        str, typer.Option(help="Confidence below which a prediction is called unsure.")
    ] = "70%",
    skip_bad: Annotated[bool, options.SKIP_BAD] = False,
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Predict the class of each image, with its probability.

    Photographs are preprocessed as the training images were (size, channels; for digits light on
    dark, centred), and what was done is printed. A prediction is called unsure where its confidence
    is low, or where the image is unlike the training data. Files that cannot be read are listed at
    the end, with exit status 2 unless --skip-bad is given.
    """
    console = Console(as_json)
    surely = options.parse_share(unsure_below, "--unsure-below")
    if sort_to == "":
        raise ArgumentError("--sort-into must name a folder. Received: ''.")
    sort_into = None if sort_to is None else Path(sort_to)
    _check_outputs(out, sort_into, images, overwrite)
    from .. import load
    from ..network.inspection import has_classes, output_names
    from .predicting import results, samples

    network = load(model)
    backbone = remembered_backbone(network, model)
    if not has_classes(network):
        raise DataError(
            f"{model}: the model must predict classes. Received: a model of "
            f"{plural(math.prod(network.output_shape), 'output')}."
        )
    names = output_names(network)
    paths = samples.paths_of(images)
    if sort_into is not None and any(map(samples.is_table, paths)):
        raise ArgumentError(
            "--sort-into is for images. Received: a table, of which rows have no file."
        )
    predictions: list[Prediction] = []
    listed: list[dict[str, Any]] = []
    problems: list[str] = []
    for chunk in samples.chunks(network, paths, backbone):
        usable = [sample for sample in chunk if sample.values is not None]
        done = iter(results.predict(network, usable, names, surely) if usable else [])
        for sample in chunk:
            if sample.values is None:
                problems.append(sample.error)
                listed.append({"image": str(sample.path), "error": sample.error})
                continue
            predictions.append(prediction := next(done))
            listed.append(prediction.to_json())
            if out is None:
                console.say(prediction.line)
                if sample.notes:
                    console.note(*(f"    {sentence}" for sentence in sample.notes))
    copies = []
    if sort_into is not None:
        copies = results.sort_into(sort_into, predictions, images, overwrite)
        console.note(f"Copied {plural(len(copies), 'image')} into {sort_into}.")
    if out is not None:
        results.write_table(out, predictions)
        console.note(f"Saved {out}: {plural(len(predictions), 'row')}.")
    unsure = sum(bool(prediction.reasons) for prediction in predictions)
    if unsure and len(predictions) > 1:
        console.note(f"Unsure of {unsure:,} of {len(predictions):,}.")
    console.result(
        {
            "model": str(model),
            "predictions": listed,
            "output": None if out is None else str(out),
            "copies": [str(copy) for copy in copies],
        }
    )
    if problems:
        _report(console, problems, len(predictions), skip_bad)


def _check_outputs(
    out: Path | None, sort_into: Path | None, given: list[Path], overwrite: bool
) -> None:
    if out is not None and out.suffix.lower() != ".csv":
        raise ArgumentError(f"--out must be a .csv file. Received: {out}.")
    outputs.check_outputs({"--out": out}, overwrite)
    if sort_into is not None:
        from .predicting.results import check_outside

        outputs.check_folder("--sort-into", sort_into)
        check_outside(sort_into, given)


def _report(console: Console, problems: list[str], predicted: int, skip_bad: bool) -> None:
    """Name the files that could not be used: an error, unless they are to be skipped."""
    sys.stdout.flush()
    files = plural(len(problems), "file")
    if skip_bad:
        console.note(f"Skipped {files} that cannot be used (--skip-bad):", *problems)
        return
    more = f"\n{files} left out, {predicted:,} predicted." if predicted else ""
    raise DataError("\n".join(problems) + more)
