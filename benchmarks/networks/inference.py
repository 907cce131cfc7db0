"""Predicting, 64 images at a time and one at a time: float32 images in, logits out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from ..harness import Case, assert_agree, microseconds_per_image
from . import peers, small_networks

BATCH = 64


def _candidates(name: str, images: np.ndarray) -> dict[str, peers.Prediction]:
    network = small_networks.in_fencepost(name)
    model = small_networks.in_torch(name, network).eval()
    other_model = small_networks.channels_last(model)
    tensor = torch.from_numpy(images)
    other_tensor = tensor.to(memory_format=torch.channels_last)
    return {
        "fencepost": lambda: network(images),
        "ONNX Runtime": peers.in_onnxruntime(peers.onnx_bytes(model, images), images),
        "PyTorch": peers.in_torch(model, tensor),
        "PyTorch channels-last": peers.in_torch(other_model, other_tensor),
    }


def cases() -> Iterator[Case]:
    """Yield the timed cases of both networks."""
    torch_formats = ("PyTorch", "PyTorch channels-last")
    images = np.random.default_rng(1).standard_normal(
        (BATCH, *small_networks.INPUT_SHAPE), np.float32
    )
    asked = {"LeNet-5": 1.5, "CNN 32-64-128": 1.0}
    for name, ratio in asked.items():
        candidates = _candidates(name, images)
        assert_agree({who: call() for who, call in candidates.items()})
        yield Case(
            f"{name}, inference, batch {BATCH}",
            microseconds_per_image(candidates, BATCH),
            {"ONNX Runtime": (["ONNX Runtime"], ratio)},
        )
    candidates = _candidates("LeNet-5", images[:1])
    assert_agree({who: call() for who, call in candidates.items()})
    yield Case(
        "LeNet-5, inference, one image at a time",
        microseconds_per_image(candidates, 1),
        {"ONNX Runtime": (["ONNX Runtime"], 2.0), "PyTorch": (torch_formats, 8.0)},
    )
