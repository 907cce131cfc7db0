"""The networks that are timed, with the same weights in fencepost and in PyTorch."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import torch

import fencepost as fp

INPUT_SHAPE = (1, 28, 28)


def _lenet5(of: Any, conv: Any, linear: Any) -> list[Any]:
    return [
        *(conv(6, 5, padding=2), of.ReLU(), of.MaxPool2d(2)),
        *(conv(16, 5), of.ReLU(), of.MaxPool2d(2), of.Flatten()),
        *(linear(120), of.ReLU(), linear(84), of.ReLU(), linear(10)),
    ]


def _cnn(of: Any, conv: Any, linear: Any) -> list[Any]:
    return [
        *(conv(32, 3, padding=1), of.ReLU(), of.MaxPool2d(2)),
        *(conv(64, 3, padding=1), of.ReLU(), of.MaxPool2d(2), of.Flatten()),
        *(linear(128), of.ReLU(), linear(10)),
    ]


NETWORKS = {"LeNet-5": _lenet5, "CNN 32-64-128": _cnn}


def in_fencepost(name: str) -> fp.Network:
    """Return the network with fencepost's own first weights."""
    return fp.Network(INPUT_SHAPE, NETWORKS[name](fp, fp.Conv2d, fp.Linear))


def in_torch(name: str, network: fp.Network) -> torch.nn.Sequential:
    """Return the network in PyTorch, with the weights that `network` has now."""
    nn = torch.nn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "lazy modules are a new feature"
        model = nn.Sequential(*NETWORKS[name](nn, nn.LazyConv2d, nn.LazyLinear))
        model(torch.zeros(1, *INPUT_SHAPE))
    theirs = network.copy()  # so that no arrays of the network that is timed are handed out
    weights = {key: torch.tensor(value) for key, value in theirs.parameters.items()}
    model.load_state_dict(weights)
    return model


def channels_last(model: torch.nn.Sequential) -> torch.nn.Sequential:
    """Return a copy of `model` in PyTorch's other memory format."""
    return copy.deepcopy(model).to(memory_format=torch.channels_last)


def digits(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first `count` training images of MNIST as uint8 (N, 1, 28, 28), and labels."""
    images, labels = fp.datasets.mnist("train")
    return images[:count], labels[:count]


def normalised(images: np.ndarray, network: fp.Network) -> np.ndarray:
    """Return uint8 images as the float32 that `network` makes of them."""
    pair = network.normalization
    assert pair is not None
    mean, std = (np.asarray(part).reshape(-1, 1, 1) for part in (pair.mean, pair.std))
    return ((images - mean) / std).astype(np.float32)
