"""A network's arrays: one flat vector each for parameters and state, and views of it by name.

The engine and the optimizers take the vectors, people the views.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import SizedLayer
from ..layers import ParameterSpec, StateSpec
from ..layers.initialization import initial
from . import sizes

Float32 = NDArray[np.float32]


class NamedArrays(Mapping[str, Float32]):
    """Arrays by name, "0.weight"; the arrays may be written into, the names are fixed."""

    def __init__(self, arrays: Mapping[str, Float32]) -> None:
        self._arrays = dict(arrays)

    def __getitem__(self, name: str) -> Float32:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __call__(self) -> Iterator[Float32]:
        """Yield the arrays, as PyTorch's ``parameters()``."""
        return iter(self._arrays.values())

    def __repr__(self) -> str:
        named = ", ".join(f"{name} {array.shape}" for name, array in self.items())
        return f"NamedArrays({named})"


def fresh_parameters(
    rows: Sequence[SizedLayer], initialization: str, seed: int
) -> tuple[Float32, NamedArrays]:
    """Return the parameters of the layers, drawn anew, and views of them by name."""
    specs = sizes.parameter_specs(rows)
    generator = np.random.default_rng(seed)
    return _flat(specs, [initial(initialization, generator, spec) for spec in specs.values()])


def fresh_state(rows: Sequence[SizedLayer]) -> tuple[Float32, NamedArrays]:
    """Return all other arrays of the layers likewise."""
    specs = sizes.state_specs(rows)
    return _flat(specs, [np.broadcast_to(spec.value, spec.shape) for spec in specs.values()])


def _flat(
    specs: Mapping[str, ParameterSpec] | Mapping[str, StateSpec], arrays: Sequence[NDArray[Any]]
) -> tuple[Float32, NamedArrays]:
    flat = [np.asarray(array, np.float32).reshape(-1) for array in arrays]
    vector = np.concatenate(flat) if flat else np.zeros(0, np.float32)
    starts = sizes.offsets(specs)
    views = {n: vector[starts[n] : starts[n] + s.size].reshape(s.shape) for n, s in specs.items()}
    return vector, NamedArrays(views)
