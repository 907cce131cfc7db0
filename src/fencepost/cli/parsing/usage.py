"""What is wrong with a command line, in the words of all other messages."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import ArgumentError
from . import help as pages
from .help import kind

_MAY_BE_FILES = ("data", "cache", "model")  # options that are texts, and often files or folders


class Command(pages.Command):
    """A command that refuses "-" where it would be a file; for other options it is a value."""

    def invoke(self, ctx: Any) -> Any:
        """Run it with the values of its parameters."""
        for parameter in self.params:
            value = ctx.params.get(parameter.name)
            values = value if isinstance(value, (list, tuple)) else [value]
            if "-" in map(str, values) and (
                parameter.param_type_name == "argument"
                or parameter.name in _MAY_BE_FILES
                or kind(parameter, self.callback) == "FILE"
            ):
                raise ArgumentError(
                    '"-" is taken for standard input and output by others. Here files are read and '
                    "written by their names. Give a file name, or ./- for a file of this name."
                )
        return super().invoke(ctx)


def problem(error: Any, arguments: Sequence[str]) -> str:
    """Say what an error of Typer's means; `arguments` are the command line."""
    name = type(error).__name__
    message = str(error.format_message()).rstrip(".")
    command: Any = getattr(getattr(error, "ctx", None), "command", None)
    if name == "NoSuchOption":
        return _no_option(error.option_name, command, arguments)
    unknown = re.fullmatch(r"No such command '(.*?)'.*", message, re.DOTALL)
    if unknown:
        return _no_command(unknown[1], list(command.commands))
    extra = re.fullmatch(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", message)
    if extra and command is not None:
        return _superfluous(extra[1], command)
    parameter = getattr(error, "param", None)
    if parameter is None:
        return f"{message}."
    if name == "MissingParameter":
        return f"{_spelled(parameter)} must be given: {parameter.help}"
    rules = {"N": "an integer", "X": "a number"}
    rule = rules.get(kind(parameter, command.callback))
    if rule is None:
        return f"{message}."
    # Older versions of Typer have them in the type of the parameter.
    low, high = (
        getattr(parameter, end, getattr(getattr(parameter, "type", None), end, None))
        for end in ("min", "max")
    )
    rule += f", at least {low}" if low is not None else ""
    rule += f", at most {high}" if high is not None else ""
    return f"{_spelled(parameter)} must be {rule}. Received: {_given(parameter, arguments)}."


def check_words(arguments: Sequence[str]) -> None:
    """Raise ArgumentError for what no command takes, and a path would make another of.

    An empty word would be the current folder, and "//" be "/".
    """
    for before, word in zip(["", *arguments], arguments, strict=False):
        if before.startswith("-"):  # an option says itself what it takes
            continue
        if not word:
            raise ArgumentError(
                "an argument must not be empty. Received: ''. A variable of the shell that has no "
                "value may be the reason."
            )
        if re.match(r"https?://", word):
            raise ArgumentError(
                f"files must be on this computer. Received: {word}. Download it first, and use its "
                "path."
            )


def _no_option(name: str, command: Any, arguments: Sequence[str]) -> str:
    """Say which option is meant by one that a command has not."""
    from ...habits import ARGUMENTS, nearest

    long = [word for word in arguments if re.match(rf"{re.escape(name)}\w", word)]
    if len(name) == 2 and long:  # -data, of which Typer reads -d
        name = long[0]
    bare = name.lstrip("-").replace("-", "_")
    commands = getattr(command, "commands", {})
    if commands:
        having = [one for one, each in commands.items() if name in _options(each)]
        if bare.lower() in ("v", "version"):
            hint = "Did you mean --version?"
        else:
            hint = f"It belongs behind a command, such as {having[0]}." if having else ""
        return f"There is no option {name} before a command. {hint}".rstrip()
    known = _options(command)
    parameters = {one.name: one for one in command.params if one.param_type_name == "option"}
    meant = next(
        (argument for argument, _ in ARGUMENTS.get(bare, ()) if argument in parameters), None
    )
    usual = [one for one in command.params if one.param_type_name == "argument"]
    plain = {_spelled(one): one.name for one in usual}
    if bare in plain.values() or bare.upper() in plain:
        hint = f"Write it without one, in the order {' '.join(plain)}."
    elif meant is not None:
        hint = f'Did you mean "{max(parameters[meant].opts, key=len)}"?'
    else:
        bare_hint = nearest(name.lstrip("-"), [option.lstrip("-") for option in known])
        hint = re.sub(r'"(?=\w)', '"--', bare_hint)
    return f"There is no option {name}. {hint}".rstrip()


def _options(command: Any) -> list[str]:
    options = [one for one in command.params if one.param_type_name == "option"]
    return [option for one in options for option in (*one.opts, *one.secondary_opts)]


# What a file or folder may be given to, by its ending.
_FOR_FILES = {
    ".safetensors": "fencepost predict {0} IMAGES",
    ".onnx": "fencepost check {0}",
    ".csv": "fencepost train --data {0}",
    ".npz": "fencepost train --data {0}",
    **dict.fromkeys((".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2"), "fencepost train --data {0}"),
    ".wav": "fencepost convolve {0} --kernel KERNEL --out OUT.wav",
}


def _no_command(name: str, known: list[str]) -> str:
    """Say which command is meant by a word that is none."""
    from ...filtering.writing import is_picture_name
    from ...habits import nearest

    path = Path(name)
    hint = ""
    if name == "version":
        hint = "Did you mean --version?"
    elif name and (path.is_dir() or os.sep in name or path.suffix):
        shown = shlex.quote(name)
        template = _FOR_FILES.get(path.suffix.lower(), "")
        if path.is_dir():
            template = "fencepost train --data {0}"
        elif is_picture_name(path):
            template = "fencepost predict MODEL {0}, or fencepost filter {0} -k KERNEL -o OUT"
        hint = f"Did you mean {template.format(shown)}?" if template else ""
    hint = hint or nearest(name, known)
    return f"There is no command {name or repr(name)}. {hint}".rstrip()


def _superfluous(words: str, command: Any) -> str:
    """Say which option a word without one was probably meant for."""
    options = [option for parameter in command.params for option in parameter.opts]
    meant = next((option for option in ("--data", "--out") if option in options), None)
    hint = f" Did you mean {meant} {words.partition(' ')[0]}?" if meant else ""
    if words == "help":
        hint = " Did you mean --help?"
    return f"{command.name} takes no such argument. Received: {words}.{hint}"


def _spelled(parameter: Any) -> str:
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.metavar or parameter.name.upper())


def _given(parameter: Any, arguments: Sequence[str]) -> str:
    """Return an option as it was typed."""
    for index, word in enumerate(arguments):
        if word.partition("=")[0] in parameter.opts:
            return word if "=" in word else " ".join(arguments[index : index + 2])
    return "something else"
