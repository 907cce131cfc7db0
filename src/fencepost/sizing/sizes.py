"""`output_size`, `windows`, and `windows` for those who have checked their arguments."""

from __future__ import annotations

import functools
from typing import Literal, SupportsIndex, overload

from ..errors import SizeError
from .advice import ambiguous_same, misfit
from .calls import Padding, Sizes, SizingCall, read_call, same_remark
from .padding import same_padding
from .window import Remainder, Window


@overload
def output_size(
    input_size: SupportsIndex,
    kernel_size: SupportsIndex,
    stride: SupportsIndex = 1,
    padding: SupportsIndex | tuple[int, int] | Literal["same"] = 0,
    dilation: SupportsIndex = 1,
    *,
    remainder: Remainder = "error",
) -> int: ...


@overload
def output_size(
    input_size: Sizes,
    kernel_size: Sizes,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    *,
    remainder: Remainder = "error",
) -> int | tuple[int, ...]: ...


def output_size(
    input_size: Sizes,
    kernel_size: Sizes,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    *,
    remainder: Remainder = "error",
) -> int | tuple[int, ...]:
    """Output size of a convolution or pooling: the number of positions of its kernel.

    ``output = (input + before + after − dilation·(kernel − 1) − 1) / stride + 1``

    Parameters
    ----------
    input_size, kernel_size, stride, dilation : int or sequence of int
        In elements; a sequence has one number for each axis, and an int applies to every axis. All
        at least 1.
    padding : int, sequence, or "same"
        Zeros around the input: an int for every edge; a sequence with an int or a pair ``(before,
        after)`` for each axis; on a single axis also a plain ``(before, after)``. ``"same"`` makes
        the output as large as the input. It is exact for stride 1 (for an even kernel the padding
        is uneven, and the extra zero is at the far edge, as in PyTorch and TensorFlow) and refused
        for other strides, where the two libraries differ.
    remainder : {"error", "crop", "pad"}
        What to do if the last window does not end at the far edge: raise; drop the elements that
        no window covers (as PyTorch does, silently); or add the missing zeros at the far edge.

    Returns
    -------
    int or tuple of int
        An int if sizes are ints, otherwise one number for each axis.

    Raises
    ------
    SizeError
        The windows do not fit. The error lists the nearest choices that do.
    ArgumentError
        An argument is not an integer, is too small, or has another number of axes.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.output_size(13, kernel_size=3, stride=2)
    6
    >>> fp.output_size((10, 5), kernel_size=3)
    (8, 3)
    >>> fp.output_size((10, 5), kernel_size=3, padding=1)
    (10, 5)
    >>> fp.output_size(10, kernel_size=3, stride=2, remainder="crop")
    4
    >>> fp.output_size(10, kernel_size=3, stride=2, remainder="pad")
    5
    """
    call = read_call(input_size, kernel_size, stride, padding, dilation, remainder=remainder)
    outputs = tuple(window.output for window in _resolved(call))
    return outputs[0] if call.scalar else outputs


def windows(
    input_size: Sizes,
    kernel_size: Sizes,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    *,
    remainder: Remainder = "error",
    pool: bool = False,
) -> tuple[Window, ...]:
    """Return one `Window` for each axis: the numbers that `output_size` only sums up.

    Parameters and errors are those of `output_size`. Of a `pool`, what an error proposes leaves no
    window without elements of the input, and names the stride with a kernel, whose size it is
    otherwise.

    Returns
    -------
    tuple of Window
        With the padding that is finally used (``remainder="pad"`` adds to `after`) and the elements
        that are dropped (`remainder`, nonzero only for ``remainder="crop"``).

    Examples
    --------
    >>> from fencepost.sizing import windows
    >>> (window,) = windows(10, kernel_size=3, stride=2, remainder="pad")
    >>> window.before, window.after, window.output
    (0, 1, 5)
    >>> windows(10, kernel_size=4, padding="same")[0].remark
    'an even kernel has no centre: "same" puts 1 zero before the input and 2 after it'
    """
    return _resolved(
        read_call(
            input_size, kernel_size, stride, padding, dilation, remainder=remainder, pool=pool
        )
    )


@functools.lru_cache(maxsize=4096)
def fitting_windows(
    inputs: tuple[int, ...],
    kernels: tuple[int, ...],
    strides: tuple[int, ...],
    paddings: tuple[tuple[int, int], ...] | Literal["same"],
    dilations: tuple[int, ...],
    remainder: Remainder,
) -> tuple[Window, ...] | None:
    """Do what `windows` does, for those who have checked their arguments, as layers have.

    Every argument is written out for every axis. Returns None where `windows` raises SizeError,
    whose text takes a hundred times as long to make.

    >>> fitting_windows((10,), (3,), (2,), ((0, 0),), (1,), "error") is None
    True
    """
    if paddings == "same":
        if any(stride > 1 for stride in strides):
            return None
        pairs = tuple(same_padding(k, d) for k, d in zip(kernels, dilations, strict=True))
        remarks = tuple(same_remark(*pair) for pair in pairs)
    else:
        pairs, remarks = paddings, ("",) * len(paddings)
    fitting = []
    for i, k, s, d, (b, a), remark in zip(
        inputs, kernels, strides, dilations, pairs, remarks, strict=True
    ):
        window = Window(i, k, s, d, b, a, remark).resolved(remainder)
        if window is None:
            return None
        fitting.append(window)
    return tuple(fitting)


def _resolved(call: SizingCall) -> tuple[Window, ...]:
    if call.same and any(window.stride > 1 for window in call.windows):
        raise SizeError(ambiguous_same(call))
    resolved = [window.resolved(call.remainder) for window in call.windows]
    fitting = tuple(window for window in resolved if window is not None)
    if len(fitting) < len(resolved):
        raise SizeError(misfit(call))
    return fitting
