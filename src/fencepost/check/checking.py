"""`check`: any model, read into a graph, and the rules run on it."""

from __future__ import annotations

from typing import Any

from ..arguments import integer
from ..interchange.reading import InputShapes, read_model
from .report import Report
from .rules.engine import run_rules


def check(model: Any, input_shape: InputShapes | None = None, *, object_size: Any = None) -> Report:
    """Check a model of anyone's: every size in it, and what is wrong with them.

    Nothing is run on data. An ONNX file is read without its weights, a PyTorch module is traced
    on the meta device.

    Parameters
    ----------
    model : path, str, torch.nn.Module, Network, Plan, or pair
        A path to an ONNX file, to a model of fencepost's, or to a text of layers;
        ``"package.module:factory"``, which gives a PyTorch module; the module itself; a
        `fencepost.Network`; what `fencepost.plan` returns; or a pair (input_shape, layers).
    input_shape : tuple of int, sequence of such tuples, or mapping, optional
        Shape of one input without the batch, as (3, 224, 224); for several inputs a list in their
        order, or by name: ``{"image": (3, 224, 224)}``, with the names of forward or of the ONNX
        file. A PyTorch module and a text of layers need it, an ONNX file where it
        leaves sizes open; other models are tried with it instead of their own.
    object_size : int or (int, int), optional
        Pixels of what is to be recognised, which the receptive field is compared with; by default,
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
    FP206 a kernel that spans 4 elements has no middle: 1 zero before the input and 2 after it, so \
the output lies half an element off.
    FP302 an output's receptive field is at most 4 × 4 of the 28 × 28 elements of the input, less \
than half; a larger object must be recognised by its parts.
    """
    return run_rules(read_model(model, input_shape), _object(object_size))


def _object(size: Any) -> tuple[int, ...]:
    if size is None:
        return ()
    sizes = tuple(size) if isinstance(size, (tuple, list)) else (size,)
    return tuple(integer("object_size", side, 1) for side in sizes)
