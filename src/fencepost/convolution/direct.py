"""The sum as it is defined, by the engine's loops.

Part of convolution; may call the engine, layout and task.
"""

from __future__ import annotations

from .. import _engine
from .layout import laid_out
from .task import Task


def run(task: Task) -> None:
    """Compute `task` directly."""
    flat = laid_out(task)
    _engine.correlate(
        flat.source,
        flat.kernels,
        flat.terms,
        flat.rows,
        flat.columns,
        task.fill,
        flat.out,
        task.offset,
    )
