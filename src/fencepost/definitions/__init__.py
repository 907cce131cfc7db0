"""Every operation as its textbook loop: what is true by definition.

The oracle of the tests, and the first thing that a reader should open. Everything here is in
float64, written to be read and compared with its source: no speed, and no options beyond the
definition. A batch of images has shape (N, C, H, W), a batch of signals (N, C, W), flat values
(N, F).

- `convolution`: convolution and correlation of lists and of matrices
- `boundaries`: the same over any number of axes, with something beyond the edges
- `colours`: luma, and colours that follow it
- `layers`: what a network's layers compute
- `normalization`: that of each image by itself
- `resizing`: what changes the size of planes
- `activations`: the functions applied to every value
- `learning`: losses, and one step of each optimizer
- `augmentation`: changes of training images, once their random values are drawn
"""

from ..names import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
