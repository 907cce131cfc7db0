"""`check`: any model, read into a graph, and the rules run on it."""

from __future__ import annotations

from typing import Any

from ..arguments import integer
from ..interchange.reading import InputShapes, read_model
from .report import Report
from .rules.engine import run_rules


def check(model: Any, input_shape: InputShapes | None = None, *, object_size: Any = None) -> Report:
    """Check any model: all sizes in it, and problems with them.

    No data is needed. An ONNX file is read without its weights, and a PyTorch module is traced on
    the meta device.

    Parameters
    ----------
    model : path, str, torch.nn.Module, Network, Plan, or pair
        A path to an ONNX file, a fencepost model file, or a text file of layers;
        ``"package.module:factory"``, which returns a PyTorch module; the module itself; a
        `fencepost.Network`; the result of `fencepost.plan`; or a pair (input_shape, layers).
    input_shape : tuple of int, sequence of such tuples, or mapping, optional
        Shape of one input without the batch, such as (3, 224, 224). For several inputs, a list in
        their order, or a dict, ``{"image": (3, 224, 224)}``, with the argument names of forward or
        the input names of the ONNX file. Required for PyTorch modules, for text files of layers,
        and for ONNX files with dynamic sizes; for other models it replaces their own input shape.
    object_size : int or (int, int), optional
        Size in pixels of the object to recognise, for comparison with the receptive field. By
        default, a receptive field smaller than half the input is noted.

    Returns
    -------
    Report
        Prints as a table and a list of findings. If a model fails, the table ends there.

    Raises
    ------
    ArgumentError
        `model` has an unsupported type, or `input_shape` is missing or invalid.
    DataError
        The file cannot be read, or the code that creates the module fails.

    Examples
    --------
    >>> import fencepost as fp
    >>> report = fp.check.check(((1, 28, 28), "Conv2d(6, 4, padding='same'), Flatten, Linear(10)"))
    >>> for finding in report.findings:
    ...     print(finding.code, finding.message)
    FP206 a kernel that spans 4 elements has no centre: with 1 zero before the input and 2 after \
it, the output is shifted by half an element.
    FP302 the receptive field is at most 4 × 4 of the 28 × 28 elements of the input, less than \
half; a larger object must be recognised by its parts.
    """
    return run_rules(read_model(model, input_shape), _object(object_size))


def _object(size: Any) -> tuple[int, ...]:
    if size is None:
        return ()
    sizes = tuple(size) if isinstance(size, (tuple, list)) else (size,)
    return tuple(integer("object_size", side, 1) for side in sizes)
