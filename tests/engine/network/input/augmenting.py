"""Calls of the engine's augmentation with nothing changed but what a test says."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOTHING: dict[str, Any] = {
    "shift": 0.0,
    "rotate": 0.0,
    "scale": 0.0,
    "shear": 0.0,
    "flip": False,
    "elastic_alpha": 0.0,
    "elastic_sigma": 0.0,
    "noise": 0.0,
    "fill": 0.0,
}
Array = NDArray[Any]


def augment(
    engine: ModuleType, images: Array, seed: int = 1, step: int = 0, **options: Any
) -> Array:
    return np.asarray(engine.augment(images, NOTHING | options, seed, step))
