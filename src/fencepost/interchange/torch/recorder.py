"""Records what a PyTorch module does while it runs: every function call on what flows through.

Modules only give names; functions are what is recorded, so that ``x + y`` and ``torch.cat`` are
recorded as well as layers. Arrays are followed by identity.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from ...graph import Operation, Shape, Value
from ..facts import Facts
from .function_call import FunctionCall, Origins, Recorded, arrays, replace_arrays, shape_of
from .names import CONSTANT, TRANSPARENT, VALUES, own_arrays, plain_name
from .rules import facts, output_channel_axis, unchecked

# Modules of timm and torchvision that leave out the chain of a residual block, in training only.
_DROPPED_PATHS = frozenset(("DropPath", "StochasticDepth"))
# Properties that are arrays; all others (shape, dtype, device...) are of no interest.
_ARRAY_PROPERTIES = frozenset(("T", "mT", "H", "mH", "data", "real", "imag"))


class NeedsValues(BaseException):
    """A call works on zeros, but not on the meta device, which has no values.

    Not an Exception, so that a model that handles exceptions does not handle this one.
    """


@dataclass
class ModuleFrame:
    """A module that is running: what entered, and the index of the first operation inside it."""

    name: str
    module: Any
    values: list[Value]
    shapes: list[Shape]
    first: int
    entered: list[Any]


@dataclass
class Failure:
    """An exception and the operation that raised it; with PyTorch's message if PyTorch did."""

    error: Exception
    operation: Operation
    message: str = ""


