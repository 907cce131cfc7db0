"""Images per second of augmentation, beside torchvision's transforms.

``python -m benchmarks.photographs.augmentation``. It needs torch and torchvision in an environment
of their own. torchvision computes on one thread, as a worker of a DataLoader does, an image at a
time, from bytes to floats; images are 64 × 64 × 3.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fencepost.text import format_table
from fencepost.training import Augmentation

COUNT, ROUNDS = 256, 5
RECIPES = {
    "crop and flip": "crop=0.35,flip",
    "jitter": "jitter=0.2",
    "RandAugment": "randaugment=2,9",
    "light": "light",
    "strong, without mixing": "strong,mixup=0,cutmix=0",
    "strong": "strong",
}


def torchvision_of(name: str, torch: Any) -> Callable[[Any], Any]:
    """Return the same changes as torchvision makes them, of a batch (N, C, H, W) of bytes."""
    from torchvision.transforms import v2

    crop = v2.RandomResizedCrop(64, scale=(0.35, 1), antialias=True)
    gentle = v2.RandomResizedCrop(64, scale=(0.6, 1), antialias=True)
    flip = v2.RandomHorizontalFlip()
    jitter = v2.ColorJitter(0.2, 0.2, 0.2, 0.05)
    randaugment = v2.RandAugment(2, 9, interpolation=v2.InterpolationMode.BILINEAR)
    erase = v2.RandomErasing(0.25)
    floats = v2.ToDtype(torch.float32)
    each = {
        "crop and flip": [crop, flip, floats],
        "jitter": [jitter, floats],
        "RandAugment": [randaugment, floats],
        "light": [gentle, flip, jitter, floats],
        "strong, without mixing": [crop, flip, randaugment, floats, erase],
        "strong": [crop, flip, randaugment, floats, erase],
    }[name]
    change = v2.Compose(each)
    mix = v2.RandomChoice([v2.MixUp(alpha=0.2, num_classes=10), v2.CutMix(num_classes=10)])
    labels = torch.arange(COUNT) % 10

    def run(images: Any) -> Any:
        changed = torch.stack([change(image) for image in images])
        return mix(changed, labels) if name == "strong" else changed

    return run


def rate(run: Callable[[], Any]) -> float:
    """Return images per second, the median of some rounds."""
    run()
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return COUNT / statistics.median(seconds)


def main() -> None:
    """Print a table."""
    import torch

    torch.set_num_threads(1)
    # Smooth, as photographs are.
    noise = np.random.default_rng(0).integers(0, 256, (COUNT, 3, 8, 8), np.uint8)
    images = np.ascontiguousarray(noise.repeat(8, 2).repeat(8, 3))
    tensors = torch.from_numpy(images)
    rows = []
    for name, text in RECIPES.items():
        made = Augmentation.parse(text)
        ours = rate(lambda made=made: made.apply(images, seed=1, threads=1))
        two = rate(lambda made=made: made.apply(images, seed=1, threads=2))
        other = torchvision_of(name, torch)
        theirs = rate(lambda other=other: other(tensors))
        figures = [f"{figure:,.0f}" for figure in (ours, two, theirs)]
        rows.append([name, *figures, f"{ours / theirs:.1f}"])
    head = ["changes", "fencepost", "2 threads", "torchvision", "ratio"]
    print(format_table([head, *rows], align="<>>>>"))


if __name__ == "__main__":
    main()
