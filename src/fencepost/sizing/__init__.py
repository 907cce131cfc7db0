"""The output-size equation and what follows from it: integers only.

Layers, plots, the command line and every importer ask this module; nobody else computes a size.
May call errors only.

``output = (input + before + after − dilation·(kernel − 1) − 1) / stride + 1``: a kernel that
reaches over R cells of I can be moved I − R cells, in steps of S; + 1 because of fence posts.
(V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016, relation 6;
dilation as in relation 15.)
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Literal, SupportsIndex, TypeAlias, get_args, overload

from fencepost.errors import ArgumentError, SizeError
from fencepost.sizing.advice import Call, ambiguous_same, misfit
from fencepost.sizing.window import Remainder, Window

__all__ = [
    "Padding",
    "Remainder",
    "Sizes",
    "Window",
    "fitting_windows",
    "output_size",
    "windows",
]

Sizes: TypeAlias = SupportsIndex | Sequence[SupportsIndex]
Padding: TypeAlias = (
    SupportsIndex | Sequence[SupportsIndex | Sequence[SupportsIndex]] | Literal["same"]
)
_Pair: TypeAlias = tuple[int, int]


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
    """How many times a kernel fits as it is moved over an input.

    ``output = (input + before + after − dilation·(kernel − 1) − 1) / stride + 1``

    Parameters
    ----------
    input_size, kernel_size, stride, dilation : int or sequence of int
        In cells; a sequence has one number for each axis, and an int holds for every axis.
        All at least 1.
    padding : int, sequence, or "same"
        Zeros around the input: an int for every edge; a sequence with an int or a pair
        ``(before, after)`` for each axis; on a single axis also a plain ``(before, after)``.
        ``"same"`` makes the output as large as the input. It is exact for stride 1 (for an even
        kernel the padding is uneven, and the extra zero is at the far edge, as in PyTorch and
        TensorFlow) and refused for other strides, where these two mean different things by it.
    remainder : {"error", "crop", "pad"}
        What to do if the last window does not end at the far edge: raise; drop the cells that no
        window reaches (as PyTorch does, silently); or add the missing zeros at the far edge.

    Returns
    -------
    int or tuple of int
        An int if sizes are ints, otherwise one number for each axis.

    Raises
    ------
    SizeError
        The windows do not fit. The error lists the nearest choices that do.
    ArgumentError
        An argument is not a whole number, is too small, or has another number of axes.

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
    call = _read(input_size, kernel_size, stride, padding, dilation, remainder=remainder)
    outputs = tuple(window.output for window in _settle(call))
    return outputs[0] if call.scalar else outputs


def windows(
    input_size: Sizes,
    kernel_size: Sizes,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    *,
    remainder: Remainder = "error",
) -> tuple[Window, ...]:
    """Return one `Window` for each axis: the numbers that `output_size` only sums up.

    Parameters and errors are those of `output_size`.

    Returns
    -------
    tuple of Window
        With the padding that is finally used (``remainder="pad"`` adds to `after`) and the cells
        that are dropped (`remainder`, nonzero only for ``remainder="crop"``).

    Examples
    --------
    >>> from fencepost.sizing import windows
    >>> (window,) = windows(10, kernel_size=3, stride=2, remainder="pad")
    >>> window.before, window.after, window.output
    (0, 1, 5)
    >>> windows(10, kernel_size=4, padding="same")[0].remark
    'an even kernel has no middle: "same" puts 1 zero before the input and 2 after it'
    """
    return _settle(_read(input_size, kernel_size, stride, padding, dilation, remainder=remainder))


