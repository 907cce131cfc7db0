"""Makes a network of a PyTorch module: one of `Network.to_torch` exactly, others by what they do.

PyTorch is imported only inside functions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import FencepostError
from ...graph import Operation
from ...network import Network
from ..conversion.network import to_network
from ..conversion.parts import Details, Float32, Misfit, as_float32
from ..conversion.verification import compare, random_images
from .function_call import Recorded
from .trace import read_module


def from_torch(module: Any, input_shape: Sequence[int], *, verify: bool = True) -> Network:
    """Make a network of a module; see `fencepost.from_torch`."""
    source = type(module).__name__
    network = _own(module, input_shape)
    if network is None:
        graph = read_module(module, [tuple(input_shape)], source, keep=True)
        arrays = dict((*module.named_parameters(), *module.named_buffers()))
        network = to_network(graph, lambda operation: _details(operation, arrays))
    if verify:
        _verify(module, network, source)
    return network


def _own(module: Any, input_shape: Sequence[int]) -> Network | None:
    """Return the network that became this module, unless its layers are others now."""
    config = getattr(module, "fencepost_config", None)
    if not isinstance(config, str):
        return None
    try:
        network = Network.from_config(json.loads(config))
    except (FencepostError, ValueError, RecursionError):
        return None
    names = {**network.parameters, **network.state}
    weights = {n: a for n, a in module.state_dict().items() if "num_batches_tracked" not in n}
    same = [type(part) for part in module.modules()] == [
        type(part) for part in network.to_torch().modules()
    ]
    shapes = {name: tuple(array.shape) for name, array in weights.items()}
    if not same or shapes != {name: array.shape for name, array in names.items()}:
        return None
    if tuple(input_shape) != network.input_shape:
        return None
    for name, values in names.items():
        values[...] = as_float32(name, _numpy(weights[name]))
    return network


def _numpy(array: Any) -> Any:
    return array.detach().cpu().float().numpy()


_SIGNATURES: Mapping[str, tuple[str, ...]] = {
    "conv1d": ("input", "weight", "bias"),
    "conv2d": ("input", "weight", "bias"),
    "linear": ("input", "weight", "bias"),
    "batch_norm": (
        "input", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps",
    ),
    "leaky_relu": ("input", "negative_slope"),
    "hardtanh": ("input", "min", "max"),
    "clamp": ("input", "min", "max"),
    "clip": ("input", "min", "max"),
    "clamp_min": ("input", "min"),
    "gelu": ("input", "approximate"),
    "softmax": ("input", "dim"),
    "dropout": ("input", "p", "training"),
    "pad": ("input", "pad", "mode", "value"),
}  # fmt: skip
_DEFAULTS = {"eps": 1e-5, "momentum": 0.1, "negative_slope": 0.01}
_ARITHMETIC = ("add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide")


def _details(operation: Operation, arrays: Mapping[str, Any]) -> Details:
    """Read the numbers and arrays of a call by their names."""
    recorded = operation.source
    if not isinstance(recorded, Recorded):
        return Details()
    call = recorded.call

    def value(array: Any) -> Float32:
        name = recorded.names.get(id(array))
        if name is None and (array.is_meta or array.requires_grad):
            raise Misfit("its weights are computed while it runs")
        found = arrays[name] if name is not None else array
        return as_float32(name or operation.name, _numpy(found))

    if call.name in _ARITHMETIC:
        return _arithmetic(recorded, value)
    names = _SIGNATURES.get(call.name, ())
    given = {**_DEFAULTS, **call.bind(*names)}
    if call.name == "hardtanh":
        given = {"min": -1.0, "max": 1.0} | given
        given |= {n: given[f"{n}_val"] for n in ("min", "max") if f"{n}_val" in call.kwargs}
    if call.name == "batch_norm" and given.get("training"):
        raise Misfit("it normalises by the batch in eval mode, too")
    found = {n: v for n, v in given.items() if n != "input" and hasattr(v, "is_meta")}
    options = {n: v for n, v in given.items() if n not in found and n != "input"}
    return Details(options, {name: value(array) for name, array in found.items()})


def _arithmetic(recorded: Recorded, value: Callable[[Any], Float32]) -> Details:
    """Read a sum or a product with a constant."""
    call = recorded.call
    operands = [*call.args[:2], *(call.kwargs[n] for n in ("input", "other") if n in call.kwargs)]
    if len(operands) != 2 or call.kwargs.get("alpha", 1) != 1 or call.kwargs.get("rounding_mode"):
        raise Misfit("it is called in another way")
    flowing = [index for index, one in enumerate(operands) if id(one) in recorded.flowing]
    if len(flowing) != 1:
        return Details()
    other = operands[1 - flowing[0]]
    array = value(other) if hasattr(other, "is_meta") else np.asarray(other, np.float32)
    first = (flowing[0] == 1) != recorded.reflected
    return Details({"constant_first": first}, {"other": array})


def _verify(module: Any, network: Network, source: str) -> None:
    """Run the module, in eval mode and as it was left afterwards, beside the network."""
    import torch

    floats = [p for p in module.parameters() if p.is_floating_point()]
    device, dtype = (floats[0].device, floats[0].dtype) if floats else ("cpu", torch.float32)
    images = random_images(network, 2, np.dtype(np.float32))
    modes = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            outputs = module(torch.from_numpy(images).to(device, dtype))
    finally:
        for part, training in modes:
            part.training = training
    while isinstance(outputs, (tuple, list, dict)):
        outputs = next(iter(outputs.values() if isinstance(outputs, dict) else outputs))
    compare(source, network, images, _numpy(outputs))
