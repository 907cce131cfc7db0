"""`fencepost check`: a model of anyone's, layer by layer, and what is wrong with its sizes."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ArgumentError
from ..text import format_table
from .shared import options
from .shared.console import Console

if TYPE_CHECKING:
    from ..check import Code

EXAMPLES = """\
fencepost check resnet50.onnx
fencepost check models.lenet:LeNet5 --input 1x28x28 --fail-on warning --allow FP203
fencepost check FP201"""

_NEVER = "never"


def check(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="An ONNX file; package.module:factory, which makes a PyTorch module; a model of "
            "fencepost's. Or a code, such as FP201, which is then explained.",
            show_default=False,
        ),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="SHAPE",
            help="CHANNELSxHEIGHTxWIDTH of the input, without the batch: a PyTorch module needs "
            "it, an ONNX file where it leaves sizes open; others are tried with it. Of several "
            "inputs: once for each, in their order, or NAME=SHAPE.",
        ),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="SEVERITY",
            help="The mildest finding that makes the status 1: error, warning, note or never.",
        ),
    ] = "error",
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="A code that is no failure; may be given several times."),
    ] = None,
    object_size: Annotated[
        str | None,
        typer.Option(
            "--object",
            metavar="PIXELS",
            help="Size of what is to be recognised, 64 or HEIGHTxWIDTH, which the receptive field "
            "is compared with.",
        ),
    ] = None,
    codes: Annotated[bool, typer.Option("--codes", help="List all codes.")] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Check anyone's model: every size in it, what is dropped or does not fit, and what would.

    Nothing is run on data. The status is 0 if there is no finding of the severity that --fail-on
    says, 1 if there is, 2 for bad input.
    """
    from ..check import CODES
    from ..check.findings import SEVERITIES
    from ..check.testing import as_codes

    console = Console(as_json)
    if codes:
        _list(console, list(CODES.values()))
        return
    if model is None:
        raise ArgumentError(
            "MODEL must be given: an ONNX file, package.module:factory with --input, or a model of "
            "fencepost's. `fencepost check --codes` lists what can be found."
        )
    if model.upper() in CODES:
        _explain(console, CODES[model.upper()])
        return
    if fail_on not in (*SEVERITIES, _NEVER):
        raise ArgumentError(
            f"--fail-on must be {', '.join(SEVERITIES)} or {_NEVER}. Received: {fail_on!r}."
        )
    allowed = as_codes(allow or ())
    from ..check import check as check_model

    report = check_model(
        model, _shapes(inputs), object_size=None if object_size is None else _sides(object_size)
    )
    failing = () if fail_on == _NEVER else report.at_least(fail_on, allowed)
    console.say(report.text(console.width))
    console.result({**report.to_dict(), "fail_on": fail_on, "failing": len(failing)})
    if failing:
        raise typer.Exit(1)


def _shapes(texts: list[str] | None) -> Any:
    """Read --input: None, a list of shapes, or shapes by name."""
    if not texts:
        return None
    named = [re.fullmatch(r"([^=]+)=(.*)", text) for text in texts]
    if all(named):
        shapes: dict[str, tuple[int, ...]] = {}
        for match in filter(None, named):
            name = match[1].strip()
            if name in shapes:
                raise ArgumentError(f"--input must name every input once. Received: {name} twice.")
            shapes[name] = _shape(match[2])
        return shapes
    if any(named):
        raise ArgumentError(
            "--input must be given with a name for every input, NAME=SHAPE, or for none. "
            f"Received: {', '.join(map(repr, texts))}."
        )
    several = [_shape(text) for text in texts]
    return several if len(several) > 1 else several[0]


def _shape(text: str) -> tuple[int, ...]:
    shape = options.parse_sizes(text, 8)
    if shape is None:
        raise ArgumentError(
            "--input must be the sizes of one input without the batch, such as 3x224x224, all at "
            f"least 1. Received: {text!r}."
        )
    return shape


def _sides(text: str) -> tuple[int, ...]:
    sides = options.parse_sizes(text, 2)
    if sides is None:
        raise ArgumentError(
            "--object must be the pixels of what is to be recognised, such as 64 or 48x64. "
            f"Received: {text!r}."
        )
    return sides


def _list(console: Console, codes: list[Code]) -> None:
    """List codes, a line for each."""
    rows = [(code.code, code.severity, code.title) for code in codes]
    console.say(format_table(rows, "<<<"), "", "fencepost check CODE explains one of them.")
    console.result({"codes": [_as_data(code) for code in codes]})


def _explain(console: Console, code: Code) -> None:
    """Say what a code means."""
    console.say(
        f"{code.code}, {code.severity}: {code.title}.",
        "",
        textwrap.fill(code.why, console.width),
        "",
        f"With an example and its repair: {code.page}",
    )
    console.result({"codes": [_as_data(code)]})


def _as_data(code: Code) -> dict[str, str]:
    return {"code": code.code, "severity": code.severity, "title": code.title, "why": code.why}
