"""One model of any network: its operations with the sizes that meet in each.

Readers make it (of fencepost's layers, ONNX files, PyTorch modules); tables, rules and pictures
ask it.
"""

from __future__ import annotations

from ..names import public
from .axis_field import AxisField
from .layers import SizedChain, SizedLayer, size_layers
from .operations import Graph, Operation, Role, Shape, Value, element_count
from .receptive_fields import ArrayFields, ReceptiveFields, receptive_fields

__all__ = [
    "ArrayFields",
    "AxisField",
    "Graph",
    "Operation",
    "ReceptiveFields",
    "Role",
    "Shape",
    "SizedChain",
    "SizedLayer",
    "Value",
    "element_count",
    "receptive_fields",
    "size_layers",
]

public(globals(), answers=False)
