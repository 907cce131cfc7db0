"""How an image is to be filtered, checked once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arguments import choice, flag, real
from ..convolution.boundaries import Boundary, parse_boundary
from ..errors import ArgumentError
from ..text import format_value

__all__ = ["Options"]

OPERATIONS = ("convolve", "correlate")
ALPHA = ("auto", "keep", "premultiply")
NAN = ("propagate", "ignore")


@dataclass(frozen=True)
class Options:
    """The keyword arguments of `filter_image`, which explains them."""

    boundary: Boundary
    operation: str
    luminance: bool = False
    alpha: str = "auto"
    magnitude: bool = False
    scale: float = 1.0
    offset: float = 0.0
    dtype: Any = None
    nan: str = "propagate"

    @classmethod
    def read(cls, boundary: Any, **others: Any) -> Options:
        """Take what a caller gave. Raises ArgumentError for what cannot be."""
        edges = parse_boundary(boundary)
        if np.iscomplexobj(edges.value):
            raise ArgumentError(
                f"boundary must be real for images. Received: boundary={format_value(boundary)}."
            )
        return cls(edges, **others)

    def __post_init__(self) -> None:
        choice("operation", self.operation, OPERATIONS)
        choice("alpha", self.alpha, ALPHA)
        choice("nan", self.nan, NAN)
        checks: dict[str, Callable[[str, Any], Any]] = {
            "luminance": flag, "magnitude": flag, "scale": real, "offset": real,
        }  # fmt: skip
        for name, check in checks.items():
            object.__setattr__(self, name, check(name, getattr(self, name)))
        if self.dtype is not None and _name(self.dtype) not in ("float32", "float64"):
            raise ArgumentError(
                "dtype must be None for that of the image, or float32 or float64 to keep what "
                f"would be rounded and cut off. Received: dtype={format_value(self.dtype)}"
            )


def _name(dtype: Any) -> str:
    try:
        return str(np.dtype(dtype))
    except (TypeError, ValueError):  # the latter of objects that have a dtype of their own
        return ""
