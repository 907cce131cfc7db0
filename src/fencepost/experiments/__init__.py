"""The article's claims, measured: `fencepost.experiments`, one module each.

Every experiment is a function that computes and returns a result with its numbers: `str` of it is a
text, `numbers()` plain data, `plot()` a figure. `fencepost experiment NAME` runs one. No module
here may have the name of a public function: its import would hide the function.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .recovery import LearnedKernel, learn_kernel

__all__ = ["LearnedKernel", "learn_kernel"]

# Where each of these names is from, so that nothing else is imported for it.
_HOMES = {"recovery": ("LearnedKernel", "learn_kernel")}


def __getattr__(name: str) -> object:
    """Import what holds the public `name`, and no more; Python calls this once per name."""
    for home, names in _HOMES.items():
        if name in names:
            module = importlib.import_module(f".{home}", __name__)
            return globals().setdefault(name, getattr(module, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
