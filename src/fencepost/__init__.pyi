# The public names, each once: __init__.py imports a name from here when it is first used, and
# editors and type checkers read this file.
from . import (
    datasets as datasets,
    estimation as estimation,
    experiments as experiments,
    filtering as filtering,
    kernels as kernels,
    models as models,
    plots as plots,
    training as training,
)
from .check.as_function import check as check
from .convolution import (
    avg_pool as avg_pool,
    convolution_terms as convolution_terms,
    convolve as convolve,
    correlate as correlate,
    explain_method as explain_method,
    max_pool as max_pool,
    sum_pool as sum_pool,
)
from .errors import (
    ArgumentError as ArgumentError,
    DataError as DataError,
    DataWarning as DataWarning,
    DivergedError as DivergedError,
    FencepostError as FencepostError,
    ModelFileError as ModelFileError,
    SizeError as SizeError,
    TrainingError as TrainingError,
)
from .filtering import (
    Gradient as Gradient,
    Picture as Picture,
    filter_image as filter_image,
    image_gradient as image_gradient,
)
from .interchange.backbone.backbone import Backbone as Backbone
from .interchange.importing import from_onnx as from_onnx, from_torch as from_torch
from .kernels import Kernel as Kernel
from .layers import (
    GELU as GELU,
    RBF as RBF,
    AdaptiveAvgPool1d as AdaptiveAvgPool1d,
    AdaptiveAvgPool2d as AdaptiveAvgPool2d,
    AvgPool1d as AvgPool1d,
    AvgPool2d as AvgPool2d,
    BatchNorm1d as BatchNorm1d,
    BatchNorm2d as BatchNorm2d,
    Concat as Concat,
    Conv1d as Conv1d,
    Conv2d as Conv2d,
    ConvTranspose1d as ConvTranspose1d,
    ConvTranspose2d as ConvTranspose2d,
    DropPath as DropPath,
    Dropout as Dropout,
    Flatten as Flatten,
    Gate as Gate,
    GlobalAvgPool as GlobalAvgPool,
    GlobalMaxPool as GlobalMaxPool,
    GroupNorm as GroupNorm,
    HardSigmoid as HardSigmoid,
    HardSwish as HardSwish,
    LayerNorm as LayerNorm,
    LeakyReLU as LeakyReLU,
    Linear as Linear,
    MaxPool1d as MaxPool1d,
    MaxPool2d as MaxPool2d,
    ReLU as ReLU,
    ReLU6 as ReLU6,
    Residual as Residual,
    ScaledTanh as ScaledTanh,
    SiLU as SiLU,
    Sigmoid as Sigmoid,
    Softmax as Softmax,
    Subsample as Subsample,
    SumPool1d as SumPool1d,
    SumPool2d as SumPool2d,
    Tanh as Tanh,
    Upsample as Upsample,
)
from .network import Network as Network, load as load
from .planning import plan as plan
from .sizing import output_size as output_size
from .threads import get_num_threads as get_num_threads, set_num_threads as set_num_threads

__version__: str
