"""The help of commands: plain text that fits its terminal, a pipe's included, and cuts nothing."""

from __future__ import annotations

import inspect
import os
import shutil
import sys
import textwrap
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup

from .values import Plain

__all__ = ["Command", "Commands", "kind"]

_WIDEST, _COLUMN = 100, 26  # of a line; where descriptions begin
_METAVARS: dict[Any, str] = {int: "N", float: "X", str: "TEXT", Path: "FILE"}


class Command(Plain, TyperCommand):
    """A command that writes its own help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, description, options in groups, and examples."""
        formatter.write("\n".join(_page(self, ctx)))


class Commands(Plain, TyperGroup):
    """The commands together, listed with what each does."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, what each command does, and options."""
        commands = [
            (name, command.get_short_help_str(400)) for name, command in self.commands.items()
        ]
        formatter.write("\n".join(_page(self, ctx, {"Commands": commands})))


def _page(
    command: Any, ctx: Any, sections: dict[str, list[tuple[str, str]]] | None = None
) -> list[str]:
    width = min(_WIDEST, shutil.get_terminal_size((80, 24)).columns)
    sections = dict(sections or {})
    arguments = []
    for parameter in command.get_params(ctx):
        if getattr(parameter, "hidden", False):
            continue
        row = (_names(parameter, command.callback), _description(parameter))
        if parameter.param_type_name == "argument":
            arguments.append(parameter)
            sections.setdefault("Arguments", []).append(row)
        else:
            heading = getattr(parameter, "rich_help_panel", None) or "Options"
            sections.setdefault(heading, []).append(row)
    if "Options" in sections:  # --help, and what belongs to no group, comes last
        sections["Options"] = sections.pop("Options")
    taken = "COMMAND ..." if "Commands" in sections else " ".join(map(_argument, arguments))
    lines = [f"Usage: {ctx.command_path} [OPTIONS] {taken}".rstrip()]
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        lines += ["", *textwrap.wrap(" ".join(paragraph.split()), width, **_WRAP)]
    for heading, rows in sections.items():
        lines += ["", _bold(f"{heading}:"), *(line for row in rows for line in _row(*row, width))]
    examples = (command.epilog or "").splitlines()
    if examples:
        lines += ["", _bold("Examples:")]
        lines += [line for example in examples for line in _example(example, width)]
    return [*lines, ""]


_WRAP: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


def _row(names: str, description: str, width: int) -> Iterable[str]:
    """Lay names and what they mean beside each other, or below where the names are long."""
    lines = textwrap.wrap(description, width - _COLUMN, **_WRAP)
    begin = f"  {names}"
    if len(begin) > _COLUMN - 2:
        yield begin
        begin = ""
    for line in lines or [""]:
        yield f"{begin:<{_COLUMN}}{line}".rstrip()
        begin = ""


def _names(parameter: Any, function: Callable[..., Any] | None) -> str:
    if parameter.param_type_name == "argument":
        return _argument(parameter)
    names = ", ".join(sorted([*parameter.opts, *parameter.secondary_opts], key=_dashes))
    return (
        names if parameter.is_flag else f"{names} {parameter.metavar or kind(parameter, function)}"
    )


def _dashes(name: str) -> bool:
    return name.startswith("--")


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return (name if parameter.required else f"[{name}]") + ("..." if parameter.nargs != 1 else "")


def kind(parameter: Any, function: Callable[..., Any] | None) -> str:
    """Return a word for the values of an option, by the annotation of the function."""
    hint = typing.get_type_hints(function).get(parameter.name, str) if function else str
    for kind in (hint, *typing.get_args(hint)):
        if kind in _METAVARS:
            return _METAVARS[kind]
    return "TEXT"


def _description(parameter: Any) -> str:
    text = parameter.help or ""
    shown = getattr(parameter, "show_default", None)
    if parameter.required and parameter.param_type_name == "option":
        text += " [required]"
    elif isinstance(shown, str):
        text += f" [default: {shown}]"
    elif shown and parameter.default is not None and not parameter.is_flag:
        number = parameter.default
        text += f" [default: {f'{number:g}' if isinstance(number, float) else number}]"
    return text.strip()


def _example(text: str, width: int) -> Iterable[str]:
    """Write a command line, broken between options where it is too long, as a shell takes it."""
    if len(text) + 2 <= width:
        yield f"  {text}"
        return
    line = " "
    for part in text.replace(" -", "\n-").splitlines():
        if len(line) + len(part) + 3 > width:
            yield f"{line} \\"
            line = "     "
        line += f" {part}"
    yield line


def _bold(text: str) -> str:
    """Set a heading off, where a terminal shows it."""
    return f"\x1b[1m{text}\x1b[0m" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text
