"""Pictures from live computation: `fencepost.plots`, of signals, images, networks, the article.

Every function takes the axes to draw into as `ax`, or none; it returns `ax` or, without it, a new
figure, which `save` writes as PNG or SVG. Nothing global changes: no backend, window, or setting.
Functions whose names end in ``_animation`` write a GIF, or a page with buttons.

matplotlib is imported when a picture is drawn. No module or folder here may have the name of a
public function: its import would hide the function.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .images.kernel_grids import filtering, kernel
    from .images.window_grids import padding, stride
    from .networks.activations import feature_maps
    from .networks.confusion_matrix import confusion
    from .networks.diagrams import shared_weights
    from .networks.embeddings import embedding
    from .networks.explanation import explain
    from .networks.misclassified import mistakes
    from .networks.receptive_fields import receptive_field
    from .networks.saliency_maps import saliency
    from .networks.trained_kernels import learned_kernels, learned_kernels_animation
    from .networks.training_curve import history
    from .networks.volume_boxes import volumes
    from .saving import save, save_animation
    from .signals.lines import signal
    from .signals.sums import convolution_steps, convolution_steps_animation

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
    "networks.activations": ("feature_maps",),
    "networks.confusion_matrix": ("confusion",),
    "networks.diagrams": ("shared_weights",),
    "networks.explanation": ("explain",),
    "networks.receptive_fields": ("receptive_field",),
    "networks.saliency_maps": ("saliency",),
    "images.kernel_grids": ("filtering", "kernel"),
    "networks.embeddings": ("embedding",),
    "saving": ("save", "save_animation"),
    "signals.lines": ("signal",),
    "networks.volume_boxes": ("volumes",),
    "signals.sums": ("convolution_steps", "convolution_steps_animation"),
    "networks.trained_kernels": ("learned_kernels", "learned_kernels_animation"),
    "networks.training_curve": ("history",),
    "images.window_grids": ("padding", "stride"),
    "networks.misclassified": ("mistakes",),
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
