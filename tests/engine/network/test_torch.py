"""Values and gradients against PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
from fencepost import layers as l
from tolerances import TORCH, assert_close

torch = pytest.importorskip("torch", reason="PyTorch is not installed: nothing to compare with")
nn = torch.nn

NAMES = [name for name in nets.LAYERS if "table" not in name and "rbf" not in name]


class Branches(nn.Module):
    def __init__(self, join, chains):
        super().__init__()
        self.join, self.chains = join, nn.ModuleList(nn.Sequential(*chain) for chain in chains)

    def forward(self, x):
        values = [chain(x) for chain in self.chains]
        match self.join:
            case "Add":
                return values[0] + values[1]
            case "Cat":
                return torch.cat(values, 1)
            case "Mul":
                (factors,) = values
                return x * factors.reshape(*factors.shape, *(1,) * (x.ndim - factors.ndim))


class ChannelNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class SumPool(nn.Module):
    def __init__(self, average, elements):
        super().__init__()
        self.average, self.elements = average, elements

    def forward(self, x):
        return self.average(x) * self.elements


class Subsample(nn.Module):
    def __init__(self, channels, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))
        self.pool = SumPool(nn.AvgPool2d(size), size[0] * size[1])

    def forward(self, x):
        return self.pool(x) * self.weight + self.bias


class Scaled(nn.Module):
    def forward(self, x):
        return 1.7159 * torch.tanh(x * 2 / 3)


def translate(layer, shape):
    """Make PyTorch's module of the same meaning."""
    rank = len(shape) - 1
    match layer:
        case l.Conv1d() | l.Conv2d():
            padding = [(w.before, w.after) for w in layer.windows(shape)]
            conv = (nn.Conv1d, nn.Conv2d)[rank - 1](
                shape[0],
                layer.out_channels,
                layer.kernel_size,
                layer.stride,
                dilation=layer.dilation,
                groups=layer.groups,
                bias=layer.bias,
            )
            return nn.Sequential(padded(padding, 0.0), conv)
        case l.Subsample():
            return Subsample(shape[0], layer.kernel_size)
        case l.MaxPool1d() | l.MaxPool2d():
            padding = [(w.before, w.after) for w in layer.windows(shape)]
            pool = (nn.MaxPool1d, nn.MaxPool2d)[rank - 1](layer.kernel_size, layer.stride)
            return nn.Sequential(padded(padding, -np.inf), pool)
        case l.AvgPool1d() | l.AvgPool2d() | l.SumPool1d() | l.SumPool2d():
            (padding,) = {w.before for w in layer.windows(shape)}
            include = getattr(layer, "count_include_pad", True)
            pool = (nn.AvgPool1d, nn.AvgPool2d)[rank - 1](
                layer.kernel_size, layer.stride, padding, count_include_pad=include
            )
            if isinstance(layer, l.SumPool1d | l.SumPool2d):
                return SumPool(pool, int(np.prod(layer.kernel_size)))
            return pool
        case l.GlobalAvgPool():
            adaptive = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)[rank - 1]
            return nn.Sequential(adaptive(1), nn.Flatten())
        case l.GlobalMaxPool():
            adaptive = (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d)[rank - 1]
            return nn.Sequential(adaptive(1), nn.Flatten())
        case l.Linear():
            return nn.Linear(shape[0], layer.out_features, layer.bias)
        case l.BatchNorm1d():
            return nn.BatchNorm1d(shape[0], layer.eps, layer.momentum, layer.affine)
        case l.BatchNorm2d():
            return nn.BatchNorm2d(shape[0], layer.eps, layer.momentum, layer.affine)
        case l.Softmax():
            return nn.Softmax(1)
        case l.AdaptiveAvgPool1d() | l.AdaptiveAvgPool2d():
            return (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)[rank - 1](layer.output_size)
        case l.Upsample():
            corners = None if layer.mode == "nearest" else False
            return nn.Upsample(layer.size, layer.scale_factor, layer.mode, corners)
        case l.ConvTranspose1d() | l.ConvTranspose2d():
            return (nn.ConvTranspose1d, nn.ConvTranspose2d)[rank - 1](
                shape[0], layer.out_channels, layer.kernel_size, layer.stride, layer.padding,
                layer.output_padding, layer.groups, layer.bias, layer.dilation,
            )  # fmt: skip
        case l.GroupNorm():
            return nn.GroupNorm(layer.groups, shape[0], layer.eps, layer.affine)
        case l.LayerNorm():
            if layer.over == "all":
                return nn.LayerNorm(shape, layer.eps, layer.affine)
            return ChannelNorm(shape[0], layer.eps)
        case l.DropPath():
            return nn.Identity()
        case l.Branched():
            return Branches(layer.join, [chain(c.layers, shape) for c in layer.chains])
        case l.LeakyReLU():
            return nn.LeakyReLU(layer.negative_slope)
    plain = {l.ReLU6: nn.ReLU6, l.HardSigmoid: nn.Hardsigmoid, l.HardSwish: nn.Hardswish,
             l.ReLU: nn.ReLU, l.Tanh: nn.Tanh, l.Sigmoid: nn.Sigmoid, l.GELU: nn.GELU,
             l.SiLU: nn.SiLU, l.Flatten: nn.Flatten, l.ScaledTanh: Scaled}  # fmt: skip
    return plain[type(layer)]()


