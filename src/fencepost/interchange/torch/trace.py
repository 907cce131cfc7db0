"""Reads a PyTorch module: runs a copy of it without values, and writes down what it does.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from fencepost.arguments import choice, integer
from fencepost.errors import ArgumentError, DataError
from fencepost.graph import Graph, Operation, Shape, Value
from fencepost.interchange.torch.errors import one_line, told
from fencepost.interchange.torch.factory import kind, load_factory, need_torch

if TYPE_CHECKING:
    import torch

    from fencepost.interchange.torch.recorder import Recorder

__all__ = ["DTYPES", "load_factory", "read"]

#: What an input may hold; "" is what the parameters hold, float32 as a rule.
DTYPES = ("", "float16", "bfloat16", "float32", "float64", "uint8", "int32", "int64", "bool")


def read(
    module: torch.nn.Module,
    input_shapes: Sequence[Sequence[int]],
    source: str = "",
    dtypes: Sequence[str] = (),
) -> Graph:
    """Read a PyTorch module by running a copy of it, in eval mode, on inputs without values.

    The copy has its parameters on PyTorch's meta device, so that no memory is taken and nothing
    but sizes is computed. A module that asks for values (``x.item()``, ``if x.sum() > 0``) runs
    on the CPU instead, with its own parameters and inputs of zeros, and `Graph.unknown` says so.
    The module itself is left as it is.

    Parameters
    ----------
    module : torch.nn.Module
        Called with one array for each of `input_shapes`.
    input_shapes : sequence of sequences of int
        Without the batch, as everywhere in fencepost: ``(3, 224, 224)``. The batch is 1.
    source : str
        What to call the model; the name of its class if empty.
    dtypes : sequence of str
        One of `DTYPES` for each input; none at all: as the parameters, float32 as a rule, but
        int64 for the input of an embedding.

    Returns
    -------
    Graph
        If the module fails, its last operation is the one that failed, with the sizes that met
        in it and no output, and `failure` says why.

    Raises
    ------
    ArgumentError
        PyTorch is not installed; `module` is not a module; a shape or dtype is none; the module
        takes another number of inputs.
    DataError
        The module cannot be copied.

    Notes
    -----
    Recursion without an end and an interrupt from the keyboard pass through. What the module prints
    goes to stderr.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 6, 5), torch.nn.ReLU(), torch.nn.Flatten())
    >>> for operation in read(net, [(1, 28, 28)]).operations:
    ...     print(operation.name, operation.describe(), operation.output_shape)
    0 Conv2d(6, 5) (1, 6, 24, 24)
    1 ReLU() (1, 6, 24, 24)
    2 Flatten() (1, 3456)
    """
    torch = need_torch()
    if not isinstance(module, torch.nn.Module):
        raise ArgumentError(f"module must be a torch.nn.Module. Received: {kind(module)}.")
    shapes = _shapes(input_shapes)
    names = _input_names(module, len(shapes))
    types = _types(torch, module, dtypes, len(shapes))
    run = _run(module, shapes, types, "meta")
    while not dtypes and (index := _index(run, types)) is not None:
        types[index] = torch.int64
        run = _run(module, shapes, types, "meta")
    where, notes = "PyTorch's meta device", []
    if run.doubt:
        with_values = _run(module, shapes, types, "cpu")
        if with_values.failure != run.failure or not run.failure:
            where = "the CPU"
            notes.append(
                f"{run.doubt}, so the model ran on zeros: other values may lead to other sizes."
            )
            run = with_values
    return Graph(
        source or type(module).__name__,
        names,
        shapes,
        run.operations,
        run.outputs,
        run.failure,
        (*notes, *_unknown(run)),
        run.unused,
        f"Traced on {where}, in eval mode, with a batch of 1{_said(names, types)}.",
    )


@dataclass(frozen=True)
class _Run:
    """What one run has shown; `doubt` says why one with values may show something else."""

    operations: tuple[Operation, ...] = ()
    outputs: tuple[Value, ...] = ()
    failure: str = ""
    unused: tuple[str, ...] = ()
    doubt: str = ""


def _run(
    module: Any, shapes: Iterable[Shape], types: Iterable[Any], device: Literal["meta", "cpu"]
) -> _Run:
    import torch

    from fencepost.interchange.torch.recorder import LooksAtValues, Recorder

    twin = _copy(module, device)
    inputs = [
        torch.zeros(shape, dtype=one, device=device)
        for shape, one in zip(shapes, types, strict=True)
    ]
    recorder = Recorder(twin, inputs, device == "meta")
    quiet = contextlib.redirect_stdout(sys.stderr)  # stdout belongs to who asks
    with quiet, torch.random.fork_rng(devices=[]), torch.no_grad(), recorder.listening():
        try:
            twin.eval()
            result = twin(*inputs)
        except RecursionError:
            raise
        except LooksAtValues:
            result = None
        except Exception as error:
            return _failed(recorder, error, device)
    if recorder.looked:
        return _Run(doubt=f"The model looks at values ({recorder.looked})")
    operations, outputs = _pruned(recorder.operations(), recorder.outputs(result), recorder.glances)
    return _Run(operations, outputs, unused=_unused(twin, recorder))


def _index(run: _Run, types: Sequence[Any]) -> int | None:
    """Find the input that a model fails at because it is an index, and so must be whole."""
    last = run.operations[-1] if run.failure and run.operations else None
    if last is None or last.kind not in ("Embedding", "EmbeddingBag", "OneHot"):
        return None
    operation, place = last.inputs[0]
    return place if operation < 0 and types[place].is_floating_point else None


def _said(names: Sequence[str], types: Sequence[Any]) -> str:
    """Name the inputs that are not of floating point."""
    whole = [
        f"{name} in {str(one).removeprefix('torch.')}"
        for name, one in zip(names, types, strict=True)
        if not one.is_floating_point
    ]
    return f", {' and '.join(whole)}" if whole else ""


def _pruned(
    operations: Sequence[Operation], outputs: Sequence[Value], glances: set[int]
) -> tuple[tuple[Operation, ...], tuple[Value, ...]]:
    """Leave out what only makes values to look at: a condition is no part of a network."""
    consumers: dict[int, set[int]] = {value.operation: {len(operations)} for value in outputs}
    for place, one in enumerate(operations):
        for value in one.inputs:
            consumers.setdefault(value.operation, set()).add(place)
    gone: set[int] = set()
    for place in range(len(operations) - 1, -1, -1):
        feeds = consumers.get(place, set())
        if feeds <= gone and (feeds or place in glances) and not operations[place].parameters:
            gone.add(place)
    kept = [place for place in range(len(operations)) if place not in gone]
    new = {-1: -1, **{old: place for place, old in enumerate(kept)}}

    def moved(values: Iterable[Value]) -> tuple[Value, ...]:
        return tuple(Value(new[operation], output) for operation, output in values)

    left = (operations[place] for place in kept)
    return tuple(replace(one, inputs=moved(one.inputs)) for one in left), moved(outputs)


def _failed(recorder: Recorder, error: Exception, device: str) -> _Run:
    from fencepost.interchange.torch.recorder import causes

    failure = recorder.failure
    if failure is None or failure.error not in causes(error):
        return _Run(failure=told(error), doubt=f"The model fails on {device}: {told(error)}")
    recorder.end_with(failure)
    if failure.words:
        return _Run(recorder.operations(), failure=one_line(failure.words))
    doubt = f"The model fails without values, in code of its own ({told(error)})"
    return _Run(recorder.operations(), failure=told(error), doubt=doubt)


def _copy(module: Any, device: str) -> Any:
    """Copy a module with its arrays on a device; without their values on the meta device."""
    import torch

    def moved(one: Any) -> Any:
        if isinstance(one, torch.nn.parameter.UninitializedTensorMixin):
            options = {"device": device, "dtype": one.dtype}
            if isinstance(one, torch.nn.Parameter):
                options["requires_grad"] = one.requires_grad
            return type(one)(**options)
        if one.is_meta and device != "meta":
            values = torch.zeros(one.shape, dtype=one.dtype)
        elif device == "meta":
            values = torch.empty_like(one, device="meta")
        else:
            values = one.detach().to(device, copy=True)
        if isinstance(one, torch.nn.Parameter):
            return torch.nn.Parameter(values.detach(), one.requires_grad)
        return values.detach()

    # What deepcopy finds here it takes for copied already: no array is copied twice, and those
    # that refuse to be copied, as the weight that weight_norm computes, are not asked.
    copies: dict[int, Any] = {}
    try:
        for part in module.modules():
            owned = (part._parameters, part._buffers, vars(part))
            for one in (value for group in owned for value in group.values()):
                if isinstance(one, torch.Tensor) and id(one) not in copies:
                    copies[id(one)] = moved(one)
        return copy.deepcopy(module, copies)
    except RecursionError:
        raise
    except Exception as error:
        raise DataError(
            "The module is read by running a copy of it, but it cannot be copied (copy.deepcopy). "
            f"Its code raised {told(error)}."
        ) from None


def _unused(module: Any, recorder: Recorder) -> tuple[str, ...]:
    """Name what has parameters of which none was used: modules as a whole, where they are."""
    scripted = tuple(f"{name}." if name else "" for name in recorder.scripted)
    idle = {
        name
        for name, one in module.named_parameters()
        if id(one) not in recorder.used and not name.startswith(scripted)
    }
    found: list[str] = []
    for name, part in module.named_modules():
        inside = [f"{name}.{one}" if name else one for one, _ in part.named_parameters()]
        if name and inside and idle.issuperset(inside):
            found.append(name)
            idle.difference_update(inside)
    return (*found, *sorted(idle))


def _unknown(run: _Run) -> list[str]:
    """Say of which kinds of operations only the sizes are known."""
    names: dict[str, list[str]] = {}
    for one in run.operations:
        if one.role == "unknown" and one.output_shapes:
            names.setdefault(one.kind, []).append(one.name)
    lost = [
        "What the model returns cannot be followed back to its input: some of what it does is not "
        "shown."
    ]
    return (lost if not run.outputs and not run.failure else []) + [
        f"What {kind} does to the places of an image is not known, only its sizes: "
        f"{', '.join(some[:5])}{f' and {len(some) - 5} more' if len(some) > 5 else ''}."
        for kind, some in names.items()
    ]


# --- arguments --------------------------------------------------------------------------------


def _shapes(input_shapes: object) -> tuple[Shape, ...]:
    sequences = (list, tuple)
    if (
        not isinstance(input_shapes, sequences)
        or not input_shapes
        or not all(isinstance(one, sequences) for one in input_shapes)
    ):
        raise ArgumentError(
            "input_shapes must be a list of shapes without the batch, one for each input: "
            f"[(3, 224, 224)]. Received: {input_shapes!r}."
        )
    return tuple((1, *(integer("a size", size, 1) for size in one)) for one in input_shapes)


def _types(torch: Any, module: Any, dtypes: Sequence[str], inputs: int) -> list[Any]:
    if len(dtypes) not in (0, inputs):
        raise ArgumentError(
            "dtypes must name a type for each input, or none at all. "
            f"Received: {len(dtypes)} for {inputs} inputs."
        )
    floats = [one.dtype for one in module.parameters() if one.is_floating_point()]
    usual = floats[0] if floats else torch.float32
    names = [choice("dtype", one, DTYPES) for one in dtypes] or [""] * inputs
    return [getattr(torch, one) if one else usual for one in names]


def _input_names(module: Any, inputs: int) -> tuple[str, ...]:
    """Name the inputs as forward does."""
    try:
        signature = inspect.signature(module.forward)
    except (TypeError, ValueError):  # compiled code does not always tell
        return tuple(f"input{place}" for place in range(inputs))
    try:
        bound = signature.bind(*range(inputs)).arguments
    except TypeError:
        raise ArgumentError(
            f"{type(module).__name__}.forward takes {signature}: give a shape for each input. "
            f"Received: {inputs} {'shape' if inputs == 1 else 'shapes'}."
        ) from None
    names: list[str] = []
    for name, value in bound.items():
        names += [f"{name}{i}" for i in range(len(value))] if isinstance(value, tuple) else [name]
    return tuple(names)
