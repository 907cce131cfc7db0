"""Collects the nodes and weights of an ONNX graph while its layers are written.

The `onnx` package is imported only inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class GraphBuilder:
    """An ONNX graph in the making; arrays are named by the layer and by what they are.

    `opset`: Version of the operators. `weights`: The network's parameters and state by name; those
    that are written keep these names.
    """

    def __init__(self, opset: int, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self.opset = opset
        self.weights = weights
        self.nodes: list[Any] = []
        self.initializers: dict[str, NDArray[Any]] = {}
        self.place = ""  # of the layer that is being written
        self._taken: set[str] = set()

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node with one output, and return that output's name."""
        from onnx import helper

        name = base = output or f"{self.place}/{operator}"
        count = 1
        while name in self._taken:
            count += 1
            name = f"{base}:{count}"
        self._taken.add(name)
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name, **attributes))
        return name

    def weight(self, name: str, values: NDArray[np.float32] | None = None) -> str:
        """Take up a weight of the layer that is being written, in another form if one is given."""
        full = f"{self.place}.{name}"
        self.initializers[full] = self.weights[full] if values is None else values
        return full

    def constant(self, name: str, values: ArrayLike, dtype: Any = np.float32) -> str:
        """Take up values that are no weights: a factor, axes, limits."""
        full = f"{self.place}/{name}"
        self.initializers[full] = np.asarray(values, dtype)
        return full
