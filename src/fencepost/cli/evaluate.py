"""`fencepost evaluate`: how well a model file does on labelled data."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ArgumentError
from .shared import options
from .shared.console import Console
from .shared.loading import Source

EXAMPLE = """[bold]Example[/bold]

fencepost evaluate photos.safetensors --data more_photos/"""


def evaluate(
    model: Annotated[Path, typer.Argument(help="A model file.")],
    data: Annotated[
        str | None,
        typer.Option(help=options.DATA_HELP, show_default="what the model was trained on"),
    ] = None,
    size: Annotated[str | None, options.SIZE] = None,
    label: Annotated[str | None, options.LABEL] = None,
    threads: Annotated[int | None, options.THREADS] = None,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Judge a model by the test part of the data or, if they have none, by all of them."""
    console = Console(as_json)
    from .. import load, set_num_threads
    from ..network import Evaluation
    from .shared import loading

    network = load(model)
    remembered = loading.remembered_source(network)
    if data is None and remembered is None:
        raise ArgumentError(f"{model} does not say what it was trained on: give --data.")
    source = remembered or Source()
    if data is not None and data != source.data:
        # Resizing belongs to the model, wherever the images come from.
        source = replace(source, data=data)
    if size is not None:
        source = replace(source, size=options.parse_size(size))
    if label is not None:
        source = replace(source, label=label)
    if threads is not None:
        set_num_threads(threads)
    tested, description = loading.for_judging(source, network)
    console.say(description)
    started = time.perf_counter()
    found = network.evaluate(tested.images, tested.targets)
    seconds = time.perf_counter() - started
    rate = len(tested) / seconds
    console.say("", str(found), "", f"{seconds:.2f} s, {rate:,.0f} images per second.")
    result: dict[str, Any] = {
        "model": str(model),
        "data": source.data,
        "images": len(tested),
        "seconds": round(seconds, 4),
        "images_per_second": round(rate),
        "loss": found.loss,
    }
    if isinstance(found, Evaluation):
        result |= {
            "accuracy": found.accuracy,
            "classes": list(found.class_names),
            "confusion": found.confusion.tolist(),
        }
    else:
        result["r_squared"] = None if math.isnan(found.r_squared) else found.r_squared
    console.result(result)
