"""Merges parts that are a layer only together, by rules that look at the last few of a chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from . import arrangements, norms, scales
from .parts import Part

#: Takes the last parts of a chain, and returns what they are together; None if they stay.
Rule: TypeAlias = Callable[..., "list[Part] | None"]


#: How many parts a rule takes, and the rule; the first that fits is taken.
_RULES: tuple[tuple[int, Rule], ...] = (
    (3, scales.distance),
    (3, arrangements.permuted_flatten),
    (3, norms.regrouped),
    (3, scales.scaled_tanh),
    (3, scales.padded_with_zeros),
    (2, arrangements.permuted),
    (2, arrangements.reshaped),
    (2, scales.affines),
    (2, scales.rectified),
    (2, scales.hard_sigmoid),
    (2, scales.reductions),
    (2, scales.roots),
    (2, scales.biased),
    (2, scales.sum_pool),
    (2, scales.uncounted),
    (2, scales.padded_after),
    (2, scales.padded),
    (2, scales.global_pool),
    (2, scales.kept_axes),
    (2, norms.scaled_norm),
    (2, norms.centred_and_scaled),
    (2, arrangements.resized),
    (2, scales.rbf),
    (1, scales.reduced),
    (1, arrangements.soft_max),
    (1, arrangements.dense_rows),
)


def merged(parts: Iterable[Part]) -> list[Part]:
    """Merge parts, from the first to the last, as long as a rule fits the last ones."""
    chain: list[Part] = []
    waiting = list(parts)[::-1]
    while waiting:
        chain.append(waiting.pop())
        for count, rule in _RULES:
            replacement = rule(*chain[-count:]) if len(chain) >= count else None
            if replacement is not None:
                del chain[-count:]
                waiting += replacement[::-1]
                break
    return chain
