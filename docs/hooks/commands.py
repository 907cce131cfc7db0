"""A page for each command, made of what its ``--help`` is made of.

The commands are functions whose parameters are annotated for Typer.
"""

from __future__ import annotations

import inspect
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
    from fencepost.cli.app import COMMANDS, fencepost, loaded

    rows = []
    written = {}
    for name in COMMANDS:
        function, example = loaded(name)
        summary = inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0]
        rows.append(f"| [{name}]({name}.md) | {_inline(summary)} |")
        written[f"commands/{name}.md"] = _page(name, function, example)
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
        "on standard output. Results go to standard output; progress, and what was read and saved, "
        "to standard error. The exit status is 0 if all "
        "went well, 2 after bad input, which is described in one paragraph, 130 after Ctrl-C, and "
        "141 if the reader of a pipe closed it. "
        "`--debug`, or `FENCEPOST_DEBUG=1`, shows tracebacks.",
        "",
    ]
    return {"commands/index.md": "\n".join(lines), **written}


def parameters(function: Callable[..., None]) -> list[Parameter]:
    """Read the annotations of a command."""
    hints = typing.get_type_hints(function, include_extras=True)
    result = []
    for name, given in inspect.signature(function).parameters.items():
        kind, info = typing.get_args(hints[name])
        is_option = type(info).__name__ == "OptionInfo"
        required = given.default is inspect.Parameter.empty
        # Within Annotated, Typer takes the first of the names for a default.
        said = (info.default, *(info.param_decls or ()))
        # "--flag/--no-flag" is two.
        words = [word for each in said if isinstance(each, str) for word in each.split("/")]
        typed = tuple(word for word in words if word.startswith("-"))
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
        result.append(Parameter(typed, is_option, required, _kind(kind, info), help_, default))
    return result


def _page(name: str, function: Callable[..., None], example: str) -> str:
    every = parameters(function)
    arguments = [parameter for parameter in every if not parameter.is_option]
    options = [parameter for parameter in every if parameter.is_option]
    taken = (argument.names[0] for argument in arguments)
    usage = " ".join([f"fencepost {name}", *taken, "[OPTIONS]"])
    lines = [f"# fencepost {name}", "", inspect.cleandoc(function.__doc__ or ""), ""]
    lines += ["```text", usage, "```", ""]
    if arguments:
        lines += ["## Arguments", "", "| argument | | |", "| --- | --- | --- |"]
        lines += [*map(_row, arguments), ""]
    lines += ["## Options", "", "| option | takes | |", "| --- | --- | --- |"]
    lines += [*map(_row, options), ""]
    lines += ["## Examples", "", "```sh", example, "```", ""]
    return "\n".join(lines)


def _row(parameter: Parameter) -> str:
    typed = ", ".join(f"`{name}`" for name in parameter.names)
    says = _inline(parameter.help)
    if parameter.is_option and parameter.required:
        says += " Required."
    if parameter.default:
        says += f" Default: {_inline(parameter.default)}."
    return f"| {typed} | {_inline(parameter.kind)} | {says} |"


def _kind(annotation: Any, info: Any) -> str:
    """Say what is to be typed: the type within ``X | None`` and ``list[X]``, or a metavar."""
    while parts := [kind for kind in typing.get_args(annotation) if kind is not NoneType]:
        annotation = parts[0]
    if annotation is bool:
        return ""
    if type(info).__name__ == "OptionInfo" and info.metavar:
        return str(info.metavar)
    return KINDS.get(annotation.__name__, annotation.__name__)


def _many(annotation: Any) -> bool:
    return typing.get_origin(annotation) is list or any(
        typing.get_origin(kind) is list for kind in typing.get_args(annotation)
    )


def _inline(text: str) -> str:
    """Return a text on one line, safe within a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
