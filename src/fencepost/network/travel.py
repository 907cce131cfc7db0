"""Where a network goes when it leaves: `Network.export`, by the file's suffix; `Network.to_torch`.

The writers stand above this package, in `fencepost.interchange`, and are loaded when they are used.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any, Final, Literal

from numpy.typing import ArrayLike

from ..errors import ArgumentError
from ..text import format_value, join_words

#: The module of `fencepost.interchange` whose `export` writes files with this suffix.
WRITERS: Final = {
    ".onnx": "onnx.writer.export",
    ".pt2": "torch.writer.export",
    ".h": "c.export",
}


def export(
    network: Any,
    path: str | os.PathLike[str],
    *,
    opset: int | None = None,
    int8: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None,
    dtype: Literal["uint8", "float32"] | None = None,
    verify: bool | ArrayLike = True,
    tolerance: float | None = None,
) -> Any:
    """Export the network for another runtime, and compare the two before the file is kept.

    The input is pixels, in a batch of any size; the outputs are probabilities and logits.
    Normalisation is included. The file also lists class names, layers, and what is left out (such
    as resizing of photographs).

    Parameters
    ----------
    path : str or path
        ``"model.onnx"``: an ONNX file, which needs ``pip install "fencepost[onnx]"``.
        ``"model.pt2"``: a file for ``torch.export.load``, which needs PyTorch.
        ``"model.h"``: a header of C99 without allocation, which takes one image; it is compared
        where a C compiler is installed.
    opset : int, optional
        Of ONNX files only: version of the operators, at least 13; 17 by default.
    int8 : array of images, or (images, labels), optional
        Of C headers only: compute in 8-bit integers, whose ranges are measured on these images. The
        report states how often network and header agree and, with labels, the accuracy of both. It
        needs a C compiler.
    dtype : {"uint8", "float32"}, optional
        Data type of the pixels. By default uint8 for images with a normalisation in the units of
        bytes, else float32.
    verify : bool or array of images
        What file and network are compared on: random images (True), these images, or nothing
        (False).
    tolerance : float, optional
        The largest difference of an output that is allowed, as a share of the largest output:
        1e-4 by default, 0.2 with `int8`.

    Returns
    -------
    fencepost.interchange.exports.Export
        What was written; printed, it says what is inside and what is left out.

    Raises
    ------
    ArgumentError
        The suffix or an option is not one of these, or a package is not installed.
    DataError
        The export differs from the network, the format cannot express a layer, or the file cannot
        be written. An existing file is then unchanged.

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.models.lenet5()
    >>> print(net.export("lenet5.onnx").contents)
    inside    float32 batch × 1 × 28 × 28 → 12 layers → logits → softmax → probabilities
    left out  resizing of photographs to 28 × 28 pixels, in grey; choosing the most probable class
    """
    suffix = Path(path).suffix.lower()
    module = WRITERS.get(suffix)
    if module is None:
        raise ArgumentError(
            f"An export must be named with the suffix of its format: {join_words(WRITERS, 'or')}. "
            f"Received: {os.fspath(path)!r}."
        )
    options = {"opset": opset, "int8": int8, "tolerance": tolerance}
    given = {option: value for option, value in options.items() if value is not None}
    for option, what, its in (("opset", "ONNX files", ".onnx"), ("int8", "C headers", ".h")):
        if option in given and suffix != its:
            raise ArgumentError(
                f"{option} is for {what}, {its}. "
                f"Received: {option}={format_value(given[option])} for {suffix}."
            )
    return _interchange(module).export(network, path, dtype=dtype, verify=verify, **given)


def to_torch(network: Any) -> Any:
    """Return the network as a PyTorch module with the same weights, under the same names.

    It takes pixels of any type, normalises them, and returns logits; in `train` mode, dropout and
    batch normalisation do what they do in `fit`. It can be trained, scripted (`torch.jit.script`)
    and exported (`torch.export.export`). `fencepost.from_torch` reads it back.

    Returns
    -------
    torch.nn.Module
        In eval mode; a copy of the weights.

    Raises
    ------
    ArgumentError
        PyTorch is not installed.

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.models.lenet5()
    >>> list(net.parameters)[:2]
    ['0.weight', '0.bias']
    """
    return _interchange("torch.writer.export").to_torch(network)


def _interchange(module: str) -> Any:
    return importlib.import_module(f"fencepost.interchange.{module}")
