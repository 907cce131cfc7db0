"""What the rules of operators work with: arrays of which something is known, calls, results."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fencepost.graph import Role, Shape, Value
from fencepost.interchange.onnx.wire.messages import Node, attribute
from fencepost.interchange.onnx.wire.protobuf import WireError
from fencepost.interchange.onnx.wire.tensors import MOST_NUMBERS, Tensor, clean, shown
from fencepost.sizing import Window

#: Numbers that decide about sizes: Python's integers and floats, None where one is not known.
Numbers: TypeAlias = NDArray[np.object_]

# Letters of a message about what was received: a shape of 32 axes is not much shorter.
_LONGEST_RECEIVED = 500

#: No window of anyone's is larger, and no step.
LARGEST_WINDOW = 2**20


@dataclass(slots=True, eq=False)
class Array:
    """What is known of an array of the graph before it runs.

    Attributes
    ----------
    shape : Shape or None
    value : Value or None
        Who computes it from the model's inputs; None of a constant, which depends on none of them.
    tensor : Tensor or None
        Of a constant that stands in the file.
    literal : bool
        It stands in a node Constant, as numbers do that nobody trains.
    sources : tuple of Array
        Constants that it was computed from.
    folded : Numbers or None
        Its numbers, if they were computed.
    looked, counted : bool
        Its numbers have been looked for in the file; its parameters have been counted.
    """

    shape: Shape | None
    value: Value | None = None
    tensor: Tensor | None = None
    literal: bool = False
    sources: tuple[Array, ...] = ()
    folded: Numbers | None = None
    looked: bool = False
    counted: bool = False

    @property
    def constant(self) -> bool:
        """Whether it is the same whatever enters the model."""
        return self.value is None

    def numbers(self) -> Numbers | None:
        """Return its numbers, where they are few and known without running the model."""
        if self.folded is None and self.tensor is not None and not self.looked:
            self.looked = True
            values = self.tensor.numbers()
            if values is not None:
                self.folded = numbers(values, self.tensor.shape)
        return self.folded


def numbers(values: Any, shape: tuple[int, ...]) -> Numbers:
    """Put Python's numbers into an array."""
    found = np.empty(len(values), object)
    found[:] = values
    return found.reshape(shape)


@dataclass(slots=True)
class Result:
    """What a rule finds out about a node: see `Operation`.

    `weights` says which inputs the operation learns, and `loose` which it does if they are arrays
    that stand in the file as weights do, and no single numbers (an added bias, not a factor of 2).
    `sources` says, of a node of constants, from which inputs the result inherits what was learned
    (all of them if None). `unknown` is a sentence about what cannot be known.
    """

    kind: str
    role: Role
    shapes: tuple[Shape | None, ...] = (None,)
    windows: tuple[Window, ...] = ()
    arguments: Mapping[str, object] = field(default_factory=dict)
    weight_shape: tuple[int, ...] | None = None
    multiply_adds: int | None = 0
    weights: tuple[int, ...] = ()
    loose: tuple[int, ...] = ()
    sources: tuple[int, ...] | None = None
    folded: tuple[Numbers | None, ...] = ()
    unknown: str = ""


class Misfit(Exception):
    """A node cannot run: the rule, what was received; and what is known of the node all the same.

    It never leaves check: whoever reads the file makes it `Graph.failure`.
    """

    def __init__(self, rule: str, received: str, result: Result | None = None) -> None:
        super().__init__(f"{rule} Received: {clean(received, _LONGEST_RECEIVED)}.")
        self.result = result


