"""The picture of a training: nothing cut, nothing overlapping, for every shape of data."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from fencepost.plots import style
from fencepost.plots.networks.confusion_matrix import draw_confusion_matrix
from fencepost.plots.networks.misclassified import Mistake
from fencepost.plots.networks.training_curve import Curve
from fencepost.plots.networks.training_picture import draw_training
from plots.texts import drawn_texts, faults

LONG = [f"a_rather_long_class_name_{k}" for k in range(40)]


CASES = {
    # name: (shape of kernels, shape of images, class names, epochs, validation, mistakes)
    "mnist": ((6, 1, 5, 5), (1, 28, 28), [str(k) for k in range(10)], 8, False, 24),
    "colour": ((16, 3, 3, 3), (3, 32, 32), ["cat $x_1$", "golden retriever puppy"], 20, True, 7),
    "forty": ((64, 1, 3, 3), (1, 16, 24), LONG, 60, True, 24),
    "signals": ((12, 2, 7), (2, 128), ["sine", "square", "sawtooth"], 12, True, 24),
    "no mistakes": ((16, 1, 3, 3), (1, 28, 28), [str(k) for k in range(10)], 1, False, 0),
    "many of all": ((128, 4, 3, 3), (4, 12, 40), [str(k) for k in range(100)], 300, True, 3),
    "foreign": ((4, 1, 3, 3), (1, 9, 9), ["猫", "собака", ""], 2, False, 1),
    "tall": ((1, 1, 9, 2), (1, 60, 8), ["a", "b"], 3, False, 24),
    "dense": (None, (1, 8, 8), ["a", "b", "c"], 3, True, 1),
}


def draw(case: str) -> Figure:
    kernels, image, names, epochs, validated, count = CASES[case]
    rng = np.random.default_rng(0)
    classes = len(names)
    confusion = np.diag(rng.integers(900, 1100, classes))
    mistakes = []
    for k in range(count):
        truth, answer = k % classes, (k + 1) % classes
        confusion[truth, answer] += 1
        pixels = rng.integers(0, 256, image).astype(np.uint8)
        mistakes.append(Mistake(pixels, truth, answer, 1 - k / 50))
    passes = np.arange(1, epochs + 1)
    return draw_training(
        title="small_cnn on photographs: 99.12 % of 10,000 test images right",
        subtitle="61,706 parameters, 8 epochs in 9.6 s (51,000 images per second)",
        kernels=None if kernels is None else rng.normal(size=kernels).astype(np.float32),
        curve=Curve(
            0.3 / passes,
            1 - 0.08 / passes,
            0.28 / passes if validated else (),
            1 - 0.07 / passes if validated else (),
        ),
        confusion=confusion,
        mistakes=mistakes,
        class_names=names,
    )


@pytest.mark.parametrize("case", CASES)
def test_texts_are_neither_cut_nor_overlapping(case):
    figure = draw(case)
    assert len(drawn_texts(figure)) > 20
    assert not faults(figure)


def test_kernels_keep_their_sign_and_orientation():
    weights = np.array([[[[1.0, 0.0], [-1.0, 0.5]]]], np.float32)
    figure = draw_training(
        title="t",
        subtitle="s",
        kernels=weights,
        curve=Curve([1.0], [0.5]),
        confusion=np.eye(2, dtype=int),
        mistakes=[],
        class_names=["a", "b"],
    )
    pixels = np.asarray(figure.axes[0].images[0].get_array())
    np.testing.assert_allclose(pixels[..., 0], [[1.0, 0.5], [0.0, 0.75]])


def test_confusion_matrix_writes_counts_where_they_belong():
    axes = style.new_figure(5, 5).add_subplot()
    draw_confusion_matrix(axes, np.array([[7, 2], [0, 9]]), ["a", "b"])
    written = {text.get_position(): text.get_text() for text in axes.texts if text.get_text()}
    assert written[(1, 0)] == "2"  # column 1: what predicted class; row 0: what it is
    assert (0, 1) not in written
    assert written[(1, 1)] == "9"


def test_no_global_state_changes():
    before = dict(mpl.rcParams)
    draw("signals")
    assert dict(mpl.rcParams) == before
    code = (
        "import sys; from fencepost.plots.networks.training_picture import draw_training; "
        "assert not any(name.startswith('matplotlib') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
