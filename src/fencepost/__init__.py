"""From convolution to neural network in one small library, every size in between exact.

This file holds the public names and nothing else. A module is imported when one of its names is
first used, so that ``import fencepost`` costs little more than ``import numpy``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        check,
        datasets,
        estimation,
        experiments,
        filtering,
        kernels,
        models,
        plots,
        training,
    )
    from ._engine import get_num_threads, set_num_threads
    from .convolution import convolution_terms, convolve, correlate, explain_method
    from .errors import (
        ArgumentError,
        DataError,
        DivergedError,
        FencepostError,
        ModelFileError,
        SizeError,
        TrainingError,
    )
    from .filtering import Gradient, Picture, filter_image, image_gradient
    from .kernels import Kernel
    from .layers import (
        GELU,
        RBF,
        AvgPool1d,
        AvgPool2d,
        BatchNorm1d,
        BatchNorm2d,
        Conv1d,
        Conv2d,
        Dropout,
        Flatten,
        GlobalAvgPool,
        GlobalMaxPool,
        LeakyReLU,
        Linear,
        MaxPool1d,
        MaxPool2d,
        ReLU,
        Residual,
        ScaledTanh,
        Sigmoid,
        SiLU,
        Subsample,
        SumPool1d,
        SumPool2d,
        Tanh,
    )
    from .network import Network, load
    from .planning import plan
    from .pooling import avg_pool, max_pool, sum_pool
    from .sizing import output_size

__version__ = "0.1.0"

__all__ = [
    "GELU",
    "RBF",
    "ArgumentError",
    "AvgPool1d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "DataError",
    "DivergedError",
    "Dropout",
    "FencepostError",
    "Flatten",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "Gradient",
    "Kernel",
    "LeakyReLU",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "ModelFileError",
    "Network",
    "Picture",
    "ReLU",
    "Residual",
    "ScaledTanh",
    "SiLU",
    "Sigmoid",
    "SizeError",
    "Subsample",
    "SumPool1d",
    "SumPool2d",
    "Tanh",
    "TrainingError",
    "avg_pool",
    "check",
    "convolution_terms",
    "convolve",
    "correlate",
    "datasets",
    "estimation",
    "experiments",
    "explain_method",
    "filter_image",
    "filtering",
    "get_num_threads",
    "image_gradient",
    "kernels",
    "load",
    "max_pool",
    "models",
    "output_size",
    "plan",
    "plots",
    "set_num_threads",
    "sum_pool",
    "training",
]

_MODULES = (
    "check",
    "datasets",
    "estimation",
    "experiments",
    "filtering",
    "kernels",
    "models",
    "plots",
    "training",
)
# Where each of the other names is from, so that nothing else is imported for it.
_HOMES = {
    "_engine": (
        "get_num_threads",
        "set_num_threads",
    ),
    "convolution": (
        "convolution_terms",
        "convolve",
        "correlate",
        "explain_method",
    ),
    "errors": (
        "ArgumentError",
        "DataError",
        "DivergedError",
        "FencepostError",
        "ModelFileError",
        "SizeError",
        "TrainingError",
    ),
    "filtering": (
        "Gradient",
        "Picture",
        "filter_image",
        "image_gradient",
    ),
    "kernels": ("Kernel",),
    "layers": (
        "GELU",
        "RBF",
        "AvgPool1d",
        "AvgPool2d",
        "BatchNorm1d",
        "BatchNorm2d",
        "Conv1d",
        "Conv2d",
        "Dropout",
        "Flatten",
        "GlobalAvgPool",
        "GlobalMaxPool",
        "LeakyReLU",
        "Linear",
        "MaxPool1d",
        "MaxPool2d",
        "ReLU",
        "Residual",
        "ScaledTanh",
        "Sigmoid",
        "SiLU",
        "Subsample",
        "SumPool1d",
        "SumPool2d",
        "Tanh",
    ),
    "network": (
        "Network",
        "load",
    ),
    "planning": ("plan",),
    "pooling": (
        "avg_pool",
        "max_pool",
        "sum_pool",
    ),
    "sizing": ("output_size",),
}


def __getattr__(name: str) -> object:
    """Import what holds the public `name`, and no more; Python calls this once per name."""
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    for home, names in _HOMES.items():
        if name in names:
            module = importlib.import_module(f".{home}", __name__)
            return globals().setdefault(name, getattr(module, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
