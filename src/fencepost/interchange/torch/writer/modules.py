"""PyTorch modules for what `torch.nn` has no layer for; all of them can be scripted and exported.

PyTorch is imported with this module, which only `fencepost.interchange.torch.writer` imports.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class TorchNetwork(nn.Sequential):
    """A network of fencepost's: pixels of any type in, logits out; its layers by their index.

    `fencepost_config` is what `Network.config` gives, as JSON.
    """

    def __init__(
        self, modules: Sequence[nn.Module], mean: Tensor, scale: Tensor, fencepost_config: str
    ) -> None:
        super().__init__(*modules)
        self.fencepost_config = fencepost_config
        # Not among the weights, which have the same names as in fencepost.
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("scale", scale, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return the outputs of the last layer."""
        x = (images.to(self.mean.dtype) - self.mean) * self.scale
        for module in self:
            x = module(x)
        return x


class WithProbabilities(nn.Module):
    """A classifier that gives probabilities and logits."""

    def __init__(self, network: nn.Module, temperature: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities and logits."""
        logits = self.network(images)
        return (logits / self.temperature).softmax(1), logits


class Residual(nn.Sequential):
    """y = shortcut(x) + layers(x); the shortcut, if it has layers, is the last module."""

    def __init__(self, *layers: nn.Module, shortcut: list[nn.Module]) -> None:
        super().__init__(*layers)
        self.length = len(layers)
        if shortcut:
            self.add_module("shortcut", nn.Sequential(*shortcut))

    def forward(self, x: Tensor) -> Tensor:
        """Add what the chain makes of x to what the shortcut does."""
        y, other = x, x
        for index, module in enumerate(self):
            if index < self.length:
                y = module(y)
            else:
                other = module(x)
        return other + y


class Concat(nn.Sequential):
    """What several chains make of x, side by side along the channels."""

    def forward(self, x: Tensor) -> Tensor:
        """Join the outputs of all chains."""
        outputs: list[Tensor] = []
        for chain in self:
            outputs.append(chain(x))
        return torch.cat(outputs, 1)


class Gate(nn.Sequential):
    """y = x · layers(x), each channel or value by its factor."""

    def forward(self, x: Tensor) -> Tensor:
        """Multiply x by what the chain makes of it."""
        factors = x
        for module in self:
            factors = module(factors)
        while factors.dim() < x.dim():
            factors = factors.unsqueeze(-1)
        return x * factors


class DropPath(nn.Module):
    """In training, sets an image to 0 with probability p, and scales others by 1 / (1 - p)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Drop some images, in training."""
        if not self.training or self.p == 0:
            return x
        draws = torch.rand(x.shape[0], device=x.device) >= self.p
        kept = draws.to(x.dtype) / (1 - self.p)
        while kept.dim() < x.dim():
            kept = kept.unsqueeze(-1)
        return x * kept


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each pixel."""

    def __init__(self, channels: int, eps: float, affine: bool) -> None:
        super().__init__(channels, eps, affine)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise with the channels last."""
        y = F.layer_norm(x.movedim(1, -1), self.normalized_shape, self.weight, self.bias, self.eps)
        return y.movedim(-1, 1)


class PaddedConv1d(nn.Conv1d):
    """Conv1d with other padding before than after."""

    pads: list[int]

    def forward(self, x: Tensor) -> Tensor:
        """Pad, then convolve."""
        return self._conv_forward(F.pad(x, self.pads), self.weight, self.bias)


class PaddedConv2d(nn.Conv2d):
    """Conv2d with other padding before than after."""

    pads: list[int]

    def forward(self, x: Tensor) -> Tensor:
        """Pad, then convolve."""
        return self._conv_forward(F.pad(x, self.pads), self.weight, self.bias)


class _TableConv(nn.Module):
    """A convolution with a kernel for each 1 of a table of output and input channels."""

    pads: list[int]
    shape: list[int]
    stride: list[int]
    dilation: list[int]

    def __init__(
        self,
        table: Tensor,
        kernel_size: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
        pads: Sequence[int],
        bias: bool,
    ) -> None:
        super().__init__()
        outputs, inputs = table.nonzero(as_tuple=True)
        self.register_buffer("outputs", outputs, persistent=False)
        self.register_buffer("inputs", inputs, persistent=False)
        self.weight = nn.Parameter(torch.empty(len(outputs), *kernel_size))
        self.bias = nn.Parameter(torch.empty(table.shape[0])) if bias else None
        self.shape = [*table.shape, *kernel_size]
        self.stride, self.dilation, self.pads = list(stride), list(dilation), list(pads)

    def dense(self) -> Tensor:
        """Return the weight with zeros where the table has them."""
        empty = torch.zeros(self.shape, dtype=self.weight.dtype, device=self.weight.device)
        return empty.index_put((self.outputs, self.inputs), self.weight)


class TableConv1d(_TableConv):
    """A convolution over signals with a table of connections."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with the dense weight."""
        x = F.pad(x, self.pads)
        return F.conv1d(x, self.dense(), self.bias, self.stride, dilation=self.dilation)


class TableConv2d(_TableConv):
    """A convolution over images with a table of connections."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with the dense weight."""
        x = F.pad(x, self.pads)
        return F.conv2d(x, self.dense(), self.bias, self.stride, dilation=self.dilation)


class UncountedAvgPool(nn.Module):
    """The mean of each window over the elements of the input, padding not counted."""

    def __init__(self, pad: nn.Module, pool: nn.Module) -> None:
        super().__init__()
        self.pad, self.pool = pad, pool

    def forward(self, x: Tensor) -> Tensor:
        """Divide the padded means by the share of elements that are none of the padding."""
        return self.pool(self.pad(x)) / self.pool(self.pad(torch.ones_like(x)))


class Scale(nn.Module):
    """Multiplies by a number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Multiply."""
        return x * self.factor


class Subsample(nn.Module):
    """The trainable subsampling of LeNet-5: coefficient · sum of the window + bias."""

    def __init__(self, pool: nn.Module, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Sum each window, then multiply and add for each channel."""
        return self.pool(x) * self.weight[:, None, None] + self.bias[:, None, None]


class ScaledTanh(nn.Module):
    """1.7159 · tanh(2x / 3)."""

    def forward(self, x: Tensor) -> Tensor:
        """Change each value by itself."""
        return 1.7159 * torch.tanh(x * (2 / 3))


class RBF(nn.Module):
    """−Σ (x − centre)² / (2 variance) for each centre."""

    def __init__(self, centres: Sequence[int], variance: float) -> None:
        super().__init__()
        self.register_buffer("centres", torch.empty(*centres))
        self.factor = -0.5 / variance

    def forward(self, x: Tensor) -> Tensor:
        """Return minus the scaled squared distance from each centre."""
        return (x[:, None] - self.centres).square().sum(2) * self.factor


def padding(pads: Sequence[int], value: float = 0.0) -> nn.Module:
    """Return the module that pads the last axes; PyTorch names the last axis first."""
    kind = nn.ConstantPad1d if len(pads) == 2 else nn.ConstantPad2d
    return kind(tuple(pads), value)


LOWEST = -math.inf
