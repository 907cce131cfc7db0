"""Pictures drawn from live computation: `fencepost.plots`, one module per family.

Every function takes the axes to draw into as `ax`, or none; it returns `ax` or, without it, a new
figure, which `save` writes as PNG or SVG. Nothing global changes: no backend, window, or setting.
Functions whose names end in ``_animation`` write a GIF, or a page with buttons.

Below the command line and above nearly everything else: plots may ask sizing and networks, never
cli. matplotlib is imported when a picture is drawn. No module here may have the name of a public
function: its import would hide the function.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .activations import feature_maps
    from .confusion_matrix import confusion
    from .diagrams import shared_weights
    from .explanation import explain
    from .field_maps import receptive_field
    from .importance import saliency
    from .kernel_grids import filtering, kernel
    from .projections import embedding
    from .saving import save, save_animation
    from .signals import signal
    from .solids import volumes
    from .sums import convolution_steps, convolution_steps_animation
    from .trained_kernels import learned_kernels, learned_kernels_animation
    from .training_curve import history
    from .window_grids import padding, stride
    from .wrong_answers import mistakes

__all__ = [
    "confusion",
    "convolution_steps",
    "convolution_steps_animation",
    "embedding",
    "explain",
    "feature_maps",
    "filtering",
    "history",
    "kernel",
    "learned_kernels",
    "learned_kernels_animation",
    "mistakes",
    "padding",
    "receptive_field",
    "saliency",
    "save",
    "save_animation",
    "shared_weights",
    "signal",
    "stride",
    "volumes",
]

# Where each of these names is from, so that nothing else is imported for it.
_HOMES = {
    "activations": ("feature_maps",),
    "confusion_matrix": ("confusion",),
    "diagrams": ("shared_weights",),
    "explanation": ("explain",),
    "field_maps": ("receptive_field",),
    "importance": ("saliency",),
    "kernel_grids": ("filtering", "kernel"),
    "projections": ("embedding",),
    "saving": ("save", "save_animation"),
    "signals": ("signal",),
    "solids": ("volumes",),
    "sums": ("convolution_steps", "convolution_steps_animation"),
    "trained_kernels": ("learned_kernels", "learned_kernels_animation"),
    "training_curve": ("history",),
    "window_grids": ("padding", "stride"),
    "wrong_answers": ("mistakes",),
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
