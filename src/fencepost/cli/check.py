"""`fencepost check`: any model, layer by layer, and what is wrong with its sizes."""

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
fencepost check network.txt --input 1x28x28
fencepost check --explain FP201"""

_NEVER = "never"


def check(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help="An ONNX file; package.module:factory for a PyTorch module; a fencepost model "
            "file; or a text file of layers, as for `fencepost size`.",
            show_default=False,
        ),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="SHAPE",
            help="CHANNELSxHEIGHTxWIDTH of the input, without the batch. Required for PyTorch "
            "modules, for layers, and for ONNX files with dynamic sizes. For several inputs, "
            "repeat the option in their order, or use NAME=SHAPE.",
        ),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="SEVERITY",
            help="Lowest severity that sets the exit status to 1: error, warning, note or never.",
        ),
    ] = "error",
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Ignore this code; can be repeated."),
    ] = None,
    object_size: Annotated[
        str | None,
        typer.Option(
            "--object",
            metavar="PIXELS",
            help="Size of the objects to recognise, such as 64 or 48x64, for comparison with the "
            "receptive field.",
        ),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="Explain a finding, such as FP201, with an example."),
    ] = None,
    codes: Annotated[bool, typer.Option("--codes", help="List all findings.")] = False,
    as_json: Annotated[bool, options.JSON] = False,
) -> None:
    """Check any PyTorch or ONNX model: all sizes, what is dropped or does not fit, and fixes.

    No data is needed. The exit status is 1 if there is a finding of at least the severity of
    --fail-on, 2 for invalid input, and 0 otherwise.
    """
    from ..check import CODES
    from ..check.findings import SEVERITIES
    from ..check.testing import as_codes

    console = Console(as_json)
    if codes:
        _list(console, list(CODES.values()))
        return
    if explain is not None:
        _explain(console, CODES[as_codes([explain])[0]])
        return
    if model is None:
        raise ArgumentError(
            "MODEL is required: an ONNX file, package.module:factory with --input, or a fencepost "
            "model file. `fencepost check --codes` lists all kinds of findings."
        )
    if model.upper() in CODES:
        raise ArgumentError(
            f"MODEL must be a model. Received: {model}. To explain this finding: "
            f"`fencepost check --explain {model.upper()}`"
        )
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
    if report.findings:
        code = report.findings[0].code
        console.note("", f"To explain a finding: fencepost check --explain {code}")
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
            "--input must have names for all inputs, NAME=SHAPE, or for none. "
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
            f"--object must be a size in pixels, such as 64 or 48x64. Received: {text!r}."
        )
    return sides


def _list(console: Console, codes: list[Code]) -> None:
    """List codes, a line for each."""
    rows = [(code.code, code.severity, code.title) for code in codes]
    console.say(
        format_table(rows, "<<<"), "", "fencepost check --explain CODE explains one of them."
    )
    console.result({"codes": [_as_data(code) for code in codes]})


def _explain(console: Console, code: Code) -> None:
    """Show the page of a finding."""
    links = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", code.page)
    parts = re.split(r"^(```\w*\n.*?^```$)", links.strip(), flags=re.M | re.S)
    for index in range(0, len(parts), 2):  # the others are code
        folded = (textwrap.fill(line, console.width) for line in parts[index].strip().splitlines())
        parts[index] = "\n".join(folded)
    console.say("\n\n".join(filter(None, parts)))
    console.result({"codes": [_as_data(code) | {"page": code.page}]})


def _as_data(code: Code) -> dict[str, str]:
    return {"code": code.code, "severity": code.severity, "title": code.title, "why": code.why}
