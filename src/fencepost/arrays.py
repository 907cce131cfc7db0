"""What a caller gives for an array, as an array of NumPy: all of it, or not at all.

Lists, memory views, columns of pandas, tensors of PyTorch and whatever else NumPy takes are taken.
Where NumPy would lose something without a word (a mask, a palette), or has no word for it (a
gradient, a lazy conjugate, bfloat16), it is brought along or refused.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DataError, FencepostError
from .text import format_value, plural

__all__ = ["ANY", "as_array", "is_aligned", "is_masked_array"]

ANY = "biufcmMOSUV"  # kinds, for a caller who has more to say of the dtype


def as_array(
    name: str,
    values: Any,
    rule: str = "an array of numbers",
    *,
    kinds: str = "biufc",
    error: type[FencepostError] = DataError,
) -> NDArray[Any]:
    """`values` as an array whose dtype is of one of `kinds`; its type is ndarray itself.

    Its elements lie where the processor wants them, which those of a file or a packet may not.

    Raises `error` with what `name` must be, what was received, and what would do.

    >>> as_array("f", [1, 2.5])
    array([1. , 2.5])
    >>> as_array("f", [[1, 2], [3]])
    Traceback (most recent call last):
    ...
    fencepost.errors.DataError: f must be an array of numbers. Received: rows of different lengths.
    """
    if type(values) is np.ndarray and values.dtype.kind in kinds:
        return values if is_aligned(values) else values.copy()
    try:
        array = _converted(values)
        if array.dtype.kind not in kinds:
            raise _Unfit(_described(values, array))
    except _Unfit as unfit:
        raise error(f"{name} must be {rule}. Received: {unfit}.") from None
    return array if is_aligned(array) else array.copy()


def is_aligned(array: NDArray[Any]) -> bool:
    """Whether elements begin at multiples of their size: the engine reads no others."""
    return array.base is None or array.flags.aligned


def is_masked_array(values: Any) -> bool:
    """Whether `values` are an array of ``numpy.ma``, which takes 10 ms to import.

    It is not asked of a plain array, for which alone it need not be there.
    """
    return type(values) is not np.ndarray and isinstance(values, np.ma.MaskedArray)


class _Unfit(Exception):
    """What was received instead, with the remedy if there is one."""


def _converted(values: Any) -> NDArray[Any]:
    for item in values if isinstance(values, (list, tuple)) else [values]:
        if is_masked_array(item) and np.ma.is_masked(item):
            count = plural(int(np.ma.getmaskarray(item).sum()), "masked element")
            raise _Unfit(f"{count}, which would be used. Fill it, as in .filled(0)")
    if hasattr(values, "getpalette") and values.mode in ("P", "PA"):
        raise _Unfit('an image of indices into a palette. Use .convert("RGB")')
    try:
        array = np.asarray(_strided(values) if hasattr(values, "resolve_conj") else values)
        if array.dtype == object and hasattr(values, "to_numpy") and all(map(_is_real, array.flat)):
            return np.asarray(values.to_numpy(np.float64, na_value=np.nan))
    except (_Unfit, MemoryError):
        raise
    except Exception as reason:  # which a foreign object chooses
        if "inhomogeneous" in str(reason):
            raise _Unfit("rows of different lengths") from None
        message = (
            str(reason).splitlines()[0].rstrip(".") if str(reason) else "NumPy does not take it"
        )
        raise _Unfit(f"a {type(values).__name__}: {message}") from None
    return array


def _is_real(item: Any) -> bool:
    """Whether an element of a column of pandas is a number or says that one is missing."""
    return isinstance(item, Real) or type(item).__name__ == "NAType"


def _strided(tensor: Any) -> Any:
    """Return a tensor of PyTorch as NumPy can take it, with the same values."""
    layout = str(tensor.layout)
    for received, is_so in {
        "a tensor with gradients, which would be lost. Use .detach()": tensor.requires_grad,
        "a tensor on the device meta, which has no values": tensor.is_meta,
        "a nested tensor. Use .to_padded_tensor(0)": tensor.is_nested,
        "a quantized tensor. Use .dequantize()": tensor.is_quantized,
        f"a tensor of layout {layout}. Use .to_dense()": layout != "torch.strided",
        f"a tensor on the device {tensor.device}. Use .cpu()": tensor.device.type != "cpu",
    }.items():
        if is_so:
            raise _Unfit(received)
    tensor = tensor.resolve_conj().resolve_neg()
    size = tensor.element_size()
    if tensor.is_complex():
        return tensor.cfloat() if size < 8 else tensor
    if tensor.is_floating_point() and size < 4 and str(tensor.dtype) != "torch.float16":
        return tensor.float()  # NumPy has neither bfloat16 nor 8 bits
    return tensor


def _described(values: Any, array: NDArray[Any]) -> str:
    kind = array.dtype.kind
    if hasattr(values, "toarray"):
        return f"a sparse {type(values).__name__}. Use .toarray()"
    if array.ndim == 0 and kind not in "Mmc":
        if hasattr(values, "__iter__") and not isinstance(values, (str, bytes, dict, np.ndarray)):
            return f"a {type(values).__name__}. Use a list of what is in it"
        return format_value(values)
    remedy = {
        "c": "Take its real part, .real, or its magnitude, np.abs(…)",
        "M": 'Count from one of them: (t - t[0]) / np.timedelta64(1, "s")',
        "m": 'Count in a unit: t / np.timedelta64(1, "s")',
        "V": f"Choose one of its fields, {', '.join(array.dtype.names or ['none'])}",
    }.get(kind, "If it holds numbers, np.asarray(…, float) makes them so")
    return f"dtype {array.dtype}. {remedy}"
