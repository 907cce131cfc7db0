"""A task as the engine keeps it, to be computed again for other values in arrays of its shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..task import CorrelationTask
from . import direct
from .box import divisor_of
from .choice import lasting


def recipe_of(task: CorrelationTask) -> dict[str, Any] | None:
    """Return the arguments of ``_engine.Recipes.add`` that a task comes to, or None.

    There is none of a method that hangs on the values, or that takes more than one pass of the
    engine: transforms, and passes along more than two axes.
    """
    chosen = lasting(task) if task.kernel.dtype.kind == "f" and task.largest is None else None
    if chosen is None or (task.axes > 2 and chosen[0] != "direct"):
        return None
    method, factors = chosen
    flat = direct.lay_out(task)
    weights, more = flat.kernels, None
    if factors is not None:
        weights = np.ascontiguousarray(factors.vertical[:, :, None])
        more = np.ascontiguousarray(factors.horizontal[:, None, :])
    return {
        "method": method,
        "source": flat.source,
        "weights": weights,
        "more_weights": more,
        "planes": flat.terms,
        "rows": flat.rows,
        "columns": flat.columns,
        "fill": float(task.fill),
        "out": flat.out,
        "divisor": divisor_of(task.kernel.flat[0]) if method == "box" else 1.0,
        "offset": task.offset,
        "keep": task.keep,
        "dtype": task.out.dtype,
    }
