"""Kernels on images: channels, types of numbers, borders, saturation, files.

`filter_image` and `image_gradient` take arrays, Pillow's images, and `Picture`, which
`read_image` makes of a file and `write_image` writes. Calls convolution, kernels, files, errors.
"""

from fencepost.filtering.images import Gradient, filter_image, image_gradient
from fencepost.filtering.picture import Picture, read_image, write_image

__all__ = [
    "Gradient",
    "Picture",
    "filter_image",
    "image_gradient",
    "read_image",
    "write_image",
]
