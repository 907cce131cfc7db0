"""The operators of ONNX: the kind, the role and the output sizes of each, in `RULES`."""

from __future__ import annotations

from . import (  # each adds its rules
    folding,
    layouts,
    pointwise,
    products,
    regions,
    resizing,
    sequences,
    signals,
    windows,
)
from .node import RULES

__all__ = [
    "RULES",
    "folding",
    "layouts",
    "pointwise",
    "products",
    "regions",
    "resizing",
    "sequences",
    "signals",
    "windows",
]
