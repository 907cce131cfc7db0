"""Writes down what a PyTorch module does while it runs: every function call on what flows through.

Modules only give names; functions are what is recorded, so that ``x + y`` and ``torch.cat`` are
seen as well as layers. Arrays are followed by identity.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from fencepost.graph import Operation, Shape, Value
from fencepost.interchange.torch.calls import Call, Facts, arrays, replaced, shape_of
from fencepost.interchange.torch.names import CONSTANT, TRANSPARENT, VALUES, plain_name
from fencepost.interchange.torch.rules import channels, facts, unchecked

# Properties that are arrays; all others (shape, dtype, device...) are not worth a look.
_ARRAY_PROPERTIES = frozenset(("T", "mT", "H", "mH", "data", "real", "imag"))


class LooksAtValues(BaseException):
    """A call works on zeros, but not on the meta device, which has no values.

    Not an Exception, so that a model that handles exceptions does not handle this one.
    """


@dataclass
class Frame:
    """A module that is running: what entered, and the place of the first operation inside it."""

    name: str
    module: Any
    values: list[Value]
    shapes: list[Shape]
    first: int
    entered: list[Any]


@dataclass
class Failure:
    """An exception and the operation in which it arose; in PyTorch's words if it arose there."""

    error: Exception
    operation: Operation
    words: str = ""


