"""What the rules of operators work with: arrays of which something is known, nodes, their facts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ....graph import Shape, Value, element_count
from ...facts import Facts, shape_text
from ...registry import registrar
from ..wire.messages import Node, attribute
from ..wire.protobuf import WireError
from ..wire.tensors import MAX_VALUES, Tensor, printable, quote

#: Values that decide about sizes: Python's integers and floats, None where one is not known.
KnownValues: TypeAlias = NDArray[np.object_]

#: No window of a real model is larger, and no stride.
MAX_WINDOW = 2**20

# Characters of a message about what was received: a shape of 32 axes is not much shorter.
_MAX_RECEIVED = 500


@dataclass(slots=True, eq=False)
class Array:
    """What is known of an array of the graph before it runs.

    `value`: The output that it is, of an operation or of the model's inputs; None of a constant,
    which depends on none of them. `tensor`: Of a constant that stands in the file. `literal`: It
    stands in a node Constant, as values do that nobody trains. `sources`: Constants that it was
    computed from. `folded`: Its values, if they were computed. `is_read`, `is_counted`: Its values
    have been looked for in the file; its parameters have been counted. `made_by`: Of a
    constant, the node that computes it. `items`: Of a sequence, its arrays.
    """

    shape: Shape | None
    value: Value | None = None
    tensor: Tensor | None = None
    literal: bool = False
    sources: tuple[Array, ...] = ()
    folded: KnownValues | None = None
    is_read: bool = False
    is_counted: bool = False
    made_by: NodeCall | None = None
    items: tuple[Array, ...] | None = None

    @property
    def constant(self) -> bool:
        """Whether it is the same whatever enters the model."""
        return self.value is None

    @property
    def parts(self) -> tuple[Array, ...]:
        """The arrays that it is: those of a sequence, or itself."""
        return (self,) if self.items is None else self.items

    def values(self) -> KnownValues | None:
        """Return its values, where they are few and known without running the model."""
        if self.folded is None and self.tensor is not None and not self.is_read:
            self.is_read = True
            values = self.tensor.values()
            if values is not None:
                self.folded = known_values(values, self.tensor.shape)
        return self.folded


def known_values(values: Any, shape: tuple[int, ...]) -> KnownValues:
    """Put Python's numbers into an array."""
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape)


@dataclass(slots=True)
class NodeFacts(Facts):
    """What a rule finds out about a node.

    `weights` says which inputs the operation learns, and `candidates` which it does if they are
    arrays that stand in the file as weights do, and no scalars (an added bias, not a factor of 2).
    `sources` says, of a node of constants, from which inputs the result inherits what was learned
    (all of them if None). `unknown` is a sentence about what cannot be known. `inner` is how many
    parameters the graphs within the node have. `refused` and `disputed` say, in a sentence without
    its end, that a runtime does not take the node, and that one comes to another size.
    """

    shapes: tuple[Shape | None, ...] = (None,)
    weights: tuple[int, ...] = ()
    candidates: tuple[int, ...] = ()
    sources: tuple[int, ...] | None = None
    folded: tuple[KnownValues | None, ...] = ()
    unknown: str = ""
    inner: int = 0
    refused: str = ""
    disputed: str = ""

    def depends_on_data(self, what: str, rank: int | None = None) -> NodeFacts:
        """Say what cannot be known; of the output, at most the number of axes is."""
        self.unknown = f"{what} the data"
        if rank is not None:
            self.shapes = ((None,) * rank,)
        return self


class NodeError(Exception):
    """A node cannot run: the rule, what was received; and what is known of the node all the same.

    It never leaves the reader, which makes it `Graph.failure`.
    """

    def __init__(self, rule: str, received: str, facts: NodeFacts | None = None) -> None:
        super().__init__(f"{rule} Received: {printable(received, _MAX_RECEIVED)}.")
        self.facts = facts


