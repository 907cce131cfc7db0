"""A PyTorch model as other systems run it, and as PyTorch trains it."""

from __future__ import annotations

import copy
import importlib.util
import logging
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from ..harness import THREADS

# PyTorch compiles in this process: JAX warns that copies of one that has imported it may hang.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
Prediction = Callable[[], np.ndarray]
Batches = list[tuple[torch.Tensor, torch.Tensor]]
LR, MOMENTUM = 0.01, 0.9  # of all trainings


def is_installed(package: str) -> bool:
    """Return whether a peer that the environment need not have is there."""
    return importlib.util.find_spec(package) is not None


def onnx_bytes(model: torch.nn.Module, images: np.ndarray) -> bytes:
    """Return the model as an ONNX file, for images of this shape and number."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(folder) / "network.onnx"
        torch.onnx.export(
            copy.deepcopy(model).eval(),
            (torch.from_numpy(images),),
            str(file),
            input_names=["images"],
            dynamo=False,
        )
        return file.read_bytes()


def in_onnxruntime(file: bytes, images: np.ndarray) -> Prediction:
    """Return ONNX Runtime's prediction of `images`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"images": images})[0]


def in_openvino(file: bytes, images: np.ndarray) -> Prediction | None:
    """Return OpenVINO's prediction of `images` at float32, or None if it is not installed."""
    if not is_installed("openvino"):
        return None
    import openvino

    core = openvino.Core()
    options = {
        "INFERENCE_NUM_THREADS": THREADS,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = core.compile_model(core.read_model(file), "CPU", options).create_infer_request()

    def call() -> np.ndarray:
        return next(iter(request.infer({0: images}).values()))

    return call


def in_torch(model: torch.nn.Module, images: torch.Tensor) -> Prediction:
    """Return PyTorch's prediction of `images`."""

    def call() -> np.ndarray:
        with torch.inference_mode():
            return model(images).numpy()

    return call


def trained(model: torch.nn.Module, batches: Batches, epochs: int = 1) -> np.ndarray:
    """Train in PyTorch, and return the loss of every step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    losses = []
    for _ in range(epochs):
        for images, labels in batches:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
    return torch.stack(losses).numpy()


def compiled(model: torch.nn.Module) -> torch.nn.Module:
    """Return a copy of the model that is compiled at its first call."""
    torch.compiler.reset()
    return torch.compile(copy.deepcopy(model))
