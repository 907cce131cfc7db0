"""The compiled engine, at the best instruction set that this machine has.

The same C++ is compiled once per instruction set, into the modules ``_baseline`` (SSE2 or NEON),
``_avx2`` and ``_avx512``. This file picks one when it is imported and passes its names on; the
environment variable ``FENCEPOST_ISA`` caps the choice, and ``FENCEPOST_NUM_THREADS`` says how many
threads compute where neither a call nor `set_num_threads` does. Otherwise there are as many as the
process has cores, or as its container grants it the time of.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from types import ModuleType
from typing import TYPE_CHECKING, Any

from . import _baseline
from .cores import usable_cores

MOST_THREADS = 1024  # a slip of the keyboard must not ask the system for a billion threads
_ORDER = ("baseline", "avx2", "avx512")


def _available() -> list[str]:
    """Return the levels that are both built and supported by this processor, least first."""
    supported = _baseline.supported_levels()
    return [
        name
        for name in _ORDER
        if name in supported and importlib.util.find_spec(f"{__name__}._{name}") is not None
    ]


def _choose(cap: str | None) -> str:
    """Return the best available level that is not above `cap`."""
    if not cap:
        return _available()[-1]
    if cap not in _ORDER:
        raise ImportError(
            f"FENCEPOST_ISA must be one of {', '.join(_ORDER)}. Received: {cap!r}. "
            "Unset it to let fencepost choose the best that this processor supports."
        )
    allowed = _ORDER[: _ORDER.index(cap) + 1]
    return [name for name in _available() if name in allowed][-1]


def _threads(text: str | None) -> int | None:
    """Return the number of threads that the environment asks for, if it does."""
    if not text:
        return None
    digits = text.strip()
    if not (re.fullmatch(r"\d{1,9}", digits) and 1 <= int(digits) <= MOST_THREADS):
        raise ImportError(
            f"FENCEPOST_NUM_THREADS must be an integer from 1 to {MOST_THREADS:,}. Received: "
            f"{text!r}. Unset it to let fencepost use all cores."
        )
    return int(digits)


def levels() -> dict[str, ModuleType]:
    """Return the engine module of every instruction set that this machine can run, by name."""
    return {name: importlib.import_module(f"{__name__}._{name}") for name in _available()}


level: str = _choose(os.environ.get("FENCEPOST_ISA"))

if TYPE_CHECKING:
    from ._baseline import (
        FOLDED_TAPS,
        LONGEST_TILE,
        SHORTEST_LINE,
        SHORTEST_TILE,
        NetworkPlan,
        Recipes,
        Trainer,
        augment,
        block_energies,
        box,
        box_pair,
        changes,
        convolve_signals,
        correlate,
        correlate_at,
        correlate_fft,
        correlate_separable,
        correlate_whole,
        empty,
        forget_mapping,
        get_num_threads,
        mapping_is_cut,
        multiplies_bfloat16,
        partner_shares,
        pool,
        put_luma,
        set_num_threads,
        take_luma,
        watch_mapping,
    )

    Answering: Any  # a type made in C, of which the stub knows nothing
else:
    _chosen = importlib.import_module(f"{__name__}._{level}")
    FOLDED_TAPS = _chosen.FOLDED_TAPS
    LONGEST_TILE = _chosen.LONGEST_TILE
    SHORTEST_LINE = _chosen.SHORTEST_LINE
    SHORTEST_TILE = _chosen.SHORTEST_TILE
    Answering = _chosen.Answering
    NetworkPlan = _chosen.NetworkPlan
    Recipes = _chosen.Recipes
    Trainer = _chosen.Trainer
    augment = _chosen.augment
    block_energies = _chosen.block_energies
    box = _chosen.box
    box_pair = _chosen.box_pair
    changes = _chosen.changes
    convolve_signals = _chosen.convolve_signals
    correlate = _chosen.correlate
    correlate_at = _chosen.correlate_at
    correlate_fft = _chosen.correlate_fft
    correlate_separable = _chosen.correlate_separable
    correlate_whole = _chosen.correlate_whole
    empty = _chosen.empty
    forget_mapping = _chosen.forget_mapping
    get_num_threads = _chosen.get_num_threads
    mapping_is_cut = _chosen.mapping_is_cut
    multiplies_bfloat16 = _chosen.multiplies_bfloat16
    partner_shares = _chosen.partner_shares
    pool = _chosen.pool
    put_luma = _chosen.put_luma
    set_num_threads = _chosen.set_num_threads
    take_luma = _chosen.take_luma
    watch_mapping = _chosen.watch_mapping

if (_asked := _threads(os.environ.get("FENCEPOST_NUM_THREADS"))) is not None:
    set_num_threads(_asked)
elif (_cores := usable_cores()) is not None:
    set_num_threads(min(_cores, MOST_THREADS))

__all__ = [
    "FOLDED_TAPS",
    "LONGEST_TILE",
    "MOST_THREADS",
    "SHORTEST_LINE",
    "SHORTEST_TILE",
    "Answering",
    "NetworkPlan",
    "Recipes",
    "Trainer",
    "augment",
    "block_energies",
    "box",
    "box_pair",
    "changes",
    "convolve_signals",
    "correlate",
    "correlate_at",
    "correlate_fft",
    "correlate_separable",
    "correlate_whole",
    "empty",
    "forget_mapping",
    "get_num_threads",
    "level",
    "levels",
    "mapping_is_cut",
    "multiplies_bfloat16",
    "partner_shares",
    "pool",
    "put_luma",
    "set_num_threads",
    "take_luma",
    "watch_mapping",
]
