"""Reads any model as a graph, with the reader for it.

The readers, and PyTorch, are imported for the models that need them only.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import ArgumentError, DataError
from ..graph import Graph, Operation, size_layers
from ..habits import nearest
from ..layers import Layer
from ..network import Network, load
from ..network.arguments import as_input_shape, as_layers
from ..planning import Plan, parse_layers
from ..planning.text import LONGEST
from ..remedies import at_the_shell
from ..sizing.readings import fitting_reading
from ..text import join_words, quoted

# PyTorch's own files, which pickle.
_PICKLES = (".pt", ".pth", ".ckpt", ".pkl")

#: What the one input of layers of our own is called.
OWN_INPUT = "input"

InputShapes: TypeAlias = Sequence[int] | Sequence[Sequence[int]] | Mapping[str, Sequence[int]]
Reader: TypeAlias = Callable[[InputShapes | None], Graph]


def read_model(model: Any, input_shape: InputShapes | None = None) -> Graph:
    """Read a model; see `fencepost.check.check` for what it may be."""
    read = _reader(model, input_shape is not None)
    graph = read(input_shape)
    shape = _only_shape(input_shape, graph)
    if not graph.failure or shape is None:
        return graph
    fitting = fitting_reading(shape, lambda other: _fits(read, other))
    return replace(graph, reading=fitting or graph.reading)


def _reader(model: Any, with_shape: bool) -> Reader:
    """Return the function that reads a model, which is loaded, for an input."""
    if isinstance(model, (Network, Plan)):
        return _of_layers(model, type(model).__name__)
    if isinstance(model, tuple) and len(model) == 2:
        shape, layers = model
        chain = as_layers(parse_layers(layers) if isinstance(layers, str) else layers)
        return lambda given: size_layers(_own_shape(given, shape), chain).graph
    if isinstance(model, (str, os.PathLike)):
        return _of_name(os.fspath(model), with_shape)
    if "torch" in sys.modules:  # a module of it cannot be there before
        import torch

        if isinstance(model, torch.nn.Module):
            return _of_module(model, "")
        if isinstance(model, torch.export.ExportedProgram):
            return _of_module(model.module(), type(model).__name__)
    raise ArgumentError(
        "model must be a path to an ONNX file, a torch.nn.Module, a fencepost Network or Plan, or "
        f"a pair (input_shape, layers). Received: {type(model).__name__}"
    )


def _only_shape(given: InputShapes | None, graph: Graph) -> tuple[int, ...] | None:
    """Return the shape of the one input as it was given; None if it was not, or there are more."""
    if given is None or len(graph.input_shapes) != 1:
        return None
    (shape,) = given.values() if isinstance(given, Mapping) else _several(given)
    return tuple(shape)


def _fits(read: Reader, shape: tuple[int, ...]) -> bool:
    try:
        graph = read(shape)
    except (ArgumentError, DataError):
        return False
    return not graph.failure and not any(
        _takes_batch_for_channels(operation, graph) for operation in graph.operations
    )


def _takes_batch_for_channels(operation: Operation, graph: Graph) -> bool:
    """Tell an operation to which an axis is missing, and that PyTorch runs all the same."""
    if operation.kind.startswith("InstanceNorm") and operation.inputs:
        maker = operation.inputs[0].operation  # PyTorch puts a batch before it
        return maker >= 0 and graph.operations[maker].kind == "Unsqueeze"
    if operation.role not in ("windows", "transposed") or not operation.windows:
        return False
    shape = operation.input_shape
    return shape is not None and len(shape) < len(operation.windows) + 2


def _of_name(name: str, with_shape: bool) -> Reader:
    suffix = Path(name).suffix.lower()
    if suffix == ".safetensors":
        return _of_layers(load(name), Path(name).name)
    if ":" in name and suffix != ".onnx" and not os.path.exists(name):
        from .torch.factory import load_factory

        if not with_shape:
            raise _shape_missing(name)
        return _of_module(load_factory(name), name)
    if suffix in _PICKLES:
        raise DataError(
            f"{name}: such a file holds weights, and code only in a form that is not safe to open. "
            "Name the code that makes the module, as package.module:factory with the shape of "
            "its input, or export it with torch.onnx.export."
        )
    if suffix == ".py" or not (suffix or os.path.exists(name)):
        raise ArgumentError(
            f"{name}: a model must be a file, or package.module:factory, which makes a PyTorch "
            f"module, such as {Path(name).stem or 'models'}:Net for the class or function Net in "
            f"{Path(name).stem or 'models'}.py"
        )
    layers = _layers_in(name)
    if layers is not None:
        if not with_shape:
            size = at_the_shell(f", or see `fencepost size 1x28x28 {name}`")
            raise ArgumentError(
                f"{name}: this is a text of layers, which does not state its input shape, so the "
                f"shape of one input must be given, such as "
                f"{at_the_shell('--input 1x28x28') or '(1, 28, 28)'}{size}"
            )
        chain, source = as_layers(layers), Path(name).name
        return lambda given: size_layers(_own_shape(given, None), chain, source).graph
    from .onnx.reader import read_onnx

    return lambda given: read_onnx(name, _for_onnx(given))


def _layers_in(name: str) -> list[Layer] | None:
    """Return the layers of a text file; None if it is none. Raises ArgumentError for a mistake."""
    try:
        with open(name, "rb") as file:
            text = file.read(4 * LONGEST + 1).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    if not all(character.isprintable() or character.isspace() for character in text):
        return None
    try:
        return parse_layers(text)
    except ArgumentError as error:
        if Path(name).suffix.lower() == ".txt":
            raise DataError(f"{name}: {error}") from None
        return None


def _of_layers(network: Network | Plan, source: str) -> Reader:
    """Read layers of our own, for the input that they were made for or another."""
    own = network.input_shape
    return lambda given: size_layers(_own_shape(given, own), network.layers, source).graph


def _of_module(module: Any, source: str) -> Reader:
    from .torch.trace import read_module

    def read(given: InputShapes | None) -> Graph:
        if given is None:
            raise _shape_missing(source or type(module).__name__)
        shapes = given if isinstance(given, Mapping) else _several(given)
        with warnings.catch_warnings():
            # That an even kernel with "same" is uneven is reported as FP206, with its numbers.
            warnings.filterwarnings("ignore", "Using padding='same' with even kernel lengths")
            return read_module(module, shapes, source)

    return read


def _own_shape(given: InputShapes | None, own: Any) -> tuple[int, ...]:
    """Return the shape of the one input that layers of our own have, by its name or without."""
    if isinstance(given, Mapping):
        if len(given) != 1 or OWN_INPUT not in given:
            hint = nearest(next((str(name) for name in given), ""), [OWN_INPUT])
            raise ArgumentError(
                f'Layers have one input, "{OWN_INPUT}". '
                f"Received: {join_words(quoted(map(str, given))) or 'none'}. {hint}".rstrip()
            )
        given = given[OWN_INPUT]
    return as_input_shape(own if given is None else given)


def _for_onnx(shapes: InputShapes | None) -> Any:
    if shapes is None:
        return None
    if isinstance(shapes, Mapping):
        return {name: tuple(shape) for name, shape in shapes.items()}
    several = [tuple(shape) for shape in _several(shapes)]
    return several[0] if len(several) == 1 else several


def _several(shapes: Any) -> list[Any]:
    """List the shapes, of which there may be one without a list around it."""
    if isinstance(shapes, (tuple, list)) and shapes and isinstance(shapes[0], (tuple, list)):
        return list(shapes)
    return [shapes]


def _shape_missing(name: str) -> ArgumentError:
    return ArgumentError(
        f"{name}: a PyTorch module does not state its input shape, so the shape of one input must "
        f"be given, such as {at_the_shell('--input 3x224x224') or '(3, 224, 224)'}"
    )
