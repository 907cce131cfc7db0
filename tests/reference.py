"""A network in float64, layer by layer as `fencepost.definitions` has it: the oracle of the engine.

It reads the layers themselves and none of the engine's steps, so that a wrong step is found too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fencepost import definitions as d
from fencepost import layers as l
from fencepost.network import Network

Array = NDArray[np.float64]
_outputs: dict[bytes, Array] = {}
Arrays = Mapping[str, Array]

ACTIVATIONS = {
    l.ReLU: d.relu,
    l.ReLU6: d.relu6,
    l.HardSigmoid: d.hard_sigmoid,
    l.HardSwish: d.hard_swish,
    l.Tanh: d.tanh,
    l.ScaledTanh: d.scaled_tanh,
    l.Sigmoid: d.sigmoid,
    l.GELU: d.gelu,
    l.SiLU: d.silu,
}


def features(
    net: Network, images: ArrayLike, parameters: Array | None = None, training: bool = False
) -> list[Array]:
    """Return the output of every layer. `training` uses the batch's statistics, but no dropout."""
    flat = np.asarray(net.parameter_vector if parameters is None else parameters, np.float64)
    arrays = _named(net, flat) | {n: np.asarray(a, np.float64) for n, a in net.state.items()}
    x = np.asarray(images, np.float64)
    mean, scale = (np.asarray(a, np.float64) for a in net.engine_normalization)
    channels = (-1, *(1,) * (x.ndim - 2))
    x = (x - mean.reshape(channels)) * scale.reshape(channels)
    values = []
    for index, layer in enumerate(net.layers):
        x = apply(layer, x, _below(arrays, index), training)
        values.append(x)
    return values


def outputs(
    net: Network, images: ArrayLike, parameters: Array | None = None, training: bool = False
) -> Array:
    """Return the output of the last layer.

    Remembered, because the same is asked for at every instruction-set level.
    """
    flat = np.asarray(net.parameter_vector if parameters is None else parameters)
    known = (flat, net.state_vector, *net.engine_normalization, np.asarray(images))
    digest = hashlib.blake2b(f"{net!r} {training}".encode())
    for array in known:
        digest.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
    key = digest.digest()
    if key not in _outputs:
        _outputs[key] = features(net, images, parameters, training)[-1]
    return _outputs[key]


def apply(layer: l.Layer, x: Array, arrays: Arrays, training: bool) -> Array:
    """Return what one layer makes of a batch."""
    if type(layer) in ACTIVATIONS:
        return ACTIVATIONS[type(layer)](x)
    match layer:
        case l.LeakyReLU():
            return d.leaky_relu(x, layer.negative_slope)
        case l.Dropout() | l.DropPath():
            return x
        case l.Conv1d() | l.Conv2d():
            return d.conv_layer(
                x,
                arrays["weight"],
                arrays.get("bias"),
                stride=layer.stride,
                padding=_padding(layer, x),
                dilation=layer.dilation,
                groups=layer.groups,
                connections=layer.connections,
            )
        case l.Subsample():
            return d.affine(_pool(d.sum_pool, layer, x), arrays["weight"], arrays["bias"])
        case l.MaxPool1d() | l.MaxPool2d():
            return _pool(d.max_pool, layer, x)
        case l.AvgPool1d() | l.AvgPool2d():
            return _pool(d.avg_pool, layer, x, count_include_pad=layer.count_include_pad)
        case l.SumPool1d() | l.SumPool2d():
            return _pool(d.sum_pool, layer, x)
        case l.GlobalAvgPool():
            return x.reshape(*x.shape[:2], -1).mean(axis=2)
        case l.GlobalMaxPool():
            return x.reshape(*x.shape[:2], -1).max(axis=2)
        case l.Flatten():
            return d.flatten(x)
        case l.Softmax():
            return np.moveaxis(d.softmax(np.moveaxis(x, 1, -1)), -1, 1)
        case l.AdaptiveAvgPool1d() | l.AdaptiveAvgPool2d():
            return d.adaptive_avg_pool(x, layer.output_size)
        case l.Upsample():
            mode = "nearest" if layer.mode == "nearest" else "linear"
            return d.upsample(x, layer.output_shape(x.shape[1:])[1:], mode)
        case l.ConvTranspose1d() | l.ConvTranspose2d():
            return d.conv_transpose(
                x,
                arrays["weight"],
                arrays.get("bias"),
                stride=layer.stride,
                padding=layer.padding,
                output_padding=layer.output_padding,
                dilation=layer.dilation,
                groups=layer.groups,
            )
        case l.GroupNorm() | l.LayerNorm():
            scale = {"weight": arrays.get("weight"), "bias": arrays.get("bias"), "eps": layer.eps}
            if isinstance(layer, l.GroupNorm):
                return d.group_norm(x, layer.groups, **scale)
            return d.layer_norm(x, over=layer.over, **scale)
        case l.Linear():
            return d.linear(x, arrays["weight"], arrays.get("bias"))
        case l.RBF():
            return d.rbf(x, arrays["centres"], layer.variance)
        case l.BatchNorm1d() | l.BatchNorm2d():
            scale = {"weight": arrays.get("weight"), "bias": arrays.get("bias"), "eps": layer.eps}
            if training:
                return d.batch_norm_training(x, **scale)
            return d.batch_norm_inference(x, arrays["running_mean"], arrays["running_var"], **scale)
        case l.Residual():
            return d.add(*_chains(layer, x, arrays, training))
        case l.Concat():
            return d.concat(*_chains(layer, x, arrays, training))
        case l.Gate():
            return d.gate(x, *_chains(layer, x, arrays, training))
    raise TypeError(f"the reference does not know {layer}")


def _chains(layer: l.Branched, x: Array, arrays: Arrays, training: bool) -> list[Array]:
    """What each chain of a layer makes of a batch."""
    values = []
    for chain in layer.chains:
        y = x
        for index, inner in enumerate(chain.layers):
            y = apply(inner, y, _below(arrays, f"{chain.prefix}{index}"), training)
        values.append(y)
    return values


def _pool(operation, layer, x, **options):
    return operation(
        x, layer.kernel_size, stride=layer.stride, padding=_padding(layer, x), **options
    )


def _padding(layer, x):
    """The padding that is finally used, which `remainder` may have added to."""
    return [(window.before, window.after) for window in layer.windows(x.shape[1:])]


def _named(net: Network, flat: Array) -> dict[str, Array]:
    arrays, start = {}, 0
    for name, view in net.parameters.items():
        arrays[name] = flat[start : start + view.size].reshape(view.shape)
        start += view.size
    return arrays


def _below(arrays: Arrays, index: int | str) -> dict[str, Array]:
    prefix = f"{index}."
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
