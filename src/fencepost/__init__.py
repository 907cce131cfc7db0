"""From convolution to neural network in one small library, every size in between exact.

This file holds the public names and nothing else. A module is imported when one of its names is
first used, so that ``import fencepost`` costs little more than ``import numpy``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import datasets, models
    from ._engine import get_num_threads, set_num_threads
    from .errors import (
        ArgumentError,
        DataError,
        DivergedError,
        FencepostError,
        ModelFileError,
        SizeError,
        TrainingError,
    )
    from .layers import (
        AvgPool1d,
        AvgPool2d,
        BatchNorm1d,
        BatchNorm2d,
        Conv1d,
        Conv2d,
        Dropout,
        Flatten,
        GELU,
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
        SumPool1d,
        SumPool2d,
        Tanh,
    )
    from .network import Network, load
    from .sizing import output_size

__version__ = "0.1.0"

_HOME = {
    "_engine": "get_num_threads set_num_threads",
    "errors": "ArgumentError DataError DivergedError FencepostError ModelFileError SizeError "
    "TrainingError",
    "layers": "AvgPool1d AvgPool2d BatchNorm1d BatchNorm2d Conv1d Conv2d Dropout Flatten GELU "
    "GlobalAvgPool GlobalMaxPool LeakyReLU Linear MaxPool1d MaxPool2d ReLU Residual ScaledTanh "
    "Sigmoid SiLU SumPool1d SumPool2d Tanh",
    "network": "Network load",
    "sizing": "output_size",
}
_MODULES = ("datasets", "models")
_WHERE = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted([*_WHERE, *_MODULES])


def __getattr__(name: str) -> object:
    """Import the module that holds the public `name`, and remember the name."""
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
