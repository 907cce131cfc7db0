"""The same layers in PyTorch, which is asked for sizes, parameters and work."""

from __future__ import annotations

import fencepost as fp
from fencepost.graph import size_layers


def build(torch, input_shape, layers):
    """A torch.nn.Sequential of the same layers, on the meta device."""
    modules, shape = [], input_shape
    for row in size_layers(input_shape, layers).layers:
        modules.append(_module(torch.nn, row.layer, shape))
        shape = row.output_shape
    return torch.nn.Sequential(*modules).to("meta")


def shapes(torch, network, input_shape):
    """Output shape of every layer, without the batch."""
    x = torch.zeros(1, *input_shape, device="meta")
    found = []
    for module in network:
        x = module(x)
        found.append(tuple(x.shape[1:]))
    return found


def multiply_adds(torch, network, input_shape):
    """What PyTorch counts of convolutions and matrix products: two operations for each."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, *input_shape, device="meta"))
    return counter.get_total_flops() // 2


def _module(nn, layer, shape):
    name = type(layer).__name__
    if isinstance(layer, (fp.Conv1d, fp.Conv2d)):
        padding = layer.padding if layer.padding == "same" else _even(layer.padding)
        return getattr(nn, name)(
            shape[0], layer.out_channels, layer.kernel_size, layer.stride, padding,
            layer.dilation, layer.groups, layer.bias,
        )  # fmt: skip
    if isinstance(layer, (fp.MaxPool1d, fp.MaxPool2d, fp.AvgPool1d, fp.AvgPool2d)):
        return getattr(nn, name)(layer.kernel_size, layer.stride, _even(layer.padding))
    if isinstance(layer, fp.Linear):
        return nn.Linear(shape[0], layer.out_features, layer.bias)
    if isinstance(layer, (fp.BatchNorm1d, fp.BatchNorm2d)):
        return getattr(nn, name)(shape[0]).eval()
    return getattr(nn, name)()


def _even(padding):
    assert all(before == after for before, after in padding)
    return tuple(before for before, _ in padding)
