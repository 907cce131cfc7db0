"""`fencepost export`: a model for another runtime, compared with the original."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ArgumentError
from .shared import options, outputs
from .shared.backbones import remembered_backbone, resized
from .shared.console import Console, noun

if TYPE_CHECKING:
    import numpy as np

    from ..datasets import Dataset
    from ..interchange.backbone.backbone import Backbone
    from ..network import Network

EXAMPLES = """\
fencepost export mnist-lenet5.safetensors -o lenet5.onnx
fencepost export photos.safetensors -o photos.onnx --opset 13 --verify more_photos/
fencepost export mnist-lenet5.safetensors -o lenet5.h --int8 mnist"""

_MOST = 64  # images to compare on


def export(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="File to write: .onnx, .pt2 for PyTorch, or .h for C.",
            show_default=False,
        ),
    ],
    opset: Annotated[
        int | None,
        typer.Option(help="ONNX opset version, from 13.", show_default="17"),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="Type of the input: uint8 or float32.",
            show_default="uint8 if the normalisation is that of bytes",
        ),
    ] = None,
    verify: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help=f"Data to compare on, up to {_MOST} images: {options.DATA_HELP}",
            show_default="MNIST if the model was trained on it, else random images",
        ),
    ] = None,
    int8: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Quantize to 8-bit integers (.h), calibrated on this data; prints the accuracy "
            "lost.",
            show_default=False,
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="Largest difference allowed between outputs.", show_default="1e-4; 0.2 with --int8"
        ),
    ] = None,
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Export a model to ONNX, PyTorch or C, run it, and compare its outputs with the original.

    The export takes pixels and returns probabilities: normalisation is part of it, and class names
    are in the file. What is not exported is printed. If the outputs differ, no file is written. A
    model on a backbone and the backbone become one ONNX file.
    """
    console = Console(as_json)
    outputs.check_outputs({"--out": out}, overwrite)
    from .. import load

    network = load(model)
    backbone = remembered_backbone(network, model)
    if backbone is not None:
        for option, given in (("--opset", opset), ("--int8", int8)):
            if given is not None:
                raise ArgumentError(
                    f"{option} is for networks without a backbone: the backbone's operators stay "
                    f"as they are. Received: a model on {backbone.path.name}. Leave it out."
                )
    images, of = _images(network, backbone, verify)
    calibrated = None if int8 is None else _data(network, None, int8)
    chosen: dict[str, Any] = {
        "opset": opset,
        "dtype": dtype,
        "int8": None if calibrated is None else (calibrated.images, calibrated.targets),
        "tolerance": tolerance,
        "verify": images,
    }
    options_of_export = {name: value for name, value in chosen.items() if value is not None}
    if images is None and int8 is not None:
        of = f"the first of {int8}"
    if backbone is None:
        written = network.export(out, **options_of_export)
    else:
        written = backbone.export(network, out, **options_of_export)
    console.say(str(written))
    console.note(f"Compared on {of}.", f"Saved {out}.")
    console.result({"model": str(model), **written.to_dict(), "images_of": of})


def _images(
    network: Network, backbone: Backbone | None, data: str | None
) -> tuple[np.ndarray[Any, Any] | None, str]:
    """Return what to compare on, and what to call it; None for random images."""
    from .shared import loading

    remembered = loading.remembered_source(network)
    if data is None:
        if remembered is None or not remembered.is_mnist:
            return None, f"random {'images' if backbone else noun(network.input_shape)}"
        data = remembered.data
    return _data(network, backbone, data).images[:_MOST], f"the first of {data}"


def _data(network: Network, backbone: Backbone | None, data: str) -> Dataset:
    """Load images with their classes, prepared as those that the network was trained on."""
    from .shared import loading

    remembered = loading.remembered_source(network)
    source = replace(remembered or loading.Source(), data=data)
    taken = None
    if backbone is not None:
        source, taken = resized(source, backbone), (backbone.channels, *backbone.size)
    tested, _ = loading.for_testing(source, network, taken)
    new = loading.unseen(network, tested, source).indices
    return tested if new is None else tested.subset(new)
