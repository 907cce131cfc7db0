"""The article's claims, measured: `fencepost.experiments`, one module each.

Every experiment is a function that computes and returns a result with its numbers: `str` of it is a
text, `numbers()` plain data, `plot()` a figure. `fencepost experiment NAME` runs one. No module
here may have the name of a public function: its import would hide the function.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .lessons import KernelLessonsResult, kernel_lessons, train_kernel
    from .matching import HandMadeAndLearnedResult, hand_made_and_learned
    from .robustness import PoolingRobustnessResult, pooling_robustness
    from .sharing import SharedWeightsResult, shared_weights
    from .shifting import LocationInvarianceResult, location_invariance

__all__ = [
    "HandMadeAndLearnedResult",
    "KernelLessonsResult",
    "LocationInvarianceResult",
    "PoolingRobustnessResult",
    "SharedWeightsResult",
    "hand_made_and_learned",
    "kernel_lessons",
    "location_invariance",
    "pooling_robustness",
    "shared_weights",
    "train_kernel",
]

# Where each of these names is from, so that nothing else is imported for it.
_HOMES = {
    "lessons": ("KernelLessonsResult", "kernel_lessons", "train_kernel"),
    "matching": ("HandMadeAndLearnedResult", "hand_made_and_learned"),
    "robustness": ("PoolingRobustnessResult", "pooling_robustness"),
    "sharing": ("SharedWeightsResult", "shared_weights"),
    "shifting": ("LocationInvarianceResult", "location_invariance"),
}


def __getattr__(name: str) -> object:
    """Import what holds the public `name`, and no more; Python calls this once per name."""
    for home, names in _HOMES.items():
        if name in names:
            module = importlib.import_module(f".{home}", __name__)
            return globals().setdefault(name, getattr(module, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
