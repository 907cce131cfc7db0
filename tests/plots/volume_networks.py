"""Networks of all kinds that are drawn as volumes, and their boxes."""

from __future__ import annotations

import fencepost as fp
from fencepost.plots import arguments
from fencepost.plots.networks import volume_layout


def deep():
    """Sixty layers, three pools among them, up to 500 channels."""
    layers = []
    for block in range(19):
        layers += [fp.Conv2d(min(500, 16 + 32 * block), 3, padding=1), fp.BatchNorm2d(), fp.ReLU()]
        if block in (4, 9, 14):
            layers.append(fp.MaxPool2d(2))
    return fp.Network((3, 32, 32), layers)


NETWORKS = {
    "lenet5": fp.models.lenet5,
    "lenet5_1998": fp.models.lenet5_1998,
    "deep": deep,
    "sixty": lambda: fp.Network((1, 121, 121), [fp.Conv2d(2, 3) for _ in range(60)]),
    "one output": lambda: fp.Network((1, 5, 5), [fp.Conv2d(8, 5)]),
    "500 channels": lambda: fp.Network((500, 14, 14), [fp.Conv2d(500, 3, padding=1)]),
    "signals": lambda: fp.Network(
        (2, 128), [fp.Conv1d(8, 7, dilation=2), fp.MaxPool1d(2), fp.GlobalMaxPool(), fp.Linear(3)]
    ),
    "features": lambda: fp.Network((9,), [fp.Linear(4), fp.ReLU(), fp.Linear(1000)]),
    "residual": lambda: fp.Network(
        (4, 8, 8), [fp.Residual(fp.Conv2d(4, 3, padding=1), fp.ReLU()), fp.GlobalAvgPool()]
    ),
    "wide": lambda: fp.Network((1, 4, 300), [fp.Conv2d(3, (3, 9), stride=(1, 3))]),
}


def boxes(network):
    shown = volume_layout.stages(arguments.as_plan(network))
    return volume_layout.arrange(shown, 7.2, None).boxes
