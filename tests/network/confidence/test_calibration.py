"""Probabilities that come true, in every way that they are given, and the file that keeps them."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.network.confidence.calibration import PRIOR, Calibration, fit_temperature, predicted
from fencepost.network.evaluation import log_softmax


@pytest.fixture(scope="module")
def digits():
    train, test = fp.datasets.mnist("train").subset(range(4000)), fp.datasets.mnist("test")
    net = fp.models.lenet5(seed=0)
    net.fit(
        train.images,
        train.targets,
        epochs=3,
        lr=0.003,
        validation=(test.images[:2000], test.targets[:2000]),
        progress=False,
    )
    return net, test.subset(range(2000, 6000))


def test_the_temperature_is_that_of_the_least_loss():
    scipy = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (500, 5))
    probabilities = np.exp(log_softmax(logits))
    labels = np.array([rng.choice(5, p=p) for p in probabilities])

    def loss(log_temperature):
        chosen = log_softmax(3 * logits / np.exp(log_temperature))[np.arange(500), labels]
        return -chosen.sum() + 0.5 * (log_temperature / PRIOR) ** 2

    expected = float(np.exp(scipy.minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))
    assert fit_temperature(3 * logits, labels) == pytest.approx(expected, rel=1e-3)
    assert 2.5 < expected < 3.5  # outputs three times as large as they should be


def test_few_images_without_a_mistake_make_nothing_certain():
    logits = np.eye(4)[[0, 1, 2, 3]] * 5
    assert 0.7 < fit_temperature(logits, np.arange(4)) < 1


def test_training_with_validation_calibrates_and_keeps_predictions(digits, tmp_path):
    net, test = digits
    assert net.calibration is not None and net.calibration.count == 200
    plain = net.copy()
    plain.calibration = None
    np.testing.assert_array_equal(net(test.images), plain(test.images))
    np.testing.assert_array_equal(net.predict(test.images), plain.predict(test.images))
    net.save(tmp_path / "net.st")
    for same in (fp.load(tmp_path / "net.st"), net.copy()):
        assert same.temperature == net.temperature
        np.testing.assert_array_equal(
            same.predict_proba(test.images), net.predict_proba(test.images)
        )
        np.testing.assert_array_equal(same.novelty(test.images), net.novelty(test.images))


def test_every_probability_is_the_softmax_of_outputs_over_the_temperature(digits):
    net, test = digits
    net = net.copy()
    net.calibration = Calibration(2.5, 100)
    expected = np.exp(log_softmax(net(test.images) / np.float32(2.5)))
    np.testing.assert_allclose(net.predict_proba(test.images), expected, atol=1e-6)
    evaluation = net.evaluate(test.images, test.targets)
    np.testing.assert_allclose(evaluation.confidence, expected.max(axis=1), atol=1e-6)
    loss = -np.log(expected[np.arange(len(test)), test.targets]).mean()
    assert evaluation.loss == pytest.approx(loss, rel=1e-4)


def test_calibration_makes_confidence_come_true(digits):
    net, test = digits
    sure = net.copy()
    sure.parameters["11.weight"][:] *= 4  # four times as sure
    sure.parameters["11.bias"][:] *= 4
    sure.calibration = None
    before = sure.evaluate(test.images, test.targets)
    sure.calibrate(test.images[:1000], test.targets[:1000])
    after = sure.evaluate(test.images[1000:], test.targets[1000:])
    assert 3 < sure.temperature < 6
    assert after.calibration_error < before.calibration_error / 2
    assert after.loss < before.loss


def test_the_calibration_error_is_that_of_its_equation(digits):
    net, test = digits
    evaluation = net.evaluate(test.images, test.targets)
    error, right = 0.0, evaluation.predictions == evaluation.labels
    for low in np.arange(15) / 15:
        inside = (evaluation.confidence >= low) & (evaluation.confidence < low + 1 / 15)
        inside |= (evaluation.confidence == 1) & (low == 14 / 15)
        if inside.any():
            gap = abs(right[inside].mean() - evaluation.confidence[inside].mean())
            error += inside.mean() * gap
    assert evaluation.calibration_error == pytest.approx(error, abs=1e-4)


def test_training_anew_forgets_it(digits):
    net, test = digits[0].copy(), digits[1]
    net.fit(test.images[:200], test.targets[:200], epochs=1, progress=False)
    assert net.calibration is None and net.temperature == 1


def test_what_has_no_classes_is_not_calibrated():
    net = fp.Network((3,), [fp.Linear(1)])
    with pytest.raises(fp.ArgumentError, match="at least two outputs"):
        net.calibrate(np.zeros((9, 3)), np.zeros(9, int))
    with pytest.raises(fp.ArgumentError, match="was calibrated on held-out images"):
        net.novelty(np.zeros((9, 3)))
    images = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    net.fit(images, images.sum(axis=1), epochs=1, validation=0.3, progress=False)
    assert net.calibration is None


@pytest.mark.parametrize(
    "wrong", [3, {}, {"temperature": 0, "count": 9}, {"temperature": "x", "count": 9}]
)
def test_what_is_no_calibration_is_refused(wrong):
    with pytest.raises(fp.ArgumentError, match="must be made by"):
        Calibration.from_dict(wrong)


@pytest.mark.parametrize("suffix", [".onnx", ".pt2", ".h"])
def test_probabilities_of_exports_are_divided_by_the_temperature(suffix, tmp_path):
    net = fp.Network((1, 6, 6), [fp.Conv2d(2, 3), fp.Flatten(), fp.Linear(3)], seed=1)
    path = tmp_path / f"model{suffix}"
    plain = net.export(path)
    assert "/ 2.5" not in plain.contents
    net.calibration = Calibration(2.5, 100)
    images = 9 * np.random.default_rng(0).standard_normal((20, 1, 6, 6), np.float32)
    assert "logits → / 2.5 → softmax → probabilities" in net.export(path, verify=images).contents
    content = path.read_bytes()
    net.calibration = None
    net.export(path, verify=images)
    assert path.read_bytes() != content
    if suffix == ".onnx":
        net.calibration = Calibration(2.5, 100)
        net.export(path)
        session = pytest.importorskip("onnxruntime").InferenceSession(path)
        probabilities, logits = session.run(None, {session.get_inputs()[0].name: images})
        np.testing.assert_allclose(probabilities, net.predict_proba(images), atol=1e-6)
        np.testing.assert_allclose(logits, net(images), atol=1e-5)


@pytest.mark.parametrize("calibrated", [True, False])
def test_probabilities_and_novelty_of_one_pass_are_those_of_two(calibrated):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (80, 3, 12, 12), np.uint8)
    net = fp.models.small_cnn((3, 12, 12), 3)
    net.normalization = (128, 60)
    if calibrated:
        net.calibrate(images, np.arange(80) % 3)
    shares, away = predicted(net, images[:7])
    np.testing.assert_array_equal(shares, net.predict_proba(images[:7]))
    if calibrated:
        np.testing.assert_array_equal(away, net.novelty(images[:7]))
    else:
        assert away is None
