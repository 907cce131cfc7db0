"""What one layer of ours is in the hands of others: a module for each way of writing it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Written(nn.Module):
    """A function of an array and of some modules."""

    def __init__(self, function, *modules):
        super().__init__()
        self.function, self.inner = function, nn.ModuleList(modules)

    def forward(self, x):
        return self.function(x, *self.inner)


class ChannelNorm(nn.Module):
    """The norm of each pixel, as ConvNeXt's authors wrote it out."""

    def __init__(self, root):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(3)), nn.Parameter(torch.zeros(3))
        self.root = root

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        x = self.root(x - mean, variance + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class ConvNeXtBlock(nn.Module):
    """A block with channels last within it."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 3, padding=1, groups=3), nn.LayerNorm(3, eps=1e-6)
        self.wide, self.narrow = nn.Linear(3, 8), nn.Linear(8, 3)
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x):
        y = self.norm(self.conv(x).permute(0, 2, 3, 1))
        y = self.scale * self.narrow(F.gelu(self.wide(y)))
        return x + y.permute(0, 3, 1, 2)


def conv(inputs, outputs, kernel=1, **options):
    return nn.Conv2d(inputs, outputs, kernel, **options)


IMAGE = (3, 8, 9)

#: name -> (module, input shape, the kinds of layers that it shall become)
WAYS = {
    # --- sizes
    "adaptive, uneven": (nn.AdaptiveAvgPool2d((4, 3)), (3, 7, 9), "AdaptiveAvgPool2d"),
    "adaptive, one axis": (nn.AdaptiveAvgPool2d((None, 4)), IMAGE, "AdaptiveAvgPool2d"),
    "adaptive, even": (nn.AdaptiveAvgPool2d((4, 3)), IMAGE, "AvgPool2d"),
    "adaptive, larger": (nn.AdaptiveAvgPool2d(5), (3, 3, 3), "AdaptiveAvgPool2d"),
    "adaptive, signal": (nn.AdaptiveAvgPool1d(4), (3, 11), "AdaptiveAvgPool1d"),
    "adaptive, maxima": (nn.AdaptiveMaxPool2d(2), (3, 6, 8), "MaxPool2d"),
    "nearest": (nn.Upsample(scale_factor=(2, 3)), IMAGE, "Upsample"),
    "nearest to a size": (nn.Upsample(size=(17, 5)), IMAGE, "Upsample"),
    "nearest, half": (nn.Upsample(scale_factor=0.5), (3, 8, 8), "Upsample"),
    "nearest-exact": (nn.Upsample(scale_factor=2, mode="nearest-exact"), IMAGE, "Upsample"),
    "nearest, signal": (nn.Upsample(scale_factor=3), (3, 7), "Upsample"),
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), IMAGE, "Upsample"),
    "bilinear to a size": (nn.Upsample(size=(7, 13), mode="bilinear"), IMAGE, "Upsample"),
    "bilinear, 1.5": (nn.Upsample(scale_factor=1.5, mode="bilinear"), (3, 8, 8), "Upsample"),
    "linear": (nn.Upsample(size=12, mode="linear"), (3, 5), "Upsample"),
    "area": (
        Written(lambda x: F.interpolate(x, size=(3, 4), mode="area")), IMAGE, "AdaptiveAvgPool2d",
    ),
    "transposed": (nn.ConvTranspose2d(3, 4, 3, 2, 1, 1), IMAGE, "ConvTranspose2d"),
    "transposed, groups": (
        nn.ConvTranspose2d(4, 6, 3, groups=2, dilation=2, bias=False), (4, 5, 6), "ConvTranspose2d",
    ),
    "transposed signal": (nn.ConvTranspose1d(3, 4, 5, 3, 1, 2), (3, 6), "ConvTranspose1d"),
    "every second element": (Written(lambda x: x[:, :, ::2]), (3, 9), "MaxPool1d"),
    # --- norms
    "group norm": (nn.GroupNorm(2, 4), (4, 4, 5), "GroupNorm"),
    "group norm, plain": (nn.GroupNorm(2, 4, affine=False), (4, 5), "GroupNorm"),
    "instance norm": (nn.InstanceNorm2d(3, affine=True), IMAGE, "GroupNorm"),
    "layer norm": (nn.LayerNorm(IMAGE), IMAGE, "LayerNorm"),
    "layer norm of features": (nn.LayerNorm(7), (7,), "LayerNorm"),
    "layer norm without bias": (nn.LayerNorm(7, bias=False), (7,), "LayerNorm"),
    "channels last": (
        Written(lambda x, norm: norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), nn.LayerNorm(3)),
        IMAGE, "LayerNorm",
    ),
    "channel norm by a root": (ChannelNorm(lambda x, v: x / torch.sqrt(v)), IMAGE, "LayerNorm"),
    "channel norm by rsqrt": (ChannelNorm(lambda x, v: x * torch.rsqrt(v)), IMAGE, "LayerNorm"),
    "ConvNeXt": (ConvNeXtBlock(), IMAGE, "Residual"),
    "batch norm, plain": (
        nn.Sequential(nn.ReLU(), nn.BatchNorm2d(3, affine=False)), IMAGE, "ReLU BatchNorm2d",
    ),
    # --- activations
    "hardswish": (nn.Hardswish(), IMAGE, "HardSwish"),
    "hardswish by relu6": (Written(lambda x: x * F.relu6(x + 3) / 6), IMAGE, "HardSwish"),
    "hardswish by a gate": (Written(lambda x: x * (F.relu6(x + 3) / 6)), IMAGE, "HardSwish"),
    "hardsigmoid": (nn.Hardsigmoid(), IMAGE, "HardSigmoid"),
    "hardsigmoid by relu6": (Written(lambda x: F.relu6(x + 3.0) / 6), IMAGE, "HardSigmoid"),
    "hardsigmoid by a clamp": (
        Written(lambda x: (x / 6 + 0.5).clamp(0, 1)), IMAGE, "HardSigmoid",
    ),
    "relu6 as a minimum": (Written(lambda x: torch.minimum(x.relu(), SIX)), IMAGE, "ReLU6"),
    "relu as a maximum": (Written(lambda x: torch.maximum(x, ZERO)), IMAGE, "ReLU"),
    "relu as a clamp": (Written(lambda x: x.clamp(min=0)), IMAGE, "ReLU"),
    "relu up to 4": (
        nn.Sequential(conv(3, 3), nn.Hardtanh(0, 4)), IMAGE, "Conv2d BatchNorm2d ReLU6 BatchNorm2d",
    ),
    "gelu": (nn.GELU(), IMAGE, "GELU"),
    "gelu by erf": (Written(lambda x: x * 0.5 * (1 + torch.erf(x / 2**0.5))), IMAGE, "GELU"),
    "silu": (nn.SiLU(), IMAGE, "SiLU"),
    "scaled tanh": (Written(lambda x: 1.7159 * torch.tanh(x * (2 / 3))), IMAGE, "ScaledTanh"),
    "softmax": (nn.Softmax(1), IMAGE, "Softmax"),
    # --- pools
    "mean": (Written(lambda x: x.mean((2, 3))), IMAGE, "GlobalAvgPool"),
    "mean of means": (Written(lambda x: x.mean(3).mean(2)), IMAGE, "GlobalAvgPool"),
    "mean, axes put back": (
        Written(lambda x, c: c(x.mean((2, 3))[:, :, None, None]).flatten(1), conv(3, 4)),
        IMAGE, "AvgPool2d Conv2d Flatten",
    ),
    "maximum": (Written(lambda x: x.amax((2, 3))), IMAGE, "GlobalMaxPool"),
    "pool and squeeze": (
        Written(lambda x: F.adaptive_avg_pool2d(x, 1).squeeze(3).squeeze(2)), IMAGE,
        "GlobalAvgPool",
    ),
    "pool and index": (
        Written(lambda x: F.adaptive_avg_pool2d(x, 1)[:, :, 0, 0]), IMAGE, "GlobalAvgPool",
    ),
    "ceil_mode": (nn.MaxPool2d(3, 2, 1, ceil_mode=True), (3, 6, 7), "MaxPool2d"),
    "ceil_mode, means": (nn.AvgPool2d(3, 2, ceil_mode=True), (3, 6, 7), "AvgPool2d"),
    "padding not counted": (
        nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), (3, 6, 7), "AvgPool2d",
    ),
    "zeros around maxima": (
        nn.Sequential(nn.ReLU(), nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(3, 2)), IMAGE,
        "ReLU MaxPool2d",
    ),
    "zeros around means": (
        nn.Sequential(nn.ZeroPad2d(1), nn.AvgPool2d(3)), (3, 7, 7), "AvgPool2d",
    ),
    # --- dense layers and shapes
    "a view": (
        Written(lambda x, f: f(x.view(-1, 216)), nn.Linear(216, 3)), IMAGE, "Flatten Linear",
    ),
    "flattened with channels last": (
        Written(lambda x, f: f(x.permute(0, 2, 3, 1).flatten(1)), nn.Linear(216, 3)), IMAGE,
        "Flatten Linear",
    ),
    "a product and a sum": (
        Written(lambda x, f: x @ f.weight.t() + f.bias, nn.Linear(7, 3)), (7,), "Linear",
    ),
    "addmm": (
        Written(lambda x, f: torch.addmm(f.bias, x, f.weight.t()), nn.Linear(7, 3)), (7,), "Linear",
    ),
    # --- branches
    "squeeze and excite": (
        Written(
            lambda x, a, b: x * torch.sigmoid(b(F.relu(a(x.mean((2, 3)))))).view(-1, 3, 1, 1),
            nn.Linear(3, 2), nn.Linear(2, 3),
        ),
        IMAGE, "Gate",
    ),
    "squeeze, excite and expand": (
        Written(
            lambda x, a: x * F.hardsigmoid(a(x.mean((2, 3)))).view(-1, 3, 1, 1).expand_as(x),
            nn.Linear(3, 3),
        ),
        IMAGE, "Gate",
    ),
    "three branches": (
        Written(lambda x, a, b: x + a(x) + b(x), conv(3, 3), conv(3, 3, 3, padding=1)), IMAGE,
        "Residual",
    ),
    "a scaled branch": (Written(lambda x, a: x + 0.1 * a(x), conv(3, 3)), IMAGE, "Residual"),
    # --- weights
    "weight norm": (nn.utils.parametrizations.weight_norm(conv(3, 4, 3)), IMAGE, "Conv2d"),
    "shared weights": (
        Written(lambda x, c: c(F.relu(c(x))), conv(3, 3, 3, padding=1)), IMAGE,
        "Conv2d ReLU Conv2d",
    ),
    "pixels standardised": (
        Written(lambda x, c: c((x / 255 - MEAN) / STD), conv(3, 2, 3)), IMAGE, "Conv2d",
    ),
    "no layers": (nn.Sequential(nn.Identity(), nn.Dropout2d(), conv(3, 2)), IMAGE, "Conv2d"),
}  # fmt: skip

#: What torch.onnx.export cannot write without dynamo.
ONLY_NEW = {
    "adaptive, uneven", "adaptive, larger", "adaptive, signal", "area", "nearest-exact",
    "adaptive, one axis",
}  # fmt: skip
#: What the exporter with dynamo writes in a way of its own.
NEW = ("adaptive, one axis", "linear")

SIX, ZERO = torch.tensor(6.0), torch.tensor(0.0)
MEAN, STD = (torch.tensor(v).view(1, 3, 1, 1) for v in ([0.4, 0.5, 0.6], [0.2, 0.3, 0.4]))


def way(name):
    """Return a module with random weights and statistics, its shape and its layers."""
    module, shape, layers = WAYS[name]
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.3)
        for key, buffer in module.named_buffers():
            if key.endswith("running_var"):
                buffer.uniform_(0.5, 2)
    return module.eval(), shape, layers.split()
