"""`fencepost evaluate`: accuracy of a model on labelled data."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ArgumentError
from ..text import format_rate
from .shared import options
from .shared.console import Console
from .shared.loading import Source

EXAMPLES = """\
fencepost evaluate photos.safetensors --data more_photos/"""


def evaluate(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    data: Annotated[
        str | None,
        typer.Option(help=options.DATA_HELP, show_default="the data that the model was trained on"),
    ] = None,
    size: Annotated[str | None, options.SIZE] = None,
    label: Annotated[str | None, options.LABEL] = None,
    include_trained: Annotated[
        bool,
        typer.Option("--include-trained", help="Count images that were used in training as well."),
    ] = False,
    skip_bad: Annotated[bool, options.SKIP_BAD] = False,
    cache: Annotated[str | None, options.CACHE] = None,
    threads: Annotated[int | None, options.THREADS] = None,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Measure the accuracy of a model on the test split of the data; without one, on all data.

    Images that the model was trained on are recognised by their content, and left out.
    """
    console = Console(as_json)
    from .. import load, set_num_threads
    from ..network import Evaluation
    from .shared import backbones, loading
    from .shared.report import per_class

    network = load(model)
    remembered = loading.remembered_source(network)
    if data is None and remembered is None:
        raise ArgumentError(f"{model} does not state what it was trained on. Use --data.")
    source = remembered or Source()
    if data is not None and data != source.data:
        # Resizing belongs to the model, wherever the images come from.
        source = replace(source, data=data)
    if size is not None:
        source = replace(source, size=options.parse_size(size))
    if label is not None:
        source = replace(source, label=label)
    source = replace(source, skip_bad=skip_bad or source.skip_bad, cache=cache)
    if threads is not None:
        set_num_threads(threads)
    backbone = backbones.remembered_backbone(network, model)
    if backbone is None:
        tested, description = loading.for_testing(source, network)
        new = loading.unseen(network, tested, source)
    else:
        source = backbones.resized(source, backbone)
        tested, description = loading.for_testing(
            source, network, (backbone.channels, *backbone.size)
        )
        new = loading.unseen(network, tested, source)
        tested = backbones.of_features(backbone, tested)
    console.note(description)
    if not include_trained:
        console.note(new.sentence)
        tested = tested if new.indices is None else tested.subset(new.indices)
    started = time.perf_counter()
    evaluation = network.evaluate(tested.images, tested.targets)
    seconds = time.perf_counter() - started
    rate = len(tested) / seconds
    if not include_trained:  # it has been said
        evaluation = replace(evaluation, trained_on=None)
    console.say(str(evaluation))
    console.note(f"{seconds:.2f} s, {format_rate(rate)} images per second.")
    result: dict[str, Any] = {
        "model": str(model),
        "data": source.data,
        "images": len(tested),
        "trained_on": new.trained_on,
        "seconds": round(seconds, 4),
        "images_per_second": round(rate),
        "loss": evaluation.loss,
    }
    if isinstance(evaluation, Evaluation):
        result |= {
            "accuracy": evaluation.accuracy,
            "macro_f1": evaluation.macro_f1,
            "calibration_error": evaluation.calibration_error,
            "per_class": per_class(evaluation),
            "classes": list(evaluation.class_names),
            "confusion": evaluation.confusion.tolist(),
        }
    else:
        result["r_squared"] = None if math.isnan(evaluation.r_squared) else evaluation.r_squared
    if tested.left_out:
        console.note(*loading.bad_files(tested.left_out))
    console.result(result | {"left_out": list(tested.left_out)})
