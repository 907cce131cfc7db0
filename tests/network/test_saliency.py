"""Which pixels matter to an output: derivatives against differences, patches against their loop."""

from __future__ import annotations

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from fencepost.errors import ArgumentError, DataError
from fencepost.network import input_gradient, occlusion
from gradient_check import check_gradient
from tolerances import GRADIENT, assert_close


@pytest.mark.parametrize("name", nets.LAYERS)
def test_gradient_is_that_of_the_definitions(name):
    net = nets.network(name)
    net.normalization = (0.5, 2.0)  # of which the image's own units know nothing
    images = nets.random_images(net, 3)
    count = int(np.prod(net.output_shape))
    asked = [0, count - 1, count // 2]

    def function(values):
        outputs = reference.outputs(net, values).reshape(3, -1)
        return float(outputs[np.arange(3), asked].sum())

    gradient = input_gradient(net, images, asked)
    assert gradient.dtype == np.float32
    check_gradient(function, [images], [gradient], tolerance=GRADIENT)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_gradient_of_outputs_of_any_size(factor):
    net = fp.Network((4,), [fp.Linear(3, bias=False)])
    weight = net.parameters["0.weight"]
    weight *= factor
    images = np.random.default_rng(0).normal(size=(5, 4))
    for output in range(3):
        rows = np.repeat(weight[None, output], 5, axis=0)
        assert_close(input_gradient(net, images, output), rows, GRADIENT)


def test_gradient_of_the_largest_output_is_the_default():
    net = fp.models.lenet5()
    images = np.random.default_rng(0).integers(0, 256, (9, 1, 28, 28)).astype(np.uint8)
    expected = input_gradient(net, images, net.predict(images))
    np.testing.assert_array_equal(input_gradient(net, images), expected)
    one = input_gradient(net, images[0, 0])
    assert one.shape == (1, 1, 28, 28)
    assert_close(one, expected[:1], GRADIENT)


def test_dropout_is_off():
    net = fp.Network((50,), [fp.Dropout(0.9), fp.Linear(1)])
    assert_close(input_gradient(net, np.ones(50)), net.parameters["1.weight"], GRADIENT)


def test_occlusion_is_the_loop_over_patches():
    net = fp.Network(
        (2, 5, 7), [fp.Conv2d(3, 3), fp.ReLU(), fp.Flatten(), fp.Linear(4)], normalization=(3, 2)
    )
    image = np.random.default_rng(0).normal(3, 2, (2, 5, 7)).astype(np.float32)
    result = occlusion(net, image, 2, size=3, stride=2)
    score = net.predict_proba(image)[0, 2]
    drops, times = np.zeros((5, 7)), np.zeros((5, 7))
    for top in (0, 2):
        for left in (0, 2, 4):
            covered = image.copy()
            covered[:, top : top + 3, left : left + 3] = 3
            drop = score - net.predict_proba(covered)[0, 2]
            drops[top : top + 3, left : left + 3] += drop
            times[top : top + 3, left : left + 3] += 1
    np.testing.assert_allclose(result.drops, drops / times, atol=1e-6)
    assert result.score == pytest.approx(score, abs=1e-6)
    assert (result.output, result.size, result.patches) == (2, (3, 3), 6)


def test_occlusion_covers_signals_features_and_odd_remains():
    signal = fp.Network((1, 11), [fp.Flatten(), fp.Linear(2)])
    result = occlusion(signal, np.arange(11.0), size=4, stride=3)
    assert result.drops.shape == (11,)
    assert result.patches == 4  # from 0, 3, 6 and, flush with the end, 7
    features = fp.Network((3,), [fp.Linear(1, bias=False)])
    features.parameters["0.weight"][:] = [[1, 2, 3]]
    result = occlusion(features, [5.0, 6.0, 7.0])
    np.testing.assert_allclose(result.drops, [5, 12, 21])
    assert result.score == pytest.approx(38)
    assert occlusion(features, [5.0, 6.0, 7.0], size=9).size == (3,)


def test_a_large_network_is_asked_less_often():
    small, large = (
        fp.Network((1, 60, 60), [fp.Conv2d(maps, 3), fp.GlobalAvgPool(), fp.Linear(2)])
        for maps in (1, 16)
    )
    image = np.random.default_rng(0).normal(size=(60, 60))
    assert occlusion(small, image).patches == 26 * 26  # 60 − 10 by 2, and one more
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fencepost.network.saliency.WORK", 100 * large.multiply_adds)
        result = occlusion(large, image)
    assert result.patches <= 121
    assert np.isfinite(result.drops).all()


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda n: input_gradient(n, np.zeros((9, 9))), DataError, r"28.*\(9, 9\)"),
        (lambda n: input_gradient(n, np.full((28, 28), np.nan)), DataError, "finite.*nan"),
        (lambda n: input_gradient(n, np.zeros((28, 28)), 10), ArgumentError, "0 to 9.*10"),
        (lambda n: input_gradient(n, np.zeros((28, 28)), -1), ArgumentError, "0 to 9.*-1"),
        (lambda n: input_gradient(n, np.zeros((2, 28, 28)), [1]), ArgumentError, "one for each"),
        (lambda n: input_gradient(n, np.zeros((28, 28)), "cat"), ArgumentError, "'cat'"),
        (lambda n: occlusion(n, np.zeros((2, 28, 28))), ArgumentError, "one image.*2"),
        (lambda n: occlusion(n, np.zeros((28, 28)), 99), ArgumentError, "0 to 9.*99"),
        (lambda n: occlusion(n, np.zeros((28, 28)), size=0), ArgumentError, "size"),
        (lambda n: occlusion(n, np.zeros((28, 28)), stride=6), ArgumentError, "stride=6, size=5"),
    ],
)
def test_bad_input(call, kind, words):
    with pytest.raises(kind, match=words):
        call(fp.models.lenet5())


@pytest.mark.parametrize("ask", [input_gradient, occlusion])
def test_a_network_that_diverged_has_no_saliency(ask):
    net = fp.models.lenet5()
    net.parameter_vector[:] = np.nan
    with pytest.raises(DataError, match=r"outputs must be finite.*training diverged"):
        ask(net, np.zeros((28, 28)))
