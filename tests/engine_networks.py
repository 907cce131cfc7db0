"""Networks for the engine's tests: small ones that hold every layer and option between them."""

from __future__ import annotations

import numpy as np

import fencepost as fp
from fencepost.layers.base import engine_shape
from fencepost.network import Network, sizes
from shape_lists import Case

ACTIVATIONS = (
    fp.ReLU(),
    fp.ReLU6(),
    fp.HardSigmoid(),
    fp.HardSwish(),
    fp.LeakyReLU(),
    fp.LeakyReLU(0.3),
    fp.Tanh(),
    fp.ScaledTanh(),
    fp.Sigmoid(),
    fp.GELU(),
    fp.SiLU(),
)
_TABLE = ((1, 0, 1), (0, 1, 1), (1, 1, 0), (1, 1, 1))

#: name -> (input shape, layers). Every one ends in a flat output of at least two values.
LAYERS = {
    **{
        repr(a): ((2, 5, 6), [fp.Conv2d(3, 3), a, fp.Flatten(), fp.Linear(4)])
        for a in ACTIVATIONS
    },
    "activation of the input": ((2, 3, 3), [fp.Tanh(), fp.Flatten(), fp.Linear(3)]),
    "activation at the end": ((7,), [fp.Linear(3), fp.Sigmoid()]),
    "linear": ((7,), [fp.Linear(3)]),
    "linear without bias": ((5,), [fp.Linear(9, bias=False), fp.ReLU(), fp.Linear(2, bias=False)]),
    "flatten only": ((2, 3, 2), [fp.Flatten()]),
    "conv without bias": ((3, 6, 5), [fp.Conv2d(4, 3, bias=False), fp.ReLU(), fp.Flatten()]),
    "conv padded by remainder": (
        (2, 8, 8),
        [fp.Conv2d(3, 3, stride=2, remainder="pad"), fp.ReLU(), fp.Flatten(), fp.Linear(3)],
    ),
    "conv same": ((2, 5, 7), [fp.Conv2d(3, (2, 4), padding="same"), fp.Tanh(), fp.Flatten()]),
    "conv after conv": (
        (2, 9, 8),
        [fp.Conv2d(5, 3, padding=1), fp.Conv2d(3, 3, stride=(2, 1), padding=((2, 0), (0, 1)),
         remainder="crop"), fp.Flatten(), fp.Linear(3)],
    ),
    "conv groups": (
        (4, 6, 6),
        [fp.Conv2d(8, 3, groups=4), fp.Conv2d(4, 2, groups=2), fp.Flatten()],
    ),
    "conv table": (
        (3, 7, 7),
        [fp.Conv2d(4, 3, connections=_TABLE), fp.ReLU(), fp.Flatten(), fp.Linear(3)],
    ),
    "conv 1d": (
        (2, 17),
        [fp.Conv1d(4, 5, stride=2), fp.ReLU(), fp.Conv1d(3, 3, padding=1, dilation=2,
         remainder="crop"), fp.Flatten(), fp.Linear(3)],
    ),
    "pools 1d": (
        (3, 18),
        [fp.Conv1d(4, 3), fp.MaxPool1d(2), fp.AvgPool1d(2, 1), fp.SumPool1d(3, 2), fp.Flatten()],
    ),
    "max pool": ((2, 7, 9), [fp.Conv2d(4, 2), fp.MaxPool2d(2), fp.Flatten(), fp.Linear(3)]),
    "max pool, overlapping and padded": (
        (2, 7, 8),
        [fp.Conv2d(4, 3), fp.MaxPool2d(3, 2, padding=1, remainder="crop"), fp.Flatten(),
         fp.Linear(3)],
    ),
    "max pool of the input": ((2, 7, 8), [fp.MaxPool2d(3, 2, remainder="pad"), fp.Flatten()]),
    "avg pool": (
        (2, 7, 8),
        [fp.Conv2d(4, 3), fp.AvgPool2d(3, 2, padding=1, remainder="crop"), fp.Flatten(),
         fp.Linear(3)],
    ),
    "avg pool without padding": (
        (2, 7, 8),
        [fp.Conv2d(4, 3), fp.AvgPool2d(3, 2, padding=1, remainder="crop",
         count_include_pad=False), fp.Flatten(), fp.Linear(3)],
    ),
    "sum pool": ((2, 6, 8), [fp.Conv2d(4, 3), fp.SumPool2d((2, 3)), fp.Flatten(), fp.Linear(3)]),
    "subsample": ((2, 6, 8), [fp.Conv2d(4, 3), fp.Subsample(2), fp.ScaledTanh(), fp.Flatten()]),
    "global avg": ((2, 6, 5), [fp.Conv2d(4, 3), fp.GlobalAvgPool(), fp.Linear(3)]),
    "global max": ((2, 6, 5), [fp.Conv2d(4, 3), fp.GlobalMaxPool(), fp.Linear(3)]),
    "global 1d": ((3, 11), [fp.Conv1d(4, 3), fp.GlobalAvgPool(), fp.Linear(3)]),
    "batch norm 2d": (
        (2, 6, 5),
        [fp.Conv2d(4, 3, bias=False), fp.BatchNorm2d(), fp.ReLU(), fp.Flatten(), fp.Linear(3)],
    ),
    "batch norm 1d": (
        (2, 9),
        [fp.Conv1d(4, 3), fp.BatchNorm1d(eps=1e-3), fp.ReLU(), fp.Flatten(), fp.Linear(5),
         fp.BatchNorm1d(affine=False), fp.Tanh(), fp.Linear(3)],
    ),
    "batch norm of the input": ((3, 4, 4), [fp.BatchNorm2d(), fp.Flatten(), fp.Linear(3)]),
    "batch norm at the end": ((6,), [fp.Linear(4), fp.BatchNorm1d()]),
    "residual": (
        (3, 6, 6),
        [fp.Conv2d(4, 3), fp.Residual(fp.Conv2d(4, 3, padding=1), fp.ReLU(),
         fp.Conv2d(4, 3, padding="same")), fp.ReLU(), fp.Flatten(), fp.Linear(3)],
    ),
    "residual of the input": (
        (2, 5, 5), [fp.Residual(fp.Conv2d(2, 3, padding=1), fp.Tanh()), fp.Flatten()],
    ),
    "residual in a residual": (
        (8,),
        [fp.Linear(6), fp.Residual(fp.Tanh(), fp.Residual(fp.Linear(6), fp.ReLU()), fp.Linear(6)),
         fp.Linear(3)],
    ),
    "residual with batch norm": (
        (2, 5, 6),
        [fp.Conv2d(4, 3, padding=1), fp.Residual(fp.Conv2d(4, 3, padding=1), fp.BatchNorm2d(),
         fp.ReLU()), fp.MaxPool2d(2, remainder="crop"), fp.Flatten(), fp.Linear(3)],
    ),
    "relu6 beyond 6": ((5,), [fp.Linear(9), fp.GroupNorm(1, affine=False), fp.Linear(40),
                              fp.ReLU6(), fp.Linear(3)]),
    "softmax": ((3, 4, 5), [fp.Conv2d(5, 2), fp.Softmax(), fp.Flatten(), fp.Linear(3)]),
    "softmax at the end": ((6,), [fp.Linear(4), fp.Softmax()]),
    "drop path": (
        (2, 5, 5),
        [fp.Residual(fp.Conv2d(2, 3, padding=1), fp.DropPath(0.0)), fp.Flatten(), fp.Linear(3)],
    ),
    "adaptive pool": (
        (2, 7, 9), [fp.Conv2d(3, 2), fp.AdaptiveAvgPool2d((4, 3)), fp.Flatten(), fp.Linear(3)],
    ),
    "adaptive pool that enlarges": (
        (2, 3, 3), [fp.AdaptiveAvgPool2d(5), fp.Flatten(), fp.Linear(3)],
    ),
    "adaptive pool 1d": ((2, 11), [fp.AdaptiveAvgPool1d(4), fp.Flatten(), fp.Linear(3)]),
    "upsample": (
        (2, 3, 4), [fp.Conv2d(3, 2), fp.Upsample(scale_factor=3), fp.Flatten(), fp.Linear(3)],
    ),
    "upsample to a size": ((2, 4, 3), [fp.Upsample((7, 5)), fp.Flatten(), fp.Linear(3)]),
    "upsample bilinear": (
        (2, 3, 4),
        [fp.Conv2d(3, 2), fp.Upsample(scale_factor=(2, 3), mode="bilinear"),
         fp.Conv2d(2, 3), fp.Flatten(), fp.Linear(3)],
    ),
    "upsample to a size bilinear": (
        (2, 5, 4), [fp.Upsample((3, 9), mode="bilinear"), fp.Flatten(), fp.Linear(3)],
    ),
    "upsample 1d": (
        (2, 5), [fp.Upsample(12, mode="linear"), fp.Upsample(scale_factor=2), fp.Flatten(),
                 fp.Linear(3)],
    ),
    "conv transpose": (
        (3, 4, 3),
        [fp.ConvTranspose2d(4, 3, stride=2, padding=1, output_padding=1), fp.ReLU(),
         fp.ConvTranspose2d(2, (2, 4), stride=(3, 1), padding=(0, 2)), fp.Flatten(), fp.Linear(3)],
    ),
    "conv transpose groups": (
        (4, 3, 4),
        [fp.ConvTranspose2d(6, 3, groups=2, dilation=2, bias=False), fp.Flatten(), fp.Linear(3)],
    ),
    "conv transpose 1d": (
        (3, 6), [fp.ConvTranspose1d(4, 5, stride=3, padding=1, output_padding=2), fp.Flatten(),
                 fp.Linear(3)],
    ),
    "u-net": (
        (2, 8, 8),
        [fp.Conv2d(4, 3, padding=1), fp.Concat([], [fp.MaxPool2d(2), fp.Conv2d(6, 3, padding=1),
         fp.ReLU(), fp.Concat([], [fp.MaxPool2d(2), fp.Conv2d(4, 1), fp.Upsample(scale_factor=2)]),
         fp.ConvTranspose2d(4, 2, stride=2)]), fp.Conv2d(2, 3, padding=1), fp.Flatten(),
         fp.Linear(3)],
    ),
    "group norm": (
        (2, 4, 5), [fp.Conv2d(6, 2), fp.GroupNorm(3), fp.ReLU(), fp.Flatten(), fp.Linear(3)],
    ),
    "group norm of the input": ((4, 5), [fp.GroupNorm(2, affine=False), fp.Flatten()]),
    "layer norm": ((2, 3, 4), [fp.Conv2d(3, 2), fp.LayerNorm(), fp.Flatten(), fp.Linear(3)]),
    "layer norm of features": ((5,), [fp.Linear(7), fp.LayerNorm(1e-3), fp.Linear(3)]),
    "layer norm over channels": (
        (2, 3, 4), [fp.Conv2d(5, 2), fp.LayerNorm(over="channels"), fp.Flatten(), fp.Linear(3)],
    ),
    "residual with shortcut": (
        (3, 7, 6),
        [fp.Residual(fp.Conv2d(5, 3, stride=2, padding=1, remainder="crop"), fp.BatchNorm2d(),
         fp.ReLU(), fp.Conv2d(5, 1), shortcut=[fp.Conv2d(5, 1, stride=2, remainder="crop"),
         fp.BatchNorm2d()]), fp.ReLU(), fp.Flatten(), fp.Linear(3)],
    ),
    "residual 1d with shortcut": (
        (2, 9), [fp.Residual(fp.Conv1d(3, 3, padding=1), fp.Tanh(), shortcut=fp.Conv1d(3, 1)),
                 fp.Flatten(), fp.Linear(3)],
    ),
    "dense block": (
        (3, 5, 6),
        [fp.Conv2d(4, 3, padding=1), fp.Concat([], [fp.BatchNorm2d(), fp.ReLU(),
         fp.Conv2d(3, 3, padding=1)]), fp.Concat([], [fp.ReLU(), fp.Conv2d(2, 1)]),
         fp.Flatten(), fp.Linear(3)],
    ),
    "inception": (
        (3, 6, 5),
        [fp.Concat(fp.Conv2d(2, 1), [fp.Conv2d(3, 1), fp.ReLU(), fp.Conv2d(4, 3, padding=1)],
         [fp.MaxPool2d(3, 1, padding=1), fp.Conv2d(1, 1)], [], fp.AvgPool2d(3, 1, padding=1)),
         fp.ReLU(), fp.Flatten(), fp.Linear(3)],
    ),
    "nested concat": (
        (2, 6, 6),
        [fp.Concat([fp.Conv2d(3, 3, padding=1), fp.Concat([], [fp.Tanh()], fp.Conv2d(2, 1))],
         [], []), fp.GlobalAvgPool(), fp.Linear(3)],
    ),
    "concat of features": (
        (6,), [fp.Concat([fp.Linear(3), fp.Tanh()], [], [fp.Linear(2)]), fp.Linear(4)],
    ),
    "gate of channels": (
        (3, 6, 5),
        [fp.Conv2d(5, 3, padding=1), fp.Gate(fp.GlobalAvgPool(), fp.Linear(2), fp.ReLU(),
         fp.Linear(5), fp.Sigmoid()), fp.Flatten(), fp.Linear(3)],
    ),
    "gate 1 x 1": (
        (3, 4, 5),
        [fp.Conv2d(5, 3, padding=1), fp.Gate(fp.AvgPool2d((4, 5)), fp.Conv2d(5, 1), fp.Sigmoid()),
         fp.Flatten(), fp.Linear(3)],
    ),
    "gate of pixels": (
        (3, 4, 5),
        [fp.Conv2d(5, 3, padding=1), fp.Gate(fp.Conv2d(1, 3, padding=1), fp.Sigmoid()),
         fp.Flatten(), fp.Linear(3)],
    ),
    "gate of rows": (
        (3, 4, 5), [fp.Gate(fp.AvgPool2d((1, 5)), fp.Tanh()), fp.Flatten(), fp.Linear(3)],
    ),
    "gate of columns, one channel": (
        (3, 4, 5), [fp.Gate(fp.AvgPool2d((4, 1)), fp.Conv2d(1, 1)), fp.Flatten(), fp.Linear(3)],
    ),
    "gate of every value": (
        (3, 4, 5), [fp.Gate(fp.Conv2d(3, 3, padding=1), fp.SiLU()), fp.Flatten(), fp.Linear(3)],
    ),
    "gate of features": ((6,), [fp.Gate(fp.Linear(6), fp.Sigmoid()), fp.Linear(3)]),
    "gate of a signal": (
        (3, 9), [fp.Gate(fp.GlobalAvgPool(), fp.Linear(3)), fp.Flatten(), fp.Linear(3)],
    ),
    "rbf": (
        (6,),
        [fp.Linear(3), fp.Tanh(), fp.RBF([[1.0, -1.0, 0.5], [0.0, 2.0, 1.0], [1, 1, 1]], 2.5)],
    ),
    "output of planes": ((2, 5, 6), [fp.Conv2d(3, 3), fp.ReLU(), fp.MaxPool2d((1, 2))]),
}  # fmt: skip