@functools.lru_cache(maxsize=4096)
def fitting_windows(
    inputs: tuple[int, ...],
    kernels: tuple[int, ...],
    strides: tuple[int, ...],
    paddings: tuple[_Pair, ...] | Literal["same"],
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
        pairs = tuple(_same(k, d) for k, d in zip(kernels, dilations, strict=True))
        remarks = tuple(_same_remark(*pair) for pair in pairs)
    else:
        pairs, remarks = paddings, ("",) * len(paddings)
    found = []
    for i, k, s, d, (b, a), remark in zip(
        inputs, kernels, strides, dilations, pairs, remarks, strict=True
    ):
        window = Window(i, k, s, d, b, a, remark).resolved(remainder)
        if window is None:
            return None
        found.append(window)
    return tuple(found)


def _settle(call: Call) -> tuple[Window, ...]:
    resolved = [window.resolved(call.remainder) for window in call.windows]
    fitting = tuple(window for window in resolved if window is not None)
    if len(fitting) < len(resolved):
        raise SizeError(misfit(call))
    return fitting


def _read(
    input_size: object,
    kernel_size: object,
    stride: object,
    padding: object,
    dilation: object,
    *,
    remainder: object,
) -> Call:
    """Check every argument and write it out for every axis."""
    received = {
        "input_size": input_size,
        "kernel_size": kernel_size,
        "stride": stride,
        "dilation": dilation,
    }
    policy = _policy(remainder)
    sizes = {name: _sizes(name, value) for name, value in received.items()}
    same = isinstance(padding, str) and padding == "same"
    paddings = 0 if same else _paddings(padding)
    axes, scalar = _axes(sizes, paddings)
    inputs, kernels, strides, dilations = (
        (value,) * axes if isinstance(value, int) else value for value in sizes.values()
    )
    if same:
        pairs = tuple(_same(k, d) for k, d in zip(kernels, dilations, strict=True))
    elif isinstance(paddings, int):
        pairs = ((paddings, paddings),) * axes
    elif axes == 1 and len(paddings) == 2:
        pairs = (_flat_pair(paddings),)
    else:
        pairs = tuple((one, one) if isinstance(one, int) else one for one in paddings)
    call = Call(
        windows=tuple(
            Window(i, k, s, d, b, a, _same_remark(b, a) if same else "")
            for i, k, s, d, (b, a) in zip(inputs, kernels, strides, dilations, pairs, strict=True)
        ),
        remainder=policy,
        scalar=scalar,
        input_has_axes=not isinstance(sizes["input_size"], int),
        received=_received({**received, "padding": padding}, policy),
    )
    if same and any(window.stride > 1 for window in call.windows):
        raise SizeError(ambiguous_same(call))
    return call


def _same(kernel: int, dilation: int) -> _Pair:
    """Pad to keep the size at stride 1; what cannot be halved goes to the far edge."""
    total = dilation * (kernel - 1)
    return total // 2, total - total // 2


def _same_remark(before: int, after: int) -> str:
    if before == after:
        return ""
    zeros = f"{before} {'zero' if before == 1 else 'zeros'} before the input and {after} after it"
    return f'an even kernel has no middle: "same" puts {zeros}'


def _axes(
    sizes: dict[str, int | tuple[int, ...]], paddings: int | tuple[int | _Pair, ...]
) -> tuple[int, bool]:
    """Count the axes, and say whether the caller spoke of one axis in plain ints."""
    counts = {name: len(value) for name, value in sizes.items() if not isinstance(value, int)}
    if not isinstance(paddings, int):
        flat_pair = len(paddings) == 2 and all(isinstance(one, int) for one in paddings)
        # (before, after) of a single axis, unless something else says that there are more.
        if not (flat_pair and set(counts.values()) <= {1}):
            counts["padding"] = len(paddings)
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise ArgumentError(
            "All sizes must have the same number of axes (an int holds for every axis). "
            f"Received: {listed}."
        )
    return next(iter(counts.values()), 1), not counts


def _policy(remainder: object) -> Remainder:
    for policy in get_args(Remainder):
        if isinstance(remainder, str) and remainder == policy:
            return policy  # type: ignore[no-any-return]
    raise ArgumentError(
        f'remainder must be "error", "crop" or "pad". Received: remainder={remainder!r}.'
    )


def _sizes(name: str, value: object) -> int | tuple[int, ...]:
    if isinstance(value, (tuple, list)):
        if not value:
            raise ArgumentError(f"{name} must have at least one axis. Received: {name}={value!r}.")
        return tuple(_whole(name, one, least=1) for one in value)
    return _whole(name, value, least=1)


def _paddings(value: object) -> int | tuple[int | _Pair, ...]:
    if isinstance(value, str):
        raise ArgumentError(
            'padding must be a number of zeros, (before, after) pairs or "same". '
            f"Received: padding={value!r}."
        )
    if not isinstance(value, (tuple, list)):
        return _whole("padding", value, least=0)
    if not value:
        raise ArgumentError(f"padding must have at least one axis. Received: padding={value!r}.")
    return tuple(
        _pair(one) if isinstance(one, (tuple, list)) else _whole("padding", one, least=0)
        for one in value
    )


def _pair(value: Sequence[object]) -> _Pair:
    if len(value) != 2:
        raise ArgumentError(
            "padding of one axis must be one number or a pair (before, after). "
            f"Received: {value!r}."
        )
    before, after = (_whole("padding", one, least=0) for one in value)
    return before, after


def _flat_pair(paddings: tuple[int | _Pair, ...]) -> _Pair:
    before, after = paddings
    assert isinstance(before, int) and isinstance(after, int)  # _axes refused everything else
    return before, after


def _whole(name: str, value: object, least: int) -> int:
    """Take Python's and NumPy's integers; refuse True, 3.0 and "3" rather than guess."""
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if not isinstance(value, int) and isinstance(value, SupportsIndex):  # the second is slow
        # NumPy's arrays have __index__ too, and refuse unless they are one integer.
        with suppress(TypeError):
            number = operator.index(value)
    if number is None or number < least:
        kind = f" ({type(value).__name__})" if number is None else ""
        raise ArgumentError(
            f"{name} must be a whole number of at least {least}. Received: {name}={value!r}{kind}."
        )
    return number


def _received(arguments: dict[str, object], remainder: Remainder) -> str:
    """Write the call out, less what was left at its default."""
    defaults = {"stride": 1, "dilation": 1, "padding": 0}
    shown = {
        name: value
        for name, value in arguments.items()
        if name not in defaults or {*_flat(value)} != {defaults[name]}
    }
    if remainder != "error":
        shown["remainder"] = remainder
    return ", ".join(f"{name}={value!r}" for name, value in shown.items())


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, (tuple, list)):
        for one in value:
            yield from _flat(one)
    else:
        yield value
