"""A model as a list of operations, with the sizes that meet in each: facts only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from ..layers import Layer
from ..sizing import Window

#: With the batch; None for a size that is not known before the model runs.
Shape: TypeAlias = tuple[int | None, ...]

#: What an operation does to the pixels of an image: it moves windows over them ("windows"), or the
#: inverse of that ("transposed"); changes each by itself ("pointwise"), or joins several arrays
#: element by element ("join"); reduces all pixels to one ("global"), or some axes to one element
#: each ("reduce"); links everything with everything ("dense"); enlarges by repeating or
#: interpolating ("resize"); adds or takes away elements at the edges ("pad"); only arranges them
#: anew ("reshape"); or is not known ("unknown").
Role: TypeAlias = Literal[
    "windows",
    "transposed",
    "pointwise",
    "join",
    "global",
    "reduce",
    "dense",
    "resize",
    "pad",
    "reshape",
    "unknown",
]


class Value(NamedTuple):
    """One array that flows through a model: an output of an operation, or an input of the model.

    `operation` is its index in `Graph.operations`, or −1 for the model's own inputs; `output` says
    which of its outputs, or which input of the model.
    """

    operation: int
    output: int = 0


@dataclass(frozen=True)
class Operation:
    """One operation of a model.

    Attributes
    ----------
    name : str
        As the model names it: ``"features.0"``, ``"/layer1/conv/Conv"``. Unique in the model.
    kind : str
        PyTorch's name of the layer or function (``"Conv2d"``, ``"Add"``), whatever the model calls
        it; of an unknown operation, the model's own word.
    role : Role
        What it does to the pixels of an image.
    inputs : tuple of Value
        The arrays that enter; weights and constants are not among them.
    input_shapes, output_shapes : tuple of Shape or None
        With the batch; None where not even the number of axes is known. An operation that failed
        has no output shapes.
    windows : tuple of Window
        Of a convolution or pooling, one for each spatial axis; empty while the input's sizes are
        unknown. Padding is what is finally used (``"same"`` is written out). The output of
        ``ceil_mode`` may exceed the windows' own. Of a transposed convolution, the windows of the
        convolution that it inverts: their input is what comes out. Of "pad", windows of one
        element: `before` and `after` are the elements added, negative where some are cut off (a
        slice), and `stride` is the slice's step.
    arguments : mapping of str to object
        As PyTorch names them, defaults left out: ``{"out_channels": 64, "kernel_size": 7}``.
    weight_shape : tuple of int, or None
        As PyTorch has it: (out, in / groups, rows, columns), (out, in).
    parameters : int
        Values that the operation learns; those that it shares with another are counted once.
    multiply_adds : int or None
        Multiplications followed by an addition, for the whole batch; None if not known.
    connections : int or None
        Links between units, biases counted, for the whole batch; None if not known.
    weights : mapping of str to str
        Where its arrays are: for each, by PyTorch's name of it (``"weight"``, ``"bias"``,
        ``"running_mean"``), the name in the state dict, of the initializer, or in
        `Network.parameters` and `Network.state`. Empty where that is not known.
    layer : Layer or None
        The equivalent layer of fencepost.
    reason : str
        Of an operation whose role is "unknown", why, in a clause: "which branch runs depends on
        the data". Empty if there is no rule for it.
    source : object
        What the reader read it from, for code that makes a layer of it; None unless requested.
    """

    name: str
    kind: str
    role: Role
    inputs: tuple[Value, ...]
    input_shapes: tuple[Shape | None, ...]
    output_shapes: tuple[Shape | None, ...] = ()
    windows: tuple[Window, ...] = ()
    arguments: Mapping[str, object] = field(default_factory=dict)
    weight_shape: tuple[int, ...] | None = None
    parameters: int = 0
    multiply_adds: int | None = 0
    connections: int | None = None
    weights: Mapping[str, str] = field(default_factory=dict)
    layer: Layer | None = None
    reason: str = ""
    source: object = field(default=None, compare=False, repr=False)

    @property
    def output_shape(self) -> Shape | None:
        """Shape of the first output; None if there is none or nothing is known of it."""
        return self.output_shapes[0] if self.output_shapes else None

    @property
    def input_shape(self) -> Shape | None:
        """Shape of the first input; None if there is none or nothing is known of it."""
        return self.input_shapes[0] if self.input_shapes else None

    @property
    def in_channels(self) -> int | None:
        """Channels that it has weights or statistics for; None if it takes any number.

        >>> arguments = {"out_channels": 8, "groups": 4}
        >>> Operation("c", "Conv1d", "windows", (), (), (), (), arguments, (8, 2, 3)).in_channels
        8
        """
        weight = self.weight_shape
        if self.role == "windows" and weight:
            groups = self.arguments.get("groups", 1)
            return weight[1] * (groups if isinstance(groups, int) else 1)
        if self.role == "transposed" and weight:
            return weight[0]
        if not self.kind.startswith(_PER_CHANNEL):
            return None
        taken = weight[0] if weight else self.parameters // 2
        return None if not taken or (self.kind == "PReLU" and taken == 1) else taken

    def describe(self) -> str:
        """Write the operation as one would type it in PyTorch, less ``in_channels``.

        >>> arguments = {"out_channels": 6, "kernel_size": (5, 5), "padding": (2, 2)}
        >>> Operation("c1", "Conv2d", "windows", (), (), arguments=arguments).describe()
        'Conv2d(6, 5, padding=2)'
        """
        plain = {name: _compact(value) for name, value in self.arguments.items()}
        first = [str(plain.pop(name)) for name in _POSITIONAL if name in plain]
        named = [f"{name}={value}" for name, value in plain.items()]
        return f"{self.kind}({', '.join([*first, *named])})"


@dataclass(frozen=True)
class Graph:
    """A model as it was read.

    Attributes
    ----------
    source : str
        What it was read from: a file's name, or ``package.module:factory``.
    input_names : tuple of str
    input_shapes : tuple of Shape
        With the batch.
    operations : tuple of Operation
        In the order in which they run, up to the first that fails.
    outputs : tuple of Value
        What the model returns; empty if it fails before.
    failure : str
        Why the last operation failed, in the words of the library that ran it; empty if none did.
    unknown : tuple of str
        What could not be determined, in sentences: operators without a rule, sizes that depend on
        data.
    unused : tuple of str
        Parts that the model has but no operation uses: names of modules with parameters, of
        weights. Not known, and empty, if the model fails.
    how : str
        How it was read, in a sentence, where that matters: on which device, in which mode.
    contradictions : tuple of str
        Sizes that the file declares and that are not those which its operations have, in sentences.
    reading : str
        For a model that fails, another reading of its input with which it runs, in a sentence:
        without the batch, or with channels first. Empty if there is none.
    refused, disputed : mapping of str to str
        By operation name: operations that a runtime rejects although the specification allows them,
        and operations for which it computes another size; a sentence for each.
    measured : frozenset of Value
        Arrays whose shape is used: what other operations do may depend on it, though on no element.
    kept : frozenset of Value
        Arrays that the model's code has at hand, whether it uses them or not: what a part returns
        beside other arrays, elements that were picked, what a later turn of a loop makes.
    """

    source: str
    input_names: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[Value, ...] = ()
    failure: str = ""
    unknown: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    how: str = ""
    contradictions: tuple[str, ...] = ()
    measured: frozenset[Value] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    disputed: Mapping[str, str] = field(default_factory=dict)
    reading: str = ""
    kept: frozenset[Value] = frozenset()

    @property
    def parameters(self) -> int:
        """Number of trainable parameters."""
        return sum(operation.parameters for operation in self.operations)

    @property
    def multiply_adds(self) -> int | None:
        """Multiplications followed by an addition, for the whole batch; None if not all known."""
        counts = [operation.multiply_adds for operation in self.operations]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None


# Have a factor, a summand or statistics for each channel.
_PER_CHANNEL = ("BatchNorm", "InstanceNorm", "GroupNorm", "PReLU")
# Written without their names, as PyTorch's users write them.
_POSITIONAL = ("out_channels", "out_features", "output_size", "kernel_size")


def _compact(value: object) -> object:
    """Write (3, 3) as 3, as long as all are the same."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple) and value and all(item == value[0] for item in value):
        return _compact(value[0])
    return value


def element_count(shape: Shape) -> int | None:
    """How many elements an array of this shape has; None if a size is unknown."""
    known = [size for size in shape if size is not None]
    return math.prod(known) if len(known) == len(shape) else None
