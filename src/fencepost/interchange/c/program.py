"""A network as C computes it: steps over values that lie channels last, in one piece of memory.

`lowering` makes the steps, `arena` places their values, and `float32` and `int8` write them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...layers import Shape
from ...layers.base import engine_shape
from ...sizing import Window

Float32 = NDArray[np.float32]


@dataclass(eq=False)
class Value:
    """What a step gives.

    `shape` is the layer's; `planes` (channels, rows, columns) as it lies in memory, where the
    channels of a pixel lie side by side. What Flatten gives still lies as the planes before it.
    `place` is the layer whose output it is. `held` counts who reads it later: others may not write
    over it.
    """

    shape: Shape
    planes: tuple[int, int, int]
    place: str
    producer: Step | None = None
    held: int = 0
    buffer: Value | None = None  # the value in whose memory this one lies, if not in its own

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.planes)

    @property
    def memory(self) -> Value:
        """The value that has the memory."""
        return self if self.buffer is None else self.buffer.memory

    @property
    def is_in_order(self) -> bool:
        """Whether elements lie in the order of the layer's shape."""
        channels, rows, columns = self.planes
        return channels == 1 or rows * columns == 1

    def order(self) -> NDArray[np.intp]:
        """Index in the layer's order of each element in memory."""
        indices = np.arange(self.size).reshape(self.planes)
        return indices.transpose(1, 2, 0).ravel()


@dataclass(frozen=True)
class Activation:
    """A function of one value, as C with `v`; `monotone` ones may be done after a maximum."""

    name: str
    expression: str
    monotone: bool = True
    low: float | None = None  # of one that only cuts off
    high: float | None = None
    function: Callable[[Any], Any] = np.asarray  # the definition


@dataclass(eq=False)
class Step:
    """One function of the header. `titles` are the layers that it does."""

    titles: list[str]
    inputs: list[Value]
    output: Value
    #: Elements of memory that it needs while it runs.
    scratch: ClassVar[int] = 0
    activation: Activation | None = field(default=None, init=False)
    in_place: ClassVar[bool] = False

    @property
    def x(self) -> Value:
        """The first input."""
        return self.inputs[0]

    def accepts(self, activation: Activation) -> bool:
        """Say whether an activation may become part of this step."""
        return False


@dataclass(eq=False)
class Start(Step):
    """Pixels in the caller's order, normalised: (pixel - mean) * scale for each channel."""

    mean: Float32
    scale: Float32


@dataclass(eq=False)
class Product(Step):
    """A convolution, a dense layer or a transposed convolution: sums of weights times inputs.

    `weight` has shape (groups, kernel rows, kernel columns, inputs of a group, outputs of a group);
    `bias` one for each output channel, float64 while normalisations are folded in. `windows` are
    those of rows and columns; of a transposed convolution, of the convolution that it inverts.
    `pool` are windows of which only the maximum is kept.
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    planes: tuple[int, int, int]  # of the input
    windows: tuple[Window, Window]
    outputs: tuple[int, int, int]  # planes of the output before the pool
    transposed: bool = False
    pool: tuple[Window, Window] | None = None

    @property
    def is_depthwise(self) -> bool:
        return self.weight.shape[0] > 1 and self.weight.shape[3:] == (1, 1) and not self.transposed

    @property
    def is_joined(self) -> bool:
        """Whether the columns of a kernel lie side by side, as those of the input do."""
        return len(self.weight) == self.windows[1].dilation == 1 and not self.transposed

    @property
    def line(self) -> int:
        """How many inputs that lie side by side are multiplied at once."""
        columns, inputs = self.weight.shape[2:4]
        return int(columns * inputs if self.is_joined else inputs)

    @property
    def scratch(self) -> int:  # type: ignore[override]
        pooled = self.pool is not None and any(window.kernel > 1 for window in self.pool)
        return self.outputs[0] if pooled else 0

    @property
    def stored_weight(self) -> NDArray[np.float64]:
        """The weights as loops read them: of a depthwise convolution, channels side by side."""
        return self.weight.transpose(1, 2, 0, 3, 4) if self.is_depthwise else self.weight

    def accepts(self, activation: Activation) -> bool:
        return self.activation is None and (self.pool is None or activation.monotone)

    def scale(self, factors: NDArray[np.float64], summands: NDArray[np.float64]) -> None:
        """Fold in y * factor + summand for each output channel."""
        groups, *_, each = self.weight.shape
        self.weight = self.weight * factors.reshape(groups, 1, 1, 1, each)
        self.bias = self.bias * factors + summands


@dataclass(eq=False)
class Map(Step):
    """Each value by itself, in place."""

    in_place: ClassVar[bool] = True


@dataclass(eq=False)
class Pool(Step):
    """The maximum ("max"), sum ("sum") or mean ("avg") of each window."""

    kind: str
    windows: tuple[Window, Window]
    count_padding: bool = True


@dataclass(eq=False)
class Add(Step):
    """The sum of two values, in place of the first."""

    in_place: ClassVar[bool] = True

    def accepts(self, activation: Activation) -> bool:
        return self.activation is None


@dataclass(eq=False)
class Concat(Step):
    """Values side by side along the channels."""


@dataclass(eq=False)
class Gate(Step):
    """The first value times the second, which may have one element along an axis; in place."""

    in_place: ClassVar[bool] = True


@dataclass(eq=False)
class Reorder(Step):
    """Elements from channels last to the order of the layer's shape."""


@dataclass(eq=False)
class AdaptivePool(Step):
    """Means of windows from floor(i * n / m) to ceil((i + 1) * n / m)."""


@dataclass(eq=False)
class Upsample(Step):
    """Nearest elements, or between neighbours."""

    linear: bool


@dataclass(eq=False)
class Softmax(Step):
    """exp(x) / sum of exp over the channels of each pixel, in place."""

    in_place: ClassVar[bool] = True


@dataclass(eq=False)
class Normalize(Step):
    """Sets of values to mean 0 and variance 1, then weight and bias of each element or channel.

    `sets`: "pixels" (each over its channels) or a number of groups of channels.
    """

    sets: int | str
    eps: float
    weight: Float32 | None
    bias: Float32 | None
    in_place: ClassVar[bool] = True


@dataclass(eq=False)
class Distances(Step):
    """-scale * the squared distance to each centre."""

    centres: Float32
    factor: float


@dataclass
class Program:
    """The steps of a network, in order. `pixels` is what enters, `output` what leaves."""

    pixels: Value
    output: Value
    steps: list[Step] = field(default_factory=list)
    #: Activations that may become part of a product: only those that cut off, for integers.
    only_clamps: bool = False

    def add(self, step: Step) -> Value:
        """Put a step at the end; what it gives may lie where its first input lay."""
        step.output.producer = step
        if step.in_place and not step.x.held:
            step.output.buffer = step.x
        self.steps.append(step)
        return step.output


def value(shape: Shape, place: str) -> Value:
    """Make a value of a layer's shape."""
    return Value(shape, engine_shape(shape), place)
