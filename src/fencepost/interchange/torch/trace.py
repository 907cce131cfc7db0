"""Reads a PyTorch module: runs a copy of it without values, and records what it does.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ...arguments import choice
from ...errors import ArgumentError
from ...graph import Graph, Operation, Value
from .copying import copy_module
from .errors import NeedsValues, TooMuchWork, causes, format_exception, one_line
from .factory import describe_type, import_torch
from .inputs import ModuleInputs, module_inputs

if TYPE_CHECKING:
    import torch

    from .recorder import Recorder

#: Types of an input; "" is the type of the parameters, float32 as a rule.
DTYPES = ("", "float16", "bfloat16", "float32", "float64", "uint8", "int32", "int64", "bool")
# Roles of operations that only move elements, if they have a rule; and what makes a hash.
_MOVING = ("reshape", "pad", "unknown")
_COUNTING = ("Add", "Mul", "Sub", "Mod", "Remainder")
_WEIGHTLESS = (
    " (with weights of zero in its convolutions and linear layers, which would compute for long)"
)


def read_module(
    module: torch.nn.Module,
    input_shapes: Sequence[Sequence[int]] | Mapping[str, Sequence[int]],
    source: str = "",
    dtypes: Sequence[str] = (),
    *,
    keep: bool = False,
) -> Graph:
    """Read a PyTorch module by running a copy of it, in eval mode, on inputs without values.

    The copy has its parameters on PyTorch's meta device, so that no memory is taken and nothing
    but sizes is computed. Values that a module asks for (``x.item()``, ``if x.sum() > 0``) are
    computed on the CPU, with its own parameters and inputs of zeros, and `Graph.unknown` says so;
    if that takes more than ten billion multiply-adds, the weights of convolutions and linear layers
    are zeros, too. Where values cannot be followed, the module runs on the CPU. It is left as it
    is.

    `module`: Called with one array for each of `input_shapes`. `input_shapes`: Without the batch,
    as everywhere in fencepost: ``(3, 224, 224)``; in the order of forward, or by its names, which
    may leave out what has a default. The batch is 1. `source`: What to call the model;
    the name of its class if empty. `dtypes`: One of `DTYPES` for each input; none at all: as the
    parameters, float32 as a rule, but int64 for the input of an embedding. `keep`: Whether the
    `source` of each operation is the call that it was, a `Recorded`.

    Returns Graph: If the module fails, its last operation is the one that failed, with the sizes of
    its inputs and no output, and `failure` says why.

    Raises ArgumentError: PyTorch is not installed; `module` is not a module; a shape or dtype is
    none; the module takes another number of inputs. Raises DataError: The module cannot be copied.

    Recursion without an end and an interrupt from the keyboard pass through. What the module prints
    goes to stderr.

    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 6, 5), torch.nn.ReLU(), torch.nn.Flatten())
    >>> for operation in read_module(net, [(1, 28, 28)]).operations:
    ...     print(operation.name, operation.describe(), operation.output_shape)
    0 Conv2d(6, 5) (1, 6, 24, 24)
    1 ReLU() (1, 6, 24, 24)
    2 Flatten() (1, 3456)
    """
    torch = import_torch()
    if not isinstance(module, torch.nn.Module):
        raise ArgumentError(f"module must be a torch.nn.Module. Received: {describe_type(module)}.")
    inputs = module_inputs(module, input_shapes)
    names, shapes = inputs.names, inputs.shapes
    types = _types(torch, module, dtypes, len(shapes))
    run, doubt = _attempt(module, inputs, types, keep)
    while not dtypes and (indices := _indices(run, types)):
        for index in indices:
            types[index] = torch.int64
        run, doubt = _attempt(module, inputs, types, keep)
    where, notes = "PyTorch's meta device", []
    if doubt:
        where = "the CPU"
        zeros = f"zeros{_WEIGHTLESS if run.weightless else ''}"
        notes = [f"{doubt}, so the model ran on {zeros}: other values may lead to other sizes."]
    batch = 1
    if run.failure and run.doubt:  # in code of the model's own, or in what a trace does to it
        if _runs(module, inputs, types):
            notes.append(
                "The model runs, but not while its calls are recorded, so that what comes after "
                f"the operations that are shown is not known: {run.failure}"
            )
            run = replace(run, operations=run.operations[:-1], failure="", unused=())
        elif _runs(module, pairs := inputs.in_batches_of(2), types):
            other, _ = _attempt(module, pairs, types, keep)
            if not other.failure:
                notes.append(f"With a batch of 1 it fails, so that 2 was used: {run.failure}.")
                run, shapes, batch = other, pairs.shapes, 2
    return Graph(
        source or type(module).__name__,
        names,
        shapes,
        run.operations,
        run.outputs,
        run.failure,
        (*notes, *_unknown(run)),
        run.unused,
        f"Traced on {where}, in eval mode, with a batch of {batch}{_format_types(names, types)}.",
        measured=run.measured,
        kept=run.kept,
    )


@dataclass(frozen=True)
class _Run:
    """The result of one run; `doubt` says why one with (other) values may have another.

    `complete`: Whether it had the values that it asked for; `weightless`: with weights of 0.
    """

    operations: tuple[Operation, ...] = ()
    outputs: tuple[Value, ...] = ()
    failure: str = ""
    unused: tuple[str, ...] = ()
    doubt: str = ""
    measured: frozenset[Value] = frozenset()
    kept: frozenset[Value] = frozenset()
    complete: bool = False
    weightless: bool = False


def _attempt(
    module: Any, inputs: ModuleInputs, types: Sequence[Any], keep: bool
) -> tuple[_Run, str]:
    """Run without values, or with them where the model asks for some: then say why."""
    try:
        run = _run(module, inputs, types, "meta", keep)
    except TooMuchWork:  # some values were computed with weights, so that they are again, without
        run = _run(module, inputs, types, "meta", keep, weightless=True)
    if run.doubt:
        with_values = run if run.complete else _run(module, inputs, types, "cpu", keep)
        if with_values.failure != run.failure or not run.failure:
            return with_values, run.doubt
    return run, ""


def _run(
    module: Any,
    inputs: ModuleInputs,
    types: Iterable[Any],
    device: Literal["meta", "cpu"],
    keep: bool,
    weightless: bool = False,
) -> _Run:
    import torch

    from .recorder import Recorder

    copied, originals = copy_module(module, device)
    arrays = inputs.zeros(types, device)
    recorder = Recorder(copied, arrays, originals if device == "meta" else None, keep)
    recorder.made.weightless = weightless
    quiet = contextlib.redirect_stdout(sys.stderr)  # stdout belongs to the caller
    with quiet, torch.random.fork_rng(devices=[]), torch.no_grad(), recorder.recording():
        try:
            _to_eval(copied)
            result = inputs.call(copied, arrays)
        except RecursionError:
            raise
        except NeedsValues:
            return _Run(doubt=_depends(recorder))
        except Exception as error:
            if recorder.needs_values:  # and what it was given for them may not do
                return _Run(doubt=_depends(recorder))
            return _failed(recorder, error, device)
    outputs = recorder.outputs(result)
    measured = recorder.measured | {Value(index) for index in recorder.inspected}
    measured |= recorder.remembered(copied)
    operations, outputs, measured, kept = _pruned(
        recorder.operations(), outputs, measured, recorder.kept.values, recorder.inspected
    )
    unused = _unused(copied, recorder)
    doubt = _depends(recorder) if recorder.needs_values else ""
    noted = frozenset(measured), frozenset(kept)
    return _Run(operations, outputs, "", unused, doubt, *noted, True, recorder.made.weightless)


def _depends(recorder: Recorder) -> str:
    return f"The model depends on values ({recorder.needs_values})"


def _indices(run: _Run, types: Sequence[Any]) -> list[int]:
    """Find the inputs that a model fails at because they hold indices, and so must be integers.

    Their elements may have been picked, or arranged in another shape, on the way, or hashed.
    """
    last = run.operations[-1] if run.failure and run.operations else None
    if last is None or last.kind not in ("Embedding", "EmbeddingBag", "OneHot"):
        return []
    waiting, seen = [*last.inputs[:1]], {*last.inputs[:1]}
    while waiting:
        index = waiting.pop().operation
        operation = run.operations[index] if index >= 0 else None
        if operation and (operation.role in _MOVING or operation.kind in _COUNTING):
            new = set(run.operations[index].inputs) - seen
            seen |= new
            waiting += new
    return sorted(at for index, at in seen if index < 0 and types[at].is_floating_point)


def _format_types(names: Sequence[str], types: Sequence[Any]) -> str:
    """Name the inputs that are not of floating point."""
    parts = [
        f"{name} in {str(dtype).removeprefix('torch.')}"
        for name, dtype in zip(names, types, strict=True)
        if not dtype.is_floating_point
    ]
    return f", {' and '.join(parts)}" if parts else ""


def _pruned(
    operations: Sequence[Operation],
    outputs: Sequence[Value],
    measured: set[Value],
    kept: set[Value],
    inspected: set[int],
) -> tuple[tuple[Operation, ...], tuple[Value, ...], set[Value], set[Value]]:
    """Leave out what only makes values for a condition, which is no part of a network."""
    consumers: dict[int, set[int]] = {value.operation: {len(operations)} for value in outputs}
    for index, operation in enumerate(operations):
        for value in operation.inputs:
            consumers.setdefault(value.operation, set()).add(index)
    pruned: set[int] = set()
    for index in range(len(operations) - 1, -1, -1):
        feeds = consumers.get(index, set())
        unused = feeds <= pruned and (feeds or index in inspected)
        if unused and not operations[index].parameters:
            pruned.add(index)
    indices = [index for index in range(len(operations)) if index not in pruned]
    read = {value for index in pruned for value in operations[index].inputs}
    new = {-1: -1, **{old: index for index, old in enumerate(indices)}}

    def renumbered(values: Iterable[Value]) -> tuple[Value, ...]:
        return tuple(Value(new[operation], output) for operation, output in values)

    remaining = (operations[index] for index in indices)
    return (
        tuple(replace(operation, inputs=renumbered(operation.inputs)) for operation in remaining),
        renumbered(outputs),
        set(renumbered(value for value in measured | read if value.operation in new)),
        set(renumbered(value for value in kept if value.operation in new)),
    )


def _failed(recorder: Recorder, error: Exception, device: str) -> _Run:
    failure = recorder.failure
    message = format_exception(error)
    if failure is None or failure.error not in causes(error):
        return _Run(failure=message, doubt=f"The model fails on {device}: {message}")
    recorder.end_with(failure)
    if failure.message:
        return _Run(recorder.operations(), failure=one_line(failure.message))
    doubt = f"The model fails without values, in code of its own ({message})"
    return _Run(recorder.operations(), failure=message, doubt=doubt)


def _to_eval(module: Any) -> None:
    """Put a module into eval mode; what torch.export made has one mode only, and refuses."""
    with contextlib.suppress(NotImplementedError):
        module.eval()


def _runs(module: Any, inputs: ModuleInputs, types: Iterable[Any]) -> bool:
    """Whether a module runs where nothing is recorded, which some of PyTorch does not bear."""
    import torch

    copied, _ = copy_module(module, "cpu")
    _to_eval(copied)
    with (
        contextlib.redirect_stdout(sys.stderr),
        torch.random.fork_rng(devices=[]),
        torch.no_grad(),
    ):
        try:
            inputs.call(copied, inputs.zeros(types, "cpu"))
        except RecursionError:
            raise
        except Exception:
            return False
    return True


def _unused(module: Any, recorder: Recorder) -> tuple[str, ...]:
    """Name what has parameters of which none was used: modules as a whole, where they are."""
    scripted = tuple(f"{name}." if name else "" for name in recorder.scripted)
    idle = {
        name
        for name, parameter in module.named_parameters()
        if id(parameter) not in recorder.used | recorder.met and not name.startswith(scripted)
    }
    modules: list[str] = []
    for name, part in module.named_modules():
        inside = [f"{name}.{own}" if name else own for own, _ in part.named_parameters()]
        if name and inside and idle.issuperset(inside):
            modules.append(name)
            idle.difference_update(inside)
    return (*modules, *sorted(idle))


def _unknown(run: _Run) -> list[str]:
    """Name the kinds of operations of which only the sizes are known."""
    names: dict[str, list[str]] = {}
    for operation in run.operations:
        if operation.role == "unknown" and operation.output_shapes:
            names.setdefault(operation.kind, []).append(operation.name)
    lost = [
        "What the model returns cannot be traced back to its input: some of what it does is not "
        "shown."
    ]
    return (lost if not run.outputs and not run.failure else []) + [
        f"How {kind} moves the pixels of an image is not known, only its sizes: "
        f"{', '.join(some[:5])}{f' and {len(some) - 5} more' if len(some) > 5 else ''}."
        for kind, some in names.items()
    ]


# --- arguments --------------------------------------------------------------------------------


def _types(torch: Any, module: Any, dtypes: Sequence[str], inputs: int) -> list[Any]:
    if len(dtypes) not in (0, inputs):
        raise ArgumentError(
            "dtypes must name a type for each input, or none at all. "
            f"Received: {len(dtypes)} for {inputs} inputs."
        )
    floats = [array.dtype for array in module.parameters() if array.is_floating_point()]
    usual = floats[0] if floats else torch.float32
    names = [choice("dtype", dtype, DTYPES) for dtype in dtypes] or [""] * inputs
    return [getattr(torch, name) if name else usual for name in names]
