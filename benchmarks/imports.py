"""Models of torchvision and timm, with random weights, as networks: `python -m benchmarks.imports`.

Each is read twice, from the module and from its ONNX export, and compared with the module on random
images. It needs torch, torchvision, timm, onnx and onnxruntime, in an environment of their own.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import fencepost as fp
from fencepost.text import format_table

SHAPE = (3, 224, 224)
TORCHVISION = [
    *("alexnet", "vgg16", "vgg16_bn", "resnet18", "resnet50", "mobilenet_v2"),
    *("mobilenet_v3_small", "mobilenet_v3_large", "squeezenet1_1", "densenet121", "googlenet"),
    "efficientnet_b0",
]
TIMM = [
    *("resnet18", "mobilenetv2_100", "mobilenetv3_small_100", "densenet121", "efficientnet_b0"),
    "vgg16",
]


def models() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Name each model, with what makes it."""
    import timm
    import torchvision

    for name in TORCHVISION:
        options = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
        make = getattr(torchvision.models, name)
        yield (
            f"torchvision {name}",
            lambda make=make, options=options: make(weights=None, **options),
        )
    for name in TIMM:
        yield f"timm {name}", lambda name=name: timm.create_model(name)


def attempt(make: Callable[[], fp.Network], images: Any, expected: Any) -> str:
    """Make a network, and say how far it is from the model, or why there is none."""
    started = time.perf_counter()
    try:
        net = make()
    except fp.FencepostError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.startswith("    ")]
        return f"no: {lines[0] if lines else str(error)[:90]}" + (
            f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        )
    seconds = time.perf_counter() - started
    difference = np.abs(net(images) - expected).max() / max(1.0, np.abs(expected).max())
    return f"{difference:.0e}, {seconds:.1f} s"


def rows(wanted: list[str]) -> Iterator[tuple[str, str, str]]:
    """Try each model in both ways."""
    import torch

    images = np.random.default_rng(0).standard_normal((2, *SHAPE), np.float32)
    for name, make in models():
        if wanted and not any(word in name for word in wanted):
            continue
        torch.manual_seed(0)
        module = make().eval()
        with torch.no_grad():
            expected = module(torch.from_numpy(images)).numpy()
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = Path(folder) / "model.onnx"
            torch.onnx.export(module, torch.zeros(1, *SHAPE), path, dynamo=False)
            yield (
                name,
                attempt(lambda module=module: fp.from_torch(module, SHAPE), images, expected),
                attempt(lambda path=path: fp.from_onnx(path), images, expected),
            )


def main() -> None:
    """Print the table; arguments are parts of the names of models."""
    table = [("model", "from the module", "from its ONNX export"), *rows(sys.argv[1:])]
    print(format_table(table, "<<<"))


if __name__ == "__main__":
    main()
