"""Makes a network of a PyTorch module: one of `Network.to_torch` exactly, others by what they do.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...datasets.content import UNKNOWN
from ...errors import FencepostError
from ...network import Network
from ..conversion.network import Made, to_network
from ..conversion.parts import as_float32
from ..conversion.verification import compare, random_images
from .details import as_numpy, details
from .trace import read_module


def from_torch(module: Any, input_shape: Sequence[int], *, verify: bool = True) -> Network:
    """Make a network of a module; see `fencepost.from_torch`."""
    source = type(module).__name__
    network = _own(module, input_shape)
    if network is None:
        graph = read_module(module, [tuple(input_shape)], source, keep=True)
        arrays = dict((*module.named_parameters(), *module.named_buffers()))
        made = to_network(graph, lambda operation: details(operation, arrays))
    else:
        made = Made(network, ())
    if verify:
        _verify(module, made, source)
    return made.network


def _own(module: Any, input_shape: Sequence[int]) -> Network | None:
    """Return the network that became this module, unless its layers are others now."""
    config = getattr(module, "fencepost_config", None)
    if not isinstance(config, str):
        return None
    try:
        network = Network.from_config(json.loads(config))
        network.trained_on = UNKNOWN
    except (FencepostError, ValueError, RecursionError):
        return None
    weights = {n: a for n, a in module.state_dict().items() if "num_batches_tracked" not in n}
    same = [type(part) for part in module.modules()] == [
        type(part) for part in network.to_torch().modules()
    ]
    shapes = {name: tuple(array.shape) for name, array in weights.items()}
    with network.engine_weights.lent() as arrays:
        names = arrays.by_name
        if not same or shapes != {name: array.shape for name, array in names.items()}:
            return None
        if tuple(input_shape) != network.input_shape:
            return None
        for name, values in names.items():
            values[...] = as_float32(name, as_numpy(weights[name]))
    return network


def _verify(module: Any, made: Made, source: str) -> None:
    """Run the module, in eval mode and as it was left afterwards, beside the network."""
    import torch

    floats = [p for p in module.parameters() if p.is_floating_point()]
    device, dtype = (floats[0].device, floats[0].dtype) if floats else ("cpu", torch.float32)
    images = random_images(made.network, 2, np.dtype(np.float32))
    modes = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            outputs = module(torch.from_numpy(made.arranged(images)).to(device, dtype))
    finally:
        for part, training in modes:
            part.training = training
    while isinstance(outputs, (tuple, list, dict)):
        outputs = next(iter(outputs.values() if isinstance(outputs, dict) else outputs))
    compare(source, made.outputs(images), as_numpy(outputs))
