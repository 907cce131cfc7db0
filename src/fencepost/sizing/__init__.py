"""The output-size equation and what follows from it: integers only.

Layers, plots, the command line and every importer ask this module; nobody else computes a size.

``output = (input + before + after − dilation·(kernel − 1) − 1) / stride + 1``: a kernel that
spans R elements of I can be moved I − R elements, in steps of S; + 1 because of fence posts.
(V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016, relation 6;
dilation as in relation 15.)
"""

from __future__ import annotations

from ..names import public
from .calls import Padding, Sizes
from .padding import halved, same_padding
from .sizes import fitting_windows, output_size, windows
from .window import Remainder, Window

__all__ = [
    "Padding",
    "Remainder",
    "Sizes",
    "Window",
    "fitting_windows",
    "halved",
    "output_size",
    "same_padding",
    "windows",
]

public(globals(), answers=False)
