"""Pictures of networks of every kind can be read, in any axes; bad input is refused."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError, DataError
from fencepost.plots import style
from fencepost.plots.arguments import UNTRAINED
from plots.figures import NETWORKS, image_of, pixels, written
from plots.texts import faults


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("draw", [fp.plots.feature_maps, fp.plots.saliency, fp.plots.explain])
def test_every_network_can_be_read(draw, name):
    net = NETWORKS[name]()
    figure = draw(net, image_of(net))
    assert not faults(figure)
    if net.parameter_count:
        assert UNTRAINED in " ".join(written(figure))


@pytest.mark.parametrize("draw", [fp.plots.feature_maps, fp.plots.saliency, fp.plots.explain])
def test_given_axes_are_drawn_into_on_paper(draw):
    net = fp.models.lenet5()
    figure = style.new_figure(9, 6)
    figure.set_facecolor("black")
    axes = figure.add_axes((0.1, 0.05, 0.85, 0.9))
    assert draw(net, image_of(net), ax=axes) is axes
    assert not faults(figure)
    shown = pixels(figure).reshape(360, 540, 4)
    assert (shown[:15, :, :3] == 0).all()
    assert (shown[20, 60:500, :3] > 200).all()


DRAWINGS = {
    "feature_maps": lambda net: fp.plots.feature_maps(net, image_of(net)),
    "saliency": lambda net: fp.plots.saliency(net, image_of(net)),
    "explain": lambda net: fp.plots.explain(net, image_of(net)),
    "learned_kernels": fp.plots.learned_kernels,
    "embedding": lambda net: fp.plots.embedding(net, np.eye(28)[None].repeat(9, 0), range(9)),
    "confusion": lambda net: fp.plots.confusion(np.eye(3, dtype=int)),
    "mistakes": lambda net: fp.plots.mistakes(net, image_of(net)[None], [0]),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_dark_style_of_the_caller_leaves_the_pictures_as_they_are(name):
    net = fp.models.lenet5()
    usual = pixels(DRAWINGS[name](net))
    with mpl.rc_context():
        mpl.rcParams.update(mpl.style.library["dark_background"])
        assert np.array_equal(pixels(DRAWINGS[name](net)), usual)
    before = dict(mpl.rcParams)
    DRAWINGS[name](net)
    assert dict(mpl.rcParams) == before


EYE = np.eye(28)


def broken():
    net = fp.models.lenet5()
    net.parameter_vector[:] = np.nan
    return net


@pytest.mark.parametrize("size", [(6, 4), (12, 8), (3.4, 3.2)])
def test_pictures_in_given_axes_of_any_size_can_be_read(size):
    net = fp.models.lenet5()
    images, labels = fp.datasets.mnist("test")
    draws = [
        lambda ax: fp.plots.feature_maps(net, images[0], ax=ax),
        lambda ax: fp.plots.saliency(net, images[0], ax=ax),
        lambda ax: fp.plots.learned_kernels(net, ax=ax),
        lambda ax: fp.plots.embedding(net, images[:99], labels[:99], ax=ax),
    ]
    if size[0] > 5:
        draws.append(lambda ax: fp.plots.explain(net, images[0], ax=ax))
    for draw in draws:
        figure = style.new_figure(*size)
        axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
        assert draw(axes) is axes
        assert not faults(figure)


@pytest.mark.parametrize(
    ("draw", "kind", "words"),
    [
        (lambda n: fp.plots.feature_maps(n, np.eye(9)), DataError, r"28.*\(9, 9\)"),
        (lambda n: fp.plots.explain(n, np.eye(9)), DataError, r"28.*\(9, 9\)"),
        (lambda n: fp.plots.saliency(n, np.full((28, 28), np.nan)), DataError, "finite.*nan"),
        (lambda n: fp.plots.feature_maps(n, np.zeros((2, 28, 28))), ArgumentError, "one image.*2"),
        (lambda n: fp.plots.feature_maps(n, EYE, most=0), ArgumentError, "most"),
        (lambda n: fp.plots.feature_maps([], EYE), ArgumentError, "net must be a Network.*list"),
        (lambda n: fp.plots.saliency(n, EYE, 10), ArgumentError, "from 0 to 9.*10"),
        (lambda n: fp.plots.saliency(n, EYE, "cat"), ArgumentError, "a class of.*0, 1.*cat"),
        (lambda n: fp.plots.explain(n, EYE, "cat"), ArgumentError, "a class of.*0, 1.*cat"),
        (lambda n: fp.plots.feature_maps(broken(), EYE), DataError, "layer 0, Conv.*diverged"),
        (lambda n: fp.plots.saliency(broken(), EYE), DataError, "outputs must be finite"),
        (lambda n: fp.plots.explain(broken(), EYE), DataError, "the output of layer 0"),
        (lambda n: fp.plots.learned_kernels(n, layer=2), ArgumentError, "convolution: 0, 3.*2"),
        (
            lambda n: fp.plots.learned_kernels(n, fp.models.small_cnn((1, 9, 9), 2)),
            ArgumentError, "layer 0, 6 × 1 × 5 × 5.*24 × 1 × 3 × 3",
        ),
        (
            lambda n: fp.plots.learned_kernels(NETWORKS["dense"]()),
            ArgumentError, "net must have a convolution",
        ),
        (
            lambda n: fp.plots.learned_kernels_animation([], "a.gif"),
            ArgumentError, "networks must be at least one",
        ),
        (
            lambda n: fp.plots.learned_kernels_animation([n], "a.gif", titles=["a", "b"]),
            ArgumentError, "as many as the networks, 1.*2",
        ),
        (lambda n: fp.plots.embedding(n, np.zeros((2, 28, 28)), [0, 1]), DataError, "at least 3"),
        (lambda n: fp.plots.embedding(n, np.zeros((3, 28, 28)), [0, 1]), DataError, "labels"),
        (
            lambda n: fp.plots.embedding(broken(), np.zeros((3, 28, 28)), [0, 1, 2]),
            DataError, "features of layer 10.*finite",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_refused(draw, kind, words):
    with pytest.raises(kind, match=words):
        draw(fp.models.lenet5())
