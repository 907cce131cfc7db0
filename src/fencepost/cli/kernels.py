"""`fencepost kernels`: which kernels there are, and what one is and does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ArgumentError
from .shared import options, outputs
from .shared.console import Console

if TYPE_CHECKING:
    from ..kernels import Kernel, KernelSet

EXAMPLES = """\
fencepost kernels gaussian:sigma=1.5
fencepost kernels laplace --plot laplace.png"""


def kernels(
    name: Annotated[
        str | None,
        typer.Argument(help="A name, a matrix or @FILE; without it, all names are listed."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="Plot it, and what it does to a photograph: .png or .svg."),
    ] = None,
    portrait: Annotated[Path | None, options.PORTRAIT] = None,
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """List the named kernels, or show one: its matrix, properties, and response to samples."""
    console = Console(as_json)
    if name is None:
        if plot is not None:
            raise ArgumentError(
                "--plot needs a kernel. Received: no NAME. Use one, as in "
                "`fencepost kernels sobel --plot sobel.png`."
            )
        _list(console)
        return
    outputs.check_outputs({"--plot": plot}, overwrite)

    from ..kernels import parse

    kernel = parse(name)
    if plot is not None:
        _plot(kernel, plot, portrait)
    _show(console, kernel, plot)


def _list(console: Console) -> None:
    from ..kernels.catalogue import ENTRIES, GROUPS

    width = max(len(name) for name in ENTRIES)
    for group in GROUPS:
        entries = [entry for entry in ENTRIES.values() if entry.group == group]
        lines = [f"  {entry.name:<{width}}  {entry.summary}" for entry in entries]
        console.say(f"{group}:", *lines, "")
    console.say("`fencepost kernels NAME` shows one. Arguments follow a colon: gaussian:sigma=2.")
    console.result(
        {
            "kernels": [
                {
                    "name": entry.name,
                    "group": entry.group,
                    "summary": entry.summary,
                    "arguments": list(entry.arguments),
                    "source": entry.source,
                }
                for entry in ENTRIES.values()
            ]
        }
    )


def _plot(kernel: Kernel | KernelSet, path: Path, portrait: Path | None) -> None:
    from ..plots import save
    from ..plots.images.kernel_card import kernel_card

    save(kernel_card(kernel, portrait), path)


def _show(console: Console, shown: Kernel | KernelSet, plot: Path | None) -> None:
    from ..kernels import Kernel

    several = (shown,) if isinstance(shown, Kernel) else tuple(shown)
    described = [_described(kernel) for kernel in several]
    for kernel, facts in zip(several, described, strict=True):
        responses = [f"  {sample}: {value:g}" for sample, value in facts["responses"].items()]
        console.say(
            str(kernel),
            "",
            f"sum {facts['sum']:g}, rank {facts['rank']}, origin {facts['origin']}, "
            f"symmetry: {facts['symmetry']}",
            *([f"source: {kernel.source}"] if kernel.source else []),
            "Response to a sample, at the centre:",
            *responses,
            "",
        )
    if plot is not None:
        console.note(f"Saved {plot}.")
    console.result({"kernels": described, "plot": None if plot is None else str(plot)})


def _described(kernel: Kernel) -> dict[str, Any]:
    return {
        "name": kernel.label,
        "source": kernel.source,
        "matrix": kernel.matrix.tolist(),
        "origin": list(kernel.origin),
        "sum": kernel.sum,
        "rank": kernel.rank,
        "symmetry": str(kernel.symmetry),
        "responses": _responses(kernel),
    }


def _responses(kernel: Kernel) -> dict[str, float]:
    """Convolve samples whose middle is at coordinate 0 with the kernel, and look there."""
    import numpy as np

    # The weight at origin + j meets the sample at -j.
    positions = [
        index - np.arange(size) for size, index in zip(kernel.shape, kernel.origin, strict=True)
    ]
    grid = np.meshgrid(*positions, indexing="ij")
    right = grid[-1]
    samples = {
        "flat, 1 everywhere": np.ones(kernel.shape),
        "a single 1 at the centre": np.logical_and.reduce([axis == 0 for axis in grid]),
        "rising by 1 per pixel to the right": right,
        "a step from 0 to 1, the centre being the first 1": right >= 0,
    }
    if kernel.ndim > 1:
        samples["rising by 1 per pixel downwards"] = grid[-2]
    samples["half the squared distance"] = sum(axis**2 for axis in grid) / 2
    return {name: float((kernel.matrix * sample).sum()) for name, sample in samples.items()}
