"""Records what a PyTorch module does while it runs: every function call on what flows through.

Modules only give names; functions are what is recorded, so that ``x + y`` and ``torch.cat`` are
recorded as well as layers. Arrays are followed by identity.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from ...graph import Operation, Value
from ..facts import Facts
from . import devices
from .aliases import Aliases, Write, versions
from .errors import NeedsValues, causes
from .frames import (
    Failure,
    ModuleFrame,
    is_layer,
    is_scripted,
    named_in,
    of_module,
    reporting,
    uniquely_named,
    unknown,
    weights_in,
)
from .function_call import FunctionCall, Origins, Recorded, arrays, replace_bounds, shape_of
from .functions.rules import facts, output_channel_axis, unchecked
from .keeping import Kept, arrays_kept_in
from .names import CONSTANT, TRANSPARENT, VALUES, plain_name
from .values import Values

# Modules of timm and torchvision that leave out the chain of a residual block, in training only.
_DROPPED_PATHS = frozenset(("DropPath", "StochasticDepth"))
# Properties that are arrays; all others (shape, dtype, device...) are of no interest.
_ARRAY_PROPERTIES = frozenset(("T", "mT", "H", "mH", "data", "real", "imag"))
# What says where an array lies; asked by `Aliases`, too.
_OF_MEMORY = frozenset(("element_size", "storage_offset", "stride", "untyped_storage"))


class Recorder:
    """Follows the arrays that depend on a module's inputs, and records each call as an operation.

    `module`: A copy that may be changed: `forward` of all its modules is wrapped. `originals`: The
    arrays that it was copied of, by the identities of the copies, if these and `inputs` are on the
    meta device; None if they have values. What the model makes elsewhere is moved there where it
    meets them. `keep`: Whether operations keep their calls, as their `source`.
    """

    def __init__(
        self,
        module: Any,
        inputs: Sequence[Any],
        originals: Mapping[int, Any] | None,
        keep: bool = False,
    ) -> None:
        from torch.nn import Parameter
        from torch.utils.weak import WeakTensorKeyDictionary

        self.used: set[int] = set()  # identities of parameters
        self.met: set[int] = set()  # and of those in calls that do not depend on the input
        self.scripted: set[str] = set()  # names of scripted modules, whose parameters have none
        self.needs_values = ""  # which function does, and where: the first
        self.inspected: set[int] = set()  # operations whose values were read
        self.measured: set[Value] = set()  # arrays whose shape was
        self.kept = Kept()
        self.failure: Failure | None = None
        self._operations: list[Operation] = []
        self._meta = originals is not None
        self.made = Values(originals or {})  # of use on the meta device
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
        self._aliases = Aliases()
        self._frames: list[ModuleFrame] = []
        for index, array in enumerate(inputs):
            self._values[array] = Value(-1, index)
            self.made.be_zeros(array)
        for name, part in module.named_modules():
            for array in arrays(vars(part)):
                self._constants[array] = {}
            self._wrap(name, part)

    def recording(self) -> AbstractContextManager[Any]:
        """Return the mode in which PyTorch reports every call."""
        return reporting(self._call)

    def outputs(self, result: Any) -> tuple[Value, ...]:
        """Find the followed arrays in what the module returned, however deep they lie."""
        values = [self._value_of(array) for array in arrays(result)]
        # Then those in objects, such as a cache of keys and values for the next word.
        inside = dict.fromkeys(map(self._value_of, arrays_kept_in(result)))
        values += [value for value in inside if value not in values]
        return tuple(value for value in values if value is not None)

    def remembered(self, module: Any) -> set[Value]:
        """Find the followed arrays that the parts of a module hold after they ran."""
        held = [array for part in module.modules() for array in arrays_kept_in(vars(part), 1)]
        return set(filter(None, map(self._value_of, held)))

    def operations(self) -> tuple[Operation, ...]:
        """Return what was done, each under a name of its own: the second "relu" is "relu:2"."""
        return uniquely_named(self._operations)

    def end_with(self, failure: Failure) -> None:
        """Let the operation that failed be the last one."""
        self._operations.append(failure.operation)

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
                if not is_layer(module):
                    self.kept.returned(filter(None, map(self._values.get, arrays(result))))
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
        if is_scripted(frame.module):
            self._drop(frame.first)
            parameters = 0
            if frame.name not in self.scripted:
                self.scripted.add(frame.name)
                parameters = sum(parameter.numel() for parameter in frame.module.parameters())
            self._add_unknown(frame, outputs, parameters)
        elif self._keep and not inside and kind in _DROPPED_PATHS:
            p = getattr(frame.module, "drop_prob", getattr(frame.module, "p", None))
            known = Facts("DropPath", "pointwise", {"p": float(p or 0)})
            self._add(of_module(frame, frame.name, known, outputs), outputs)
        elif not is_layer(frame.module):
            if any(self._is_untracked(array) for array in outputs):
                self._add_unknown(frame, outputs)
        elif not inside and frame.values and outputs:
            self._add(of_module(frame, frame.name, Facts(kind, "pointwise"), outputs), outputs)
        elif any(operation.role == "unknown" for operation in inside):
            self._drop(frame.first)
            for array in frame.entered:  # and were changed in place by what is no longer there
                if self._values[array].operation >= frame.first:
                    self._values[array] = Value(frame.first)
            self._add_unknown(frame, outputs, sum(operation.parameters for operation in inside))
        elif len(inside) == 1:
            self._operations[-1] = replace(inside[0], name=frame.name, kind=kind)

    def _add_unknown(self, frame: ModuleFrame, outputs: list[Any], parameters: int = 0) -> None:
        """Let a module make these arrays, nobody knows how: of all that it has and did not use."""
        inside = self._operations[frame.first :]
        taken = {value for operation in inside for value in operation.inputs}
        loose = {
            Value(index, output): shape
            for index, operation in enumerate(inside, frame.first)
            for output, shape in enumerate(operation.output_shapes)
            if Value(index, output) not in taken
        }
        whole = unknown(frame, outputs, parameters)
        inputs = (*whole.inputs, *loose)
        shapes = (*whole.input_shapes, *loose.values())
        self._add(replace(whole, inputs=inputs, input_shapes=shapes), outputs)

    def _drop(self, first: int) -> None:
        """Forget the operations from one on, in whose place one is put."""
        del self._operations[first:]
        self._aliases.replace(first)
        self.measured = {value for value in self.measured if value.operation < first}
        self.kept.drop(first)

    def _fail(self, frame: ModuleFrame, error: Exception) -> None:
        """Attribute a failure to the innermost module, or to the call in it that failed."""
        kind = type(frame.module).__name__
        failure = self.failure
        if failure is None or failure.error not in causes(error):
            self.failure = Failure(error, unknown(frame, []))
        elif self._frames[-1] is frame and is_layer(frame.module):
            first = len(self._operations) == frame.first
            if first or failure.operation.role == "unknown":
                failure.operation = replace(failure.operation, name=frame.name, kind=kind)

    def _call(self, func: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:
        """Run one call, and record it if it takes anything that flows through the model."""
        self.kept.look()
        name = plain_name(func)
        short = str(getattr(func, "__name__", ""))
        self._reflected = short.startswith(("__r", "rsub"))
        self._measure(name, args)
        if self.needs_values and short == "__get__" and devices.asked_device(name) is not None:
            return devices.asked_device(name)  # as the values are
        if short in _OF_MEMORY or (short == "__get__" and name not in _ARRAY_PROPERTIES):
            return func(*args, **kwargs)
        if short == "__set__" and len(args) == 2 and len(list(arrays(args))) == 2:
            return self._exchange(func, *args)
        if self._meta and name in ("getitem", "setitem", "pad") and len(args) > 1:
            number = type(args[0]).__index__
            index = replace_bounds(args[1], lambda end: self._call(number, (end,), {}), name)
            args = (args[0], index, *args[2:])
        met = list(arrays((args, kwargs)))
        if self.needs_values and any(array.is_meta for array in met):
            args, kwargs = devices.stays_on_meta((args, kwargs))
        flowing = [array for array in met if self._value_of(array)]
        axis = self._channel_axes.get(flowing[0], 1) if flowing else 1
        shapes = tuple(shape_of(array) for array in flowing)
        call = FunctionCall(name, args, kwargs, shapes, channel_axis=axis)
        moved = (
            devices.moved_to_meta((args, kwargs), met, flowing) if self._meta else (args, kwargs)
        )
        copies = list(arrays(moved))
        before = versions(copies)
        try:
            if self._meta and unchecked(call):
                devices.on_zeros(func, args, kwargs)
            result = devices.on_meta(func, call, moved) if self._meta else func(*args, **kwargs)
        except RecursionError:
            raise
        except Exception as error:
            message = devices.message_on_zeros(func, args, kwargs) if self._meta else str(error)
            if message is not None:
                if flowing:
                    failed = self._of_call(call, facts(call), flowing, met)
                    self.failure = Failure(error, failed, message)
                raise
            result = self._with_values(name, func, (args, kwargs))
        result = devices.given_back(result, copies, met)
        outputs = [args[0]] if name == "setitem" else list(arrays(result))
        changed = [
            array
            for array, old, new in zip(met, before, versions(copies), strict=True)
            if old != new and any(array is output for output in outputs)
        ]
        if self._meta:
            self.made.record(name, func, (args, kwargs), before, copies, list(arrays(result)))
        if name in VALUES and not outputs:
            self.inspected |= {self._values[array].operation for array in flowing}
        elif not flowing or name in CONSTANT or (name in TRANSPARENT and flowing[0] is not met[0]):
            parameters = self._parameters_of(met)
            self.met |= parameters.keys()
            for index, array in enumerate(outputs):
                self._constants[array] = parameters
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
                self.kept.made(name, self._frames, array, self._values[array])
        self._aliases.link(copies, met, outputs)
        for array in outputs:
            self._aliases.see(array)
        for array in changed:
            self._origins.computed.pop(array, None)
            self._aliases.write(array, self._values.get(array), self._constants.get(array, {}))
        return result

    def _measure(self, name: str, args: Any) -> None:
        """Note that the model's own code asks for the shape of an array."""
        if name in ("shape", "size") and self._frames and not is_layer(self._frames[-1].module):
            value = self._values.get(args[0])
            if value is not None:
                self.measured.add(value)

    def _exchange(self, func: Any, array: Any, other: Any) -> Any:
        """Let an array be another one, as ``array.data = other`` does."""
        value = self._value_of(other)
        if array.is_meta == other.is_meta:
            func(array, other)
            self.made.exchange(array, other)
        elif array.shape != other.shape:
            array.resize_(other.shape)
        if value is not None:
            self._values[array] = value
            self._channel_axes[array] = self._channel_axes.get(other, 1)
        elif array in self._values:
            del self._values[array]
        if value is None:
            self._constants[array] = self._parameters_of([other])
        self._aliases.see(array)

    def _of_call(
        self, call: FunctionCall, known: Facts, flowing: list[Any], met: list[Any]
    ) -> Operation:
        name, kind = named_in(self._frames, call.name, known.kind)
        values = [self._values[array] for array in flowing]
        parameters = self._parameters_of(met)
        new = sum(size for key, size in parameters.items() if key not in self.used)
        self.used |= parameters.keys()
        known = replace(known, kind=kind)
        weights = weights_in(self._frames, kind)
        operation = known.operation(name, values, call.inputs, call.outputs, new, weights)
        if not self._keep:
            return operation
        ids = frozenset(map(id, flowing))
        return replace(operation, source=Recorded(call, self._origins, ids, self._reflected))

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
        writes = self._aliases.unseen(array)
        if writes:
            self._take_account(array, writes)
        value: Value | None = self._values.get(array)
        return value

    def _take_account(self, array: Any, writes: Sequence[Write]) -> None:
        """Let an array be made, too, of what was written to its memory by way of others."""
        self._aliases.see(array)
        entering = {write.value: write.shape for write in writes if write.value is not None}
        self._origins.computed.pop(array, None)
        if not entering:
            made = self._constants.get(array, {})
            for write in writes:
                made = {**made, **write.parameters}
            if array not in self._values:
                self._constants[array] = made
            return
        if array in self._values:
            entering = {self._values[array]: shape_of(array), **entering}
        reason = "part of it was written through a view"
        known = Facts("CopySlices", "unknown", reason=reason)
        name, kind = named_in(self._frames, "copy_slices", known.kind)
        known, shapes = replace(known, kind=kind), [shape_of(array)]
        self._add(known.operation(name, entering, entering.values(), shapes), [array])

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

    def _with_values(self, name: str, func: Any, arguments: Any) -> Any:
        """Make a call that needs values. Raises NeedsValues where it cannot have them."""
        module = (self._frames[-1].name if self._frames else "") or "forward"
        self.needs_values = self.needs_values or f"{name} in {module}"
        try:
            return self.made.call(name, func, arguments)
        except RecursionError:
            raise
        except Exception:
            raise NeedsValues from None
