# The public names, each once: __init__.py imports a name from here when it is first used, and
# editors and type checkers read this file.
from .activations import (
    GELU as GELU,
    DropPath as DropPath,
    Dropout as Dropout,
    HardSigmoid as HardSigmoid,
    HardSwish as HardSwish,
    LeakyReLU as LeakyReLU,
    ReLU as ReLU,
    ReLU6 as ReLU6,
    ScaledTanh as ScaledTanh,
    Sigmoid as Sigmoid,
    SiLU as SiLU,
    Softmax as Softmax,
    Tanh as Tanh,
)
from .base import (
    Layer as Layer,
    ParameterSpec as ParameterSpec,
    Shape as Shape,
    StateSpec as StateSpec,
)
from .branched import Branched as Branched
from .branches import Concat as Concat, Gate as Gate, Residual as Residual
from .convolution import Conv1d as Conv1d, Conv2d as Conv2d
from .dense import RBF as RBF, Flatten as Flatten, Linear as Linear
from .norm import (
    BatchNorm1d as BatchNorm1d,
    BatchNorm2d as BatchNorm2d,
    GroupNorm as GroupNorm,
    LayerNorm as LayerNorm,
)
from .pooling import (
    AvgPool1d as AvgPool1d,
    AvgPool2d as AvgPool2d,
    GlobalAvgPool as GlobalAvgPool,
    GlobalMaxPool as GlobalMaxPool,
    MaxPool1d as MaxPool1d,
    MaxPool2d as MaxPool2d,
    Subsample as Subsample,
    SumPool1d as SumPool1d,
    SumPool2d as SumPool2d,
)
from .resizing import (
    AdaptiveAvgPool1d as AdaptiveAvgPool1d,
    AdaptiveAvgPool2d as AdaptiveAvgPool2d,
    ConvTranspose1d as ConvTranspose1d,
    ConvTranspose2d as ConvTranspose2d,
    Upsample as Upsample,
)
