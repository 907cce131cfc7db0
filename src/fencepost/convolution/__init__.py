"""Convolution, correlation and pooling of arrays of any number of axes, by the quickest method.

A call of `convolve` goes down this list: `operations` (what users call) → `parsing` (arguments in
one form; `boundaries` turn them into lists of indices) → `apply` (dtypes and layouts in a `task`) →
`methods` (the choice, and each way to compute it) → the engine. `terms` writes a sum out, `pooling`
takes maxima and means of windows, `shared_weights` shows a convolution as a layer of neurons.
"""

from __future__ import annotations

from ..names import public
from .apply import correlate_planes
from .operations import convolve, correlate, explain_method
from .pooling import avg_pool, max_pool, sum_pool
from .shared_weights import SharedWeights
from .terms import convolution_terms

__all__ = [
    "SharedWeights",
    "avg_pool",
    "convolution_terms",
    "convolve",
    "correlate",
    "correlate_planes",
    "explain_method",
    "max_pool",
    "sum_pool",
]

public(globals(), answers=False)
