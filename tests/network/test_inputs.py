"""Every way to give images to a network, and what is refused."""

import warnings

import numpy as np
import pytest

import engine_networks as nets
import fencepost as fp
import reference
from fencepost.network import inputs

LAYERS = [fp.Conv2d(4, 3), fp.ReLU(), fp.MaxPool2d(2), fp.Flatten(), fp.Linear(3)]


def small(**options) -> fp.Network:
    return fp.Network((1, 8, 8), LAYERS, **options)


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
        (np.zeros((2, 3, 8, 8)), "expects 1 channel(s), these have 3"),
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


@pytest.mark.parametrize("method", ["__call__", "features"])
def test_channels_come_first_where_arrays_only_are_taken(method):
    with pytest.raises(fp.DataError, match=r"images\.transpose\(0, 3, 1, 2\)"):
        getattr(small(), method)(np.zeros((2, 8, 8, 1)))


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_nan_is_not_classified(method):
    images = np.zeros((2, 1, 8, 8), np.float32)
    images[1, 0, 3, 4] = np.nan
    with pytest.raises(fp.DataError, match=r"images\[1, 0, 3, 4\] = nan"):
        getattr(small(), method)(images)


@pytest.fixture(scope="module")
def digits():
    data = fp.datasets.mnist("train").subset(range(500))
    net = fp.models.lenet5(seed=0)
    net.fit(data.images, data.targets, epochs=1, progress=False)
    return net, data


WAYS = {
    "predict": lambda net, x, y: net.predict(x),
    "predict_proba": lambda net, x, y: net.predict_proba(x),
    "evaluate": lambda net, x, y: net.evaluate(x, y),
    "call": lambda net, x, y: net(x),
    "one image": lambda net, x, y: net(x[0]),
    "features": lambda net, x, y: net.features(x),
    "training": lambda net, x, y: net.copy().fit(x, y, epochs=1, progress=False),
    "validation": lambda net, x, y: fp.models.lenet5().fit(
        x * 255, y, epochs=1, validation=(x, y), progress=False
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_another_scale_than_that_of_training_is_warned_of(digits, way, tmp_path):
    net, data = digits
    net.save(tmp_path / "model.st")
    net = fp.load(tmp_path / "model.st")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if way != "validation":
            WAYS[way](net, data.images, data.targets)
    with pytest.warns(fp.DataWarning, match="far from the training images") as caught:
        WAYS[way](net, data.images / np.float32(255), data.targets)
    assert caught[0].filename == __file__


def test_a_line_warns_once(digits):
    net, data = digits[0].copy(), digits[1]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(5):
            net.predict(data.images / 255)
        net.predict(data.images / 255)
    assert [warning.lineno for warning in caught if warning.category is fp.DataWarning] == [
        (first := caught[0].lineno),
        first + 1,
    ]


def test_later_calls_are_looked_at_rarely(digits, monkeypatch):
    net, data = digits[0].copy(), digits[1]
    looked = []
    monkeypatch.setattr(net.engine_images, "_remark", lambda batch: looked.append(len(batch)))
    for _ in range(inputs.FIRST + 2 * inputs.LATER):
        net.engine_images(data.images[:1])
    assert len(looked) == inputs.FIRST + 2
