"""A network computed by the engine of another instruction set, in the same process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fencepost import _engine

from ..harness import THREADS

BELOW = {"avx512": "avx2"}  # the level whose speed is reported beside


def below() -> str | None:
    """Return the level that is reported beside the one in use, if this machine has it."""
    level = BELOW.get(_engine.level)
    return level if level in _engine.levels() else None


@contextlib.contextmanager
def engine_of(level: str) -> Iterator[None]:
    """Have plans and trainers made by the engine of `level`; a plan that is made stays so."""
    module = _engine.levels()[level]
    module.set_num_threads(THREADS)
    names = ("NetworkPlan", "Trainer")
    chosen = {name: getattr(_engine, name) for name in names}
    try:
        for name in names:
            setattr(_engine, name, getattr(module, name))
        yield
    finally:
        for name, value in chosen.items():
            setattr(_engine, name, value)
