"""convolve, correlate and explain_method: what users call."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _engine
from ..arguments import choice
from ..arrays import is_masked_array
from ..kernels import Kernel
from ..names import quick
from . import apply, missing
from .blocks import is_lazy
from .methods import METHODS, Choice
from .parsing import Mode, Origin, parse_call

_plain = _engine.convolve_signals  # a plain call of arrays, or None
_PLAIN = (list, tuple, np.ndarray)


def _of_lists(f: Any, g: Any, *arguments: Any) -> NDArray[Any] | None:
    """Convolve plain signals in lists, or correlate them, or return None."""
    if type(f) is type(g) is np.ndarray:
        return None
    masked = sys.modules.get("numpy.ma.core")  # without it, which takes 10 ms, nothing is masked
    if masked and any(
        type(x) is not np.ndarray and masked.MaskedConstant in map(type, x) for x in (f, g)
    ):
        return None  # the long way round refuses what NumPy would take for nan
    try:
        a, b = np.asarray(f), np.asarray(g)
    except (ValueError, TypeError, RuntimeError, OverflowError):
        return None  # the long way round has the words for it
    if a.ndim != 1 or b.ndim != 1:
        return None
    return _plain(a, b, *arguments)  # type: ignore[return-value]


@quick
def convolve(
    f: ArrayLike,
    g: ArrayLike | Kernel,
    mode: Mode = "full",
    *,
    boundary: str | complex = "zero",
    origin: Origin = "centre",
    axes: int | Sequence[int] | None = None,
    method: str = "auto",
    nan: Literal["propagate", "ignore"] = "propagate",
    mask: ArrayLike | None = None,
) -> NDArray[Any]:
    """Convolve f with g: ``(f ∗ g)(x) = Σᵢ f(i) · g(x − i)``, over any number of axes.

    Parameters
    ----------
    f : array_like, (...)
        A signal, an image, a volume, or a batch of them. A Dask array gives a Dask array, computed
        lazily, block by block, with the same results.
    g : array_like or Kernel
        The kernel, with as many axes as f, or as many as `axes` names. A Kernel brings its origin.
    mode : {"full", "same", "valid"}
        Which results are returned, along each axis of n elements under a kernel of k: all n + k − 1
        where a term is defined; the n at f's own elements; the n − k + 1 whose window lies in f.
        (`correlate` has another default, "same".)
    boundary : {"zero", "reflect", "mirror", "nearest", "wrap", "none"} or number
        Values beyond f's edges, with SciPy's names; the pattern continues if g is wider than f::

            "zero"     0 0 0 0 | a b c d | 0 0 0 0        a number: that instead of 0
            "reflect"  d c b a | a b c d | d c b a
            "mirror"     d c b | a b c d | c b a
            "nearest"  a a a a | a b c d | d d d d
            "wrap"     a b c d | a b c d | a b c d
            "none"     the border is left out of the result, as with mode="valid"
    origin : {"centre", "first"}, int or tuple of int
        The element of g that stands for coordinate 0; it decides which results mode="same" returns.
        In the middle; or the first, for a g that looks back only; or the indices of any element. Of
        the two middle elements of an even size, "centre" is the left one of g as it is written (the
        right one for `correlate`).
    axes : int or tuple of int, optional
        The axes of f that g lies along; the others are a batch. All of them by default.
    method : {"auto", "direct", "separable", "box", "fft"}
        How to compute it; `explain_method` says what "auto" chooses, and why.
    nan : {"propagate", "ignore"}
        What a missing element of f, NaN or masked, does to the results whose window touches it:
        they are missing too, or they are normalised sums over the elements that are there,
        ``Σᵢ f(i) g(x − i) · Σg / Σᵢ g(x − i)``, and missing only where no weight is left. Values
        beyond the edges are never missing.
    mask : array_like of bool, optional
        True for elements of f that are missing, as in ``numpy.ma`` and Astropy.

    Returns
    -------
    ndarray
        int64, exactly, if f and g are integers or True and False; otherwise NumPy's common
        dtype of the two, at least float32. A Kernel takes f's dtype if that is a float, else
        float64. Missing results are NaN; of a masked array they are masked.

    Raises
    ------
    SizeError
        With mode="valid", g is larger than f.
    DataError
        f or g is empty or not an array of numbers, or g has NaN or infinity in it.
    ArgumentError
        Any other argument is not of the kind described, or integers do not fit 64 bits.

    Notes
    -----
    "full", "same" and "valid" are those of ``numpy.convolve`` and ``scipy.signal.convolve``, but f
    and g never change places: where NumPy returns as many results as the longer of the two has
    elements, this returns as many as f has, as SciPy does. ``scipy.ndimage.convolve`` centres an
    even g on its right middle element: ``origin=k // 2``.

    NaN or infinity in f reaches the results whose window touches it, whatever the method. What
    "auto" chooses is off, of K weights, by at most 16 times the bound of the direct sum,
    ``K u Σ|f||g|`` with the terms of the result itself; "fft", asked for, by a few
    ``ε · log₂(elements) · rms(f) · ‖g‖``. Integers are exact by every method.

    References
    ----------
    The formula with undefined terms omitted: A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal
    Processing, section 2.3.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.convolve([10, 9, 10, 9, 10, 1, 10, 9, 10, 8], [1, 1, 1])
    array([10, 19, 29, 28, 29, 20, 21, 20, 29, 27, 18,  8])
    >>> fp.convolve([0, 0, 5, 5], [1, -1], mode="same", origin="first")
    array([0, 0, 5, 0])
    >>> fp.convolve([[1, 2], [3, 4]], [[0, 1, 0], [1, 1, 1], [0, 1, 0]], "same", boundary="wrap")
    array([[11, 12],
           [13, 14]])
    >>> fp.convolve([1.0, 2.0, float("nan"), 4.0], [0.25, 0.5, 0.25], "valid", nan="ignore")
    array([1.66666667, 3.        ])
    """
    result: Any = _plain(f, g, mode, boundary, origin, axes, method, nan, mask, True)
    if result is None:
        result = _computed(f, g, mode, boundary, origin, axes, method, nan, mask, flip=True)
    return result  # type: ignore[no-any-return]


def _computed(
    f: Any,
    g: Any,
    mode: Mode,
    boundary: Any,
    origin: Origin,
    axes: Any,
    method: str,
    nan: Any,
    mask: Any,
    *,
    flip: bool,
) -> NDArray[Any]:
    """Compute what is no plain call of arrays: lists, arrays of Dask, missing elements, others."""
    choice("nan", nan, missing.NAN)
    choice("method", method, METHODS)
    arguments = (f, g, mode, boundary, origin, axes, method, nan, mask)
    result: NDArray[Any] | None
    if type(f) in _PLAIN and type(g) in _PLAIN:
        result = _of_lists(*arguments, flip)
        if result is not None:
            return result
    if type(f) is not np.ndarray and is_lazy(f):
        from . import lazy

        result = lazy.convolved(*arguments, flip=flip)  # to its callers, as good as one
        return result
    if nan != "propagate" or mask is not None or is_masked_array(f):

        def compute(f: Any, g: Any, boundary: Any) -> NDArray[Any]:
            function = convolve if flip else correlate
            return function(f, g, mode, boundary=boundary, origin=origin, axes=axes, method=method)

        return missing.convolved(f, g, boundary, nan, mask, compute, flip=flip)
    if method == "auto":
        result = apply.quickly(f, g, mode, boundary, origin, axes, flip=flip)
        if result is not None:
            return result
    return apply.correlated(parse_call(f, g, mode, boundary, origin, axes, method, flip=flip))


@quick
def correlate(
    f: ArrayLike,
    g: ArrayLike | Kernel,
    mode: Mode = "same",
    *,
    boundary: str | complex = "zero",
    origin: Origin = "centre",
    axes: int | Sequence[int] | None = None,
    method: str = "auto",
    nan: Literal["propagate", "ignore"] = "propagate",
    mask: ArrayLike | None = None,
) -> NDArray[Any]:
    """Correlate f with g: ``Σᵢ f(x + i) · g(i)``, convolution without the flip.

    Parameters, result and errors are those of `convolve`. A complex g is conjugated, as in NumPy
    and SciPy. ``correlate(f, g)`` is ``convolve(f, h, "same")`` where h is the conjugate of g,
    flipped over every axis, its origin with it.

    The default of `mode` is "same" here, as of ``scipy.ndimage.correlate``, for a correlation looks
    for g in f; it is "full" in `convolve` and ``scipy.signal.correlate``, "valid" in
    ``numpy.correlate``.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.correlate([0, 0, 1, 0, 0], [1, 2, 3])
    array([0, 3, 2, 1, 0])
    >>> fp.correlate([1.0, 2.0, 4.0], [-1, 0, 1], boundary="nearest")
    array([1., 3., 2.])
    """
    result: Any = _plain(f, g, mode, boundary, origin, axes, method, nan, mask, False)
    if result is None:
        result = _computed(f, g, mode, boundary, origin, axes, method, nan, mask, flip=False)
    return result  # type: ignore[no-any-return]


def explain_method(
    f: ArrayLike,
    g: ArrayLike | Kernel,
    mode: Mode = "full",
    *,
    boundary: str | complex = "zero",
    origin: Origin = "centre",
    axes: int | Sequence[int] | None = None,
    method: str = "auto",
) -> Choice:
    """Explain which method `convolve` would use for these arguments, without computing it.

    Parameters and errors are those of `convolve`.

    Returns
    -------
    Choice
        Prints as a sentence and a table of all methods with the times that the cost model expects
        on this many threads.

    Examples
    --------
    >>> import fencepost as fp, numpy as np
    >>> choice = fp.explain_method(np.ones((500, 500)), np.ones((9, 9)), "same")
    >>> choice.method, choice.reason
    ('box', 'the cheapest, sums over windows')
    """
    return apply.explained(parse_call(f, g, mode, boundary, origin, axes, method, flip=True))
