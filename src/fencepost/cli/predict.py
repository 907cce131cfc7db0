"""`fencepost predict`: what a model predicts for images."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import DataError
from ..text import percent, plural
from .shared import options
from .shared.backbones import remembered_backbone
from .shared.console import Console
from .shared.photographs import image_paths, prediction_of, prepared

EXAMPLES = """\
fencepost predict mnist-lenet5.safetensors photograph_of_a_digit.jpg
fencepost predict photos.safetensors *.jpg more/ --json"""


def predict(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    images: Annotated[
        list[Path], typer.Argument(help="Image files of any size, or folders of them.")
    ],
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Predict the class of each image, with its probability.

    Photographs are preprocessed as the training images were (size, channels; for digits light on
    dark, centred), and what was done is printed. Images that cannot be read are listed at the end.
    """
    console = Console(as_json)
    from .. import load
    from ..network.inspection import has_classes, output_names

    network = load(model)
    backbone = remembered_backbone(network, model)
    if not has_classes(network):
        raise DataError(
            f"{model}: the model must predict classes. Received: a model of "
            f"{plural(math.prod(network.output_shape), 'output')}."
        )
    names = output_names(network)
    predictions: list[dict[str, Any]] = []
    problems: list[str] = []
    images = image_paths(images)
    for image in images:
        try:
            pixels, done = prepared(network, image, backbone)
        except DataError as error:
            problems.append(str(error))
            predictions.append({"image": str(image), "error": str(error)})
            continue
        prediction = prediction_of(network.predict_proba(pixels[None])[0], names)
        predictions.append({"image": str(image), **prediction, "prepared": done})
        (first, *others) = prediction["top"]
        console.say(
            f"{image}: {first['class']} ({percent(first['probability'])})"
            + "".join(f", {other['class']} ({percent(other['probability'])})" for other in others)
        )
        if done:
            console.note(*(f"    {sentence}" for sentence in done))
    console.result({"model": str(model), "predictions": predictions})
    if problems:
        sys.stdout.flush()
        good = len(images) - len(problems)
        more = f" ({good:,} of {len(images):,} images were predicted.)" if good else ""
        raise DataError("\n".join(problems) + more)
