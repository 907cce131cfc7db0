"""Array and kernel exchanged where the kernel is the larger: the same sum, by fewer terms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..boundaries import FILL, Indices
from ..task import CorrelationTask


def exchanged(task: CorrelationTask) -> CorrelationTask:
    """Return a task of the same results whose kernel is the smaller of the two arrays.

    One array, of n elements along an axis with b zeros before it and more behind, under a kernel
    of k: out[y] = Σᵢ f[i] g[b + i − y], the flipped f over the flipped g from element k − n − b on.
    """
    if task.kernel.size <= task.source.size or task.images > 1 or task.fill != 0:
        return task
    befores = []
    for along, size in zip(task.indices, task.source.shape[1:-1], strict=True):
        inside = np.flatnonzero(along != FILL)
        if len(inside) != size or along[inside[0]] != 0 or along[inside[-1]] != size - 1:
            return task  # another boundary, or not the whole array
        befores.append(int(inside[0]))
    if task.source.dtype.kind == "f" and not np.isfinite(task.source).all():
        return task  # NaN would reach results whose window does not touch it
    f = task.source[0, ..., 0]
    indices: list[Indices] = []
    for kernel, size, before, outputs in zip(
        task.kernel.shape, f.shape, befores, task.outputs, strict=True
    ):
        along = np.arange(outputs + size - 1, dtype=np.int32) + np.int32(kernel - size - before)
        along[(along < 0) | (along >= kernel)] = FILL
        indices.append(along)
    exact = task.largest is not None
    return replace(
        task,
        source=np.ascontiguousarray(np.flip(task.kernel))[None, ..., None],
        kernel=np.ascontiguousarray(np.flip(f), task.kernel.dtype),
        indices=tuple(indices),
        largest=max(abs(int(task.kernel.max())), abs(int(task.kernel.min()))) if exact else None,
    )
