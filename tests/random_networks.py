"""Random networks that fit together, of every layer with its options; a seed is a network."""

from __future__ import annotations

import numpy as np

import fencepost as fp
from engine_networks import ACTIVATIONS, disturbed
from fencepost.network import Network

_MOST = 1500  # values between two layers
_TRIES = 60

Shape = tuple[int, ...]


class _Chooser:
    """Draws layers for an input of a given shape, until one fits."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def one(self, values):
        return values[int(self.rng.integers(len(values)))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def each(self, axes: int, low: int, high: int):
        """An integer for all axes, or one for each."""
        if self.chance(0.5):
            return self.integer(low, high)
        return tuple(self.integer(low, high) for _ in range(axes))

    def chain(self, shape: Shape, count: int, depth: int):
        """So many layers, and the shape that they end in."""
        layers = []
        for _ in range(count):
            layer, shape = self.layer(shape, depth)
            layers.append(layer)
        return layers, shape

    def layer(self, shape: Shape, depth: int):
        makers = FLAT if len(shape) == 1 else PLANES
        for _ in range(_TRIES):
            try:
                layer = self.one(makers)(self, shape, depth)
                after = None if layer is None else layer.output_shape(shape)
            except fp.FencepostError:
                continue
            if after is not None and np.prod(after) <= _MOST:
                return layer, after
        return self.one(ACTIVATIONS), shape


def _kind(shape: Shape, name: str):
    return getattr(fp, f"{name}{len(shape) - 1}d")


def _window(d: _Chooser, axes: int, largest: int):
    """Kernel, stride, padding and what is done with a remainder."""
    window = {"kernel_size": d.each(axes, 1, largest), "stride": d.each(axes, 1, 3)}
    if d.chance(0.6):
        pairs = tuple((d.integer(0, 2), d.integer(0, 2)) for _ in range(axes))
        window["padding"] = d.one(["same", d.each(axes, 0, 2), pairs])
        if window["padding"] == "same":
            window["stride"] = 1
    if window.get("padding") != "same":
        window["remainder"] = d.one(["crop", "pad", "error"])
    return window


def _conv(d, shape, depth):
    axes, channels = len(shape) - 1, shape[0]
    options = _window(d, axes, 4)
    if d.chance(0.3):
        options["dilation"] = d.each(axes, 1, 2)
    out = d.integer(1, 7)
    if d.chance(0.3):
        options["groups"] = d.one([g for g in range(1, channels + 1) if channels % g == 0])
        out = options["groups"] * d.integer(1, 3)
    elif d.chance(0.2):
        table = d.rng.integers(0, 2, (out, channels))
        table[np.arange(out), d.rng.integers(0, channels, out)] = 1
        table[0] |= table.sum(0) == 0
        options["connections"] = table.tolist()
    return _kind(shape, "Conv")(out, bias=d.chance(0.7), **options)


def _pool(d, shape, depth):
    kind = d.one(["MaxPool", "AvgPool", "SumPool"])
    options = _window(d, len(shape) - 1, 3)
    if kind == "AvgPool":
        options["count_include_pad"] = d.chance(0.5)
    return _kind(shape, kind)(**options)


def _subsample(d, shape, depth):
    return fp.Subsample(d.each(2, 1, 3), remainder="crop") if len(shape) == 3 else None


def _adaptive(d, shape, depth):
    return _kind(shape, "AdaptiveAvgPool")(d.each(len(shape) - 1, 1, 7))


def _upsample(d, shape, depth):
    axes = len(shape) - 1
    mode = d.one(["nearest", "linear" if axes == 1 else "bilinear"])
    if d.chance(0.5):
        return fp.Upsample(scale_factor=d.each(axes, 1, 3), mode=mode)
    return fp.Upsample(d.each(axes, 2, 12), mode=mode)


def _conv_transpose(d, shape, depth):
    axes, channels = len(shape) - 1, shape[0]
    groups = d.one([g for g in range(1, channels + 1) if channels % g == 0])
    return _kind(shape, "ConvTranspose")(
        groups * d.integer(1, 3),
        d.each(axes, 1, 4),
        stride=d.each(axes, 1, 3),
        padding=d.each(axes, 0, 1),
        output_padding=d.each(axes, 0, 1),
        groups=groups,
        bias=d.chance(0.7),
        dilation=d.each(axes, 1, 2),
    )


def _norm(d, shape, depth):
    eps, affine = d.one([1e-5, 1e-3]), d.chance(0.7)
    batch = fp.BatchNorm2d if len(shape) == 3 else fp.BatchNorm1d
    divisors = [g for g in range(1, shape[0] + 1) if shape[0] % g == 0]
    # The norm of a single value is the rounding of a zero, beside which nothing is exact.
    return d.one(
        [
            lambda: batch(eps, d.one([0.1, 0.3]), affine),
            lambda: fp.GroupNorm(d.one(divisors), eps, affine) if np.prod(shape) > 9 else None,
            lambda: fp.LayerNorm(eps, affine) if np.prod(shape) > 3 else None,
            lambda: fp.LayerNorm(eps, affine, "channels") if shape[0] > 2 else None,
        ]
    )()


def _activation(d, shape, depth):
    return d.one([*ACTIVATIONS, fp.Softmax(), fp.Dropout(0.3), fp.DropPath(0.2)])


def _spatial(shape: Shape) -> Shape:
    return shape[1:]


def _projection(shape: Shape, channels: int):
    return fp.Linear(channels) if len(shape) == 1 else _kind(shape, "Conv")(channels, 1)


def _residual(d, shape, depth):
    if depth > 1:
        return None
    layers, after = d.chain(shape, d.integer(1, 3), depth + 1)
    if after == shape:
        return fp.Residual(*layers)
    if len(after) != len(shape) or _spatial(after) != _spatial(shape):
        return None
    return fp.Residual(*layers, shortcut=[_projection(shape, after[0])])


def _concat(d, shape, depth):
    if depth > 1:
        return None
    chains = [[]] if d.chance(0.4) else []
    for _ in range(d.integer(2 - len(chains), 3)):
        layers, after = d.chain(shape, d.integer(1, 2), depth + 1)
        if len(after) != len(shape) or _spatial(after) != _spatial(shape):
            return None
        chains.append(layers)
    return fp.Concat(*chains)


def _gate(d, shape, depth):
    channels = shape[0]
    if len(shape) == 1:
        return fp.Gate(fp.Linear(channels), d.one(ACTIVATIONS))
    squeeze = [fp.GlobalAvgPool(), fp.Linear(2), fp.ReLU(), fp.Linear(channels), fp.Sigmoid()]
    pixels = [_kind(shape, "Conv")(d.one([1, channels]), 3, padding=1), fp.Sigmoid()]
    return fp.Gate(*d.one([squeeze, pixels]))


def _linear(d, shape, depth):
    return fp.Linear(d.integer(1, 9), bias=d.chance(0.7))


def _rbf(d, shape, depth):
    if shape[0] == 1:
        return None
    return fp.RBF(d.rng.normal(0, 1, (d.integer(2, 4), shape[0])), d.one([0.5, 1.0, 2.5]))


def _flatten(d, shape, depth):
    return None if depth else d.one([fp.Flatten(), fp.GlobalAvgPool(), fp.GlobalMaxPool()])


PLANES = (
    *(_conv, _conv, _conv, _pool, _pool, _subsample, _adaptive, _upsample, _conv_transpose),
    *(_norm, _norm, _activation, _activation, _residual, _concat, _gate, _flatten),
)
FLAT = (
    *(_linear, _linear, _linear, _linear, _norm, _activation, _activation, _activation, _rbf),
    *(_residual, _concat, _gate),
)


def random_network(seed: int) -> Network:
    """Make the network of a seed, nothing of it at its plain first value."""
    d = _Chooser(seed)
    shape = d.one(
        [
            *[(d.integer(1, 4), d.integer(4, 13), d.integer(4, 13)) for _ in range(3)],
            *[(d.integer(1, 4), d.integer(6, 30)) for _ in range(2)],
            (d.integer(2, 12),),
        ]
    )
    layers, after = d.chain(shape, d.integer(2, 8), 0)
    statistics = None
    if d.chance(0.5):
        statistics = d.rng.normal(0, 1, shape[0]), d.rng.uniform(0.5, 2, shape[0])
    names = None
    if len(after) == 1 and d.chance(0.5):
        names = [f"class {index}" for index in range(after[0])]
    net = Network(shape, layers, normalization=statistics, class_names=names, seed=seed)
    return disturbed(net)