MODELS = {
    "lenet5": fp.models.lenet5,
    "lenet5_1998": fp.models.lenet5_1998,
    "small_cnn": lambda: fp.models.small_cnn((1, 28, 28), 10),
    "small_cnn signal": lambda: fp.models.small_cnn((2, 75), 4),
    "small_cnn odd": lambda: fp.models.small_cnn((3, 13, 22), 4),
}


def network(name: str) -> Network:
    """Make one of LAYERS, nothing of it at its plain first value."""
    shape, layers = LAYERS[name]
    channels = np.arange(shape[0])
    net = fp.Network(shape, layers, normalization=(0.1 * channels + 0.2, 1.5 + 0.3 * channels))
    return disturbed(net)


def network_of(case: Case) -> Network:
    """Make a network of one layer from a line of a shape list."""
    top, bottom, left, right = case.padding
    window = {
        "kernel_size": case.kernel,
        "stride": case.stride,
        "padding": ((top, bottom), (left, right)),
        "remainder": "crop",
    }
    match case.kind:
        case "conv":
            layer = fp.Conv2d(
                case.out,
                dilation=case.dilation,
                groups=case.groups,
                bias=case.bias,
                connections=case.connections,
                **window,
            )
        case "max":
            layer = fp.MaxPool2d(**window)
        case "avg":
            layer = fp.AvgPool2d(count_include_pad=case.count_include_pad, **window)
        case "sum":
            layer = fp.SumPool2d(**window)
    return fp.Network(case.input, [layer])


