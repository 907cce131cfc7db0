"""A network as a PyTorch module with the same weights and names, and as a file of torch.export.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

import io
import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....errors import DataError
from ....network import Network
from ....network.arguments import is_of_classes
from ...exports import (
    TOLERANCE,
    Export,
    Runner,
    as_verification_images,
    contents,
    output_names,
    pixel_type,
    write_verified,
)
from ..factory import import_torch


def to_torch(network: Network) -> Any:
    """Return the network as a module; see `Network.to_torch`."""
    torch = import_torch()
    from .layers import module_of
    from .modules import TorchNetwork

    shape = (-1, *(1,) * (len(network.input_shape) - 1))
    mean, scale = (torch.tensor(v.reshape(shape)) for v in network.engine_normalization)
    with torch.random.fork_rng(devices=[]):  # first values that are overwritten
        inner = [module_of(sized) for sized in network.rows]
    module = TorchNetwork(inner, mean, scale, json.dumps(network.config()))
    with network.engine_weights.lent() as weights:
        arrays = {name: torch.tensor(array) for name, array in weights.by_name.items()}
    missing, unexpected = module.load_state_dict(arrays, strict=False)
    missing = [name for name in missing if not name.endswith(".num_batches_tracked")]
    if missing or unexpected:
        raise AssertionError(f"names differ: {missing}, {unexpected}")
    return module.eval()


def export(
    network: Network,
    path: str | os.PathLike[str],
    *,
    dtype: str | None = None,
    verify: bool | ArrayLike = True,
    tolerance: float = TOLERANCE,
) -> Export:
    """Write a network as a file for torch.export.load; see `Network.export`."""
    torch = import_torch()
    from .modules import WithProbabilities

    pixels = pixel_type(network, dtype)
    images = as_verification_images(network, verify, pixels)
    description = contents(network, pixels)
    module = to_torch(network)
    if is_of_classes(network.output_shape):
        module = WithProbabilities(module, network.temperature).eval()
    example = torch.zeros((2, *network.input_shape), dtype=getattr(torch, pixels))
    dynamic = ({0: torch.export.Dim("batch")},)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(module, (example,), dynamic_shapes=dynamic)
        file = io.BytesIO()
        torch.export.save(program, file, extra_files=_extra_files(network, description))
    kind = f"PyTorch {torch.__version__.partition('+')[0]}, torch.export"
    return write_verified(
        path,
        file.getvalue(),
        network,
        lambda partial: _runner(partial, network),
        images,
        tolerance,
        kind,
        description,
    )


def _extra_files(network: Network, description: str) -> dict[str, str]:
    names = network.class_names or ()
    return {
        "contents": description,
        "class_names": json.dumps(names, ensure_ascii=False),
        "fencepost.network": json.dumps(network.config()),
    }


def _runner(path: Path, network: Network) -> Runner:
    """Return what runs a file."""
    import torch

    try:
        module = torch.export.load(io.BytesIO(path.read_bytes())).module()
    except RuntimeError as error:
        raise DataError(f"the file that was written cannot be read: {error}") from None
    names = output_names(network)

    def run(images: NDArray[Any]) -> dict[str, NDArray[Any]]:
        with torch.no_grad():
            outputs = module(torch.from_numpy(np.ascontiguousarray(images)))
        outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
        return {name: array.numpy() for name, array in zip(names, outputs, strict=True)}

    return run
