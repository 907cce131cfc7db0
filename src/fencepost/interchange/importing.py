"""`from_onnx` and `from_torch`: anyone's model as a network, with its weights."""

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
    """Make a network of an ONNX file, with its weights.

    A file that `Network.export` wrote gives back the network that it was made of, bit for bit.
    Other files give one if their operations are fencepost's layers, in any of the ways in which
    exporters write them. A factor and a summand for each channel at the beginning become the
    network's normalisation. A file whose images have their channels last, or come as flat rows,
    gives a network of images with their channels first.

    Parameters
    ----------
    path : str or path
    input_shape : (channels, height, width), (channels, width) or (features,), optional
        Where the file leaves sizes open.
    verify : bool
        Whether the file is run beside the network on random input, by ONNX Runtime.
        ``network.metadata["imported"]["compared"]`` says whether it was: not where that is not
        installed.

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
        `input_shape` is none, or another than the file can take.

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
    """Make a network of a PyTorch module, with its weights as they are in eval mode.

    A module of `Network.to_torch` gives back its network. Others give one if what they do is done
    by fencepost's layers, whatever classes they are written in; see `from_onnx`.

    Parameters
    ----------
    module : torch.nn.Module
        It is left as it is.
    input_shape : (channels, height, width), (channels, width) or (features,)
        Without the batch.
    verify : bool
        Whether the module is run beside the network on random input.

    Returns
    -------
    Network

    Raises
    ------
    DataError
        Operations do not fit (the message names all of them, and where they are), weights are not
        finite, or outputs differ by more than 1e-4.
    ArgumentError
        PyTorch is not installed, or `module` or `input_shape` is none.

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.from_torch(fp.models.lenet5().to_torch(), (1, 28, 28))  # doctest: +SKIP
    """
    from .torch import importer
    from .torch.factory import import_torch

    import_torch()
    return importer.from_torch(module, as_input_shape(input_shape), verify=verify)
