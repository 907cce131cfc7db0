"""Collects the text of a header while its steps are written: functions, constants, helpers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from .text import array


class Writer:
    """Lines of C, indented by the block that they stand in.

    `constants` are the arrays by name, for the count of bytes; `helpers` the functions that steps
    share, by name. `step` is the index of the step that is being written.
    """

    def __init__(self, prefix: str, pixels: str) -> None:
        self.prefix = prefix
        self.pixels = pixels  # their type
        self.step = 0
        self.lines: list[str] = []
        self.declarations: list[str] = []
        self.constants: dict[str, NDArray[np.generic]] = {}
        self.helpers: dict[str, str] = {}
        self._depth = 0

    def __call__(self, *lines: str) -> None:
        """Add lines."""
        self.lines += [("    " * self._depth + line) if line else "" for line in lines]

    @contextlib.contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Put what is added meanwhile between braces; a function's stand on lines of their own."""
        if self._depth:
            self(f"{head} {{")
        else:
            self(head, "{")
        self._depth += 1
        yield
        self._depth -= 1
        self("}")

    @contextlib.contextmanager
    def loop(self, name: str, end: int | str, begin: int | str = 0) -> Iterator[None]:
        """Count a variable up to before `end`; a single turn from 0 needs no loop.

        Expressions leave such a variable out: see `at` and `index`.
        """
        if str(begin) == "0" and str(end) == "1":
            yield
            return
        with self.block(f"for (int {name} = {begin}; {name} < {end}; {name}++)"):
            yield

    def constant(self, kind: str, name: str, values: NDArray[np.generic], comment: str = "") -> str:
        """Declare a constant array of the step that is being written; return its name."""
        if not np.isfinite(values).all():
            raise DataError(
                "the constants of an export to C must be finite. Received: weights that leave "
                f"float32 once the normalisation after them is folded in, at step {self.step}. "
                "No file was written."
            )
        full = f"{self.prefix}_{name}_{self.step}"
        self.constants[full] = values
        self.declarations += array(kind, full, values, comment)
        return full

    def sibling(self) -> Writer:
        """Return a writer of another function of the same step."""
        writer = Writer(self.prefix, self.pixels)
        writer.step, writer.declarations = self.step, self.declarations
        writer.constants, writer.helpers = self.constants, self.helpers
        return writer

    def use(self, name: str, text: str) -> str:
        """Take up a helper, and return its full name."""
        macro = f"{self.prefix.upper()}_RESTRICT"
        self.helpers.setdefault(name, text.format(p=self.prefix, r=macro).strip())
        return f"{self.prefix}_{name}"


def at(name: str, turns: int) -> str:
    """Write the variable of a loop, which has none if it turns once."""
    return name if turns > 1 else "0"


def index(*terms: tuple[str, int, int]) -> str:
    """Write a sum of variables times steps; of (name, step, turns) without what is always 0.

    >>> index(("row", 28, 28), ("column", 1, 28), ("k", 5, 1))
    'row * 28 + column'
    """
    written = [
        name if step == 1 else f"{name} * {step}"
        for name, step, turns in terms
        if turns > 1 and step
    ]
    return " + ".join(written) or "0"
