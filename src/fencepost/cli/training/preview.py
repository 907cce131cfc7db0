"""`fencepost train --show-augmentation`: a picture of what training will see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ArgumentError

if TYPE_CHECKING:
    from ...datasets import Dataset

ROWS = 6
_OF_FEATURES = {"none", "mixup", "noise"}  # what may be done to numbers that are no image


def check(path: Path | None, epochs: int | None) -> None:
    """Raise `ArgumentError` where neither a picture nor a training is wanted."""
    if path is None and epochs == 0:
        raise ArgumentError(
            "--epochs must be at least 1. Received: 0. With --show-augmentation FILE, --epochs 0 "
            "plots augmented images and trains nothing."
        )


def check_features(path: Path | None, augmentation: str | None) -> None:
    """Raise `ArgumentError` for changes of images of which a backbone's features are computed."""
    names = {part.partition("=")[0].strip() for part in (augmentation or "none").split(",")}
    asked = f"--augment {augmentation}" if names - _OF_FEATURES else ""
    if path is not None:
        asked = f"--show-augmentation {path}"
    if asked:
        raise ArgumentError(
            "with a backbone the features of each image are computed once, so images are not "
            f"augmented. Received: {asked}. Leave it out; mixup and noise are for features too."
        )


def draw(path: Path, data: Dataset, augmentation: str, seed: int) -> None:
    """Draw images of the first classes, one of each where there are enough, and their versions."""
    from ... import plots

    _, first = np.unique(data.targets, return_index=True)
    others = np.setdiff1d(np.arange(min(ROWS, len(data))), first[:ROWS])
    chosen = np.concatenate([first, others])[:ROWS]
    names = [data.class_names[data.targets[index]] for index in chosen]
    figure = plots.augmentations(
        np.stack([data.images[index] for index in chosen]), augmentation, names=names, seed=seed
    )
    plots.save(figure, path)
