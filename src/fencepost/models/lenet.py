"""LeNet-5, as it was published and as it is built today."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..layers import (
    RBF,
    Conv2d,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
    ScaledTanh,
    Subsample,
)
from ..network import Network

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
        Seed of the initial weights.

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
    digits, with the sign turned so that the nearest is the largest and a variance of 5 (with the
    plain squared distance the loss becomes small too early: 98.7 % of the test digits instead of
    99.2 %). The paper sets the 28 × 28 digits in a field of 32 × 32; here C1 pads them by 2, which
    is the same.

    Parameters
    ----------
    seed : int
        Seed of the initial weights, drawn by the paper's rule: U(±2.4 / fan_in).

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
