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

    There is none of what takes more than one pass of the engine: whole transforms, and passes along
    more than two axes. Transforms of floats are followed only where they are exact enough.
    """
    chosen = lasting(task) if task.kernel.dtype.kind == "f" and task.largest is None else None
    if chosen is None or (task.axes > 2 and chosen.method != "direct"):
        return None
    flat = direct.lay_out(task)
    weights, more = flat.kernels, None
    if chosen.factors is not None:
        weights = np.ascontiguousarray(chosen.factors.vertical[:, :, None])
        more = np.ascontiguousarray(chosen.factors.horizontal[:, None, :])
    return {
        "method": chosen.method,
        "source": flat.source,
        "weights": weights,
        "more_weights": more,
        "planes": flat.terms,
        "rows": flat.rows,
        "columns": flat.columns,
        "fill": float(task.fill),
        "out": flat.out,
        "divisor": divisor_of(task.kernel.flat[0]) if chosen.method == "box" else 1.0,
        "offset": task.offset,
        "keep": task.keep,
        "dtype": task.out.dtype,
        "tile": None if chosen.transform is None else chosen.transform.tile,
        "block": chosen.block,
        "least_share": chosen.least_share,
    }
