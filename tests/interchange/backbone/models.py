"""Tiny image models in PyTorch, exported as people export theirs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any


def module(torch, *, head="linear", scale=None, channels=3, last=False):
    """Two convolutions and a pool, with 12 features; and a classifier of 5 classes, or none."""
    nn = torch.nn
    torch.manual_seed(0)
    heads = {"linear": nn.Linear(12, 5), "conv": nn.Conv2d(12, 5, 1), None: None}

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Conv2d(channels, 8, 3, stride=2, padding=1)
            self.second = nn.Conv2d(8, 12, 3, padding=1)
            self.head = heads[head]

        def features(self, x: Any) -> Any:
            if last:
                x = x.permute(0, 3, 1, 2)
            if scale == "0-255":
                x = x / 255.0 - 0.4
            if scale == "0-1":
                x = (x - 0.4) * 2.5
            maps = torch.relu(self.second(torch.relu(self.first(x))))
            return torch.nn.functional.adaptive_avg_pool2d(maps, 1)

        def forward(self, x: Any) -> Any:
            pooled = self.features(x)
            if head == "conv":
                return torch.flatten(self.head(pooled), 1)
            flat = torch.flatten(pooled, 1)
            return flat if head is None else torch.softmax(self.head(flat), 1)

    return Model().eval()


def export(torch, model, path: Path, shape=(1, 3, 24, 20), free=("n",), opset=None) -> Path:
    """Write it as an ONNX file; `free`: which axes of the input have a name, from the first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (torch.zeros(shape),), str(path), dynamo=False, opset_version=opset,
            input_names=["image"], output_names=["out"],
            dynamic_axes={"image": dict(enumerate(free))} if free else None,
        )  # fmt: skip
    return path
