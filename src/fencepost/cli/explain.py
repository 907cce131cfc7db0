"""`fencepost explain`: one prediction from pixels to classes, on one page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import DataError
from .shared import loading, options, outputs
from .shared.console import Console, percent
from .shared.photographs import prediction_of, prepared

if TYPE_CHECKING:
    import numpy as np

    from ..network import Network

EXAMPLE = """[bold]Examples[/bold]

fencepost explain mnist-lenet5.safetensors photograph_of_a_digit.jpg -o why.png

fencepost explain photos.safetensors holiday.jpg -o why.svg --class dog"""


def explain(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    image: Annotated[Path, typer.Argument(help="Image file of any size.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A PNG or SVG file.")],
    of: Annotated[
        str | None,
        typer.Option(
            "--class",
            help="Draw which pixels speak for this class.",
            show_default="the most likely",
        ),
    ] = None,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Draw how a model comes to its prediction: input, kernels, maps, pooling, classes, and where.

    The image is brought to what the model was trained on, as `fencepost predict`
    does it. The last two pictures show which pixels matter: by the gradient of
    the output, and by covering up one part after another.
    """
    started = time.perf_counter()
    console = Console(as_json)
    outputs.check_picture("--out", out)

    from .. import load, plots
    from ..network.inspection import is_untrained, output_index
    from ..plots.arguments import UNTRAINED

    network = load(model)
    if loading.remembered(network).get("backbone"):
        raise DataError(
            f"{model}: explain draws networks of pixels. Received: a model of the features of a "
            "backbone. `fencepost predict` says what it predicts."
        )
    wanted = output_index(network, of)
    pixels, done = prepared(network, image)
    plots.save(plots.explain(network, pixels, wanted), out)
    prediction, said = _prediction(network, pixels)
    untrained = is_untrained(network)
    seconds = time.perf_counter() - started
    console.say(
        f"{image}: {said}",
        *(f"    {sentence}" for sentence in done),
        *([UNTRAINED] if untrained else []),
        f"Drawn {out} in {seconds:.1f} s.",
    )
    console.result(
        {
            "model": str(model),
            "image": str(image),
            **prediction,
            "prepared": done,
            "untrained": untrained,
            "drawn": str(out),
            "seconds": round(seconds, 3),
        }
    )


def _prediction(network: Network, pixels: np.ndarray[Any, Any]) -> tuple[dict[str, Any], str]:
    """Return what the network says, for JSON and in words."""
    from ..network.inspection import has_classes, output_names

    if not has_classes(network):
        values = [float(value) for value in network(pixels[None]).ravel()]
        return {"outputs": values}, ", ".join(f"{value:.6g}" for value in values[:12])
    prediction = prediction_of(network.predict_proba(pixels[None])[0], output_names(network))
    return prediction, f"{prediction['class']} ({percent(prediction['probability'])})"
