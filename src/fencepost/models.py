"""Networks with a name: LeNet-5 as it was published, as it is built today, and a default."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .arguments import integer
from .errors import ArgumentError, SizeError, SizeProblem
from .layers import (
    RBF,
    Conv1d,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    MaxPool1d,
    MaxPool2d,
    ReLU,
    ScaledTanh,
    Subsample,
)
from .network import Network

__all__ = ["C3_TABLE", "lenet5", "lenet5_1998", "small_cnn"]

# Table I of the paper: a row for each of S2's 6 maps, a column for each of C3's 16.
_TABLE_I = """
X . . . X X X . . X X X X . X X
X X . . . X X X . . X X X X . X
X X X . . . X X X . . X . X X X
. X X X . . X X X X . . X . X X
. . X X X . . X X X X . X X . X
. . . X X X . . X X X X . X X X
"""


def _table_i() -> NDArray[np.uint8]:
    table = np.array([line.split() for line in _TABLE_I.strip().splitlines()])
    return np.asarray(table == "X", np.uint8).T


#: Which of the 6 maps of layer S2 feed which of the 16 maps of layer C3: shape (16, 6).
C3_TABLE = _table_i()
C3_TABLE.flags.writeable = False


def lenet5(
    classes: int = 10, input_shape: Sequence[int] = (1, 28, 28), *, seed: int = 0
) -> Network:
    """LeNet-5 as it is usually built today: full C3, ReLU, max pooling, a dense output.

    61,706 parameters for MNIST.

    Parameters
    ----------
    classes : int
        Number of outputs.
    input_shape : (channels, height, width)
        Sizes that do not fit raise SizeError, which says what would.
    seed : int
        The weights follow from it.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.models.lenet5().parameter_count
    61706
    """
    layers: list[Layer] = [
        Conv2d(6, 5, padding=2),
        ReLU(),
        MaxPool2d(2),
        Conv2d(16, 5),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Linear(120),
        ReLU(),
        Linear(84),
        ReLU(),
        Linear(classes),
    ]
    return Network(input_shape, layers, seed=seed)


def lenet5_1998(*, seed: int = 0) -> Network:
    """LeNet-5 as it was published: 60,000 trainable parameters, 340,908 connections.

    LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition,
    Proceedings of the IEEE 86 (1998), section II-B. Sparse C3 (table I), trainable subsampling,
    scaled tanh, and an output of radial basis functions whose centres are bitmaps of the ten
    figures, with the sign turned so that the nearest is the largest and a variance of 5 (with the
    plain squared distance training is content too soon: 98.7 % of the test digits instead of
    99.2 %). The paper sets the 28 × 28
    figures in a field of 32 × 32; here C1 pads them by 2, which is the same.

    Parameters
    ----------
    seed : int
        The weights follow from it, by the paper's rule: U(±2.4 / fan_in).

    Examples
    --------
    >>> import fencepost as fp
    >>> net = fp.models.lenet5_1998()
    >>> net.parameter_count, net.connections
    (60000, 340908)
    """
    layers: list[Layer] = [
        Conv2d(6, 5, padding=2),  # C1
        ScaledTanh(),
        Subsample(2),  # S2
        ScaledTanh(),
        Conv2d(16, 5, connections=C3_TABLE),  # C3
        ScaledTanh(),
        Subsample(2),  # S4
        ScaledTanh(),
        Conv2d(120, 5),  # C5
        ScaledTanh(),
        Flatten(),
        Linear(84),  # F6
        ScaledTanh(),
        RBF("digits", variance=5.0),
    ]
    return Network((1, 28, 28), layers, seed=seed, initialization="lecun1998")


def small_cnn(input_shape: Sequence[int], classes: int, *, seed: int = 0) -> Network:
    """Build a network for images or signals of any size from 8, any channels and classes.

    Blocks of convolution, ReLU and max pooling halve each axis until it has at most 4 elements;
    then one dense layer. Larger images first pass a convolution with a stride, so that the cost
    stays moderate. Odd sizes are padded at the far edge: no pixel is dropped. Signals get the
    same with 1d layers and wider kernels.

    Parameters
    ----------
    input_shape : (channels, height, width) or (channels, width)
        At least 8 along each axis.
    classes : int
        Number of outputs, at least 1.
    seed : int
        The weights follow from it.

    Raises
    ------
    SizeError
        If an axis is shorter than 8.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.models.small_cnn((3, 61, 200), classes=5).output_shape
    (5,)
    """
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) not in (2, 3):
        raise ArgumentError(
            "input_shape must be (channels, height, width) or, for signals, (channels, width). "
            f"Received: input_shape={input_shape!r}."
        )
    shape = tuple(integer("input_shape", size, 1) for size in input_shape)
    if min(shape[1:]) < 8:
        raise SizeError(
            SizeProblem(
                "small_cnn needs images of at least 8 × 8, or signals of at least 8 values.",
                f"input_shape={shape}",
                "Resize the images, or write a Network of fewer layers.",
            )
        )
    blocks = _signal_blocks(*shape) if len(shape) == 2 else _image_blocks(*shape)
    return Network(shape, [*blocks, Flatten(), Dropout(0.3), Linear(classes)], seed=seed)


def _image_blocks(channels: int, height: int, width: int) -> list[Layer]:
    step = 1
    while height * width > (64 * step) ** 2:
        step *= 2
    maps = 24
    first = (
        Conv2d(maps, 3, padding=1)
        if step == 1
        else Conv2d(maps, 2 * step + 1, step, padding=step, remainder="pad")
    )
    layers: list[Layer] = [first, ReLU()]
    _, height, width = first.output_shape((channels, height, width))
    while max(height, width) > 4:
        # An axis that is small enough already is left as it is: signals of height 8, say.
        pool = MaxPool2d((1 + (height > 4), 1 + (width > 4)), remainder="pad")
        _, height, width = pool.output_shape((maps, height, width))
        layers.append(pool)
        if max(height, width) > 4:
            maps = min(2 * maps, 96)
            layers += [Conv2d(maps, 3, padding=1), ReLU()]
    return layers


def _signal_blocks(channels: int, width: int) -> list[Layer]:
    step = 1
    while width > 512 * step:
        step *= 2
    maps = 24
    first = (
        Conv1d(maps, 7, padding=3)
        if step == 1
        else Conv1d(maps, 4 * step + 1, step, padding=2 * step, remainder="pad")
    )
    layers: list[Layer] = [first, ReLU()]
    width = first.output_shape((channels, width))[1]
    while width > 4:
        layers.append(MaxPool1d(2, remainder="pad"))
        width = -(-width // 2)
        if width > 4:
            maps = min(2 * maps, 96)
            layers += [Conv1d(maps, 5, padding=2), ReLU()]
    return layers
