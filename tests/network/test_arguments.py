"""What a network is made from, and what is refused."""

import pytest

import fencepost as fp

LAYERS = [fp.Conv2d(4, 3), fp.ReLU(), fp.MaxPool2d(2), fp.Flatten(), fp.Linear(3)]


def small(**options) -> fp.Network:
    return fp.Network((1, 8, 8), LAYERS, **options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fp.Network((28,) * 4, LAYERS), "input_shape must be (channels, height, width)"),
        (lambda: fp.Network(28, LAYERS), "Received: input_shape=28"),
        (lambda: fp.Network(LAYERS * 99, (1, 8, 8)), "…. The shape comes first, the layers second"),
        (lambda: fp.Network((1, 0, 8), LAYERS), "input_shape must be an integer, at least 1"),
        (lambda: fp.Network((1, 8, 8), []), "at least one layer"),
        (lambda: fp.Network((1, 8, 8), [fp.ReLU]), "layers must be instances: write ReLU()"),
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


def test_a_description_that_describes_nothing():
    for config, message in [
        ({"layers": []}, "must have input_shape"),
        ({"input_shape": [3], "layers": {}}, "layers must be a list"),
        ({"input_shape": [3], "layers": [{"type": "Linear"}]}, "Linear: "),
    ]:
        with pytest.raises(fp.ArgumentError, match=message):
            fp.Network.from_config(config)
