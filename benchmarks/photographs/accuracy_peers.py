"""PyTorch's and fastai's ResNet-18, from scratch, on a folder, for so many seconds.

``python -m benchmarks.photographs.accuracy_peers torch|fastai FOLDER SECONDS SEED [SPEED]`` prints
the share of the test images that are right. It needs an environment with torch, torchvision and
fastai, and is started by `benchmarks.photographs.accuracy`. Images lie in memory before the time
begins, and the speed that the schedule is planned with is measured before it as well; of SECONDS 0
it is all that is measured and printed. With SPEED, in steps per second, as many steps are trained
as SECONDS allow at that speed, however long they take: the same accuracy, on a machine that others
use too.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

BATCH = 64
UNMIRRORED = ("glyphs",)
PROBE = 6  # steps to measure the speed with, but for a speed that is to be used again


def with_torch(folder: Path, seconds: float, seed: int, speed: float) -> float:
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
    # Mirrored characters are others, and a third of one is none.
    least, flips = (0.7, 0.0) if folder.name in UNMIRRORED else (0.35, 0.5)
    change = v2.RandomResizedCrop(size, scale=(least, 1), antialias=True)
    mean, std = (s.reshape(-1, 1, 1) for s in torch.std_mean(images / 255.0, (0, 2, 3))[::-1])
    net = resnet18(num_classes=classes)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    batch = min(BATCH, max(16, len(images) // 20))

    def step(model: Any, optimizer: Any, chosen: Any) -> None:
        seen = torch.cat([change(part) for part in images[chosen].split(8)])
        mirrored = torch.rand(len(seen)) < flips
        seen[mirrored] = seen[mirrored].flip(-1)
        optimizer.zero_grad()
        loss_of(model((seen / 255.0 - mean) / std), labels[chosen]).backward()
        optimizer.step()

    probe = resnet18(num_classes=classes)
    slow = torch.optim.SGD(probe.parameters(), 1e-3)
    step(probe, slow, torch.arange(batch))
    started = time.perf_counter()
    for _ in range(0 if speed else PROBE):
        step(probe, slow, torch.randint(len(images), (batch,)))
    measured = speed or PROBE / (time.perf_counter() - started)
    if not seconds:
        return measured
    steps = max(PROBE, int(seconds * measured))

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
        if not speed and time.perf_counter() - started > seconds:
            break
    net.eval()
    images, labels = parts["test"]
    with torch.inference_mode():
        outputs = [net((part / 255.0 - mean) / std) for part in images.split(256)]
        return float((torch.cat(outputs).argmax(1) == labels).float().mean())


def with_fastai(folder: Path, seconds: float, seed: int, speed: float) -> float:
    """Train fastai's vision_learner, not pretrained, by fit_one_cycle, with its augmentation."""
    from fastai.vision.all import (
        Callback,
        CancelValidException,
        CrossEntropyLossFlat,
        ImageDataLoaders,
        accuracy,
        aug_transforms,
        resnet18,
        set_seed,
        vision_learner,
    )

    class Untested(Callback):  # type: ignore[misc]
        """No validation between epochs: all the time is for training."""

        def before_validate(self) -> None:
            raise CancelValidException

    set_seed(seed, reproducible=True)
    changes = aug_transforms(do_flip=folder.name not in UNMIRRORED)
    data = ImageDataLoaders.from_folder(
        folder, train="train", valid="test", bs=BATCH, num_workers=0, batch_tfms=changes
    )
    learner = vision_learner(
        data, resnet18, pretrained=False, metrics=accuracy, loss_func=CrossEntropyLossFlat()
    )
    started = time.perf_counter()
    steps = 0
    for pictures, labels in () if speed else data.train:
        learner.loss_func(learner.model(pictures), labels).backward()
        learner.model.zero_grad()
        steps += 1
        if steps == PROBE:
            break
    measured = speed or steps / (time.perf_counter() - started)
    if not seconds:
        return measured
    learner = vision_learner(
        data, resnet18, pretrained=False, metrics=accuracy, loss_func=CrossEntropyLossFlat()
    )
    learner.unfreeze()
    with learner.no_bar(), learner.no_logging():
        learner.recorder.train_metrics = False
        epochs = max(1, round(seconds * measured / len(data.train)))
        learner.fit_one_cycle(epochs, cbs=Untested())
    return float(learner.validate()[1])


def main() -> None:
    """Train as the arguments say."""
    system, folder, seconds, seed, *speed = sys.argv[1:]
    run = {"torch": with_torch, "fastai": with_fastai}[system]
    print(run(Path(folder), float(seconds), int(seed), float(speed[0]) if speed else 0))


if __name__ == "__main__":
    main()
