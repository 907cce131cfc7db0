"""Convolution and correlation of arrays of any number of axes, by the method that is quickest.

A call goes down this list: `operations` (what users call) → `reading` (arguments to one form;
`boundaries` make them lists of cells) → `apply` (dtypes and layouts to tasks) → `methods` (the
choice, by `costs`) → `direct`, `separable` or `fft` (in `tiles`) → the engine. `terms` writes a sum
out. May call kernels, sizing, arguments, errors and the engine.
"""

from __future__ import annotations

from .apply import correlate_planes
from .operations import convolve, correlate, explain_method
from .terms import convolution_terms

__all__ = ["convolution_terms", "convolve", "correlate", "correlate_planes", "explain_method"]
