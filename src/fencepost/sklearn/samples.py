"""Samples as an estimator takes them, as a network takes them; and which of them count twice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import _check_sample_weight, check_array, validate_data

from ..layers import Shape

__all__ = ["check_fit_data", "check_samples", "check_weights", "distinct"]

_DTYPES = [np.float32, np.uint8]  # as the engine takes them; all others become float32

Rows = NDArray[Any]


def check_samples(estimator: Any, samples: Any) -> Rows:
    """Return X as rows of features; raise ValueError unless they are those of the last fit."""
    rows, _ = _flattened(estimator, samples)
    checked: Rows = validate_data(estimator, rows, reset=False, dtype=_DTYPES, order="C")
    return checked


def check_fit_data(
    estimator: Any, samples: Any, targets: Any, **options: Any
) -> tuple[Rows, Rows, Shape]:
    """Return X as rows of features, y, and the shape of a sample; the estimator remembers them.

    `options` are those of scikit-learn's `validate_data`.
    """
    rows, shape = _flattened(estimator, samples)
    rows, y = validate_data(estimator, rows, targets, dtype=_DTYPES, order="C", **options)
    return rows, y, shape or rows.shape[1:]


def _flattened(estimator: Any, samples: Any) -> tuple[Any, Shape | None]:
    """Return samples of more axes as rows, with their shape; leave rows as they are."""
    axes = np.ndim(samples) if isinstance(samples, list) else getattr(samples, "ndim", 2)
    if axes <= 2:
        return samples, None
    array = check_array(samples, dtype=_DTYPES, allow_nd=True, estimator=estimator)
    shape = array.shape[1:]
    return array.reshape(len(array), math.prod(shape)), shape


def check_weights(weights: Any, samples: Rows) -> NDArray[np.float64] | None:
    """Check `sample_weight`: None, or a number of at least 0 for each sample, not all of them 0."""
    if weights is None:
        return None
    checked: NDArray[np.float64] = _check_sample_weight(
        weights, samples, dtype=np.float64, ensure_non_negative=True, allow_all_zero_weights=False
    )
    return checked


def distinct(
    samples: Rows, targets: Rows, weights: NDArray[np.float64]
) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Return the samples in an order of their own, equal ones put together with their weights.

    In a single batch, neither the order nor repetitions change what is learned, but by rounding.
    Brought to one form they do not change it by a bit: a weight of 2 is the sample given twice.
    """
    width = samples.dtype.itemsize * samples.shape[1]
    content = np.empty((len(samples), width + targets.dtype.itemsize * targets[0].size), np.uint8)
    content[:, :width] = np.ascontiguousarray(samples).view(np.uint8)
    content[:, width:] = np.ascontiguousarray(targets).view(np.uint8).reshape(len(samples), -1)
    keys = content.view(np.dtype((np.void, content.shape[1])))[:, 0]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    counts: NDArray[Any] = np.bincount(inverse, weights)
    return samples[first], targets[first], counts
