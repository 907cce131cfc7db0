"""Networks with shortcuts that size themselves to their data: ResNet-9, ResNet-18, MobileNetV2."""

from __future__ import annotations

from collections.abc import Sequence

from ..arguments import integer, real
from ..layers import Dropout, GlobalAvgPool, GlobalMaxPool, Linear, ReLU, ReLU6, Residual
from ..network import Network
from .maker import Maker, checked_shape

# Expansion, channels, number of bottlenecks, stride of the first (table 2 of the paper).
_BOTTLENECKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def resnet9(input_shape: Sequence[int], classes: int, *, width: int = 64, seed: int = 0) -> Network:
    """Build a small residual network for images of 16 to 128 pixels, or for signals.

    Eight convolutions, batch normalisation, two shortcuts, and a dense layer: of 2w, 4w and 8w
    channels after the first, halved three times. D. Page, How to train your ResNet (2018),
    myrtle.ai/learn/how-to-train-your-resnet. An axis is halved no further than to 4, and larger
    images pass a first convolution with a stride.

    Parameters
    ----------
    input_shape : (channels, height, width) or (channels, width)
        Of one image or signal.
    classes : int
        Number of outputs, at least 1.
    width : int
        Channels of the first convolution.
    seed : int
        Seed of the initial weights.

    Raises
    ------
    ArgumentError
        `input_shape` is none, or a number is below 1.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.models.resnet9((3, 32, 32), 10).parameter_count
    6573130
    """
    shape = checked_shape(input_shape)
    width = integer("width", width, 1)
    make = Maker(shape)
    step = make.step(128)
    layers = [*make.conv(width, 3 if step == 1 else 2 * step + 1, step)]
    for channels, residual in ((2 * width, True), (4 * width, False), (8 * width, True)):
        layers += [*make.conv(channels, 3), *make.halve()]
        if residual:
            layers.append(Residual(*make.conv(channels, 3), *make.conv(channels, 3)))
    return Network(shape, [*layers, GlobalMaxPool(), Linear(classes)], seed=seed)


def resnet18(
    input_shape: Sequence[int], classes: int, *, width: int = 64, seed: int = 0
) -> Network:
    """Build ResNet-18 for images, or signals, of any size.

    He, Zhang, Ren, Sun: Deep residual learning for image recognition (2015), table 1, with
    projections as shortcuts. Of its five halvings, the first ones are left out where the images
    would become smaller than 4 × 4: of 32 × 32 it keeps the last three, which is the paper's own
    way with small images, and of 224 × 224 all.

    Parameters
    ----------
    input_shape : (channels, height, width) or (channels, width)
        Of one image or signal.
    classes : int
        Number of outputs, at least 1.
    width : int
        Channels of the first stage; the others have 2, 4 and 8 times as many.
    seed : int
        Seed of the initial weights.

    Raises
    ------
    ArgumentError
        `input_shape` is none, or a number is below 1.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.models.resnet18((3, 224, 224), 1000).parameter_count
    11689512
    """
    shape = checked_shape(input_shape)
    width = integer("width", width, 1)
    make = Maker(shape)
    halved = make.halvings(5)
    layers = [*make.conv(width, 7 if halved[0] else 3, 1 + halved[0])]
    if halved[1]:
        layers.append(make.max_pool(3, stride=2, padding=1, remainder="crop"))
    for stage in range(4):
        channels = width * 2**stage
        stride = 1 + (stage > 0 and halved[stage + 1])
        shortcut = [*make.conv(channels, 1, stride, relu=False)] if stage else []
        layers += [
            Residual(
                *make.conv(channels, 3, stride),
                *make.conv(channels, 3, relu=False),
                shortcut=shortcut,
            ),
            ReLU(),
            Residual(*make.conv(channels, 3), *make.conv(channels, 3, relu=False)),
            ReLU(),
        ]
    return Network(shape, [*layers, GlobalAvgPool(), Linear(classes)], seed=seed)


def mobilenet(
    input_shape: Sequence[int], classes: int, *, width: float = 1.0, seed: int = 0
) -> Network:
    """Build MobileNetV2 for images, or signals, of any size.

    Sandler, Howard, Zhu, Zhmoginov, Chen: MobileNetV2: inverted residuals and linear bottlenecks
    (2018), table 2. Of its five halvings, the first ones are
    left out where the images would become smaller than 4 × 4.

    Parameters
    ----------
    input_shape : (channels, height, width) or (channels, width)
        Of one image or signal.
    classes : int
        Number of outputs, at least 1.
    width : float
        Multiplies all channels, which are then rounded to multiples of 8.
    seed : int
        Seed of the initial weights.

    Raises
    ------
    ArgumentError
        `input_shape` is none, or a number is below 1.

    Examples
    --------
    >>> import fencepost as fp
    >>> fp.models.mobilenet((3, 224, 224), 1000).parameter_count
    3504872
    """
    shape = checked_shape(input_shape)
    width = real("width", width, 0.0, above=True)

    def scaled(channels: int) -> int:
        rounded = max(8, int(channels * width + 4) // 8 * 8)
        return rounded if rounded >= 0.9 * channels * width else rounded + 8

    make = Maker(shape, ReLU6())
    halved = iter(make.halvings(5))
    entering = scaled(32)
    layers = [*make.conv(entering, 3, 1 + next(halved))]
    for expansion, channels, count, stride in _BOTTLENECKS:
        leaving = scaled(channels)
        for index in range(count):
            step = 1 + next(halved) if stride == 2 and index == 0 else 1
            inner = entering * expansion
            chain = [*make.conv(inner, 1)] if expansion > 1 else []
            chain += make.conv(inner, 3, step, groups=inner)
            chain += make.conv(leaving, 1, relu=False)
            layers += [Residual(*chain)] if index > 0 else chain  # which keeps the size
            entering = leaving
    layers += [*make.conv(max(1280, scaled(1280)), 1)]
    return Network(shape, [*layers, GlobalAvgPool(), Dropout(0.2), Linear(classes)], seed=seed)