class Recorder:
    """Follows the arrays that depend on a module's inputs, and makes an operation of each call.

    Parameters
    ----------
    module : torch.nn.Module
        A copy that may be changed: `forward` of all its modules is wrapped.
    inputs : sequence of Tensor
    meta : bool
        Whether parameters and inputs are on the meta device. What the model makes elsewhere is
        then moved there where it meets them.
    """

    def __init__(self, module: Any, inputs: Iterable[Any], meta: bool) -> None:
        from torch.nn import Parameter
        from torch.utils.weak import WeakTensorKeyDictionary

        self.used: set[int] = set()  # identities of parameters
        self.scripted: set[str] = set()  # names of scripted modules, whose parameters have none
        self.looked: str = ""  # at values, and where
        self.glances: set[int] = set()  # operations whose values were looked at
        self.failure: Failure | None = None
        self._operations: list[Operation] = []
        self._meta = meta
        self._parameter = Parameter
        self._values: Any = WeakTensorKeyDictionary()
        # Arrays that do not depend on the input: the parameters that each was made of, and sizes.
        self._fixed: Any = WeakTensorKeyDictionary()
        self._channels: Any = WeakTensorKeyDictionary()  # axes, where they are not the second
        self._frames: list[Frame] = []
        for place, one in enumerate(inputs):
            self._values[one] = Value(-1, place)
        for name, part in module.named_modules():
            for one in arrays(vars(part)):
                self._fixed[one] = {}
            self._wrap(name, part)

    def listening(self) -> AbstractContextManager[Any]:
        """Return the mode in which PyTorch tells of every call."""
        from torch.overrides import TorchFunctionMode

        recorder = self

        class Listening(TorchFunctionMode):  # type: ignore[misc]
            def __torch_function__(
                self, func: Any, types: Any, args: Any = (), kwargs: Any = None
            ) -> Any:
                return recorder._call(func, args, kwargs or {})

        return Listening()

    def outputs(self, result: Any) -> tuple[Value, ...]:
        """Find the followed arrays in what the module returned, however deep they lie."""
        return tuple(self._values[one] for one in arrays(result) if one in self._values)

    def operations(self) -> tuple[Operation, ...]:
        """Return what was done, each under a name of its own: the second "relu" is "relu:2"."""
        count: Counter[str] = Counter()
        found = []
        for one in self._operations:
            count[one.name] += 1
            times = count[one.name]
            found.append(one if times == 1 else replace(one, name=f"{one.name}:{times}"))
        return tuple(found)

    def end_with(self, failure: Failure) -> None:
        """Let the operation that failed be the last one."""
        self._operations.append(failure.operation)

    # --- modules ----------------------------------------------------------------------------

    def _wrap(self, name: str, module: Any) -> None:
        # What torch.compile returns keeps the module that it was given.
        forward: Callable[..., Any] = getattr(module, "_orig_mod", module.forward)

        @functools.wraps(forward)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            met = list(arrays((args, kwargs)))
            flowing = [one for one in met if self._value_of(one) is not None]
            frame = Frame(
                name,
                module,
                [self._values[one] for one in flowing],
                [shape_of(one) for one in flowing],
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

    def _leave(self, frame: Frame, outputs: list[Any]) -> None:
        """Give a layer of PyTorch's own its name, or make one unknown operation of it."""
        inside = self._operations[frame.first :]
        kind = type(frame.module).__name__
        if _is_scripted(frame.module):
            del self._operations[frame.first :]
            fresh = frame.name not in self.scripted
            self.scripted.add(frame.name)
            sizes = [one.numel() for one in frame.module.parameters()] if fresh else []
            self._add_unknown(frame, outputs, sum(sizes))
        elif not _is_layer(frame.module):
            if any(self._is_stray(one) for one in outputs):
                self._add_unknown(frame, outputs)
        elif not inside and frame.values and outputs:
            self._add(self._made(frame.name, Facts(kind, "pointwise"), frame, outputs), outputs)
        elif any(one.role == "unknown" for one in inside):
            del self._operations[frame.first :]
            for one in frame.entered:  # and were changed in place by what is no longer there
                if self._values[one].operation >= frame.first:
                    self._values[one] = Value(frame.first)
            self._add_unknown(frame, outputs, sum(one.parameters for one in inside))
        elif len(inside) == 1:
            self._operations[-1] = replace(inside[0], name=frame.name, kind=kind)

    def _add_unknown(self, frame: Frame, outputs: list[Any], parameters: int = 0) -> None:
        """Let a module make these arrays, nobody knows how."""
        unknown = Facts(type(frame.module).__name__, "unknown", multiply_adds=None)
        made = self._made(frame.name or "forward", unknown, frame, outputs)
        self._add(replace(made, parameters=parameters), outputs)

    def _made(self, name: str, known: Facts, frame: Frame, outputs: list[Any]) -> Operation:
        shapes = tuple(shape_of(one) for one in outputs)
        return _operation(name, known, frame.values, frame.shapes, shapes)

    def _fail(self, frame: Frame, error: Exception) -> None:
        """Blame the innermost module, or the call in it that failed."""
        kind = type(frame.module).__name__
        failure = self.failure
        if failure is None or failure.error not in causes(error):
            unknown = Facts(kind, "unknown", multiply_adds=None)
            blamed = self._made(frame.name or "forward", unknown, frame, [])
            self.failure = Failure(error, blamed)
        elif self._frames[-1] is frame and _is_layer(frame.module):
            first = len(self._operations) == frame.first
            if first or failure.operation.role == "unknown":
                failure.operation = replace(failure.operation, name=frame.name, kind=kind)

    # --- calls ------------------------------------------------------------------------------

    def _call(self, func: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """Run one call, and write it down if it takes anything that flows through the model."""
        name = plain_name(func)
        if getattr(func, "__name__", "") == "__get__" and name not in _ARRAY_PROPERTIES:
            return func(*args, **kwargs)
        met = list(arrays((args, kwargs)))
        flowing = [one for one in met if self._value_of(one) is not None]
        axis = self._channels.get(flowing[0], 1) if flowing else 1
        shapes = tuple(shape_of(one) for one in flowing)
        call = Call(name, args, kwargs, shapes, channels=axis)
        given_args, given_kwargs = self._gathered(args, kwargs, met)
        try:
            if self._meta and unchecked(call):
                _on_zeros(func, args, kwargs)
            result = func(*given_args, **given_kwargs)
        except RecursionError:
            raise
        except Exception as error:
            words = self._words(func, args, kwargs, error)
            if flowing:
                blamed = self._described(call, facts(call), flowing, met)
                self.failure = Failure(error, blamed, words)
            raise
        outputs = [args[0]] if name == "setitem" else list(arrays(result))
        for twin, original in zip(arrays((given_args, given_kwargs)), met, strict=True):
            # Changed in place, and given back.
            outputs = [original if one is twin else one for one in outputs]
        if name in VALUES and not outputs:
            self.glances |= {self._values[one].operation for one in flowing}
        elif not flowing or name in CONSTANT or (name in TRANSPARENT and flowing[0] is not met[0]):
            for one in outputs:
                self._fixed[one] = self._made_of(met)
        elif name in TRANSPARENT:
            for one in outputs:
                self._values[one], self._channels[one] = self._values[met[0]], axis
        elif outputs:
            call = replace(call, outputs=tuple(shape_of(one) for one in outputs))
            known = facts(call)
            self._add(self._described(call, known, flowing, met), outputs)
            for one in outputs:
                self._channels[one] = channels(call, known)
        return result

    def _described(self, call: Call, known: Facts, flowing: list[Any], met: list[Any]) -> Operation:
        name, kind = self._name(call.name, known.kind)
        values = [self._values[one] for one in flowing]
        made = _operation(name, replace(known, kind=kind), values, call.inputs, call.outputs)
        return replace(made, parameters=self._new(self._made_of(met)))

    def _name(self, function: str, kind: str) -> tuple[str, str]:
        """Name a call after the layer that it carries out, or after the module that it is in."""
        from torch import nn

        if not self._frames:
            return function, kind
        frame = self._frames[-1]
        layer = getattr(nn, kind, None)
        if isinstance(layer, type) and isinstance(frame.module, layer):
            return frame.name or function, kind
        return f"{frame.name}.{function}" if frame.name else function, kind

    @property
    def _place(self) -> str:
        return (self._frames[-1].name if self._frames else "") or "forward"

    def _add(self, operation: Operation, outputs: list[Any]) -> None:
        for place, one in enumerate(outputs):
            self._values[one] = Value(len(self._operations), place)
        self._operations.append(operation)

    def _value_of(self, array: Any) -> Value | None:
        """Where an array that depends on the input comes from; None of all others.

        What nobody saw made may depend on it: on the meta device, all that has no values; on the
        CPU, what came by way of NumPy, say.
        """
        if array.is_meta == self._meta and self._frames and self._is_stray(array):
            self._add_unknown(self._frames[-1], [array])
        found: Value | None = self._values.get(array)
        return found

    def _is_stray(self, array: Any) -> bool:
        """Tell whether nobody saw how an array was made, as in a scripted function."""
        seen = array in self._values or array in self._fixed
        return not seen and not isinstance(array, self._parameter)

    def _made_of(self, met: Iterable[Any]) -> dict[int, int]:
        """Which parameters these arrays are or were made of, and how many numbers each has."""
        from torch.nn.parameter import is_lazy

        found: dict[int, int] = {}
        for one in met:
            if isinstance(one, self._parameter):
                found[id(one)] = 0 if is_lazy(one) else one.numel()
            else:
                found |= self._fixed.get(one, {})
        return found

    def _new(self, parameters: Mapping[int, int]) -> int:
        """Count the numbers of those that no operation has used before."""
        fresh = sum(size for one, size in parameters.items() if one not in self.used)
        self.used |= parameters.keys()
        return fresh

    def _gathered(self, args: Any, kwargs: Any, met: list[Any]) -> tuple[Any, Any]:
        """Move to the meta device what is not there, if anything is."""
        if not self._meta or len({one.is_meta for one in met}) < 2:
            return args, kwargs
        import torch

        return replaced(  # type: ignore[no-any-return]
            (args, kwargs),
            lambda one: one if one.is_meta else torch.empty_like(one, device="meta"),
        )

    def _words(self, func: Any, args: Any, kwargs: Any, error: Exception) -> str:
        """Say why a call failed as PyTorch says it of arrays with values.

        Raises
        ------
        LooksAtValues
            It works on zeros.
        """
        if not self._meta:
            return str(error)
        try:
            _on_zeros(func, args, kwargs)
        except Exception as other:
            return str(other)
        self.looked = f"{plain_name(func)} in {self._place}"
        raise LooksAtValues from None


def _on_zeros(func: Any, args: Any, kwargs: Any) -> None:
    """Make a call on the CPU, with zeros for what has no values."""
    import torch

    def zeros(one: Any) -> Any:
        return torch.zeros(one.shape, dtype=one.dtype) if one.is_meta else one.detach().clone()

    args, kwargs = replaced((args, kwargs), zeros)
    func(*args, **kwargs)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Go from an exception to those that it was raised because of."""
    seen: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in seen:
        seen.append(one)
        yield one
        one = one.__cause__ or one.__context__


def _operation(
    name: str, known: Facts, values: Iterable[Value], ins: Iterable[Shape], outs: tuple[Shape, ...]
) -> Operation:
    return Operation(
        name,
        known.kind,
        known.role,
        tuple(values),
        tuple(ins),
        outs,
        known.windows,
        known.arguments,
        known.weight_shape,
        multiply_adds=known.multiply_adds,
    )


def _is_layer(module: Any) -> bool:
    """Tell PyTorch's own layers, which are one operation, from what is made of layers."""
    from torch import nn

    own = type(module).__module__.startswith("torch.nn.")
    if isinstance(module, nn.MultiheadAttention):
        return own
    return own and not isinstance(module, nn.Sequential) and not any(module.children())


def _is_scripted(module: Any) -> bool:
    """Tell what runs inside TorchScript, where nobody can listen."""
    from torch.jit import ScriptModule

    return isinstance(module, ScriptModule)
