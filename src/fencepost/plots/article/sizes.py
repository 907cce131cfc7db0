"""Figures 12 to 14 of the article: layers as volumes, zero-padding, stride."""

from __future__ import annotations

from ... import sizing
from ...layers import Conv2d
from ...planning import plan
from ...text import format_shape
from ..images.window_grids import padding, stride
from ..networks.volume_boxes import volumes
from .drawn import Drawn


def layer_as_volume() -> Drawn:
    """Draw a layer that learns two kernels, with a receptive field and its depth column."""
    planned = plan((1, 10, 10), [Conv2d(2, 3)])
    (row,) = planned.rows
    depth, rows, columns = row.output_shape
    seen = format_shape(row.receptive_field)
    return Drawn(
        volumes(planned),
        "A convolutional layer as a volume of neurons. The depth column is the set of all neurons "
        "that are connected to the same region of the input.",
        f"The layer learns {depth} kernels, so its depth is {depth}; it has {rows * columns} depth "
        f"columns, each with a receptive field of {seen}, and {row.parameters} parameters.",
    )


def zero_padding() -> Drawn:
    """Draw a 10 × 5 image under a 3 × 3 receptive field, without and with padding."""
    plain = sizing.output_size((10, 5), kernel_size=3)
    padded = sizing.output_size((10, 5), kernel_size=3, padding=1)
    return Drawn(
        padding((5, 10), kernel_size=3, padding=1),
        "Zero-padding: an image 10 wide and 5 high under a 3 × 3 receptive field. (Rows come "
        "first, as in arrays.)",
        f"Without padding the output is {format_shape(plain)}; with a padding of 1 on all sides "
        f"it is {format_shape(padded)}, as large as the input.",
    )


def stride_of_two() -> Drawn:
    """Draw I = 13, R = 3, S = 2 out to its outputs, and the impossible I = 10 in words."""
    outputs = sizing.output_size(13, kernel_size=3, stride=2)
    (window,) = sizing.windows(10, kernel_size=3, stride=2, remainder="crop")
    impossible = window.equation.rpartition(" = ")[2]
    return Drawn(
        stride(13, kernel_size=3, stride=2),
        "Stride: an input of 13 under a receptive field of 3, moved by 2.",
        f"There are (13 − 3) / 2 + 1 = {outputs} outputs, + 1 because of fence posts. An input of "
        f"10 would give {impossible}: impossible, and an error.",
    )
