"""The exceptions of fencepost: every error that the library raises on purpose.

A message states the rule, then what was received, then what would work.
"""

from __future__ import annotations

import sys
import textwrap
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .text import format_shape, format_table


class FencepostError(Exception):
    """Base class of all errors that fencepost raises."""


class ArgumentError(FencepostError, ValueError):
    """An argument has an invalid name, type or value."""


class CallError(ArgumentError, TypeError):
    """A function was called with unknown arguments, or without required ones."""


class DataError(FencepostError, ValueError):
    """An array, a file or a folder is invalid; the message names it."""


class ModelFileError(DataError):
    """A file is not a fencepost model, or is damaged."""


class TrainingError(FencepostError, RuntimeError):
    """Training cannot continue."""


class DivergedError(TrainingError):
    """The loss became NaN or infinite."""


class DataWarning(UserWarning):
    """Data do not match what a network was made for; results may be unreliable."""


def warn(message: str, category: type[Warning] = DataWarning) -> None:
    """Warn at the line outside fencepost that led here: once for each such line, by default."""
    level, frame = 2, sys._getframe(1)
    package = __name__.partition(".")[0]
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


@dataclass(frozen=True)
class Suggestion:
    """A change of the call that fits; whoever makes one has recomputed the sizes with it.

    Attributes
    ----------
    changes : mapping of str to object
        Argument names of `fencepost.output_size` and their new values, as they would be passed.
    output : int or tuple of int
        The output size with these changes.
    note : str
        What else this choice means; may be empty.
    """

    changes: Mapping[str, Any]
    output: int | tuple[int, ...]
    note: str = ""

    @property
    def text(self) -> str:
        """The change in words and code, e.g. ``stride=1`` or ``an input of 9 × 11``."""
        parts = []
        for name, value in self.changes.items():
            if name == "input_size":
                parts.append(f"an input of {format_shape(value)}")
            elif isinstance(value, str):
                parts.append(f'{name}="{value}"')
            else:
                parts.append(f"{name}={value}")
        return ", ".join(parts)


@dataclass(frozen=True)
class AxisProblem:
    """What is wrong along one axis, or along several axes that are in the same position.

    Attributes
    ----------
    axis : str
        ``"height"``, ``"height and width"``…; empty when there is only one axis.
    equation : str
        The output-size equation with the numbers put in.
    consequence : str
        What would happen if nothing were changed, in a sentence.
    lost_elements : int
        Elements of the input at the far edge that no window would cover (padding not counted).
    """

    axis: str
    equation: str
    consequence: str
    lost_elements: int = 0


@dataclass(frozen=True)
class SizeProblem:
    """Everything that a `SizeError` has to say, in fields.

    Attributes
    ----------
    rule : str
        The rule that was broken, in a sentence or two.
    received : str
        The arguments as they were received, e.g. ``input_size=10, kernel_size=3, stride=2``.
    remedy : str
        What to do, in a sentence, when no list of choices can say it.
    axes : tuple of AxisProblem
        One entry for each group of axes that do not fit.
    suggestions : tuple of Suggestion
        The nearest choices that fit, each of them recomputed.
    layer : str
        The layer that was being sized; empty outside a network.
    table : str
        The sizes of the network up to that layer, as text; empty outside a network.
    """

    rule: str
    received: str = ""
    remedy: str = ""
    axes: tuple[AxisProblem, ...] = ()
    suggestions: tuple[Suggestion, ...] = field(default=())
    layer: str = ""
    table: str = ""

    @property
    def text(self) -> str:
        """The whole message."""
        parts = [_prose(f"{self.layer}: {self.rule}" if self.layer else self.rule)]
        if self.received:
            parts[0] += "\n" + _prose(f"Received: {self.received}.")
        if any(problem.equation for problem in self.axes):
            parts.append(_equations(self.axes))
        consequences = [_prose(axis.consequence) for axis in self.axes if axis.consequence]
        if consequences:
            parts.append("\n".join(consequences))
        if self.remedy:
            parts.append(_prose(self.remedy))
        if self.suggestions:
            parts.append(_choices(self.suggestions))
        if self.table:
            parts.append("The sizes up to here:\n" + _indent(self.table))
        return "\n\n".join(parts)


class SizeError(FencepostError, ValueError):
    """Sizes that do not fit together.

    Parameters
    ----------
    problem : SizeProblem or str
        What is wrong; a string is the rule that was broken.

    Examples
    --------
    >>> import fencepost as fp
    >>> try:
    ...     fp.output_size(10, kernel_size=3, stride=2)
    ... except fp.SizeError as error:
    ...     print(error.equation)
    ...     print(error.suggestions[0].changes)
    output = (10 + 0 + 0 − 1·(3 − 1) − 1) / 2 + 1 = 4.5
    {'input_size': 9}
    """

    def __init__(self, problem: SizeProblem | str) -> None:
        if isinstance(problem, str):
            problem = SizeProblem(problem)
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return self.problem.text

    def in_layer(self, layer: str, table: str = "") -> SizeError:
        """Return the same error, saying in which layer and after which sizes it arose."""
        return SizeError(replace(self.problem, layer=layer, table=table))

    def taking(self, arguments: Iterable[str]) -> SizeError:
        """Return the same error, without suggestions that change what is not among `arguments`."""
        known = {"input_size", *arguments}
        own = tuple(choice for choice in self.suggestions if choice.changes.keys() <= known)
        return SizeError(replace(self.problem, suggestions=own))

    @property
    def rule(self) -> str:
        """The rule that was broken."""
        return self.problem.rule

    @property
    def axis(self) -> str:
        """The first axis (or group of axes) that does not fit; may be empty."""
        return self.problem.axes[0].axis if self.problem.axes else ""

    @property
    def equation(self) -> str:
        """The equation of that axis with the numbers put in; may be empty."""
        return self.problem.axes[0].equation if self.problem.axes else ""

    @property
    def lost_elements(self) -> int:
        """How many elements of the input, along that axis, no window would cover."""
        return self.problem.axes[0].lost_elements if self.problem.axes else 0

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """The nearest choices that fit, each of them recomputed."""
        return self.problem.suggestions

    @property
    def layer(self) -> str:
        """The layer that was being sized; empty outside a network."""
        return self.problem.layer

    @property
    def table(self) -> str:
        """The sizes of the network up to that layer; empty outside a network."""
        return self.problem.table


def _equations(axes: tuple[AxisProblem, ...]) -> str:
    rows = [
        ("", "output = (input + before + after − dilation·(kernel − 1) − 1) / stride + 1"),
        *((f"{problem.axis}: " if problem.axis else "", problem.equation) for problem in axes),
    ]
    return _indent(format_table(rows, "<<", gap=""))


def _choices(suggestions: tuple[Suggestion, ...]) -> str:
    rows = []
    for suggestion in suggestions:
        note = f"  ({suggestion.note})" if suggestion.note else ""
        rows.append((suggestion.text, f"→ output {format_shape(suggestion.output)}{note}"))
    heading = "Any one of these fits:" if len(rows) > 1 else "This fits:"
    return heading + "\n" + _indent(format_table(rows, "<<"))


def _prose(text: str) -> str:
    """Break lines where a terminal would, but between words; a line break that is there stays."""
    return "\n".join(
        textwrap.fill(line, 88, break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
