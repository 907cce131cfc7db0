"""What is wrong with a command line, in the words of all other messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ...arguments import nearest
from .help import kind


def problem(error: Any, arguments: Sequence[str]) -> str:
    """Say what an error of Typer's means; `arguments` are the command line."""
    name = type(error).__name__
    message = str(error.format_message()).rstrip(".")
    command: Any = getattr(getattr(error, "ctx", None), "command", None)
    if name == "NoSuchOption":
        known = [option for one in command.params for option in (*one.opts, *one.secondary_opts)]
        return _unknown("option", error.option_name, known)
    unknown = re.fullmatch(r"No such command '(.*?)'.*", message)
    if unknown:
        return _unknown("command", unknown[1], list(command.commands))
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
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    rule += f", at least {low}" if low is not None else ""
    rule += f", at most {high}" if high is not None else ""
    return f"{_spelled(parameter)} must be {rule}. Received: {_given(parameter, arguments)}."


def _unknown(what: str, name: str, known: list[str]) -> str:
    return f"There is no {what} {name}. {nearest(name, known)}".rstrip()


def _superfluous(words: str, command: Any) -> str:
    """Say which option a word without one was probably meant for."""
    options = [option for parameter in command.params for option in parameter.opts]
    meant = next((option for option in ("--data", "--out") if option in options), None)
    hint = f" Did you mean {meant} {words.partition(' ')[0]}?" if meant else ""
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
