"""`fencepost size`: a network on paper, layer by layer, and what its designer asks."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..errors import ArgumentError
from ..sizing.readings import likeliest_reading
from ..text import format_shape
from .shared import options, outputs
from .shared.console import Console
from .shared.layer_text import read_layers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..planning import Plan

EXAMPLES = """\
fencepost size 1x28x28 "Conv2d(6, 5), ReLU, MaxPool2d(2), Flatten, Linear(10)"
fencepost size 3x224x224 network.txt --inputs 200:260 --solve 3.stride"""


def size(
    input_shape: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="CHANNELSxHEIGHTxWIDTH of one image, CHANNELSxWIDTH of a signal, or FEATURES.",
            show_default=False,
        ),
    ],
    layers: Annotated[
        str,
        typer.Argument(
            help="Layers separated by commas, as in the example; or a file of them, in which a "
            'line break separates layers too and "#" begins a comment.',
            show_default=False,
        ),
    ],
    batch: Annotated[
        int, typer.Option(min=1, help="Batch size, for the memory of activations.")
    ] = 1,
    inputs: Annotated[
        str | None,
        typer.Option(
            metavar="A:B",
            help="List heights and widths from A to B at which no pixels are dropped.",
        ),
    ] = None,
    smallest: Annotated[
        bool, typer.Option("--smallest", help="Smallest input of the network.")
    ] = False,
    same: Annotated[
        bool, typer.Option("--same", help="Padding that keeps the size, for each layer.")
    ] = False,
    solve: Annotated[
        str | None,
        typer.Option(
            metavar="LAYER.ARGUMENT",
            help="List strides (3.stride), kernel sizes (3.kernel_size), paddings, dilations or "
            "groups of one layer at which no pixels are dropped in the network.",
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Plot the network to scale: .svg or .png.")
    ] = None,
    overwrite: Annotated[bool, options.OVERWRITE] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Show all sizes of a network before you build it: what fits, receptive fields, costs.

    Nothing is built or run. The exit status is 2 if the layers do not fit.
    """
    console = Console(as_json)
    outputs.check_outputs({"--plot": plot}, overwrite)
    shape = options.parse_sizes(input_shape, 3)
    if shape is None:
        larger = options.parse_sizes(input_shape, 5)
        hint = "" if larger is None else f" {likeliest_reading(larger)}"
        raise ArgumentError(
            "INPUT must be CHANNELSxHEIGHTxWIDTH, such as 3x224x224, CHANNELSxWIDTH for a signal, "
            f"or one number of features; all at least 1. Received: {input_shape!r}.{hint}"
        )
    sizes = None if inputs is None else _parse_range(inputs)
    from ..planning import plan

    planned = plan(shape, read_layers(layers), batch=batch)
    note = _note(shape) if planned.ok else ""
    answers = _answers(planned, sizes, smallest, same, solve)
    console.say(planned.text(console.width), *(f"\n{answer}" for answer, _ in answers.values()))
    if note:
        console.say("", note)
    if plot is not None:
        from ..plots import save, volumes

        save(cast("Figure", volumes(planned)), plot)
        console.note(f"Saved {plot}.")
    console.result(
        {
            **planned.to_dict(),
            "answers": {name: value for name, (_, value) in answers.items()},
            "plot": None if plot is None else str(plot),
            "note": note or None,
        }
    )
    for problem in planned.problems:
        raise problem


def _note(shape: tuple[int, ...]) -> str:
    """Say how an input is read whose channels may stand last.

    >>> _note((32, 32, 3))
    'The input is read as 32 channels of 32 × 3. If its channels come last: 3x32x32.'
    """
    if len(shape) != 3 or shape[2] not in (1, 3, 4) or min(shape[:2]) < 8:
        return ""
    channels, *sizes = shape
    return (
        f"The input is read as {channels} channels of {format_shape(sizes)}. If its channels come "
        f"last: {shape[2]}x{shape[0]}x{shape[1]}."
    )


def _parse_range(text: str) -> tuple[int, int]:
    """Read A:B.

    >>> _parse_range("200:260")
    (200, 260)
    """
    match = re.fullmatch(r"\s*(\d{1,9})\s*:\s*(\d{1,9})\s*", text)
    if match is None or int(match[1]) > int(match[2]) or not int(match[1]):
        raise ArgumentError(
            "--inputs must be the first and the last size, such as 200:260, the first at least 1 "
            f"and not above the last. Received: {text!r}."
        )
    return int(match[1]), int(match[2])


def _answers(
    plan: Plan, sizes: tuple[int, int] | None, smallest: bool, same: bool, solve: str | None
) -> dict[str, tuple[str, Any]]:
    """Answer what is asked: for people, and for machines."""
    answers: dict[str, tuple[str, Any]] = {}
    if sizes is not None:
        axes = plan.inputs(*sizes)
        lines = ["Inputs that fit exactly:", *(f"    {axis}" for axis in axes)]
        answers["inputs"] = "\n".join(lines), [_plain(axis) for axis in axes]
    if smallest:
        least = plan.smallest_input()
        size = "no size fits" if least is None else format_shape(least)
        answers["smallest_input"] = f"Smallest input: {size}.", None if least is None else [*least]
    if same:
        paddings = plan.same_padding()
        texts = [str(padding) for padding in paddings] or ["no layer of known size has windows"]
        lines = ["Padding that keeps the size:", *(f"    {text}" for text in texts)]
        answers["same_padding"] = "\n".join(lines), [_plain(padding) for padding in paddings]
    if solve is not None:
        choices = plan.solve(solve)
        answers["solve"] = str(choices), _plain(choices)
    return answers


def _plain(value: Any) -> Any:
    """Answers as plain data: layers as they are typed, all else by its fields."""
    from ..layers import Layer

    if isinstance(value, Layer):
        return value.describe()
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
