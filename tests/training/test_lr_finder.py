"""The learning-rate test: rates rise, the network stays, the suggestion is where it learns."""

import numpy as np
import pytest

import fencepost as fp
from fencepost.training import SGD, find_lr, fit
from fencepost.training.lr_finder import _steepest
from training.small import bars, conv_net, dense_net

IMAGES, LABELS = bars(160)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_suggestion_trains_and_the_network_stays(optimizer):
    net = conv_net()
    before = net.parameter_vector.copy(), net.state_vector.copy()
    found = find_lr(net, IMAGES, LABELS, batch_size=16, optimizer=optimizer, threads=1)
    np.testing.assert_array_equal(net.parameter_vector, before[0])
    np.testing.assert_array_equal(net.state_vector, before[1])
    assert net.normalization is None
    assert (np.diff(found.rates) > 0).all()
    assert found.rates.shape == found.losses.shape == found.smoothed.shape
    assert f"{found.suggestion:.2g}" in str(found)
    options = {"epochs": 8, "batch_size": 16, "optimizer": optimizer}
    fit(net, IMAGES, LABELS, lr=found.suggestion, **options)
    assert net.evaluate(IMAGES, LABELS).accuracy > 0.9


def test_it_repeats_and_ends_before_the_loss_has_no_number():
    targets = np.random.default_rng(2).normal(size=(160, 3))
    first, second = (
        find_lr(dense_net(), IMAGES, targets, optimizer=SGD(), end=1e6, seed=2) for _ in range(2)
    )
    np.testing.assert_array_equal(first.losses, second.losses)
    assert np.isfinite(first.smoothed).all()
    assert len(first.rates) < 150 and first.rates[-1] < 1e6


def test_steepest_is_the_middle_of_a_decade_before_the_lowest():
    rates = np.geomspace(1e-4, 1, 9)  # two a decade
    falling = np.array([2.0, 2.0, 1.9, 1.2, 1.0, 0.9, 5.0, 2.0, 9.0])
    assert _steepest(rates, falling) == pytest.approx(np.sqrt(rates[1] * rates[4]))
    assert _steepest(rates, falling[::-1]) > 0
    assert _steepest(rates[:2], falling[:2]) > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 0}, r"start must be .* more than 0"),
        ({"start": 1, "end": 0.1}, r"end must be more than start. Received: start=1.0, end=0.1"),
        ({"steps": 3}, r"steps must be an integer, at least 10"),
        ({"optimizer": "adm"}, r"optimizer"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(fp.ArgumentError, match=message):
        find_lr(dense_net(), IMAGES, LABELS, **options)
