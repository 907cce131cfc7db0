"""Networks of all kinds that pictures are drawn of, and what is in a figure."""

from __future__ import annotations

import io

import numpy as np

import fencepost as fp
from plots.texts import drawn_texts

LONG = [f"a rather long name of class {k}" for k in range(40)]


def deep():
    """62 layers."""
    block = [fp.Conv2d(4, 3, padding=1), fp.BatchNorm2d(), fp.ReLU()]
    return fp.Network((1, 12, 12), [*block * 20, fp.GlobalAvgPool(), fp.Linear(3)])


NETWORKS = {
    "lenet5": fp.models.lenet5,
    "lenet5_1998": fp.models.lenet5_1998,
    "colour": lambda: fp.models.small_cnn((3, 40, 64), 5),
    "signals": lambda: fp.models.small_cnn((2, 64), 3),
    "long names": lambda: fp.Network(
        (1, 8, 30), [fp.Conv2d(2, 3), fp.Flatten(), fp.Linear(40)], class_names=LONG
    ),
    "500 channels": lambda: fp.Network(
        (1, 9, 9), [fp.Conv2d(500, 3), fp.ReLU(), fp.MaxPool2d(7), fp.Flatten(), fp.Linear(2)]
    ),
    "outputs of 1 × 1": lambda: fp.Network(
        (1, 8, 8), [fp.Conv2d(4, 3), fp.ReLU(), fp.Conv2d(10, 6)]
    ),
    "60 layers": deep,
    "dense": lambda: fp.Network((7,), [fp.Linear(5), fp.ReLU(), fp.Linear(2)]),
    "one output": lambda: fp.Network((1, 20), [fp.Conv1d(3, 5), fp.Flatten(), fp.Linear(1)]),
    "residual": lambda: fp.Network(
        (2, 6, 6), [fp.Residual(fp.Conv2d(2, 3, padding=1)), fp.Flatten(), fp.Linear(2)]
    ),
    "six colours": lambda: fp.Network(
        (6, 5, 5), [fp.Conv2d(3, 2), fp.AvgPool2d(2), fp.Flatten(), fp.Linear(2)]
    ),
    "one layer": lambda: fp.Network((3, 4, 4), [fp.Flatten(), fp.Linear(2)]),
    "constant": lambda: fp.Network((1, 4, 4), [fp.Flatten()]),
}


def image_of(net):
    values = np.random.default_rng(0).integers(0, 256, net.input_shape)
    return values.astype(np.uint8 if len(net.input_shape) == 3 else np.float32)


def written(figure):
    return [text.text for text in drawn_texts(figure)]


def panel(figure, index=0):
    return figure.axes[0].child_axes[index]


def pixels(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="rgba", dpi=60)
    return np.frombuffer(buffer.getvalue(), np.uint8)
