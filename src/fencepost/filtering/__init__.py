"""Kernels on images: channels, types of numbers, borders, saturation, files.

`filter_image` and `image_gradient` take arrays, Pillow's images, and `Picture`, which `read_image`
reads from a file and `write_image` writes.
"""

from ..names import public
from .images import Gradient, filter_image, image_gradient
from .picture import Picture, read_frames, read_image
from .tiles import filter_file
from .writing import write_frames, write_image

__all__ = [
    "Gradient",
    "Picture",
    "filter_file",
    "filter_image",
    "image_gradient",
    "read_frames",
    "read_image",
    "write_frames",
    "write_image",
]

public(globals())