@dataclass(slots=True)
class NodeCall:
    """A node with the arrays that enter it, and the version of the operators."""

    node: Node
    inputs: tuple[Array | None, ...]
    opset: int = 13

    @property
    def operator(self) -> str:
        """Name of the operator."""
        return self.node.operator

    def array(self, index: int) -> Array | None:
        """Return an input; None if it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def has(self, index: int) -> bool:
        """Whether an input is given."""
        return self.array(index) is not None

    def shape(self, index: int = 0) -> Shape | None:
        """Return the shape of an input; None if it is left out, or unknown."""
        array = self.array(index)
        return None if array is None else array.shape

    def ranked_shape(self, minimum: int, index: int = 0) -> Shape | None:
        """Return the shape of an input that needs so many axes; None if it is unknown."""
        array = self.array(index)
        if array is None:
            raise NodeError(
                f"{self.operator} needs an input {index + 1}.", f"{len(self.inputs)} inputs"
            )
        if array.shape is not None and len(array.shape) < minimum:
            raise NodeError(
                f"{self.operator} takes arrays of at least {minimum} axes.",
                f"shape {shape_text(array.shape)}",
            )
        return array.shape

    def values(self, index: int) -> list[Any] | None:
        """Return the values of an input in rows; None if it is left out, or they are unknown."""
        array = self.array(index)
        values = None if array is None else array.values()
        return None if values is None else values.ravel().tolist()

    def constants(self) -> tuple[int, ...]:
        """Return the indices of the inputs that do not depend on what enters the model."""
        given = enumerate(self.inputs)
        return tuple(index for index, array in given if array is not None and array.constant)

    def data_inputs(self) -> int:
        """Count the inputs that depend on what enters the model."""
        return sum(array is not None and not array.constant for array in self.inputs)

    def integer(self, name: str, default: int) -> int:
        """Read an attribute that is an integer."""
        return self._attribute(name, default, int)  # type: ignore[no-any-return]

    def real(self, name: str, default: float) -> float:
        """Read an attribute that is a number."""
        return self._attribute(name, default, float)  # type: ignore[no-any-return]

    def text(self, name: str, default: str) -> str:
        """Read an attribute that is a word."""
        return self._attribute(name, default, str)  # type: ignore[no-any-return]

    def integers(self, name: str) -> tuple[int, ...] | None:
        """Read an attribute that is a list of integers; None if there is none."""
        value = attribute(self.node, name)
        if value is None:
            return None
        items = value if isinstance(value, tuple) else (value,)
        return tuple(self._typed(name, item, int) for item in items)

    def attribute_or_input(self, name: str, index: int) -> list[Any] | None:
        """Read a list that older versions have as an attribute, newer ones as an input."""
        value = attribute(self.node, name)
        if value is not None:
            return list(value) if isinstance(value, tuple) else [value]
        return self.values(index)

    def _attribute(self, name: str, default: object, kind: type[Any]) -> Any:
        value = attribute(self.node, name)
        return default if value is None else self._typed(name, value, kind)

    def _typed(self, name: str, value: object, kind: type[Any]) -> Any:
        if not isinstance(value, kind):
            words = {int: "an integer", float: "a float", str: "a text"}
            raise WireError(
                f"attribute {quote(name)} of {quote(self.operator)} must be {words[kind]}"
            )
        return value


Rule: TypeAlias = Callable[[NodeCall], NodeFacts]

#: Of the domain ai.onnx. An operator that is not here is unknown, and is never guessed.
RULES: dict[str, Rule] = {}
#: Makes a function the rule of these operators.
rule = registrar(RULES)


def axis_index(value: object, rank: int, *, new: bool = False) -> int:
    """Return an axis counted from the first, as negative ones are from the last.

    `new` allows one past the last, where an axis may be put in.
    """
    last = rank if new else rank - 1
    if not isinstance(value, int) or not -last - 1 <= value <= last:
        raise NodeError("An axis must be one of the array's.", f"axis {value} of {rank} axes")
    return value + last + 1 if value < 0 else value


def axis_indices(values: Sequence[Any] | None, rank: int) -> list[int]:
    """Return axes counted from the first; all of them if None."""
    return list(range(rank)) if values is None else [axis_index(value, rank) for value in values]


def is_small(shape: Shape | None) -> bool:
    """Whether an array is small enough for its values to be computed.

    Its axes of 0 left out, too: NumPy takes no empty array that would have 2⁶³ bytes without them.
    """
    if shape is None or (size := element_count(shape)) is None or size > MAX_VALUES:
        return False
    return size > 0 or math.prod(axis or 1 for axis in shape) < 2**60


def broadcast(shapes: list[Shape | None], verb: str) -> Shape | None:
    """Return the shape that arrays have together, each repeated along axes of size 1.

    Source: ONNX, Broadcasting in ONNX (multidirectional), which is NumPy's rule.
    """
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes):
        return None
    rank = max(map(len, known), default=0)
    result: list[int | None] = []
    for axis in range(-rank, 0):
        sizes = {shape[axis] for shape in known if len(shape) >= -axis}
        others = sizes - {1, None}
        if len(others) > 1:
            raise NodeError(
                f"Arrays that are {verb} must have the same size along every axis, or 1.",
                " and ".join(shape_text(shape) for shape in known[:4]),
            )
        result.append(others.pop() if others else None if None in sizes else 1)
    return tuple(result)
