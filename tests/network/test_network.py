"""Network: sizes when it is written, arrays that are views, predictions, evaluations."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from fencepost import definitions
from tolerances import FORWARD, assert_close

LAYERS = [fp.Conv2d(4, 3), fp.ReLU(), fp.MaxPool2d(2), fp.Flatten(), fp.Linear(3)]


def small(**options) -> fp.Network:
    return fp.Network((1, 8, 8), LAYERS, **options)


# --- sizes ----------------------------------------------------------------------------------------


def test_a_network_that_does_not_fit_says_where_why_and_what_would():
    with pytest.raises(fp.SizeError) as caught:
        fp.Network((1, 28, 28), [fp.Conv2d(6, 5), fp.ReLU(), fp.MaxPool2d(5), fp.Flatten()])
    text = str(caught.value)
    assert text.startswith("layer 2, MaxPool2d(5): ")
    assert "(24 + 0 + 0 − 1·(5 − 1) − 1) / 5 + 1 = 4.8" in text
    assert "The sizes up to here:" in text
    assert "Conv2d(6, 5)  6 × 24 × 24" in text
    assert "MaxPool2d(5)  " not in text.split("The sizes up to here:")[1]
    assert caught.value.layer == "layer 2, MaxPool2d(5)"
    for suggestion in caught.value.suggestions:
        if "input_size" in suggestion.changes:
            continue
        layer = fp.MaxPool2d(**{"kernel_size": 5, "stride": 5} | dict(suggestion.changes))
        assert layer.output_shape((6, 24, 24))[1:] == suggestion.output


def test_more_values_than_the_engine_counts():
    with pytest.raises(fp.SizeError, match=r"at most\s2,147,483,647\svalues"):
        fp.Network((1, 8, 8), [fp.Conv2d(3, 1, padding=100_000)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fp.Network((28,) * 4, LAYERS), "input_shape must be (channels, height, width)"),
        (lambda: fp.Network(28, LAYERS), "Received: input_shape=28"),
        (lambda: fp.Network((1, 0, 8), LAYERS), "input_shape must be an integer, at least 1"),
        (lambda: fp.Network((1, 8, 8), []), "at least one layer"),
        (lambda: fp.Network((1, 8, 8), [fp.ReLU]), "layers must be made: write ReLU()"),
        (lambda: fp.Network((1, 8, 8), [3]), "Received: 3 at index 0"),
        (lambda: small(seed=-1), "seed must be an integer, at least 0"),
        (lambda: small(initialization="xavier"), "initialization must be one of"),
        (lambda: small(class_names="abc"), "class_names must be strings"),
        (lambda: small(class_names=["a", "b"]), "Received: 2 names, an output of shape (3,)"),
        (lambda: small(normalization=(0, 0)), "std more than 0"),
        (lambda: small(normalization=(float("nan"), 1)), "each a finite number"),
        (lambda: small(normalization=((1, 2), 1)), "one for each of the 1 channels"),
        (lambda: small(normalization=3), "normalization must be (mean, std)"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(fp.ArgumentError) as caught:
        make()
    assert message in str(caught.value)


def test_the_table():
    assert str(small()).splitlines() == [
        "   layer         output     parameters  multiply-adds  connections",
        "   input         1 × 8 × 8",
        "0  Conv2d(4, 3)  4 × 6 × 6          40          1,296        1,440",
        "1  ReLU()        4 × 6 × 6           –              –            –",
        "2  MaxPool2d(2)  4 × 3 × 3           –              –          144",
        "3  Flatten()     36                  –              –            –",
        "4  Linear(3)     3                 111            108          111",
        "   total                           151          1,404        1,695",
    ]


def test_repr_can_be_typed():
    net = fp.Network((1, 8, 8), [fp.Flatten(), fp.Linear(3)])
    assert repr(net) == "Network((1, 8, 8), [Flatten(), Linear(3)])"


# --- arrays ---------------------------------------------------------------------------------------


def test_parameters_are_views_of_one_array():
    net = small()
    assert list(net.parameters) == ["0.weight", "0.bias", "4.weight", "4.bias"]
    assert net.parameters["0.weight"].shape == (4, 1, 3, 3)
    assert net.parameter_vector.dtype == np.float32
    assert net.parameter_vector.size == net.parameter_count == 151
    images = nets.random_images(net, 2)
    before = net(images)
    net.parameters["4.bias"][1] += 5
    np.testing.assert_allclose(net(images) - before, [[0, 5, 0]] * 2, atol=1e-5)


def test_a_parameter_cannot_be_replaced_by_mistake():
    with pytest.raises(TypeError):
        small().parameters["0.weight"] = np.zeros((4, 1, 3, 3))


def test_weights_follow_from_the_seed():
    np.testing.assert_array_equal(small(seed=3).parameter_vector, small(seed=3).parameter_vector)
    assert (small(seed=3).parameter_vector != small(seed=4).parameter_vector).all()


def test_state_holds_running_statistics_and_centres():
    net = fp.Network((4,), [fp.Linear(2), fp.BatchNorm1d(), fp.RBF([[1, 2], [3, 4], [5, 6]])])
    assert list(net.state) == ["1.running_mean", "1.running_var", "2.centres"]
    np.testing.assert_array_equal(net.state_vector, [0, 0, 1, 1, 1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize(
    "copied", [fp.Network.copy, copy.copy, copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))]
)
def test_a_copy_is_a_network_of_its_own(copied):
    net = small(class_names=["a", "b", "c"], normalization=(3.0, 2.0), seed=9)
    net.metadata["background"] = "dark"
    other = copied(net)
    np.testing.assert_array_equal(other.parameter_vector, net.parameter_vector)
    assert other.config() == net.config()
    other.parameters["0.weight"][:] = 0
    assert (other.parameter_vector[:36] == 0).all()
    assert (net.parameter_vector[:36] != 0).all()


# --- images in, numbers out -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "layers"),
    [
        ((1, 6, 7), [fp.Flatten(), fp.Linear(3)]),
        ((2, 6, 7), [fp.Flatten(), fp.Linear(3)]),
        ((1, 9), [fp.Conv1d(2, 3), fp.Flatten(), fp.Linear(3)]),
        ((2, 9), [fp.Conv1d(2, 3), fp.Flatten(), fp.Linear(3)]),
        ((5,), [fp.Linear(3)]),
        ((2, 6, 7), [fp.Conv2d(3, 3)]),
        ((2, 9), [fp.Conv1d(3, 3)]),
    ],
)
def test_every_way_to_give_images(shape, layers):
    net = fp.Network(shape, layers, normalization=(100, 50))
    images = nets.random_images(net, 5, np.uint8)
    expected = reference.outputs(net, images)
    assert net(images).shape == (5, *net.output_shape)
    ways = {
        "as they are": images,
        "float32": images.astype(np.float32),
        "float64": images.astype(np.float64),
        "int64": images.astype(np.int64),
        "big-endian": images.astype(">f4"),
        "list": images.tolist(),
        "not contiguous": np.concatenate([images, images])[::2][[0, 3, 1, 4, 2]],
        "reversed twice": np.ascontiguousarray(images[..., ::-1])[..., ::-1],
        "Fortran order": np.asfortranarray(images),
    }
    if len(shape) > 1 and shape[0] == 1:
        ways["without channels"] = images[:, 0]
    for name, way in ways.items():
        np.testing.assert_allclose(net(way), expected, rtol=1e-4, atol=1e-4, err_msg=name)
    singles = [images[0]] + ([images[0, 0]] if "without channels" in ways else [])
    for single in singles:
        np.testing.assert_allclose(net(single), expected[:1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 8, 8, 1)), "images.transpose(0, 3, 1, 2)"),
        (np.zeros((2, 3, 8, 8)), "written for 1 channel(s), these have 3"),
        (np.zeros((2, 1, 9, 8)), "images must have shape (N, 1, 8, 8). Received: shape"),
        (np.zeros(64), "Received: shape (64,)"),
        (np.zeros((2, 1, 8, 8), complex), "images must be real numbers. Received: dtype complex"),
        (np.full((2, 1, 8, 8), "a"), "images must be real numbers"),
        ([[1, 2], [3]], "images must be"),
    ],
)
@pytest.mark.parametrize("method", ["__call__", "predict", "predict_proba", "features"])
def test_images_of_another_kind(method, images, message):
    with pytest.raises(fp.DataError) as caught:
        getattr(small(), method)(images)
    assert message in str(caught.value)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_nan_is_not_classified(method):
    images = np.zeros((2, 1, 8, 8), np.float32)
    images[1, 0, 3, 4] = np.nan
    with pytest.raises(fp.DataError, match=r"images\[1, 0, 3, 4\] = nan"):
        getattr(small(), method)(images)


def test_predictions():
    net = small()
    images = nets.random_images(net, 20)
    outputs = reference.outputs(net, images)
    classes = net.predict(images)
    assert classes.dtype == np.int64
    np.testing.assert_array_equal(classes, outputs.argmax(axis=1))
    assert_close(net.predict_proba(images), definitions.softmax(outputs), FORWARD)


def test_a_network_of_one_output_has_no_classes():
    net = fp.Network((4,), [fp.Linear(1)])
    with pytest.raises(fp.ArgumentError, match="at least two outputs"):
        net.predict(np.zeros((2, 4)))


def test_features_are_those_of_every_layer():
    net = fp.Network(
        (2, 6, 6),
        [fp.Conv2d(4, 3), fp.Residual(fp.Conv2d(4, 1), fp.ReLU()), fp.Subsample(2), fp.Flatten()],
    )
    images = nets.random_images(net, 3)
    found = net.features(images)
    assert list(found) == [0, 1, 2, 3]
    for index, expected in enumerate(reference.features(net, images)):
        assert_close(found[index], expected, FORWARD)


def test_normalization_can_be_changed():
    net = small()
    assert net.normalization is None
    images = nets.random_images(net, 3, np.uint8)
    plain = net((images.astype(np.float32) - 30) / 80)
    net.normalization = (30.0, 80.0)
    assert_close(net(images), plain, FORWARD)
    mean, std = net.normalization
    np.testing.assert_array_equal(mean, [30])
    np.testing.assert_array_equal(std, [80])


# --- kernels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "layer"), [((2, 6, 7), fp.Conv2d(3, (2, 3))), ((2, 9), fp.Conv1d(3, 4))]
)
def test_convolution_with_the_layer_kernel_is_what_the_layer_computes(shape, layer):
    net = fp.Network(shape, [layer])
    kernel = net.layer_kernel(0)
    image = nets.random_images(net, 1)[0]
    full = definitions.convolve_2d_full if len(shape) == 3 else definitions.convolve_1d_full
    out = sum(full(image[c], kernel[1, c]) for c in range(2))
    valid = tuple(slice(k - 1, n) for k, n in zip(layer.kernel_size, shape[1:], strict=True))
    np.testing.assert_allclose(
        net(image)[0, 1], out[valid] + net.parameters["0.bias"][1], atol=1e-5
    )


def test_the_layer_kernel_is_a_view():
    net = small()
    net.layer_kernel(0)[2, 0, 0, 0] = 77
    assert net.parameters["0.weight"][2, 0, 2, 2] == 77
    assert net.layer_kernel(-5)[2, 0, 0, 0] == 77


@pytest.mark.parametrize("index", [1, 4, -1])
def test_only_convolutions_have_kernels(index):
    with pytest.raises(fp.ArgumentError, match="layer_kernel needs a convolutional layer"):
        small().layer_kernel(index)


# --- evaluation -----------------------------------------------------------------------------------


def identity(classes=3, **options) -> fp.Network:
    """A network whose output is its input."""
    net = fp.Network((classes,), [fp.Linear(classes, bias=False)], **options)
    net.parameters["0.weight"][:] = np.eye(classes)
    return net


def test_evaluation_of_classes():
    outputs = np.array([[3, 0, 0], [0, 2, 0], [0, 1, 0], [0, 0, 4]], np.float32)
    labels = [0, 1, 2, 2]
    result = identity(class_names=["cat", "dog", "owl"]).evaluate(outputs, labels)
    assert result.count == 4
    assert result.accuracy == 0.75
    assert result.loss == pytest.approx(definitions.cross_entropy(outputs, labels))
    np.testing.assert_array_equal(result.confusion, [[1, 0, 0], [0, 1, 0], [0, 1, 1]])
    owl = result.per_class[2]
    assert (owl.name, owl.count, owl.recall, owl.precision) == ("owl", 2, 0.5, 1.0)
    text = str(result)
    assert text.startswith("accuracy 75.00% (3 of 4), loss ")
    assert "owl         2   50.00%    100.00%" in text


def test_evaluation_of_classes_that_do_not_occur():
    result = identity().evaluate(np.eye(3, dtype=np.float32)[:2], [0, 1])
    assert np.isnan(result.per_class[2].recall)
    assert np.isnan(result.per_class[2].precision)
    assert "–" in str(result)


def test_evaluation_of_numbers():
    outputs = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    targets = np.array([[1, 2, 4], [4, 5, 9]], np.float64)
    result = identity().evaluate(outputs, targets)
    assert result.loss == pytest.approx(10 / 6)
    assert result.r_squared == pytest.approx(1 - 10 / (4.5 + 4.5 + 12.5))
    assert str(result) == "mean squared error 1.66667, R² 0.5349 (2 images)"
    assert identity(1).evaluate([[1.0], [3.0]], [1, 3]).r_squared == 1
    assert np.isnan(identity(1).evaluate([[1.0], [3.0]], [2, 2]).r_squared)


@pytest.mark.parametrize(
    ("images", "targets", "message"),
    [
        (np.zeros((2, 3)), [0, 3], "0 to 2 for 3 classes"),
        (np.zeros((2, 3)), [0, -1], "Received: -1 to 0"),
        (np.zeros((2, 3)), [0.0, 1.0], "targets must be integers"),
        (np.zeros((2, 3)), [[1, 0, 0], [0, 1, 0]], "If they are one-hot: targets.argmax(axis=1)"),
        (np.zeros((2, 3)), [0], "one entry per image"),
        (np.zeros((2, 3)), np.zeros((2, 2)), "one column per output of the network"),
        (np.zeros((2, 3)), [[0, 1, np.inf], [0, 0, 0]], "targets must be finite"),
        (np.zeros((2, 3)), ["a", "b"], "integer class indices"),
        (np.zeros((0, 3)), [], "must not be empty"),
        (np.full((2, 3), np.inf), [0, 1], "images must be finite"),
    ],
)
def test_evaluation_refuses(images, targets, message):
    with pytest.raises(fp.DataError) as caught:
        identity().evaluate(images, targets)
    assert message in str(caught.value)


def test_a_description_that_describes_nothing():
    for config, message in [
        ({"layers": []}, "must have input_shape"),
        ({"input_shape": [3], "layers": {}}, "layers must be a list"),
        ({"input_shape": [3], "layers": [{"type": "Linear"}]}, "Linear: "),
    ]:
        with pytest.raises(fp.ArgumentError, match=message):
            fp.Network.from_config(config)
