"""A trained network for other classes."""

import numpy as np
import pytest

import fencepost as fp
from fencepost.errors import ArgumentError
from fencepost.network.new_classes import is_replaced

RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 256, (60, 1, 8, 8), np.uint8)


@pytest.fixture(params=["linear", "convolution"])
def trained(request):
    head = [fp.Flatten(), fp.Linear(3)]
    if request.param == "convolution":
        head = [fp.Conv2d(3, 1), fp.GlobalAvgPool(), fp.Flatten()]
    body = [fp.Conv2d(4, 3), fp.BatchNorm2d(), fp.ReLU()]
    net = fp.Network((1, 8, 8), [*body, *head], class_names=("a", "b", "c"))
    net.fit(IMAGES, np.arange(60) % 3, epochs=2, validation=0.2, progress=False)
    return net


def test_other_classes_get_a_new_last_layer_and_all_else_is_kept(trained):
    other = trained.with_classes(["a", "b", "c", "d"])
    assert is_replaced(trained, ["a", "b", "c", "d"])
    assert (other.class_names, other.output_shape) == (("a", "b", "c", "d"), (4,))
    last = max(int(name.partition(".")[0]) for name in other.parameters)
    for name, array in (*other.parameters.items(), *other.state.items()):
        if not name.startswith(f"{last}."):
            assert np.array_equal(array, {**trained.parameters, **trained.state}[name]), name
    assert np.array_equal(other.normalization.mean, trained.normalization.mean)
    assert other.trained_on.contains(IMAGES).all()
    assert (other.calibration, other.input_range) == (None, trained.input_range)
    seeds = [trained.with_classes(list("abcd"), seed=s) for s in (1, 2, 2)]
    vectors = [net.parameter_vector for net in seeds]
    assert not np.array_equal(vectors[0], vectors[1])
    assert np.array_equal(vectors[1], vectors[2])


def test_the_same_classes_in_another_order_are_predicted_alike(trained):
    other = trained.with_classes(["c", "a", "b"])
    assert not is_replaced(trained, ["c", "a", "b"])
    np.testing.assert_array_equal(other(IMAGES), trained(IMAGES)[:, [2, 0, 1]])
    assert other.predict(IMAGES, names=True) == trained.predict(IMAGES, names=True)


def test_the_same_classes_make_a_copy(trained):
    before = trained.parameter_vector.copy()
    other = trained.with_classes(["a", "b", "c"])
    assert np.array_equal(other.parameter_vector, before)
    other.fit(IMAGES, np.arange(60) % 3, epochs=1, progress=False)
    assert np.array_equal(trained.parameter_vector, before)


def test_a_network_without_names_takes_as_many(trained):
    trained.class_names = None
    assert not is_replaced(trained, "xyz")
    assert trained.with_classes(["x", "y", "z"]).class_names == ("x", "y", "z")
    assert is_replaced(trained, "xy")
    assert trained.with_classes(["x", "y"]).output_shape == (2,)


@pytest.mark.parametrize("names", ["ab", [], ["a"], ["a", "a"]])
def test_names_that_cannot_be(trained, names):
    with pytest.raises(ArgumentError, match="class_names must be"):
        trained.with_classes(names)


def test_a_last_layer_that_cannot_be_replaced_is_named():
    net = fp.Network((4,), [fp.Linear(2), fp.BatchNorm1d()])
    with pytest.raises(ArgumentError, match=r"must be a Linear or a convolution.*BatchNorm1d"):
        net.with_classes(["a", "b", "c"])
    with pytest.raises(ArgumentError, match="class"):
        fp.Network((1, 4, 4), [fp.Conv2d(2, 3)]).with_classes(["a", "b"])