class Recorder:
    """Follows the arrays that depend on a module's inputs, and records each call as an operation.

    `module`: A copy that may be changed: `forward` of all its modules is wrapped. `meta`: Whether
    parameters and inputs are on the meta device. What the model makes elsewhere is then moved there
    where it meets them. `keep`: Whether operations keep their calls, as their `source`.
    """

    def __init__(self, module: Any, inputs: Iterable[Any], meta: bool, keep: bool = False) -> None:
        from torch.nn import Parameter
        from torch.utils.weak import WeakTensorKeyDictionary

        self.used: set[int] = set()  # identities of parameters
        self.scripted: set[str] = set()  # names of scripted modules, whose parameters have none
        self.needs_values = ""  # which function does, and where
        self.inspected: set[int] = set()  # operations whose values were read
        self.failure: Failure | None = None
        self._operations: list[Operation] = []
        self._meta = meta
        self._keep = keep
        self._reflected = False
        names = (*module.named_parameters(), *module.named_buffers())
        self._origins = Origins(
            module, {id(array): name for name, array in names}, WeakTensorKeyDictionary()
        )
        self._parameter = Parameter
        self._values: Any = WeakTensorKeyDictionary()
        # Arrays that do not depend on the input: the parameters that each was made of, and sizes.
        self._constants: Any = WeakTensorKeyDictionary()
        self._channel_axes: Any = WeakTensorKeyDictionary()  # where they are not the second
        self._frames: list[ModuleFrame] = []
        for index, array in enumerate(inputs):
            self._values[array] = Value(-1, index)
        for name, part in module.named_modules():
            for array in arrays(vars(part)):
                self._constants[array] = {}
            self._wrap(name, part)

    def recording(self) -> AbstractContextManager[Any]:
        """Return the mode in which PyTorch reports every call."""
        from torch.overrides import TorchFunctionMode

        recorder = self

        class Recording(TorchFunctionMode):  # type: ignore[misc]
            def __torch_function__(
                self, func: Any, types: Any, args: Any = (), kwargs: Any = None
            ) -> Any:
                return recorder._call(func, args, kwargs or {})

        return Recording()

    def outputs(self, result: Any) -> tuple[Value, ...]:
        """Find the followed arrays in what the module returned, however deep they lie."""
        return tuple(self._values[a] for a in arrays(result) if a in self._values)

    def operations(self) -> tuple[Operation, ...]:
        """Return what was done, each under a name of its own: the second "relu" is "relu:2"."""
        counts: Counter[str] = Counter()
        named = []
        for operation in self._operations:
            name = operation.name
            counts[name] += 1
            unique = f"{name}:{counts[name]}" if counts[name] > 1 else name
            named.append(replace(operation, name=unique))
        return tuple(named)

    def end_with(self, failure: Failure) -> None:
        """Let the operation that failed be the last one."""
        self._operations.append(failure.operation)

    # --- modules ----------------------------------------------------------------------------

    def _wrap(self, name: str, module: Any) -> None:
        # What torch.compile returns keeps the module that it was given.
        forward: Callable[..., Any] = getattr(module, "_orig_mod", module.forward)

        @functools.wraps(forward)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            flowing = [a for a in arrays((args, kwargs)) if self._value_of(a) is not None]
            frame = ModuleFrame(
                name,
                module,
                [self._values[array] for array in flowing],
                [shape_of(array) for array in flowing],
                len(self._operations),
                flowing,
            )
            self._frames.append(frame)
            try:
                result = forward(*args, **kwargs)
                self._leave(frame, list(arrays(result)))
            except Exception as error:
                self._fail(frame, error)
                raise
            finally:
                self._frames.pop()
            return result

        vars(module)["forward"] = wrapped  # which a scripted module lets nobody set

    def _leave(self, frame: ModuleFrame, outputs: list[Any]) -> None:
        """Give a layer of PyTorch's own its name, or make one unknown operation of it."""
        inside = self._operations[frame.first :]
        kind = type(frame.module).__name__
        if _is_scripted(frame.module):
            del self._operations[frame.first :]
            parameters = 0
            if frame.name not in self.scripted:
                self.scripted.add(frame.name)
                parameters = sum(parameter.numel() for parameter in frame.module.parameters())
            self._add_unknown(frame, outputs, parameters)
        elif self._keep and not inside and kind in _DROPPED_PATHS:
            p = getattr(frame.module, "drop_prob", getattr(frame.module, "p", None))
            known = Facts("DropPath", "pointwise", {"p": float(p or 0)})
            self._add(_of_module(frame, frame.name, known, outputs), outputs)
        elif not _is_layer(frame.module):
            if any(self._is_untracked(array) for array in outputs):
                self._add_unknown(frame, outputs)
        elif not inside and frame.values and outputs:
            self._add(_of_module(frame, frame.name, Facts(kind, "pointwise"), outputs), outputs)
        elif any(operation.role == "unknown" for operation in inside):
            del self._operations[frame.first :]
            for array in frame.entered:  # and were changed in place by what is no longer there
                if self._values[array].operation >= frame.first:
                    self._values[array] = Value(frame.first)
            self._add_unknown(frame, outputs, sum(operation.parameters for operation in inside))
        elif len(inside) == 1:
            self._operations[-1] = replace(inside[0], name=frame.name, kind=kind)

    def _add_unknown(self, frame: ModuleFrame, outputs: list[Any], parameters: int = 0) -> None:
        """Let a module make these arrays, nobody knows how."""
        self._add(_unknown(frame, outputs, parameters), outputs)

    def _fail(self, frame: ModuleFrame, error: Exception) -> None:
        """Attribute a failure to the innermost module, or to the call in it that failed."""
        kind = type(frame.module).__name__
        failure = self.failure
        if failure is None or failure.error not in causes(error):
            self.failure = Failure(error, _unknown(frame, []))
        elif self._frames[-1] is frame and _is_layer(frame.module):
            first = len(self._operations) == frame.first
            if first or failure.operation.role == "unknown":
                failure.operation = replace(failure.operation, name=frame.name, kind=kind)

    # --- calls ------------------------------------------------------------------------------

    def _call(self, func: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """Run one call, and record it if it takes anything that flows through the model."""
        name = plain_name(func)
        self._reflected = str(getattr(func, "__name__", "")).startswith(("__r", "rsub"))
        if getattr(func, "__name__", "") == "__get__" and name not in _ARRAY_PROPERTIES:
            return func(*args, **kwargs)
        met = list(arrays((args, kwargs)))
        flowing = [array for array in met if self._value_of(array) is not None]
        axis = self._channel_axes.get(flowing[0], 1) if flowing else 1
        shapes = tuple(shape_of(array) for array in flowing)
        call = FunctionCall(name, args, kwargs, shapes, channel_axis=axis)
        moved = self._moved_to_meta((args, kwargs), met)
        try:
            if self._meta and unchecked(call):
                _on_zeros(func, args, kwargs)
            result = func(*moved[0], **moved[1])
        except RecursionError:
            raise
        except Exception as error:
            message = self._message(func, args, kwargs, error)
            if flowing:
                failed = self._of_call(call, facts(call), flowing, met)
                self.failure = Failure(error, failed, message)
            raise
        outputs = [args[0]] if name == "setitem" else list(arrays(result))
        for copy, original in zip(arrays(moved), met, strict=True):
            # Changed in place, and given back.
            outputs = [original if array is copy else array for array in outputs]
        if name in VALUES and not outputs:
            self.inspected |= {self._values[array].operation for array in flowing}
        elif not flowing or name in CONSTANT or (name in TRANSPARENT and flowing[0] is not met[0]):
            for index, array in enumerate(outputs):
                self._constants[array] = self._parameters_of(met)
                if self._keep and all(array is not one for one in met):
                    made = func, args, kwargs, index, name in CONSTANT
                    self._origins.computed[array] = made
        elif name in TRANSPARENT:
            for array in outputs:
                self._values[array], self._channel_axes[array] = self._values[met[0]], axis
        elif outputs:
            call = replace(call, outputs=tuple(shape_of(array) for array in outputs))
            known = facts(call)
            self._add(self._of_call(call, known, flowing, met), outputs)
            for array in outputs:
                self._channel_axes[array] = output_channel_axis(call, known)
        return result

    def _of_call(
        self, call: FunctionCall, known: Facts, flowing: list[Any], met: list[Any]
    ) -> Operation:
        name, kind = self._name(call.name, known.kind)
        values = [self._values[array] for array in flowing]
        parameters = self._parameters_of(met)
        new = sum(size for key, size in parameters.items() if key not in self.used)
        self.used |= parameters.keys()
        known = replace(known, kind=kind)
        weights = self._weights(kind)
        operation = known.operation(name, values, call.inputs, call.outputs, new, weights)
        if not self._keep:
            return operation
        ids = frozenset(map(id, flowing))
        return replace(operation, source=Recorded(call, self._origins, ids, self._reflected))

    def _name(self, function: str, kind: str) -> tuple[str, str]:
        """Name a call after the layer that it carries out, or after the module that it is in."""
        if not self._frames:
            return function, kind
        frame = self._frames[-1]
        if self._runs_layer(kind):
            return frame.name or function, kind
        return f"{frame.name}.{function}" if frame.name else function, kind

    def _runs_layer(self, kind: str) -> bool:
        """Whether the module that runs is PyTorch's layer of this kind."""
        from torch import nn

        layer = getattr(nn, kind, None)
        return isinstance(layer, type) and isinstance(self._frames[-1].module, layer)

    def _weights(self, kind: str) -> dict[str, str]:
        """Name the layer's own arrays as in the state dict of the whole module."""
        if not self._frames or not self._runs_layer(kind):
            return {}
        frame = self._frames[-1]
        prefix = f"{frame.name}." if frame.name else ""
        return {name: f"{prefix}{name}" for name in own_arrays(frame.module)}

    def _add(self, operation: Operation, outputs: list[Any]) -> None:
        for index, array in enumerate(outputs):
            self._values[array] = Value(len(self._operations), index)
        self._operations.append(operation)

    def _value_of(self, array: Any) -> Value | None:
        """Return the value of an array that depends on the input; None of all others.

        An array of unknown origin may depend on it: on the meta device, all that has no values; on
        the CPU, what came by way of NumPy, say.
        """
        if array.is_meta == self._meta and self._frames and self._is_untracked(array):
            self._add_unknown(self._frames[-1], [array])
        value: Value | None = self._values.get(array)
        return value

    def _is_untracked(self, array: Any) -> bool:
        """Whether no recorded call made an array, as in a scripted function."""
        tracked = array in self._values or array in self._constants
        return not tracked and not isinstance(array, self._parameter)

    def _parameters_of(self, met: Iterable[Any]) -> dict[int, int]:
        """Return the parameters that these arrays are or were made of, each with its size."""
        from torch.nn.parameter import is_lazy

        sizes: dict[int, int] = {}
        for array in met:
            if isinstance(array, self._parameter):
                sizes[id(array)] = 0 if is_lazy(array) else array.numel()
            else:
                sizes |= self._constants.get(array, {})
        return sizes

    def _moved_to_meta(self, arguments: Any, met: list[Any]) -> Any:
        """Move to the meta device what is not there, if anything is."""
        if not self._meta or len({array.is_meta for array in met}) < 2:
            return arguments
        import torch

        return replace_arrays(
            arguments, lambda a: a if a.is_meta else torch.empty_like(a, device="meta")
        )

    def _message(self, func: Any, args: Any, kwargs: Any, error: Exception) -> str:
        """Return PyTorch's message for a call that failed, as it is for arrays with values.

        Raises NeedsValues: It works on zeros.
        """
        if not self._meta:
            return str(error)
        try:
            _on_zeros(func, args, kwargs)
        except Exception as other:
            return str(other)
        module = (self._frames[-1].name if self._frames else "") or "forward"
        self.needs_values = f"{plain_name(func)} in {module}"
        raise NeedsValues from None


def _on_zeros(func: Any, args: Any, kwargs: Any) -> None:
    """Make a call on the CPU, with zeros for what has no values."""
    import torch

    def zeros(array: Any) -> Any:
        if array.is_meta:
            return torch.zeros(array.shape, dtype=array.dtype)
        return array.detach().clone()

    args, kwargs = replace_arrays((args, kwargs), zeros)
    func(*args, **kwargs)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Iterate from an exception to those that it was raised because of."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        yield cause
        cause = cause.__cause__ or cause.__context__


def _of_module(
    frame: ModuleFrame, name: str, known: Facts, outputs: list[Any], parameters: int = 0
) -> Operation:
    shapes = [shape_of(array) for array in outputs]
    return known.operation(name, frame.values, frame.shapes, shapes, parameters)


def _unknown(frame: ModuleFrame, outputs: list[Any], parameters: int = 0) -> Operation:
    known = Facts(type(frame.module).__name__, "unknown", multiply_adds=None)
    return _of_module(frame, frame.name or "forward", known, outputs, parameters)


def _is_layer(module: Any) -> bool:
    """Whether a module is a layer of PyTorch's own, which is one operation."""
    from torch import nn

    own = type(module).__module__.startswith("torch.nn.")
    if isinstance(module, nn.MultiheadAttention):
        return own
    return own and not isinstance(module, nn.Sequential) and not any(module.children())


def _is_scripted(module: Any) -> bool:
    """Whether a module runs inside TorchScript, where no call can be recorded."""
    from torch.jit import ScriptModule

    return isinstance(module, ScriptModule)
