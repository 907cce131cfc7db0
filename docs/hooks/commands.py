"""A page for each command, made of what its ``--help`` is made of.

The commands are functions whose parameters are annotated for Typer. Called by live and by the
tests; calls the command line.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType
from typing import Any

KINDS = {"str": "text", "int": "number", "float": "number", "Path": "path"}


@dataclass(frozen=True)
class Parameter:
    """An argument or option of a command.

    Attributes
    ----------
    names : tuple of str
        As they are typed, such as ``--out`` and ``-o``; of an argument, its name in capitals.
    is_option, required : bool
    kind : str
        What stands after it; nothing for a switch.
    help, default : str
    """

    names: tuple[str, ...]
    is_option: bool
    required: bool
    kind: str
    help: str
    default: str


def names() -> list[str]:
    """Return the names of the commands, in the order of ``fencepost --help``."""
    from fencepost.cli.app import COMMANDS

    return list(COMMANDS)


def pages() -> dict[str, str]:
    """Return the pages' Markdown, by file."""
    from fencepost.cli.app import COMMANDS, fencepost

    rows = []
    found = {}
    for name, (function, example) in COMMANDS.items():
        summary = inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0]
        rows.append(f"| [{name}]({name}.md) | {_inline(summary)} |")
        found[f"commands/{name}.md"] = _page(name, function, example)
    lines = [
        "# Commands",
        "",
        inspect.cleandoc(fencepost.__doc__ or ""),
        "",
        "| command | does |",
        "| --- | --- |",
        *rows,
        "",
        "Every command has `--help`, with an example, and `--json` for machines: one JSON object "
        "on standard output, while progress goes to standard error. The exit status is 0 if all "
        "went well, 2 after bad input, which is told in one paragraph, and 130 after Ctrl-C. "
        "`--debug`, or `FENCEPOST_DEBUG=1`, shows tracebacks.",
        "",
    ]
    return {"commands/index.md": "\n".join(lines), **found}


def parameters(function: Callable[..., None]) -> list[Parameter]:
    """Read the annotations of a command."""
    hints = typing.get_type_hints(function, include_extras=True)
    found = []
    for name, given in inspect.signature(function).parameters.items():
        kind, info = typing.get_args(hints[name])
        is_option = type(info).__name__ == "OptionInfo"
        required = given.default is inspect.Parameter.empty
        # Within Annotated, Typer takes the first of the names for a default.
        said = (info.default, *(info.param_decls or ()))
        typed = tuple(one for one in said if isinstance(one, str) and one.startswith("-"))
        if not is_option:
            shown = (info.metavar or name.rstrip("_")).upper() + ("..." if _many(kind) else "")
            typed = (shown if required else f"[{shown}]",)
        elif not typed:
            typed = (f"--{name.replace('_', '-')}",)
        default = ""
        if isinstance(info.show_default, str):
            default = info.show_default
        elif not required and given.default is not None and not isinstance(given.default, bool):
            default = f"`{given.default}`"
        help_ = " ".join((info.help or "").split())
        found.append(Parameter(typed, is_option, required, _kind(kind, info), help_, default))
    return found


def _page(name: str, function: Callable[..., None], example: str) -> str:
    every = parameters(function)
    arguments = [one for one in every if not one.is_option]
    options = [one for one in every if one.is_option]
    usage = " ".join([f"fencepost {name}", *(one.names[0] for one in arguments), "[OPTIONS]"])
    lines = [f"# fencepost {name}", "", inspect.cleandoc(function.__doc__ or ""), ""]
    lines += ["```text", usage, "```", ""]
    if arguments:
        lines += ["## Arguments", "", "| argument | | |", "| --- | --- | --- |"]
        lines += [*map(_row, arguments), ""]
    lines += ["## Options", "", "| option | takes | |", "| --- | --- | --- |"]
    lines += [*map(_row, options), ""]
    commands = re.sub(r"\[bold\]Examples?\[/bold\]", "", example).split("\n")
    lines += ["## Examples", "", "```sh", *filter(None, commands), "```", ""]
    return "\n".join(lines)


def _row(one: Parameter) -> str:
    typed = ", ".join(f"`{name}`" for name in one.names)
    says = _inline(one.help)
    if one.is_option and one.required:
        says += " Required."
    if one.default:
        says += f" Default: {_inline(one.default)}."
    return f"| {typed} | {_inline(one.kind)} | {says} |"


def _kind(annotation: Any, info: Any) -> str:
    """Say what is to be typed: the type within ``X | None`` and ``list[X]``, or a metavar."""
    while parts := [one for one in typing.get_args(annotation) if one is not NoneType]:
        annotation = parts[0]
    if annotation is bool:
        return ""
    if type(info).__name__ == "OptionInfo" and info.metavar:
        return str(info.metavar)
    return KINDS.get(annotation.__name__, annotation.__name__)


def _many(annotation: Any) -> bool:
    return typing.get_origin(annotation) is list or any(
        typing.get_origin(one) is list for one in typing.get_args(annotation)
    )


def _inline(text: str) -> str:
    """Return a text on one line, safe within a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
