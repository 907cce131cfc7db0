"""`fencepost experiment`: the article's claims, measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ArgumentError
from ..habits import nearest
from .shared import options
from .shared.console import Console
from .shared.outputs import check_outputs

EXAMPLES = """\
fencepost experiment
fencepost experiment pooling-robustness --quick --plot robustness.png"""

# What an experiment shows, the function that computes it, and what makes it quick.
EXPERIMENTS: dict[str, tuple[str, str, dict[str, int]]] = {
    "shared-weights": (
        "a slid kernel, a sparse matrix and a network layer give the same numbers",
        "shared_weights",
        {},
    ),
    "location-invariance": (
        "shift the input, and the feature map shifts with it; the borders excepted",
        "location_invariance",
        {},
    ),
    "pooling-robustness": (
        "LeNet-5 with and without pooling on shifted digits, five seeds: a minute or two",
        "pooling_robustness",
        {"seeds": 2, "epochs": 1, "images": 6000, "tests": 1000},
    ),
    "learn-kernel": (
        "kernels recovered from nothing but an image and its filtered copy",
        "kernel_lessons",
        {},
    ),
    "hand-made-and-learned": (
        "the kernels that a network learned beside Sobel, Laplace, Gabor",
        "hand_made_and_learned",
        {"epochs": 1, "images": 6000},
    ),
}


def experiment(
    name: Annotated[
        str | None, typer.Argument(help="Name of the experiment; without one, all are listed.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Plot the result: .png or .svg.")] = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Fewer seeds, epochs and images: seconds instead of minutes."),
    ] = False,
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Measure one of the article's claims, and print the results."""
    console = Console(as_json)
    if name is None:
        width = max(map(len, EXPERIMENTS))
        console.say(*(f"{key:<{width}}  {says}" for key, (says, *_) in EXPERIMENTS.items()))
        console.result(
            {
                "experiments": [
                    {"name": key, "shows": says} for key, (says, *_) in EXPERIMENTS.items()
                ]
            }
        )
        return
    key = name.strip().lower().replace("_", "-")
    if key not in EXPERIMENTS:
        raise ArgumentError(
            f"There is no experiment named {name!r}. {nearest(key, EXPERIMENTS)}".rstrip()
            + f" Available: {', '.join(EXPERIMENTS)}."
        )
    check_outputs({"--plot": plot}, overwrite)
    from .. import experiments

    _, function, fewer = EXPERIMENTS[key]
    result: Any = getattr(experiments, function)(**(fewer if quick else {}))
    console.say(str(result))
    if plot is not None:
        from .. import plots

        plots.save(result.plot(), plot)
        console.note(f"Saved {plot}.")
    console.result({"experiment": key, "quick": quick, **result.to_dict()})
