"""The networks that people with photographs run, each from one definition that builds every side.

A definition makes its layers with a namespace that is handed to it: layers of fencepost, or modules
of PyTorch, whose parameters then have the same names.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import fencepost as fp


class Fencepost:
    """Layers of fencepost."""

    relu, flatten, norm = fp.ReLU, fp.Flatten, fp.BatchNorm2d
    linear, residual, average = fp.Linear, fp.Residual, fp.GlobalAvgPool

    @staticmethod
    def conv(out: int, kernel: int = 3, **options: int) -> Any:
        return fp.Conv2d(out, kernel, remainder="crop", **options)

    @staticmethod
    def pool(size: int) -> Any:
        return fp.MaxPool2d(size, remainder="crop")


class _Residual(torch.nn.Sequential):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + super().forward(x)


class _Torch:
    """Modules of PyTorch."""

    relu, flatten, norm = torch.nn.ReLU, torch.nn.Flatten, torch.nn.LazyBatchNorm2d
    conv, linear, residual = torch.nn.LazyConv2d, torch.nn.LazyLinear, _Residual
    pool = torch.nn.MaxPool2d

    @staticmethod
    def average() -> Any:
        return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())


def _block(of: Any, out: int, kernel: int = 3, **options: int) -> list[Any]:
    return [of.conv(out, kernel, **options), of.norm(), of.relu()]


def _wide(of: Any, *channels: int) -> list[Any]:
    """Return 3 × 3 convolutions, each followed by pooling but the last."""
    layers: list[Any] = []
    for out in channels:
        layers += [of.conv(out, 3, padding=1), of.relu(), of.pool(2)]
    return layers[:-1]


def _lenet5(of: Any) -> list[Any]:
    return [
        *(of.conv(6, 5, padding=2), of.relu(), of.pool(2)),
        *(of.conv(16, 5), of.relu(), of.pool(2), of.flatten()),
        *(of.linear(120), of.relu(), of.linear(84), of.relu(), of.linear(10)),
    ]


def _resnet9(of: Any) -> list[Any]:
    def block(out: int) -> list[Any]:
        return _block(of, out, 3, padding=1)

    return [
        *(*block(64), *block(128), of.pool(2), of.residual(*block(128), *block(128))),
        *(*block(256), of.pool(2), *block(256), of.pool(2)),
        *(of.residual(*block(256), *block(256)), of.average(), of.linear(10)),
    ]


def _vgg64(of: Any) -> list[Any]:
    return [*_wide(of, 32, 64, 128, 128), of.pool(2), of.flatten(), of.linear(10)]


def _vgg224(of: Any) -> list[Any]:
    first = (of.conv(32, 7, stride=4, padding=3), of.relu(), of.pool(2))
    return [*first, *_wide(of, 64, 128, 256), of.average(), of.linear(10)]


def _depthwise(of: Any) -> list[Any]:
    layers = _block(of, 16, 3, stride=2, padding=1)
    for channels, out, stride in (
        *((16, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2)),
        *((128, 128, 1), (128, 256, 2), (256, 256, 1)),
    ):
        layers += _block(of, channels, 3, stride=stride, padding=1, groups=channels)
        layers += _block(of, out, 1)
    return [*layers, of.average(), of.linear(10)]


@dataclass(frozen=True)
class Definition:
    """A network, and what is asked of fencepost: times the speed of the best peer."""

    name: str
    input_shape: tuple[int, int, int]
    layers: Callable[[Any], list[Any]]
    batch: int
    training: float
    inference: float
    one_image: float


DEFINITIONS = (
    Definition("LeNet-5, 28 × 28", (1, 28, 28), _lenet5, 64, 5, 2, 2.5),
    Definition("ResNet-9, 32 × 32 × 3", (3, 32, 32), _resnet9, 64, 2, 1.5, 1.3),
    Definition("VGG-like, 64 × 64 × 3", (3, 64, 64), _vgg64, 32, 2.5, 1.5, 1.3),
    Definition("VGG-like, 224 × 224 × 3", (3, 224, 224), _vgg224, 16, 1.5, 1.3, 1.3),
    Definition("depthwise, 96 × 96 × 3", (3, 96, 96), _depthwise, 32, 2, 1.3, 1.3),
)


def in_fencepost(definition: Definition) -> fp.Network:
    """Return the network with running statistics as a trained one has them, loaded from its file.

    So nobody holds an array of its weights, as where a network is loaded or was trained, and then
    predicts. After its arrays were handed out (``net.parameters["0.weight"]``), each call also
    looks whether they were written into: 3 to 4 µs an image of the depthwise network.
    """
    network = fp.Network(definition.input_shape, definition.layers(Fencepost))
    rng = np.random.default_rng(2)
    for name, values in network.state.items():
        low, high = (0.5, 1.5) if name.endswith("var") else (-0.1, 0.1)
        values[...] = rng.uniform(low, high, values.shape)
    with tempfile.TemporaryDirectory() as folder:
        network.save(Path(folder) / "network.safetensors")
        return fp.load(Path(folder) / "network.safetensors")


def in_torch(definition: Definition, network: fp.Network) -> torch.nn.Sequential:
    """Return the network in PyTorch, with the weights and statistics that `network` has now."""
    model = torch.nn.Sequential(*definition.layers(_Torch)).eval()
    with torch.no_grad():
        model(torch.zeros(1, *definition.input_shape))
    theirs = network.copy()  # so that no arrays of the network that is timed are handed out
    weights = {**theirs.parameters, **theirs.state}
    state = {
        key: torch.tensor(weights[key]) if key in weights else value
        for key, value in model.state_dict().items()
    }
    assert len(weights) == sum(key in weights for key in state)
    model.load_state_dict(state)
    return copy.deepcopy(model)