def disturbed(net: Network) -> Network:
    """Move weights and running statistics away from first values that would hide an error."""
    generator = np.random.default_rng(5)
    for array in net.parameters.values():
        array[:] += generator.normal(0, 0.1, array.shape)
    for name, array in net.state.items():
        if name.endswith("running_mean"):
            array[:] = generator.normal(0, 0.5, array.shape)
        elif name.endswith("running_var"):
            array[:] = generator.uniform(0.5, 2.0, array.shape)
    return net


def plan(engine, net: Network):
    """Return the network as the engine of one level has it."""
    steps, _ = sizes.engine_steps(net.rows)
    shape = engine_shape(net.input_shape)
    return engine.NetworkPlan(shape, steps, net.parameter_vector.size, net.state_vector.size)


def arguments(net: Network, images: np.ndarray) -> tuple:
    """Return what every function of a plan takes first."""
    planes = images.reshape(-1, *engine_shape(net.input_shape))
    return (net.parameter_vector, net.state_vector, planes, *net.engine_normalization)


def random_images(net: Network, count: int, dtype: type = np.float32, seed: int = 1) -> np.ndarray:
    """Return asymmetric random images; bytes use their whole range."""
    generator = np.random.default_rng(seed)
    shape = (count, *net.input_shape)
    if dtype is np.uint8:
        return generator.integers(0, 256, shape).astype(np.uint8)
    return generator.standard_normal(shape).astype(np.float32)
