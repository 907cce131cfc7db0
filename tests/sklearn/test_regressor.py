"""`CNNRegressor`: targets of any scale, one or several, and a network that gives them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn.base")

from sklearn.base import clone

import fencepost as fp
from fencepost.sklearn import CNNRegressor


@pytest.fixture
def images():
    return np.random.default_rng(0).random((400, 8, 8))


@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (1e6, 5e6), (1e-6, 1)])
def test_targets_of_any_scale(images, scale, offset):
    y = offset + scale * images[:, 2:6, 2:6].mean(axis=(1, 2))
    regressor = CNNRegressor([], random_state=0).fit(images[:300], y[:300])
    if scale == 1e-6:  # float32 has 7 digits, and the offset takes 6 of them
        assert np.ptp(regressor.predict(images)) < 1e-5
    else:
        assert regressor.score(images[300:], y[300:]) > 0.9


def test_several_targets(images):
    y = np.stack([images[:, 0, 0], 100 * images[:, 4, 4]], axis=1)
    regressor = CNNRegressor([], lr=0.01, random_state=0).fit(images, y)
    assert regressor.predict(images).shape == (400, 2)
    assert regressor.score(images, y) > 0.8
    one = clone(regressor).fit(images, y[:, 1:])
    assert one.predict(images).shape == (400, 1)
    assert clone(regressor).fit(images, y[:, 1]).predict(images).shape == (400,)


def test_network_gives_the_targets(images):
    y = 1000 + 50 * images.mean(axis=(1, 2))
    regressor = CNNRegressor(epochs=5, random_state=0).fit(images, y)
    outputs = regressor.network_(images.astype(np.float32))[:, 0]
    np.testing.assert_array_equal(outputs, regressor.predict(images))
    assert 1015 < outputs.mean() < 1035


def test_a_last_layer_with_limits_of_its_own_gets_the_targets_themselves(images):
    y = (images.mean(axis=(1, 2)) > 0.5).astype(float)
    layers = [fp.Flatten(), fp.Linear(1), fp.Sigmoid()]
    predicted = CNNRegressor(layers, random_state=0).fit(images, y).predict(images)
    assert 0 <= predicted.min() <= predicted.max() <= 1


def test_warm_start_goes_on(images):
    y = 1000 * images[:, 3, 3]
    regressor = CNNRegressor(epochs=3, warm_start=True, random_state=0).fit(images, y)
    first = regressor.score(images, y)
    assert regressor.fit(images, y).score(images, y) > first


def test_weights_and_repetitions(images):
    X, y = images[:20], images[:20, 0, 0] * 7
    counts = np.random.default_rng(1).integers(0, 4, 20)
    weighted = CNNRegressor(random_state=0).fit(X, y, sample_weight=counts).predict(X)
    repeated = CNNRegressor(random_state=0).fit(X.repeat(counts, 0), y.repeat(counts)).predict(X)
    np.testing.assert_array_equal(weighted, repeated)
