"""`fencepost convert`: an ONNX file or a PyTorch module as a model file of fencepost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ..errors import ArgumentError, DataError
from ..text import join_words, plural
from .shared import options, outputs
from .shared.console import Console

if TYPE_CHECKING:
    from ..network import Network

EXAMPLES = """\
fencepost convert resnet18.onnx -o resnet18.safetensors --pixels imagenet
fencepost convert models.lenet:LeNet5 -o lenet5.safetensors --input 1x28x28"""

#: What was done to bytes before a model was trained: what is subtracted, and divided by. Source of
#: "imagenet": torchvision's transforms, in units of 255.
PIXELS: Final = {
    "bytes": (0.0, 1.0),
    "0..1": (0.0, 255.0),
    "-1..1": (127.5, 127.5),
    "imagenet": (
        (0.485 * 255, 0.456 * 255, 0.406 * 255),
        (0.229 * 255, 0.224 * 255, 0.225 * 255),
    ),
}


def convert(
    model: Annotated[
        str,
        typer.Argument(help="An ONNX file, or package.module:factory for a PyTorch module."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model file to write.")],
    input_shape: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="SHAPE",
            help="CHANNELSxHEIGHTxWIDTH, without the batch. Required for a PyTorch module, and for "
            "an ONNX file with open sizes.",
        ),
    ] = None,
    pixels: Annotated[
        str,
        typer.Option(
            help="Preprocessing of the model: bytes (none, or as in the file), 0..1, -1..1, or "
            "imagenet (mean and standard deviation, as in torchvision)."
        ),
    ] = "bytes",
    classes: Annotated[
        str | None,
        typer.Option(
            help="Class names: a text file with one name per line, or a list separated by commas.",
            show_default="those in the file, or 0, 1, 2 and so on",
        ),
    ] = None,
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Convert an ONNX or PyTorch model for `predict`, `explain` and `evaluate`.

    All of its operations must be layers of fencepost; those that are not are listed. The network is
    compared with the model on random input.
    """
    console = Console(as_json)
    from ..network.travel import WRITERS

    if out.suffix.lower() in WRITERS or os.path.realpath(model) == os.path.realpath(out):
        raise ArgumentError(
            "--out must name a model file of fencepost's, such as "
            f"{out.with_suffix('.safetensors')}. Received: {out}. "
            f"Files that end with {join_words(WRITERS, 'or')} are written by fencepost export."
        )
    outputs.check_outputs({"--out": out}, overwrite)
    shape = None if input_shape is None else options.parse_sizes(input_shape, 3)
    if input_shape is not None and shape is None:
        raise ArgumentError(
            "--input must be the sizes of one input without the batch, such as 3x224x224. "
            f"Received: {input_shape!r}."
        )
    network = _read(model, shape)
    _normalise(network, pixels)
    names = _names(classes)
    if names is not None:
        network.class_names = names
    elif network.class_names is None and len(network.output_shape) == 1:
        network.class_names = [str(index) for index in range(network.output_shape[0])]
    network.save(out)
    imported = network.metadata.get("imported")
    compared = not (isinstance(imported, dict) and imported.get("compared") is False)
    outputs_are = f"outputs equal to those of {model}" if compared else "not compared with the file"
    if isinstance(imported, dict) and imported.get("left_out"):
        outputs_are += f" before its last layer, {imported['left_out']}, which predictions include"
    console.say(str(network))
    console.note(
        f"Saved {out}: {plural(network.parameter_count, 'parameter')}, {outputs_are}.",
        *(() if compared else ("To compare them: pip install onnxruntime",)),
    )
    console.result(
        {
            "model": model,
            "output": str(out),
            "compared": compared,
            "input_shape": list(network.input_shape),
            "output_shape": list(network.output_shape),
            "parameters": network.parameter_count,
            "layers": [layer.describe() for layer in network.layers],
        }
    )


def _read(model: str, shape: tuple[int, ...] | None) -> Network:
    from .. import from_onnx, from_torch

    if ":" not in model or Path(model).exists():
        return from_onnx(model, shape)
    from ..interchange.torch.factory import load_factory

    if shape is None:
        raise ArgumentError(
            "--input must be given for a PyTorch module, which does not state its input shape: "
            f"--input 3x224x224. Received: {model}."
        )
    return from_torch(load_factory(model), shape)


def _normalise(network: Network, pixels: str) -> None:
    """Put what was done to bytes before what the file itself does with them."""
    if pixels not in PIXELS:
        raise ArgumentError(f"--pixels must be {join_words(PIXELS, 'or')}. Received: {pixels!r}.")
    if pixels == "bytes":
        return
    import numpy as np

    mean, std = (np.asarray(values) for values in PIXELS[pixels])
    channels = network.input_shape[0]
    if mean.size not in (1, channels):
        raise ArgumentError(
            f"--pixels {pixels} is for RGB. Received: a model of {plural(channels, 'channel')}."
        )
    own = network.normalization
    if own is not None:
        mean, std = mean + std * own.mean, std * own.std
    network.normalization = (mean, std)


def _names(classes: str | None) -> list[str] | None:
    if classes is None:
        return None
    path = Path(classes)
    if "," in classes and not path.exists():
        return [name.strip() for name in classes.split(",")]
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"--classes must be a list or a text file. {classes}: {error}.") from None
    return [line.strip() for line in text.splitlines() if line.strip()]
