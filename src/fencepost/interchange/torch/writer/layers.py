"""The PyTorch module that each layer becomes: a function for each, or a few of them.

Parameters keep their names: that of a convolution is ``weight`` in both. PyTorch is imported with
this module, which only `fencepost.interchange.torch.writer` imports.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import nn

from .... import layers
from ....errors import DataError
from ....graph import SizedLayer
from ....layers import Layer
from ...registry import registrar
from . import modules

#: Makes the module of a layer, its weights still without values.
Writer: TypeAlias = Callable[[SizedLayer, Any], Any]

_WRITERS: dict[type[Layer], Writer] = {}
_writes = registrar(_WRITERS)


def module_of(sized: SizedLayer) -> Any:
    """Return the module of one layer. Raises DataError if the layer has none."""
    writer = _WRITERS.get(type(sized.layer))
    if writer is None:
        raise DataError(
            f"layer {sized.place}, {sized.layer.describe()}, cannot be written to PyTorch. Layers "
            f"that can: {', '.join(sorted(kind.__name__ for kind in _WRITERS))}."
        )
    return writer(sized, sized.layer)


# --- windows ----------------------------------------------------------------------------------


def _pads(sized: SizedLayer, *, covered: bool = False) -> list[int]:
    """Return the padding, the last axis first; after an axis only what a window covers, if asked.

    Pools ask: what no window covers changes nothing, and would count as a size of its own.
    """
    pads: list[int] = []
    for w in reversed(sized.windows):
        needed = (w.output - 1) * w.stride + w.kernel - w.input - w.before
        pads += [w.before, max(0, needed) if covered else w.after]
    return pads


@_writes(layers.Conv1d, layers.Conv2d)
def _conv(sized: SizedLayer, layer: Any) -> Any:
    pads = _pads(sized)
    is_1d = layer.axes == 1
    if layer.connections is not None:
        kind = modules.TableConv1d if is_1d else modules.TableConv2d
        table = torch.tensor(layer.connections)
        return kind(table, layer.kernel_size, layer.stride, layer.dilation, pads, layer.bias)
    symmetric = pads[::2] == pads[1::2]
    kinds = (nn.Conv1d, nn.Conv2d) if symmetric else (modules.PaddedConv1d, modules.PaddedConv2d)
    module = kinds[layer.axes - 1](
        sized.input_shape[0],
        layer.out_channels,
        layer.kernel_size,
        layer.stride,
        tuple(w.before for w in sized.windows) if symmetric else 0,
        layer.dilation,
        layer.groups,
        layer.bias,
    )
    if not symmetric:
        module.pads = pads
    return module


def _pool(sized: SizedLayer, kinds: tuple[Any, Any], value: float = 0.0, **options: Any) -> Any:
    """Return PyTorch's pool, with a module that pads before it where the pool itself cannot."""
    layer: Any = sized.layer
    kind = kinds[layer.axes - 1]
    pads = _pads(sized)
    symmetric = all(
        w.before == w.after and 2 * w.before <= w.kernel for w in sized.windows
    )  # PyTorch pads by at most half the kernel
    if symmetric:
        before = tuple(w.before for w in sized.windows)
        return kind(layer.kernel_size, layer.stride, before, **options)
    pads = _pads(sized, covered=True)
    pool = kind(layer.kernel_size, layer.stride)
    if options.get("count_include_pad") is False:
        return modules.UncountedAvgPool(modules.padding(pads), pool)
    return nn.Sequential(modules.padding(pads, value), pool)


@_writes(layers.MaxPool1d, layers.MaxPool2d)
def _max_pool(sized: SizedLayer, layer: Any) -> Any:
    return _pool(sized, (nn.MaxPool1d, nn.MaxPool2d), modules.LOWEST)


_MEANS = (nn.AvgPool1d, nn.AvgPool2d)


@_writes(layers.AvgPool1d, layers.AvgPool2d)
def _avg_pool(sized: SizedLayer, layer: Any) -> Any:
    return _pool(sized, _MEANS, count_include_pad=layer.count_include_pad)


@_writes(layers.SumPool1d, layers.SumPool2d)
def _sum_pool(sized: SizedLayer, layer: Any) -> Any:
    return nn.Sequential(_pool(sized, _MEANS), modules.Scale(float(math.prod(layer.kernel_size))))


@_writes(layers.Subsample)
def _subsample(sized: SizedLayer, layer: Any) -> Any:
    return modules.Subsample(_sum_pool(sized, layer), sized.input_shape[0])


@_writes(layers.GlobalAvgPool)
def _global_avg(sized: SizedLayer, layer: Any) -> Any:
    kind = nn.AdaptiveAvgPool1d if len(sized.input_shape) == 2 else nn.AdaptiveAvgPool2d
    return nn.Sequential(kind(1), nn.Flatten())


