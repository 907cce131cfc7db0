"""One model of a network, anyone's: its operations with the sizes that meet in each.

Readers make it (of fencepost's layers, ONNX files, PyTorch modules); tables, rules and pictures
ask it.
"""

from __future__ import annotations

from .operations import Graph, Operation, Role, Shape, Value, element_count

__all__ = ["Graph", "Operation", "Role", "Shape", "Value", "element_count"]
