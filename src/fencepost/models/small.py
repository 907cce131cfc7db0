"""`small_cnn`: the network for data of which nothing is known."""

from __future__ import annotations

from collections.abc import Sequence

from ..layers import Conv1d, Conv2d, Dropout, Flatten, Layer, Linear, MaxPool1d, MaxPool2d, ReLU
from ..network import Network
from .maker import checked_shape


def small_cnn(input_shape: Sequence[int], classes: int, *, seed: int = 0) -> Network:
    """Build a network for images or signals of any size, channels and classes.

    Blocks of convolution, ReLU and max pooling halve each axis until it has at most 4 elements;
    then one dense layer. Larger images first pass a convolution with a stride, so that the cost
    stays moderate. Odd sizes are padded at the far edge: no pixel is dropped. Signals get the
    same with 1d layers and wider kernels.

    Parameters
    ----------
    input_shape : (channels, height, width) or (channels, width)
        Of one image or signal.
    classes : int
        Number of outputs, at least 1.
    seed : int
        Seed of the initial weights.

    Raises
    ------
    ArgumentError
        `input_shape` is none, or a number is below 1.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.models.small_cnn((3, 61, 200), classes=5).output_shape
    (5,)
    """
    shape = checked_shape(input_shape)
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