def chain(layers, shape):
    for layer in layers:
        yield translate(layer, shape)
        shape = layer.output_shape(shape)


def padded(pairs, value):
    flat = [edge for pair in reversed(pairs) for edge in pair]
    return (nn.ConstantPad1d, nn.ConstantPad2d)[len(pairs) - 1](flat, value)


def in_torch(net):
    """Make the same network in PyTorch, with the same weights and statistics."""
    module = nn.Sequential(*chain(net.layers, net.input_shape)).eval()
    with torch.no_grad():
        for theirs, ours in zip(module.parameters(), net.parameters.values(), strict=True):
            theirs.copy_(torch.from_numpy(ours.copy()).reshape(theirs.shape))
    buffers = [b for name, b in module.named_buffers() if not name.endswith("num_batches_tracked")]
    for theirs, ours in zip(buffers, net.state.values(), strict=True):
        theirs.copy_(torch.from_numpy(ours.copy()))
    return module


def seen(net, images):
    """Return the normalised images as a tensor that collects its gradient."""
    mean, scale = (a.reshape(-1, *(1,) * (images.ndim - 2)) for a in net.engine_normalization)
    return torch.from_numpy((images - mean) * scale).requires_grad_()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients(engine, name, training):
    net = nets.network(name)
    images = nets.random_images(net, 19)
    module, inputs = in_torch(net).train(training), seen(net, images)
    outputs = module(inputs).flatten(1)
    targets = np.random.default_rng(4).standard_normal(outputs.shape).astype(np.float32)
    loss = nn.functional.mse_loss(outputs, torch.from_numpy(targets))
    loss.backward()
    value, by_parameter, by_image = nets.plan(engine, net).gradient(
        *nets.arguments(net, images), targets, {"name": "mse"}, 0, 1, training
    )
    assert value == pytest.approx(loss.item(), rel=TORCH)
    expected = [p.grad.numpy().reshape(-1) for p in module.parameters()]
    if expected:
        assert_close(by_parameter, np.concatenate(expected), TORCH)
    assert_close(by_image.reshape(images.shape), inputs.grad.numpy(), TORCH)
    if not training:
        actual = nets.plan(engine, net).forward(*nets.arguments(net, images), 1)
        assert_close(actual, outputs.detach().numpy(), TORCH)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, [0.5, 2.0, 1.0]])
def test_cross_entropy(engine, smoothing, weights):
    net = nets.network("max pool")
    images, labels = nets.random_images(net, 19), np.random.default_rng(4).integers(0, 3, 19)
    module = in_torch(net)
    loss = nn.functional.cross_entropy(
        module(seen(net, images)),
        torch.from_numpy(labels),
        label_smoothing=smoothing,
        weight=None if weights is None else torch.tensor(weights),
    )
    loss.backward()
    options = {
        "name": "cross_entropy",
        "label_smoothing": smoothing,
        "class_weights": None if weights is None else np.array(weights, np.float32),
    }
    value, by_parameter, _ = nets.plan(engine, net).gradient(
        *nets.arguments(net, images), labels, options, 0, 1, False
    )
    assert value == pytest.approx(loss.item(), rel=TORCH)
    expected = np.concatenate([p.grad.numpy().reshape(-1) for p in module.parameters()])
    assert_close(by_parameter, expected, TORCH)


def test_lenet5(engine):
    net = fp.models.lenet5()
    net.normalization = (33.3, 78.6)
    images = nets.random_images(net, 64, np.uint8)
    actual = nets.plan(engine, net).forward(*nets.arguments(net, images), 2)
    assert_close(actual, in_torch(net)(seen(net, images)).detach().numpy(), TORCH)
