"""The picture of a training: nothing cut, nothing overlapping, for every shape of data."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import fencepost as fp
from fencepost.errors import ArgumentError, DataError
from fencepost.network import RegressionEvaluation
from fencepost.plots import style
from fencepost.plots.networks import tiles
from fencepost.plots.networks.confusion_matrix import draw_confusion_matrix
from fencepost.plots.networks.misclassified import Mistake
from fencepost.plots.networks.training_curve import Curve, draw_training_curve
from fencepost.plots.networks.training_picture import draw_training
from fencepost.training import Epoch, History
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
    assert written[(1, 0)] == "2"  # column 1: what the network says; row 0: what it is
    assert (0, 1) not in written
    assert written[(1, 1)] == "9"


def test_curve_draws_errors_in_per_cent_and_zero_at_the_foot():
    figure = style.new_figure(5, 5)
    upper, lower = figure.subplots(2)
    draw_training_curve(upper, lower, Curve([0.5, 0.1], [0.9, 1.0]), test_accuracy=0.95)
    training, test = lower.lines
    np.testing.assert_allclose(training.get_ydata(), [10, 2.5])
    assert lower.get_ylim()[0] == pytest.approx(2.5)
    assert "0" in [text.get_text() for text in lower.texts]
    np.testing.assert_allclose(test.get_ydata(), [5])


def record(epochs=4, *, regression=False, validated=True, best=None):
    accuracy = [None if regression else 1 - 0.1 / k for k in range(1, epochs + 1)]
    return History(
        [
            Epoch(k, 1 / k, a, *((0.9 / k, a) if validated else (None, None)), 0.01, 2.0, 3000.0)
            for k, a in enumerate(accuracy, start=1)
        ],
        best_epoch=best,
    )


@pytest.mark.parametrize(
    ("made", "panels"),
    [
        (record(), 2),
        (record(1, validated=False), 2),
        (record(300, best=17), 2),
        (record(regression=True), 1),
        (record(regression=True, validated=False, best=2), 1),
    ],
)
def test_history_of_any_training_can_be_read(made, panels):
    figure = fp.plots.history(made, test_accuracy=None if panels == 1 else 0.97)
    assert not faults(figure)
    assert len(figure.axes[0].child_axes) == panels
    loss = figure.axes[0].child_axes[0].lines[0]
    np.testing.assert_allclose(loss.get_ydata(), made["loss"])


def test_history_marks_the_epoch_that_was_kept():
    figure = fp.plots.history(record(best=3))
    for axes in figure.axes[0].child_axes:
        assert [line.get_xdata()[0] for line in axes.lines if line.get_label() == "kept"] == [3]
    texts = [text.text for text in drawn_texts(figure)]
    assert texts.count("kept") == 1
    assert "kept" not in [text.text for text in drawn_texts(fp.plots.history(record()))]


def test_history_is_drawn_into_given_axes():
    figure = style.new_figure(5, 4)
    axes = figure.add_axes((0.1, 0.05, 0.85, 0.9))
    assert fp.plots.history(record(best=2), ax=axes) is axes
    assert not faults(figure)


@pytest.mark.parametrize(
    ("bad", "words"), [([1.0], "the History that fit returned.*list"), (History(), "one epoch")]
)
def test_what_is_no_history_is_refused(bad, words):
    with pytest.raises(ArgumentError, match=words):
        fp.plots.history(bad)


@pytest.mark.parametrize("classes", [1, 2, 10, 14, 20, 100])
def test_confusion_of_any_number_of_classes_can_be_read(classes):
    counts = np.random.default_rng(0).integers(0, 30, (classes, classes)) + 900 * np.eye(
        classes, dtype=int
    )
    figure = fp.plots.confusion(counts, [f"kind $x_{k}$" for k in range(classes)])
    assert not faults(figure)
    numbers = {text.text for text in drawn_texts(figure)} & set(map(str, counts.ravel()))
    assert bool(numbers) == (classes <= 20)


def test_confusion_is_that_of_the_evaluation():
    net = fp.Network((2,), [fp.Linear(2, bias=False)], class_names=["left", "right"])
    net.parameters["0.weight"][:] = [[1, 0], [0, 1]]
    found = net.evaluate([[2, 1], [1, 2], [3, 1], [1, 4]], [0, 0, 0, 1])
    axes = fp.plots.confusion(found).axes[0].child_axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert {place: written[place] for place in ((0, 0), (1, 0), (1, 1))} == {
        (0, 0): "2", (1, 0): "1", (1, 1): "1"
    }  # fmt: skip
    assert [label.get_text() for label in axes.get_yticklabels()] == ["left", "right"]
    figure = style.new_figure(4, 4)
    axes = figure.add_axes((0.05, 0.05, 0.9, 0.9))
    assert fp.plots.confusion(found, ["a", "b"], ax=axes) is axes
    assert not faults(figure)


@pytest.mark.parametrize(
    ("bad", "names", "words"),
    [
        ([[1, 2]], None, r"a square matrix of counts.*\(1, 2\)"),
        ([[1.5]], None, "float64"),
        ([[-1]], None, "from 0 on"),
        ([], None, "square"),
        ([[1]], ["a", "b"], "as many as the classes, 1.*2"),
        (RegressionEvaluation(1, 0.0, 1.0), None, "that of a regression"),
    ],
)
def test_what_is_no_confusion_is_refused(bad, names, words):
    with pytest.raises((ArgumentError, DataError), match=words):
        fp.plots.confusion(bad, names)


def bars():
    """A network that tells which half of an image is brighter, images, and wrong labels."""
    net = fp.Network((1, 4, 4), [fp.Flatten(), fp.Linear(2, bias=False)], class_names=LONG[:2])
    net.parameters["1.weight"][:] = np.repeat([[1.0, -1], [-1, 1]], 8, axis=1)
    images = np.random.default_rng(0).normal(size=(50, 1, 4, 4)).astype(np.float32)
    return net, images, 1 - net.predict(images)


def test_mistakes_are_the_surest_first():
    net, images, labels = bars()
    labels[7] = 1 - labels[7]  # one is right
    figure = fp.plots.mistakes(net, images, labels, most=5)
    assert not faults(figure)
    shares = net.predict_proba(images).max(axis=1)
    shares[7] = 0
    surest = np.argsort(-shares, kind="stable")[:5]
    shown = figure.axes[0].child_axes[0].images
    for item, index in zip(shown, surest, strict=True):
        expected = tiles.to_pixels(images[index])
        np.testing.assert_allclose(np.asarray(item.get_array()), expected, atol=1e-6)
    assert any("49 of 50 are wrong" in text.text for text in drawn_texts(figure))


@pytest.mark.parametrize("size", [(3, 3), (9, 4)])
def test_as_many_mistakes_as_given_axes_have_room_for(size):
    net, images, labels = bars()
    figure = style.new_figure(*size)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.96))
    assert fp.plots.mistakes(net, images, labels, ax=axes) is axes
    assert not faults(figure)
    assert 4 <= len(axes.child_axes[0].images) <= 24


def test_mistakes_of_signals_and_none_at_all():
    net = fp.Network((1, 30), [fp.Flatten(), fp.Linear(2)])
    images = np.random.default_rng(0).normal(size=(9, 1, 30)).astype(np.float32)
    answers = net.predict(images)
    assert not faults(fp.plots.mistakes(net, images, 1 - answers))
    figure = fp.plots.mistakes(net, images, answers)
    assert "none: all 9 are right" in [text.text for text in drawn_texts(figure)]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda n, x, y: fp.plots.mistakes(n, x, y[:9]), "labels.*50"),
        (lambda n, x, y: fp.plots.mistakes(n, x, y + 1), "labels.*2"),
        (lambda n, x, y: fp.plots.mistakes(n, x[:, :, 1:], y), r"4, 4"),
        (lambda n, x, y: fp.plots.mistakes(n, x, y, most=0), "most"),
        (lambda n, x, y: fp.plots.mistakes(y, x, y), "net must be a Network"),
    ],
)
def test_mistakes_of_what_does_not_fit_are_refused(call, words):
    with pytest.raises((ArgumentError, DataError), match=words):
        call(*bars())


def test_no_global_state_changes():
    before = dict(mpl.rcParams)
    draw("signals")
    assert dict(mpl.rcParams) == before
    code = (
        "import sys; from fencepost.plots.networks.training_picture import draw_training; "
        "assert not any(name.startswith('matplotlib') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("count", [1, 2, 7, 24, 64])
@pytest.mark.parametrize("aspect", [0.2, 1.0, 4.0])
def test_grids_fit_their_room(count, aspect):
    grid = tiles.best_grid(count, 5.8, 4.7, aspect, caption=0.3)
    right = max(grid.place(k)[0] + grid.width for k in range(count))
    bottom = max(grid.place(k)[1] + grid.height + grid.caption for k in range(count))
    assert grid.height > 0.15
    assert right <= 5.8 + 1e-9
    assert bottom <= 4.7 + 1e-9


def test_pixels_of_any_image():
    grey = tiles.to_pixels(np.array([[[0, 255]]], np.uint8))
    np.testing.assert_allclose(grey, [[[0, 0, 0], [1, 1, 1]]])
    colour = tiles.to_pixels(np.array([[[-1.0]], [[0.0]], [[3.0]]]))
    np.testing.assert_allclose(colour, [[[0, 0.25, 1]]])
    assert tiles.to_pixels(np.full((1, 2, 2), 5.0)).max() == 0
