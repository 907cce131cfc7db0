"""Pictures of trained networks: what is drawn is what the network computes, and can be read."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.errors import ArgumentError, DataError
from fencepost.network import input_gradient, occlusion
from fencepost.plots import style
from fencepost.plots.networks.subjects import UNTRAINED
from plots.test_ground import pixels
from plots.texts import drawn_texts, faults

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
    return [one.text for one in drawn_texts(figure)]


def place(figure, index=0):
    return figure.axes[0].child_axes[index]


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


# --- feature maps ---------------------------------------------------------------------------------


def test_feature_maps_are_the_features():
    net = fp.models.lenet5()
    image = image_of(net)
    figure = fp.plots.feature_maps(net, image)
    assert not [text for text in written(figure) if "Flatten" in text]
    features = net.features(image)
    rows = figure.axes[0].child_axes
    assert len(rows) == 12  # the input, and 12 layers without Flatten
    maps = np.stack([np.asarray(shown.get_array())[..., 0] for shown in rows[1].images])
    values = features[0][0]
    expected = (values - values.min()) / np.ptp(values)
    np.testing.assert_allclose(maps, expected, atol=1e-6)
    bars = [bar.get_height() for bar in rows[-1].patches[-10:]]
    np.testing.assert_allclose(bars, features[11][0], rtol=1e-6)


def test_sizes_and_scales_are_written_beside_the_maps():
    net = fp.models.lenet5()
    image = image_of(net)
    found = written(fp.plots.feature_maps(net, image))
    for row in net.rows:
        if not isinstance(row.layer, fp.Flatten):
            assert " × ".join(map(str, row.output_shape)) in found
    values = net.features(image)[1][0]
    assert f"0 to {values.max():.0f}" in found


def test_what_there_is_no_room_for_is_said():
    net = NETWORKS["500 channels"]()
    figure = fp.plots.feature_maps(net, image_of(net), most=8)
    assert "the first 8 are drawn" in " ".join(written(figure))
    assert len(place(figure, 1).images) == 8
    net = deep()
    figure = fp.plots.feature_maps(net, image_of(net))
    assert "19 of 62 layers are drawn" in " ".join(written(figure))
    assert len(figure.axes[0].child_axes) == 20
    found = written(figure)
    assert "61: Linear(3)" in found
    assert not [text for text in found if "BatchNorm" in text or "ReLU" in text]


def test_signals_are_lines():
    net = NETWORKS["signals"]()
    signal = image_of(net)
    axes = place(fp.plots.feature_maps(net, signal))
    lines = [line for line in axes.lines if len(line.get_xdata()) == 64]
    assert len(lines) == 2
    for line, values in zip(lines, signal, strict=True):
        assert np.corrcoef(line.get_ydata(), values)[0, 1] == pytest.approx(-1)  # y is downwards


# --- saliency -------------------------------------------------------------------------------------


def test_saliency_draws_gradient_and_occlusion():
    net = NETWORKS["colour"]()
    net.class_names = ["a", "b", "c", "d", "e"]
    image = image_of(net)
    figure = fp.plots.saliency(net, image, "d")
    assert "What the output of d depends on" in written(figure)
    gradient = np.abs(input_gradient(net, image, 3)[0]).max(axis=0)
    shown, covered = (np.asarray(place(figure, k).images[0].get_array()) for k in (1, 2))
    np.testing.assert_allclose(shown, gradient, rtol=1e-6)
    np.testing.assert_allclose(covered, 100 * occlusion(net, image, 3).drops, rtol=1e-6)


def test_what_speaks_against_a_class_is_below_zero():
    net = fp.Network((1, 4, 4), [fp.Flatten(), fp.Linear(2, bias=False)], normalization=(0, 1))
    net.parameters["1.weight"][:] = 0
    net.parameters["1.weight"][0, :8] = 1  # the upper half speaks for 0, …
    net.parameters["1.weight"][0, 8:] = -1  # … the lower against it
    image = np.ones((1, 4, 4), np.float32)
    shown = place(fp.plots.saliency(net, image, 0), 2).images[0]
    values = np.asarray(shown.get_array())
    assert (values[:2] > 0).all()
    assert (values[2:] < 0).all()
    assert shown.norm.vmin == -shown.norm.vmax
    image[0, 2:] = 0
    shown = place(fp.plots.saliency(net, image, 0), 2).images[0]
    assert shown.norm.vmin == 0


def test_saliency_of_a_signal_keeps_its_signs():
    net = NETWORKS["signals"]()
    signal = image_of(net)
    figure = fp.plots.saliency(net, signal, 1)
    gradient = input_gradient(net, signal, 1)[0]
    for line, values in zip(place(figure, 1).lines, gradient, strict=True):
        np.testing.assert_allclose(line.get_ydata(), values, rtol=1e-6)


# --- kernels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "layer"),
    [("lenet5", None), ("lenet5", 3), ("lenet5_1998", 4), ("colour", 0), ("signals", 0),
     ("signals", 3), ("500 channels", None), ("residual", "0.0"), ("one output", None)],
)  # fmt: skip
def test_kernels_of_any_network_can_be_read(name, layer):
    figure = fp.plots.learned_kernels(NETWORKS[name](), layer=layer)
    assert not faults(figure)
    assert UNTRAINED in written(figure)


def test_kernels_before_and_after_have_one_scale():
    net = fp.models.lenet5(seed=4)
    net.parameters["0.weight"][:] *= -3
    figure = fp.plots.learned_kernels(net)
    assert UNTRAINED not in written(figure)
    after, before = net.parameters["0.weight"], fp.models.lenet5(seed=4).parameters["0.weight"]
    for panel, weights in zip(figure.axes[0].child_axes, (before, after), strict=True):
        shown = np.stack([np.asarray(one.get_array())[..., 0] for one in panel.images])
        np.testing.assert_allclose(
            shown, 0.5 + 0.5 * weights[:, 0] / np.abs(after).max(), atol=1e-6
        )


def test_kernels_of_many_channels_are_of_one_channel_in_both_panels():
    net = fp.models.lenet5(seed=4)
    weights = net.parameters["3.weight"]
    weights[:, 2] += 5  # by far the largest
    before, after = fp.plots.learned_kernels(net, layer=3).axes[0].child_axes
    old = fp.models.lenet5(seed=4).parameters["3.weight"]
    for panel, source in ((before, old), (after, weights)):
        shown = np.asarray(panel.images[0].get_array())[..., 0]
        np.testing.assert_allclose(
            shown, 0.5 + 0.5 * source[0, 2] / np.abs(weights).max(), atol=1e-6
        )


def test_two_networks_are_compared():
    one, other = fp.models.lenet5(seed=1), fp.models.lenet5(seed=2)
    found = written(fp.plots.learned_kernels(one, other))
    assert {"Before", "After"} <= set(found)
    assert "These kernels are equal in both networks." in written(
        fp.plots.learned_kernels(one, one.copy())
    )


def test_animation_has_a_frame_for_each_network(tmp_path):
    net = fp.models.lenet5()
    images, labels = fp.datasets.mnist("test")
    kept = [net.copy()]
    net.fit(
        images[:500], labels[:500], epochs=2, progress=False,
        on_epoch=lambda epoch: kept.append(net.copy()),
    )  # fmt: skip
    path = fp.plots.learned_kernels_animation(kept, tmp_path / "kernels.gif", seconds=0.1)
    with Image.open(path) as shown:
        assert shown.n_frames == 3
        frames = []
        for index in range(3):
            shown.seek(index)
            frames.append(np.asarray(shown.convert("L"), float)[150:])
    assert np.abs(frames[0] - frames[2]).mean() > 1
    page = fp.plots.learned_kernels_animation(kept[:2], tmp_path / "kernels.html")
    assert page.read_text("utf-8").count("data:image/png;base64,") == 2


# --- embedding ------------------------------------------------------------------------------------


def test_embedding_is_the_projection_with_the_largest_variance():
    net = fp.models.lenet5(seed=1)
    images, labels = fp.datasets.mnist("test")
    images, labels = images[:200], labels[:200]
    figure = fp.plots.embedding(net, images, labels)
    assert not faults(figure)
    features = net.features(images)[10].astype(np.float64)
    centred = features - features.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(centred.T))
    axes = place(figure)
    shown = np.concatenate([one.get_offsets() for one in axes.collections])
    order = np.argsort(labels, kind="stable")
    for column, vector in ((0, vectors[:, -1]), (1, vectors[:, -2])):
        expected = (centred @ vector)[order]
        sign = np.sign(expected @ shown[:, column])
        np.testing.assert_allclose(shown[:, column], sign * expected, atol=1e-3)
    for text in axes.texts:  # in the middle of its points
        offsets = axes.collections[int(text.get_text())].get_offsets()
        np.testing.assert_allclose(text.get_position(), np.median(np.asarray(offsets), axis=0))
    assert axes.texts
    share = 100 * values[-1] / values.sum()
    assert axes.get_xlabel() == f"first principal component: {share:.0f} % of the variance"
    looks = {
        (tuple(one.get_facecolor()[0]), one.get_paths()[0].vertices.tobytes())
        for one in axes.collections
    }
    assert len(looks) == len(axes.collections) == 10


def test_embedding_cuts_what_is_too_much():
    generator = np.random.default_rng(0)
    net = fp.Network((3,), [fp.Linear(60)])
    labels = generator.integers(0, 60, 2500)
    figure = fp.plots.embedding(net, generator.normal(size=(2500, 3)), labels)
    assert not faults(figure)
    text = " ".join(written(figure))
    assert "2,000 images out of 2,500" in text
    assert "of 60 classes are named" in text
    assert sum(len(one.get_offsets()) for one in place(figure).collections) == 2000


@pytest.mark.parametrize("count", [1, 2])
def test_embedding_of_few_features_or_equal_images(count):
    net = fp.Network((count,), [fp.Linear(2)], class_names=["猫", "a $x_1$"])
    figure = fp.plots.embedding(net, np.zeros((4, count)), [0, 1, 0, 1])
    assert not faults(figure)
    assert "first principal component: 0 % of the variance" in written(figure)


# --- explain --------------------------------------------------------------------------------------


def test_explain_has_every_step_of_lenet5():
    net = fp.models.lenet5()
    figure = fp.plots.explain(net, image_of(net))
    found = written(figure)
    steps = ["Input", "Kernels", "Feature maps", "Pooling", "Features", "Probabilities",
             "Gradient", "Occlusion"]  # fmt: skip
    assert [text for text in found if text[2:] in steps] == [
        f"{k} {name}" for k, name in enumerate(steps, start=1)
    ]
    for size in ("1 × 28 × 28", "6 kernels of 1 × 5 × 5", "6 maps of 28 × 28", "6 maps of 14 × 14"):
        assert size in found
    panels = figure.axes[0].child_axes
    pooled = np.asarray(panels[3].images[0].get_array())[..., 0]
    values = net.features(image_of(net))[2][0]
    expected = (values - values.min()) / np.ptp(values)
    np.testing.assert_allclose(pooled, expected[0], atol=1e-6)
    shares = net.predict_proba(image_of(net))[0]
    bars = np.array([patch.get_width() for patch in panels[5].patches])
    np.testing.assert_allclose(bars / bars.sum(), shares, atol=1e-6)


def test_explain_names_the_likeliest_of_many_classes():
    net = NETWORKS["long names"]()
    shares = net.predict_proba(image_of(net))[0]
    found = written(fp.plots.explain(net, image_of(net)))
    assert sum(text.endswith(" %") for text in found) == 10
    assert f"{100 * shares.max():.1f} %" in found


def test_explain_says_what_a_network_has_not_got():
    dense, unpooled = NETWORKS["dense"](), NETWORKS["outputs of 1 × 1"]()
    assert "no convolution" in " ".join(written(fp.plots.explain(dense, image_of(dense))))
    assert "no pooling" in " ".join(written(fp.plots.explain(unpooled, image_of(unpooled))))


def test_axes_that_are_too_small_for_the_page_are_refused():
    axes = style.new_figure(4, 4).add_axes((0, 0, 1, 1))
    with pytest.raises(ArgumentError, match=r"at least 5\.6 × 3\.6 inches.*4\.0 × 4\.0"):
        fp.plots.explain(fp.models.lenet5(), EYE, ax=axes)


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


# --- bad input ------------------------------------------------------------------------------------


def broken():
    net = fp.models.lenet5()
    net.parameter_vector[:] = np.nan
    return net


EYE = np.eye(28)


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
        (lambda n: fp.plots.feature_maps(broken(), EYE), DataError, "what layer 0, Conv.*diverged"),
        (lambda n: fp.plots.saliency(broken(), EYE), DataError, "outputs must be finite"),
        (lambda n: fp.plots.explain(broken(), EYE), DataError, "what layer 0"),
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
def test_bad_input_is_told(draw, kind, words):
    with pytest.raises(kind, match=words):
        draw(fp.models.lenet5())
