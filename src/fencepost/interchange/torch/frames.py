"""A module that is running, and the operation that it is as a whole.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from ...graph import Operation, Shape, Value
from ..facts import Facts
from .function_call import shape_of
from .names import own_arrays


@dataclass
class Failure:
    """An exception and the operation that raised it; with PyTorch's message if PyTorch did."""

    error: Exception
    operation: Operation
    message: str = ""


@dataclass
class ModuleFrame:
    """A module that is running: what entered, and the index of the first operation inside it."""

    name: str
    module: Any
    values: list[Value]
    shapes: list[Shape]
    first: int
    entered: list[Any]
    calls: set[Any] = field(default_factory=set)  # by their places in the code


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
    reason = "" if is_layer(frame.module) else "its arrays come from calls that are not recorded"
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


def named_in(frames: Sequence[ModuleFrame], function: str, kind: str) -> tuple[str, str]:
    """Name a call after the layer that it carries out, or after the module that it is in."""
    if not frames:
        return function, kind
    name = frames[-1].name
    if _runs_layer(frames[-1], kind):
        return name or function, kind
    return f"{name}.{function}" if name else function, kind


def weights_in(frames: Sequence[ModuleFrame], kind: str) -> dict[str, str]:
    """Name the layer's own arrays as in the state dict of the whole module."""
    if not frames or not _runs_layer(frames[-1], kind):
        return {}
    prefix = f"{frames[-1].name}." if frames[-1].name else ""
    return {name: f"{prefix}{name}" for name in own_arrays(frames[-1].module)}


def _runs_layer(frame: ModuleFrame, kind: str) -> bool:
    """Whether the module that runs is PyTorch's layer of this kind."""
    from torch import nn

    layer = getattr(nn, kind, None)
    return isinstance(layer, type) and isinstance(frame.module, layer)


def reporting(
    call: Callable[[Any, Any, Mapping[str, Any]], Any],
) -> AbstractContextManager[Any]:
    """Return the mode in which PyTorch asks `call` instead of making a call itself."""
    from torch.overrides import TorchFunctionMode

    class Reporting(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            return call(func, args, kwargs or {})

    return Reporting()
