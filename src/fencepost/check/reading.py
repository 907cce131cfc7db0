"""`check`: any model, read by the reader that knows it, and judged.

Part of check; may call the readers, judging, planning, network, arguments and errors. PyTorch is
imported for PyTorch's modules only.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ..arguments import integer
from ..errors import ArgumentError, DataError
from ..graph import Graph
from ..network import Network, load
from ..network.arguments import as_input_shape, as_layers
from ..planning import Plan, parse_layers
from . import networks
from .judging import judge
from .report import Report

# PyTorch's own files, which pickle.
_PICKLES = (".pt", ".pth", ".ckpt", ".pkl")

InputShapes: TypeAlias = Sequence[int] | Sequence[Sequence[int]] | Mapping[str, Sequence[int]]


def check(model: Any, input_shape: InputShapes | None = None, *, object_size: Any = None) -> Report:
    """Check a model of anyone's: every size in it, and what is wrong with them.

    Nothing is run on data. An ONNX file is read without its weights, a PyTorch module is traced
    on the meta device.

    Parameters
    ----------
    model : path, str, torch.nn.Module, Network, Plan, or pair
        A path to an ONNX file or to a model of fencepost's; ``"package.module:factory"``, which
        gives a PyTorch module; the module itself; a `fencepost.Network`; what `fencepost.plan`
        returns; or a pair (input_shape, layers).
    input_shape : tuple of int, sequence of such tuples, or mapping, optional
        Shape of one input without the batch, as (3, 224, 224); for several inputs a list, or, of
        an ONNX file, by name. A PyTorch module needs it, an ONNX file where it leaves sizes open;
        other models are tried with it instead of their own.
    object_size : int or (int, int), optional
        Pixels of what is to be recognised, which the receptive field is judged by; by default,
        less than half the input is noted.

    Returns
    -------
    Report
        Printed, it is a table and the findings. A model that fails is shown up to there.

    Raises
    ------
    ArgumentError
        `model` is of no kind that can be checked, or `input_shape` is missing or none.
    DataError
        The file cannot be read, or the code of the module fails when it is made.

    Examples
    --------
    >>> import fencepost as fp
    >>> report = fp.check.check(((1, 28, 28), "Conv2d(6, 4, padding='same'), Flatten, Linear(10)"))
    >>> for finding in report.findings:
    ...     print(finding.code, finding.message)
    FP206 a kernel over 4 cells has no middle: 1 zero before the input and 2 after it, so the \
output lies half a cell off.
    FP302 an output sees at most 4 × 4 cells of the 28 × 28 of the input, less than half; an \
object that is larger must be told from its parts.
    """
    return judge(read(model, input_shape), _object(object_size))


def read(model: Any, input_shape: InputShapes | None = None) -> Graph:
    """Read a model with the reader that knows it; see `check`."""
    if isinstance(model, (Network, Plan)):
        return _of_layers(model, input_shape, type(model).__name__)
    if isinstance(model, tuple) and len(model) == 2:
        shape, layers = model
        chain = as_layers(parse_layers(layers) if isinstance(layers, str) else layers)
        return networks.read(as_input_shape(input_shape or shape), chain, "layers")
    if isinstance(model, (str, os.PathLike)):
        return _of_name(os.fspath(model), input_shape)
    if "torch" in sys.modules:  # a module of it cannot be there before
        import torch

        if isinstance(model, torch.nn.Module):
            return _of_module(model, input_shape, "")
    raise ArgumentError(
        "model must be a path to an ONNX file, a torch.nn.Module, a fencepost Network or Plan, or "
        f"a pair (input_shape, layers). Received: {type(model).__name__}"
    )


def _of_name(name: str, input_shape: InputShapes | None) -> Graph:
    suffix = Path(name).suffix.lower()
    if suffix == ".safetensors":
        return _of_layers(load(name), input_shape, Path(name).name)
    if ":" in name and suffix != ".onnx" and not os.path.exists(name):
        from fencepost.interchange.torch.factory import load_factory

        if input_shape is None:
            raise _shape_missing(name)
        return _of_module(load_factory(name), input_shape, name)
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
    from fencepost.interchange.onnx import reader

    return reader.read(name, _for_onnx(input_shape))


def _of_layers(network: Network | Plan, input_shape: InputShapes | None, source: str) -> Graph:
    """Read layers of our own, for the input that they were made for or another."""
    shape = network.input_shape if input_shape is None else as_input_shape(input_shape)
    return networks.read(shape, network.layers, source)


def _of_module(module: Any, input_shape: InputShapes | None, source: str) -> Graph:
    from fencepost.interchange.torch import trace

    if input_shape is None:
        raise _shape_missing(source or type(module).__name__)
    with warnings.catch_warnings():
        # That an even kernel with "same" is uneven is told as FP206, with its numbers.
        warnings.filterwarnings("ignore", "Using padding='same' with even kernel lengths")
        return trace.read(module, _several(input_shape), source)


def _for_onnx(shapes: InputShapes | None) -> Any:
    if shapes is None:
        return None
    if isinstance(shapes, Mapping):
        return {name: tuple(shape) for name, shape in shapes.items()}
    several = _several(shapes)
    if len(several) > 1:
        raise ArgumentError(
            "The inputs of an ONNX file must be given by name, as in "
            f'{{"image": (3, 224, 224)}}. Received: {len(several)} shapes'
        )
    return tuple(several[0]) if several else ()


def _several(shapes: Any) -> list[Any]:
    """List the shapes, of which there may be one without a list around it."""
    if isinstance(shapes, Mapping):
        return list(shapes.values())
    if isinstance(shapes, (tuple, list)) and shapes and isinstance(shapes[0], (tuple, list)):
        return list(shapes)
    return [shapes]


def _shape_missing(name: str) -> ArgumentError:
    return ArgumentError(
        f"{name}: a PyTorch module does not say what it takes, so the shape of one input must be "
        "given, such as (3, 224, 224); on the command line, --input 3x224x224"
    )


def _object(size: Any) -> tuple[int, ...]:
    if size is None:
        return ()
    sizes = tuple(size) if isinstance(size, (tuple, list)) else (size,)
    return tuple(integer("object_size", one, 1) for one in sizes)
