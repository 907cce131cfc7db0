"""From convolution to neural network in one small library, every size in between exact.

This file holds the public names and nothing else. A module is imported when one of its names is
first used, so that ``import fencepost`` costs little more than ``import numpy``.
"""

from .names import lazy

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy(__name__, __file__)
