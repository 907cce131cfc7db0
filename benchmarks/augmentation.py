"""Images per second of augmentation, beside torchvision and albumentations.

``python -m benchmarks.augmentation``. It needs torch, torchvision and, for its column,
albumentations, in an environment of their own. All compute on one thread, as a worker of a
DataLoader does, from bytes to floats; images are 64 × 64 × 3.
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


def albumentations_of(name: str, album: Any) -> Callable[[Any], Any] | None:
    """Return the changes that albumentations has, of images (H, W, C)."""
    crop = album.RandomResizedCrop(size=(64, 64), scale=(0.35, 1))
    gentle = album.RandomResizedCrop(size=(64, 64), scale=(0.6, 1))
    flip, jitter = album.HorizontalFlip(), album.ColorJitter(0.2, 0.2, 0.2, 0.05, p=1)
    known = {
        "crop and flip": [crop, flip],
        "jitter": [jitter],
        "light": [gentle, flip, jitter],
    }
    if name not in known:
        return None
    change = album.Compose(known[name])

    def run(images: Any) -> Any:
        return np.stack([change(image=image)["image"] for image in images]).astype(np.float32)

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

    try:
        import albumentations as album
    except ImportError:
        album = None
    torch.set_num_threads(1)
    # Smooth, as photographs are.
    noise = np.random.default_rng(0).integers(0, 256, (COUNT, 3, 8, 8), np.uint8)
    images = np.ascontiguousarray(noise.repeat(8, 2).repeat(8, 3))
    tensors = torch.from_numpy(images)
    pictures = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    rows = []
    for name, text in RECIPES.items():
        made = Augmentation.parse(text)
        ours = rate(lambda made=made: made.apply(images, seed=1, threads=1))
        two = rate(lambda made=made: made.apply(images, seed=1, threads=2))
        other = torchvision_of(name, torch)
        theirs = rate(lambda other=other: other(tensors))
        third = albumentations_of(name, album) if album else None
        others = rate(lambda third=third: third(pictures)) if third else None
        rows.append(
            [
                name,
                f"{ours:,.0f}",
                f"{two:,.0f}",
                f"{theirs:,.0f}",
                "" if others is None else f"{others:,.0f}",
                f"{ours / max(theirs, others or 0):.1f}",
            ]
        )
    head = ["changes", "fencepost", "2 threads", "torchvision", "albumentations", "ratio"]
    print(format_table([head, *rows], align="<>>>>>"))


if __name__ == "__main__":
    main()
