"""PyTorch's and fastai's ResNet-18, from scratch, on a folder, for so many seconds.

``python -m benchmarks.accuracy_peers torch|fastai FOLDER SECONDS SEED`` prints the share of the
test images that are right. It needs an environment with torch, torchvision and fastai, and is
started by `benchmarks.accuracy`. Images lie in memory before the time begins, and the speed that
the schedule is planned with is measured before it as well.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

BATCH = 64
PROBE = 6  # steps to measure the speed with


def with_torch(folder: Path, seconds: float, seed: int) -> float:
    """Train torchvision's ResNet-18 by SGD, one cycle, crops, flips and label smoothing.

    As torchvision's references do, but for the schedule, which is that of short trainings.
    """
    import torch
    from torch import nn
    from torchvision.datasets import ImageFolder
    from torchvision.models import resnet18
    from torchvision.transforms import v2

    torch.manual_seed(seed)
    as_tensor = v2.ToImage()
    parts = {}
    for part in ("train", "test"):
        pictures = ImageFolder(str(folder / part))
        images = torch.stack([as_tensor(image) for image, _ in pictures])
        parts[part] = images, torch.tensor(pictures.targets)
    images, labels = parts["train"]
    size, classes = images.shape[-1], int(labels.max()) + 1
    # On the whole batch, which is quickest: a crop is shared by 64 images, a flip is not.
    change = v2.RandomResizedCrop(size, scale=(0.35, 1), antialias=True)
    mean, std = (s.reshape(-1, 1, 1) for s in torch.std_mean(images / 255.0, (0, 2, 3))[::-1])
    net = resnet18(num_classes=classes)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    batch = min(BATCH, max(16, len(images) // 20))

    def step(model: Any, optimizer: Any, chosen: Any) -> None:
        seen = torch.cat([change(part) for part in images[chosen].split(8)])
        mirrored = torch.rand(len(seen)) < 0.5
        seen[mirrored] = seen[mirrored].flip(-1)
        optimizer.zero_grad()
        loss_of(model((seen / 255.0 - mean) / std), labels[chosen]).backward()
        optimizer.step()

    probe = resnet18(num_classes=classes)
    slow = torch.optim.SGD(probe.parameters(), 1e-3)
    step(probe, slow, torch.arange(batch))
    started = time.perf_counter()
    for _ in range(PROBE):
        step(probe, slow, torch.randint(len(images), (batch,)))
    steps = max(PROBE, int(seconds * PROBE / (time.perf_counter() - started)))

    rate = 0.1 * batch / 256  # torchvision's references take 0.1 for 256 images a step
    optimizer = torch.optim.SGD(net.parameters(), rate, 0.9, weight_decay=1e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    order = torch.empty(0, dtype=torch.long)
    started = time.perf_counter()
    for _ in range(steps):
        if len(order) < batch:
            order = torch.randperm(len(images))
        step(net, optimizer, order[:batch])
        schedule.step()
        order = order[batch:]
        if time.perf_counter() - started > seconds:
            break
    net.eval()
    images, labels = parts["test"]
    with torch.inference_mode():
        outputs = [net((part / 255.0 - mean) / std) for part in images.split(256)]
        return float((torch.cat(outputs).argmax(1) == labels).float().mean())


def with_fastai(folder: Path, seconds: float, seed: int) -> float:
    """Train fastai's vision_learner, not pretrained, by fit_one_cycle, with its augmentation."""
    from fastai.vision.all import (
        CrossEntropyLossFlat,
        ImageDataLoaders,
        accuracy,
        aug_transforms,
        resnet18,
        set_seed,
        vision_learner,
    )

    set_seed(seed, reproducible=True)
    data = ImageDataLoaders.from_folder(
        folder, train="train", valid="test", bs=BATCH, num_workers=0, batch_tfms=aug_transforms()
    )
    learner = vision_learner(
        data, resnet18, pretrained=False, metrics=accuracy, loss_func=CrossEntropyLossFlat()
    )
    started = time.perf_counter()
    steps = 0
    for pictures, labels in data.train:
        learner.loss_func(learner.model(pictures), labels).backward()
        learner.model.zero_grad()
        steps += 1
        if steps == PROBE:
            break
    epoch = (time.perf_counter() - started) / steps * len(data.train)
    learner = vision_learner(
        data, resnet18, pretrained=False, metrics=accuracy, loss_func=CrossEntropyLossFlat()
    )
    learner.unfreeze()
    with learner.no_bar(), learner.no_logging():
        learner.recorder.train_metrics = False
        learner.fit_one_cycle(max(1, round(seconds / epoch)))
    return float(learner.validate()[1])


def main() -> None:
    """Train as the arguments say."""
    system, folder, seconds, seed = sys.argv[1:]
    run = {"torch": with_torch, "fastai": with_fastai}[system]
    print(run(Path(folder), float(seconds), int(seed)))


if __name__ == "__main__":
    main()
