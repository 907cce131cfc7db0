"""Half a padding before and half after: where the odd zero goes."""

from __future__ import annotations


def halved(total: int, *, lower: bool = False) -> tuple[int, int]:
    """Halve a padding: (before, after). An odd zero goes to the far edge, or else the near one.

    The far edge is where PyTorch and TensorFlow put it, and ONNX for SAME_UPPER.

    >>> halved(3), halved(3, lower=True)
    ((1, 2), (2, 1))
    """
    less = total // 2
    return (total - less, less) if lower else (less, total - less)


def same_padding(kernel: int, dilation: int = 1) -> tuple[int, int]:
    """Return the padding that keeps the size at stride 1.

    >>> same_padding(5), same_padding(4), same_padding(3, dilation=2)
    ((2, 2), (1, 2), (2, 2))
    """
    return halved(dilation * (kernel - 1))
