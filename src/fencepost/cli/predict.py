"""`fencepost predict`: what a model file says about images.  Calls networks and datasets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fencepost.cli import options
from fencepost.cli.console import Console, percent
from fencepost.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from fencepost.network import Network

EXAMPLE = """[bold]Examples[/bold]

fencepost predict mnist-lenet5.safetensors photograph_of_a_digit.jpg

fencepost predict photos.safetensors *.jpg --json"""

TOP = 3


def predict(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    images: Annotated[list[Path], typer.Argument(help="Image files of any size.")],
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Say which class each image shows, and how surely.

    Photographs are brought to what the model was trained on (size, channels; for digits light on
    dark and centred), and what was done is said. Images that cannot be used are named at the end.
    """
    console = Console(as_json)
    import fencepost as fp

    network = fp.load(model)
    names = network.class_names
    if names is None:
        raise DataError(
            f"{model}: the model must name its classes. Received: a model without class names. "
            'Set network.class_names = ["...", ...] in Python and save it again.'
        )
    answers: list[dict[str, Any]] = []
    problems: list[str] = []
    for image in images:
        try:
            pixels, done = _prepared(network, image)
        except DataError as error:
            problems.append(str(error))
            answers.append({"image": str(image), "error": str(error)})
            continue
        answer = _answer(network.predict_proba(pixels[None])[0], names)
        answers.append({"image": str(image), **answer, "prepared": done})
        (first, *others) = answer["top"]
        console.say(
            f"{image}: {first['class']} ({percent(first['probability'])})"
            + "".join(f", {other['class']} ({percent(other['probability'])})" for other in others),
            *(f"    {sentence}" for sentence in done),
        )
    console.result({"model": str(model), "predictions": answers})
    if problems:
        sys.stdout.flush()
        good = len(images) - len(problems)
        more = f" ({good:,} of {len(images):,} images were predicted.)" if good else ""
        raise DataError("\n".join(problems) + more)


def _prepared(network: Network, image: Path) -> tuple[np.ndarray[Any, Any], list[str]]:
    from fencepost.cli import loading
    from fencepost.datasets import ChannelStatistics, pictures, prepare

    source = loading.remembered_source(network)
    if source is not None and source.size is not None:
        # The training images were brought to this size without keeping their proportions.
        try:
            pixels = pictures.read(image, network.input_shape[0], source.size)
        except DataError as error:
            raise DataError(f"{image}: {error}.") from error
        size = " × ".join(map(str, source.size))
        return pixels, [f"Resized it to {size} pixels, as the training images were."]
    record = loading.remembered(network).get("preparation")
    statistics = network.normalization
    return prepare.photograph(
        image,
        network.input_shape,
        prepare.Preparation.from_dict(record) if record else None,
        None if statistics is None else ChannelStatistics(*statistics),
    )


def _answer(probabilities: np.ndarray[Any, Any], names: tuple[str, ...]) -> dict[str, Any]:
    best = probabilities.argsort()[::-1][:TOP]
    top = [{"class": names[k], "probability": round(float(probabilities[k]), 6)} for k in best]
    return {**top[0], "top": top}