@dataclass(slots=True)
class Call:
    """A node with the arrays that enter it."""

    node: Node
    inputs: tuple[Array | None, ...]

    def array(self, index: int) -> Array | None:
        """Return an input; None if it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def shape(self, index: int = 0) -> Shape | None:
        """Return the shape of an input; None if it is left out, or unknown."""
        array = self.array(index)
        return None if array is None else array.shape

    def rank(self, least: int, index: int = 0, rule: str = "") -> Shape | None:
        """Return the shape of an input that needs so many axes; None if it is unknown."""
        array = self.array(index)
        if array is None:
            raise Misfit(
                f"{self.node.operator} needs an input {index + 1}.", f"{len(self.inputs)} inputs"
            )
        if array.shape is not None and len(array.shape) < least:
            raise Misfit(
                rule or f"{self.node.operator} takes arrays of at least {least} axes.",
                f"shape {by(array.shape)}",
            )
        return array.shape

    def numbers(self, index: int) -> Numbers | None:
        """Return the numbers of an input; None if it is left out, or they are unknown."""
        array = self.array(index)
        return None if array is None else array.numbers()

    def flat(self, index: int) -> list[Any] | None:
        """Return the numbers of an input in a list; None as in `numbers`."""
        found = self.numbers(index)
        return None if found is None else found.ravel().tolist()

    def has(self, index: int) -> bool:
        """Tell whether an input is given."""
        return self.array(index) is not None

    def data(self) -> int:
        """Count the inputs that depend on what enters the model."""
        return sum(one is not None and not one.constant for one in self.inputs)

    def integer(self, name: str, default: int) -> int:
        """Read an attribute that is an integer."""
        value = attribute(self.node, name)
        return default if value is None else self._typed(name, value, int)

    def real(self, name: str, default: float) -> float:
        """Read an attribute that is a number."""
        value = attribute(self.node, name)
        return default if value is None else self._typed(name, value, float)

    def text(self, name: str, default: str) -> str:
        """Read an attribute that is a word."""
        value = attribute(self.node, name)
        return default if value is None else self._typed(name, value, str)

    def integers(self, name: str) -> tuple[int, ...] | None:
        """Read an attribute that is a list of integers; None if there is none."""
        value = attribute(self.node, name)
        if value is None:
            return None
        many = value if isinstance(value, tuple) else (value,)
        return tuple(self._typed(name, one, int) for one in many)

    def listed(self, name: str, index: int) -> list[Any] | None:
        """Read a list that older versions have as an attribute, newer ones as an input."""
        value = attribute(self.node, name)
        if value is not None:
            return list(value) if isinstance(value, tuple) else [value]
        return self.flat(index)

    def _typed(self, name: str, value: object, kind: type[Any]) -> Any:
        if not isinstance(value, kind):
            words = {int: "an integer", float: "a number", str: "a text"}
            raise WireError(
                f"attribute {shown(name)} of {shown(self.node.operator)} must be {words[kind]}"
            )
        return value


def by(shape: Sequence[int | str | None]) -> str:
    """Write a shape as people do; sizes that are chosen later may have names.

    >>> by((1, 64, None, 7)), by(())
    ('1 × 64 × ? × 7', 'a single number')
    """
    return " × ".join("?" if one is None else f"{one}" for one in shape) or "a single number"


def axis(value: object, rank: int, *, new: bool = False) -> int:
    """Return an axis counted from the first, as negative ones are from the last.

    `new` allows one past the last, where an axis may be put in.
    """
    last = rank if new else rank - 1
    if not isinstance(value, int) or not -last - 1 <= value <= last:
        raise Misfit("An axis must be one of the array's.", f"axis {value} of {rank} axes")
    return value + last + 1 if value < 0 else value


def role_over(axes: set[int], rank: int) -> Role:
    """Say what it is to put together all cells along some axes; the first are batch, channels.

    >>> role_over({2, 3}, 4), role_over({1}, 4), role_over({1}, 2)
    ('global', 'pointwise', 'dense')
    """
    spatial = set(range(2, rank))
    if not spatial:
        return "dense"
    if axes == {1}:
        return "pointwise"
    return "global" if axes >= spatial else "unknown"


def product(sizes: Shape) -> int | None:
    """Multiply sizes; None if one of them is unknown."""
    known = [size for size in sizes if size is not None]
    return math.prod(known) if len(known) == len(sizes) else None


def small(shape: Shape | None) -> bool:
    """Tell whether an array is small enough for its numbers to be computed."""
    cells = None if shape is None else product(shape)
    return cells is not None and cells <= MOST_NUMBERS


def broadcast(shapes: list[Shape | None], verb: str) -> Shape | None:
    """Return the shape that arrays have together, each repeated along axes of size 1.

    Source: ONNX, Broadcasting in ONNX (multidirectional), which is NumPy's rule.
    """
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes):
        return None
    rank = max(map(len, known), default=0)
    found: list[int | None] = []
    for index in range(-rank, 0):
        sizes = {shape[index] for shape in known if len(shape) >= -index}
        others = sizes - {1, None}
        if len(others) > 1:
            raise Misfit(
                f"Arrays that are {verb} must have the same size along every axis, or 1.",
                " and ".join(by(shape) for shape in known[:4]),
            )
        found.append(others.pop() if others else None if None in sizes else 1)
    return tuple(found)
