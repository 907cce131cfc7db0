"""`from_onnx` and `from_torch`: any model as a network, with its weights."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..network import Network
from ..network.arguments import as_input_shape

if TYPE_CHECKING:
    import torch

__all__ = ["from_onnx", "from_torch"]


def from_onnx(
    path: str | os.PathLike[str],
    input_shape: Sequence[int] | None = None,
    *,
    verify: bool = True,
) -> Network:
    """Convert an ONNX file to a network, with its weights.

    A file written by `Network.export` gives the original network, bit for bit. Other files are
    converted if fencepost's layers can express their operations, in any form in which exporters
    write them. A factor and a summand for each channel at the beginning become the network's
    normalisation, and a softmax at the end is left out, because `predict_proba` takes it. A file
    whose images have their channels last, or come as flat rows, gives a network of images with
    their channels first.

    Parameters
    ----------
    path : str or path
    input_shape : (channels, height, width), (channels, width) or (features,), optional
        Required if the file leaves sizes open.
    verify : bool
        Whether to compare file and network on random input, with ONNX Runtime. If that is not
        installed they are not compared; ``network.metadata["imported"]["compared"]`` says whether
        they were.

    Returns
    -------
    Network

    Raises
    ------
    DataError
        The file cannot be read or is damaged; operations do not fit (the message names all of
        them, and where they are); weights are of a wrong size, not finite, or in a file outside
        the model's folder; outputs differ by more than 1e-4.
    ArgumentError
        `input_shape` is invalid, or not one that the file accepts.

    Examples
    --------
    >>> import fencepost as fp
    >>> written = fp.models.lenet5().export("lenet5.onnx")
    >>> fp.from_onnx("lenet5.onnx").parameter_count
    61706
    """
    from .onnx import importer

    shape = None if input_shape is None else as_input_shape(input_shape)
    return importer.from_onnx(path, shape, verify=verify)


def from_torch(
    module: torch.nn.Module, input_shape: Sequence[int], *, verify: bool = True
) -> Network:
    """Convert a PyTorch module to a network, with its weights in eval mode.

    A module of `Network.to_torch` gives the original network. Others are converted if fencepost's
    layers can express their operations, whatever their classes; see `from_onnx`.

    Parameters
    ----------
    module : torch.nn.Module
        It is not modified.
    input_shape : (channels, height, width), (channels, width) or (features,)
        Without the batch.
    verify : bool
        Whether to compare module and network on random input.

    Returns
    -------
    Network

    Raises
    ------
    DataError
        Operations do not fit (the message names all of them, and where they are), weights are not
        finite, or outputs differ by more than 1e-4.
    ArgumentError
        PyTorch is not installed, or `module` or `input_shape` is invalid.

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.from_torch(fp.models.lenet5().to_torch(), (1, 28, 28))  # doctest: +SKIP
    """
    from .torch import importer
    from .torch.factory import import_torch

    import_torch()
    return importer.from_torch(module, as_input_shape(input_shape), verify=verify)
