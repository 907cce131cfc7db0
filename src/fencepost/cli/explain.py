"""`fencepost explain`: one prediction from pixels to classes, on one page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import DataError
from ..text import percent
from .shared import loading, options, outputs
from .shared.console import Console
from .shared.photographs import prediction_of, prepared

if TYPE_CHECKING:
    import numpy as np

    from ..network import Network
    from .shared.batch import Job

EXAMPLES = """\
fencepost explain mnist-lenet5.safetensors photograph_of_a_digit.jpg -o why.png
fencepost explain photos.safetensors holiday.jpg -o why.svg --class dog"""


def explain(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    images: Annotated[
        list[Path], typer.Argument(help="Image files of any size, or folders of them.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="A .png or .svg file for one image; else a folder to write to."
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
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Plot how a model makes its prediction: input, kernels, feature maps, classes, and saliency.

    Images are preprocessed as for `fencepost predict`. The last two panels show
    which pixels matter: by the gradient of the output, and by occlusion.
    """
    console = Console(as_json)
    from .shared import batch

    ending = None if outputs.is_file_name(out) else "png"
    if ending is None:
        outputs.check_picture(out)
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


def _prediction(network: Network, pixels: np.ndarray[Any, Any]) -> tuple[dict[str, Any], str]:
    """Return what the network predicts, for JSON and in words."""
    from ..network.inspection import has_classes, output_names

    if not has_classes(network):
        values = [float(value) for value in network(pixels[None]).ravel()]
        return {"outputs": values}, ", ".join(f"{value:.6g}" for value in values[:12])
    prediction = prediction_of(network.predict_proba(pixels[None])[0], output_names(network))
    return prediction, f"{prediction['class']} ({percent(prediction['probability'])})"