@_writes(layers.GlobalMaxPool)
def _global_max(sized: SizedLayer, layer: Any) -> Any:
    kind = nn.AdaptiveMaxPool1d if len(sized.input_shape) == 2 else nn.AdaptiveMaxPool2d
    return nn.Sequential(kind(1), nn.Flatten())


# --- flat input, norms, activations -----------------------------------------------------------


@_writes(layers.Linear)
def _linear(sized: SizedLayer, layer: Any) -> Any:
    return nn.Linear(sized.input_shape[0], layer.out_features, layer.bias)


@_writes(layers.RBF)
def _rbf(sized: SizedLayer, layer: Any) -> Any:
    centres = layer.state(sized.input_shape)["centres"]
    return modules.RBF(centres.shape, layer.variance)


@_writes(layers.BatchNorm1d, layers.BatchNorm2d)
def _batch_norm(sized: SizedLayer, layer: Any) -> Any:
    kind = nn.BatchNorm2d if len(sized.input_shape) == 3 else nn.BatchNorm1d
    return kind(sized.input_shape[0], layer.eps, layer.momentum, layer.affine)


@_writes(layers.LeakyReLU)
def _leaky_relu(sized: SizedLayer, layer: Any) -> Any:
    return nn.LeakyReLU(layer.negative_slope)


@_writes(layers.Dropout)
def _dropout(sized: SizedLayer, layer: Any) -> Any:
    return nn.Dropout(layer.p)


def _writes_module(kind: type[Layer], make: Callable[[], Any]) -> None:
    """Write a layer as a module without arguments."""
    _writes(kind)(lambda sized, layer: make())


_writes_module(layers.Flatten, nn.Flatten)
_writes_module(layers.ReLU, nn.ReLU)
_writes_module(layers.Tanh, nn.Tanh)
_writes_module(layers.Sigmoid, nn.Sigmoid)
_writes_module(layers.GELU, nn.GELU)
_writes_module(layers.SiLU, nn.SiLU)
_writes_module(layers.ReLU6, nn.ReLU6)
_writes_module(layers.HardSigmoid, nn.Hardsigmoid)
_writes_module(layers.HardSwish, nn.Hardswish)
_writes_module(layers.Softmax, lambda: nn.Softmax(1))
_writes_module(layers.ScaledTanh, modules.ScaledTanh)


@_writes(layers.DropPath)
def _drop_path(sized: SizedLayer, layer: Any) -> Any:
    return modules.DropPath(layer.p)


@_writes(layers.GroupNorm)
def _group_norm(sized: SizedLayer, layer: Any) -> Any:
    return nn.GroupNorm(layer.groups, sized.input_shape[0], layer.eps, layer.affine)


@_writes(layers.LayerNorm)
def _layer_norm(sized: SizedLayer, layer: Any) -> Any:
    if layer.over == "all":
        return nn.LayerNorm(sized.input_shape, layer.eps, layer.affine)
    return modules.ChannelNorm(sized.input_shape[0], layer.eps, layer.affine)


@_writes(layers.AdaptiveAvgPool1d)
def _adaptive_1d(sized: SizedLayer, layer: Any) -> Any:
    return nn.AdaptiveAvgPool1d(layer.output_size)


@_writes(layers.AdaptiveAvgPool2d)
def _adaptive_2d(sized: SizedLayer, layer: Any) -> Any:
    return nn.AdaptiveAvgPool2d(layer.output_size)


@_writes(layers.Upsample)
def _upsample(sized: SizedLayer, layer: Any) -> Any:
    corners = None if layer.mode == "nearest" else False
    return nn.Upsample(layer.size, layer.scale_factor, layer.mode, corners)


@_writes(layers.ConvTranspose1d, layers.ConvTranspose2d)
def _conv_transpose(sized: SizedLayer, layer: Any) -> Any:
    kind = nn.ConvTranspose1d if layer.axes == 1 else nn.ConvTranspose2d
    return kind(
        sized.input_shape[0],
        layer.out_channels,
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.output_padding,
        layer.groups,
        layer.bias,
        layer.dilation,
    )


# --- layers of layers -------------------------------------------------------------------------


@_writes(layers.Residual)
def _residual(sized: SizedLayer, layer: Any) -> Any:
    chain, shortcut = (map(module_of, inner) for inner in sized.chains)
    return modules.Residual(*chain, shortcut=list(shortcut))


@_writes(layers.Concat)
def _concat(sized: SizedLayer, layer: Any) -> Any:
    return modules.Concat(*(nn.Sequential(*map(module_of, inner)) for inner in sized.chains))


@_writes(layers.Gate)
def _gate(sized: SizedLayer, layer: Any) -> Any:
    return modules.Gate(*map(module_of, sized.inner))
