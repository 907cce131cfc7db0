"""A network's arrays, one flat vector each for parameters and state, and who may write into them.

The engine and the optimizers take the vectors, people views of them by name.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import as_array
from ..errors import DataError
from ..graph import SizedLayer
from ..layers import ParameterSpec, StateSpec
from ..layers.initialization import initial
from . import sizes

if TYPE_CHECKING:
    from .._engine import NetworkPlan

Float32 = NDArray[np.float32]

_NUMBERS = itertools.count(1)  # no two networks, nor one at two times, have the same


class Arrays(NamedTuple):
    """All of a network: the vectors, and views of them by name, "0.weight"."""

    parameter_vector: Float32
    state_vector: Float32
    parameters: Mapping[str, Float32]
    state: Mapping[str, Float32]

    @property
    def by_name(self) -> dict[str, Float32]:
        """The views of both."""
        return {**self.parameters, **self.state}


class Weights:
    """The one place from which a network's arrays are had, so that it is known who may write.

    What the engine makes of weights is kept from call to call. Nothing tells of a write into an
    array, and whoever has had one may have kept a view of it, or its address. So `handed_out`,
    which all public names of the arrays call (`WithWeights`), makes the engine look at every weight
    before each prediction, for ever. Our own code keeps no view and asks for them `lent`: then the
    engine looks once, when they are back. Copies of a network have arrays of their own.
    """

    def __init__(self, rows: Sequence[SizedLayer], initialization: str, seed: int) -> None:
        parameters = fresh_parameters(rows, initialization, seed)
        state = fresh_state(rows)
        self._arrays = Arrays(parameters[0], state[0], parameters[1], state[1])
        self.parameters = NamedArrays(parameters[1], self.handed_out)
        self.state = NamedArrays(state[1], self.handed_out)
        self._borrowers: list[None] = []  # lists grow and shrink in one step, whatever the thread
        # What the engine goes by: a number that the arrays have with these values only, or 0 while
        # they are lent; and whether they were handed out.
        self._version = np.array([next(_NUMBERS), 0], np.uint64)

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of parameters and of values of state."""
        return self._arrays.parameter_vector.size, self._arrays.state_vector.size

    def handed_out(self) -> Arrays:
        """Return the arrays, into which who gets them may write at any time from now on."""
        self._version[1] = 1
        return self._arrays

    @contextmanager
    def lent(self) -> Iterator[Arrays]:
        """Lend the arrays to code that has no view of them when the block ends."""
        self._borrowers.append(None)
        self._version[0] = 0
        try:
            yield self._arrays
        finally:
            self._borrowers.pop()
            self._version[0] = next(_NUMBERS)
            if self._borrowers:  # they are lent to others, or to another thread since just now
                self._version[0] = 0

    def assign(self, name: str, values: ArrayLike) -> None:
        """Copy values into the vector of this name; raise DataError if they do not fit."""
        given = as_array(name, values)
        with self.lent() as arrays:
            vector: Float32 = getattr(arrays, name)
            if given.shape != vector.shape or given.dtype.kind == "c":
                raise DataError(
                    f"{name} must be real numbers of shape ({vector.size},). Received: "
                    f"{given.dtype} of shape {given.shape}."
                )
            vector[...] = given

    def bind(self, plan: NetworkPlan, mean: Float32, scale: Float32) -> Any:
        """Return the plan that reads these arrays at each call, and looks at them if it must."""
        vectors = self._arrays.parameter_vector, self._arrays.state_vector
        return plan.bind(*vectors, mean, scale, self._version)


class NamedArrays(Mapping[str, Float32]):
    """Arrays by name, "0.weight"; the arrays may be written into, the names are fixed."""

    def __init__(
        self, arrays: Mapping[str, Float32], hand_out: Callable[[], object] | None = None
    ) -> None:
        self._arrays, self._hand_out = dict(arrays), hand_out

    def __getitem__(self, name: str) -> Float32:
        if self._hand_out is not None:
            self._hand_out()
        return self._arrays[name]

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __call__(self) -> Iterator[Float32]:
        """Yield the arrays, as PyTorch's ``parameters()``."""
        return iter(self.values())

    def __repr__(self) -> str:
        named = ", ".join(f"{name} {array.shape}" for name, array in self._arrays.items())
        return f"NamedArrays({named})"

    def __reduce__(self) -> tuple[type[NamedArrays], tuple[dict[str, Float32]]]:
        return NamedArrays, (dict(self),)  # who pickles may keep the arrays' memory


class WithWeights:
    """The public names of a network's arrays."""

    engine_weights: Weights

    @property
    def parameter_vector(self) -> Float32:
        """All trainable parameters, one after the other: float32, shape (parameters,).

        Writing into it changes the network; values that are assigned are copied into it.
        """
        return self.engine_weights.handed_out().parameter_vector

    @parameter_vector.setter
    def parameter_vector(self, values: ArrayLike) -> None:
        self.engine_weights.assign("parameter_vector", values)

    @property
    def state_vector(self) -> Float32:
        """All other arrays likewise: running statistics ("1.running_mean"), fixed centres."""
        return self.engine_weights.handed_out().state_vector

    @state_vector.setter
    def state_vector(self, values: ArrayLike) -> None:
        self.engine_weights.assign("state_vector", values)

    @property
    def parameters(self) -> NamedArrays:
        """Views of `parameter_vector` by name, "0.weight": writing into one changes the network."""
        return self.engine_weights.parameters

    @property
    def state(self) -> NamedArrays:
        """Views of `state_vector` by name."""
        return self.engine_weights.state

    @property
    def parameter_count(self) -> int:
        """Number of trainable parameters."""
        return self.engine_weights.sizes[0]


def fresh_parameters(
    rows: Sequence[SizedLayer], initialization: str, seed: int
) -> tuple[Float32, dict[str, Float32]]:
    """Return the parameters of the layers, drawn anew, and views of them by name."""
    specs = sizes.parameter_specs(rows)
    generator = np.random.default_rng(seed)
    return _flat(specs, [initial(initialization, generator, spec) for spec in specs.values()])


def fresh_state(rows: Sequence[SizedLayer]) -> tuple[Float32, dict[str, Float32]]:
    """Return all other arrays of the layers likewise."""
    specs = sizes.state_specs(rows)
    return _flat(specs, [np.broadcast_to(spec.value, spec.shape) for spec in specs.values()])


def _flat(
    specs: Mapping[str, ParameterSpec] | Mapping[str, StateSpec], arrays: Sequence[NDArray[Any]]
) -> tuple[Float32, dict[str, Float32]]:
    flat = [np.asarray(array, np.float32).reshape(-1) for array in arrays]
    vector = np.concatenate(flat) if flat else np.zeros(0, np.float32)
    starts = sizes.offsets(specs)
    views = {n: vector[starts[n] : starts[n] + s.size].reshape(s.shape) for n, s in specs.items()}
    return vector, views
