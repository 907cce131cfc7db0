"""Images that are unlike the training data, and those held out, which are not."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fencepost as fp
from fencepost.network.confidence.novelty import Novelty, Space, observed_layer


def calibrated(net, train, held_out):
    net.fit(train.images, train.targets, epochs=2, lr=0.003, progress=False)
    net.calibrate(held_out.images, held_out.targets, training_images=train.images[:2000])
    return net


@pytest.fixture(scope="module")
def data():
    test = fp.datasets.mnist("test")
    train = fp.datasets.mnist("train").subset(range(4000))
    return train, test.subset(range(2000)), test.subset(range(2000, 10_000))


@pytest.fixture(scope="module")
def digits(data):
    return calibrated(fp.models.lenet5(seed=0), *data[:2])


def others(images):
    rng = np.random.default_rng(0)
    return {
        "noise": rng.integers(0, 256, (200, *images.shape[1:]), np.uint8),
        "inverted": 255 - images[:200],
        "shuffled": rng.permuted(images[:200].reshape(200, -1), axis=1).reshape(-1, 1, 28, 28),
        "white": np.full((3, 1, 28, 28), 255, np.uint8),
    }


@pytest.mark.filterwarnings("ignore::fencepost.DataWarning")
def test_what_is_no_digit_is_far_and_digits_are_not(data, digits):
    images = data[2].images
    assert (digits.novelty(images) > 1).mean() < 0.02
    for name, unlike in others(images).items():
        assert (digits.novelty(unlike) > 1).mean() > 0.9, name


@pytest.mark.filterwarnings("ignore::fencepost.DataWarning")
@pytest.mark.parametrize(
    "layers",
    [
        [fp.Flatten(), fp.Linear(32), fp.ReLU(), fp.Linear(10)],
        [fp.Conv2d(8, 5), fp.ReLU(), fp.MaxPool2d(4), fp.Flatten(), fp.Linear(10)],
        [
            fp.Conv2d(8, 4, stride=2),
            fp.Residual(fp.Conv2d(8, 3, padding=1)),
            fp.Flatten(),
            fp.Linear(10),
        ],
    ],
)
def test_any_network_tells_noise_from_digits(data, layers):
    net = calibrated(fp.Network((1, 28, 28), layers, seed=0), *data[:2])
    assert (net.novelty(data[2].images) > 1).mean() < 0.03
    assert (net.novelty(others(data[2].images)["noise"]) > 1).all()


def test_the_share_beyond_is_that_of_images_held_out():
    rng = np.random.default_rng(0)
    known, held, fresh = (rng.normal(size=(count, 6)) for count in (2000, 999, 20_000))
    outputs = [rng.normal(size=(len(part), 4)).astype(np.float32) for part in (held, fresh)]
    novelty = Novelty.measure(known, held, outputs[0])
    assert (novelty.scores(held, outputs[0]) >= 1).sum() == 10  # of 999, as many as of 1000 ranks
    assert 0.004 < (novelty.scores(fresh, outputs[1]) > 1).mean() < 0.02
    assert (novelty.scores(fresh + 9, outputs[1]) > 1).all()


def test_the_distance_is_that_of_mahalanobis_where_all_directions_are_kept():
    rng = np.random.default_rng(0)
    known = rng.normal(size=(5000, 3)) @ [[3.0, 1, 0], [0, 1, 1], [0, 0, 0.5]]
    outputs = np.zeros((50, 2), np.float32)
    held = known[:50] + 1
    novelty = Novelty.measure(known, held, outputs)
    inverse = np.linalg.inv(np.cov(known.T) + 1e-2 * np.cov(known.T).trace() / 3 * np.eye(3))
    away = held - known.mean(axis=0)
    expected = np.log1p(np.einsum("ni,ij,nj->n", away, inverse, away))
    np.testing.assert_allclose(novelty._figures(held, outputs)[1], expected, rtol=1e-4)


def test_it_travels_as_json_and_is_small(digits, data):
    novelty = digits.calibration.novelty
    text = json.dumps(novelty.to_dict())
    assert len(text) < 5000
    same = Novelty.from_dict(json.loads(text))
    assert same.limit == novelty.limit
    np.testing.assert_array_equal(same.space.directions, novelty.space.directions)


def test_what_is_none_is_refused(digits):
    good = digits.calibration.novelty.to_dict()
    for name, wrong in {
        "limit": 0,
        "widths": [1],
        "space": ["A", "B", "C"],
        "middles": None,
    }.items():
        with pytest.raises(fp.ArgumentError, match="must be measured by"):
            Novelty.from_dict({**good, name: wrong})


def test_few_training_images_leave_the_outputs():
    outputs = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    novelty = Novelty.measure(np.zeros((5, 4)), np.zeros((20, 4)), outputs)
    assert novelty.space is None
    assert (novelty.scores(None, outputs) < 1).all()
    assert Novelty.from_dict(novelty.to_dict()).space is None
    assert isinstance(Novelty.measure(np.eye(40), np.eye(40)[:20], outputs).space, Space)


def test_the_second_layer_with_a_convolution_is_observed():
    convolution = fp.Conv2d(4, 3, padding=1)
    inside = fp.Residual(convolution)
    for layers, at in (
        ([fp.ReLU(), convolution, fp.ReLU(), inside, convolution], 3),
        ([convolution, fp.ReLU()], 0),
        ([fp.Flatten(), fp.Linear(2)], None),
    ):
        assert observed_layer(layers) == at
