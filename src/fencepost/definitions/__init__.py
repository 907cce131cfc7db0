"""Every operation as its textbook loop: what is true by definition.

The oracle of the tests, and the first thing that a reader should open. Everything here is in
float64, written to be read and compared with its source: no speed, and no options beyond the
definition. A batch of images has shape (N, C, H, W), a batch of signals (N, C, W), flat values
(N, F).

- `convolution`: convolution and correlation of lists and of matrices
- `boundaries`: the same over any number of axes, with something beyond the edges
- `layers`: what a network's layers compute
- `activations`: the functions applied to every value
- `learning`: losses, and one step of each optimizer
"""

from .activations import gelu, leaky_relu, relu, scaled_tanh, sigmoid, silu, tanh
from .boundaries import (
    convolution_at,
    convolve,
    correlation_at,
    extended_at,
    extended_index,
    normalized_convolution_at,
)
from .convolution import (
    convolution_1d_at,
    convolution_2d_at,
    convolve_1d,
    convolve_1d_full,
    convolve_2d,
    convolve_2d_full,
    correlate_1d,
    correlate_2d,
    correlation_1d_at,
    correlation_2d_at,
)
from .layers import (
    add,
    affine,
    avg_pool,
    batch_norm_inference,
    batch_norm_running,
    batch_norm_training,
    conv_layer,
    dense_weights,
    dropout,
    flatten,
    linear,
    max_pool,
    rbf,
    sum_pool,
)
from .learning import (
    adam_step,
    adamw_step,
    cross_entropy,
    mean_squared_error,
    sgd_step,
    softmax,
)

__all__ = [
    "adam_step",
    "adamw_step",
    "add",
    "affine",
    "avg_pool",
    "batch_norm_inference",
    "batch_norm_running",
    "batch_norm_training",
    "conv_layer",
    "convolution_1d_at",
    "convolution_2d_at",
    "convolution_at",
    "convolve",
    "convolve_1d",
    "convolve_1d_full",
    "convolve_2d",
    "convolve_2d_full",
    "correlate_1d",
    "correlate_2d",
    "correlation_1d_at",
    "correlation_2d_at",
    "correlation_at",
    "cross_entropy",
    "dense_weights",
    "dropout",
    "extended_at",
    "extended_index",
    "flatten",
    "gelu",
    "leaky_relu",
    "linear",
    "max_pool",
    "mean_squared_error",
    "normalized_convolution_at",
    "rbf",
    "relu",
    "scaled_tanh",
    "sgd_step",
    "sigmoid",
    "silu",
    "softmax",
    "sum_pool",
    "tanh",
]
