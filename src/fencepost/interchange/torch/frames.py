"""A module that is running, and the operation that it is as a whole.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ...graph import Operation, Shape, Value
from ..facts import Facts
from .function_call import shape_of


@dataclass
class ModuleFrame:
    """A module that is running: what entered, and the index of the first operation inside it."""

    name: str
    module: Any
    values: list[Value]
    shapes: list[Shape]
    first: int
    entered: list[Any]


def uniquely_named(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """Give each operation a name of its own: the second "relu" is "relu:2"."""
    counts: Counter[str] = Counter()
    named = []
    for operation in operations:
        name = operation.name
        counts[name] += 1
        unique = f"{name}:{counts[name]}" if counts[name] > 1 else name
        named.append(replace(operation, name=unique))
    return tuple(named)


def of_module(
    frame: ModuleFrame, name: str, known: Facts, outputs: list[Any], parameters: int = 0
) -> Operation:
    """Make one operation of a module: of what entered it, of what it returns."""
    shapes = [shape_of(array) for array in outputs]
    return known.operation(name, frame.values, frame.shapes, shapes, parameters)


def unknown(frame: ModuleFrame, outputs: list[Any], parameters: int = 0) -> Operation:
    """Make an operation of a module of which nobody knows what it does."""
    reason = "" if is_layer(frame.module) else "its arrays were made where no call is recorded"
    known = Facts(type(frame.module).__name__, "unknown", multiply_adds=None, reason=reason)
    return of_module(frame, frame.name or "forward", known, outputs, parameters)


def is_layer(module: Any) -> bool:
    """Whether a module is a layer of PyTorch's own, which is one operation."""
    from torch import nn

    own = type(module).__module__.startswith("torch.nn.")
    if isinstance(module, nn.MultiheadAttention):
        return own
    return own and not isinstance(module, nn.Sequential) and not any(module.children())


def is_scripted(module: Any) -> bool:
    """Whether a module runs inside TorchScript, where no call can be recorded."""
    from torch.jit import ScriptModule

    return isinstance(module, ScriptModule)
