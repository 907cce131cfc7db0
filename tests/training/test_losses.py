"""Losses evaluated in Python: by hand and against PyTorch. (The engine's are tested with it.)"""

import numpy as np
import pytest

import fencepost as fp
from fencepost.training import CrossEntropy, MeanSquaredError
from fencepost.training.losses import as_loss

RANDOM = np.random.default_rng(7)
OUTPUTS = RANDOM.normal(0, 3, (20, 5))
LABELS = RANDOM.integers(0, 5, 20)
WEIGHTS = (0.5, 2.0, 1.0, 0.0, 3.0)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_cross_entropy_is_pytorchs(smoothing, weights):
    torch = pytest.importorskip("torch")
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(OUTPUTS),
        torch.tensor(LABELS),
        weight=None if weights is None else torch.tensor(weights, dtype=torch.float64),
        label_smoothing=smoothing,
    )
    loss = CrossEntropy(label_smoothing=smoothing, class_weights=weights)
    assert loss.value(OUTPUTS, LABELS) == pytest.approx(float(expected), rel=1e-12)


def test_totals_of_chunks_add_up():
    loss = CrossEntropy(0.1, WEIGHTS)
    parts = [loss.totals(OUTPUTS[part], LABELS[part]) for part in (slice(7), slice(7, None))]
    total, weight = np.sum(parts, axis=0)
    assert total / weight == pytest.approx(loss.value(OUTPUTS, LABELS), rel=1e-12)


def test_huge_outputs_do_not_overflow():
    assert CrossEntropy().value([[1e6, 0.0]], [0]) == 0.0
    assert CrossEntropy().value([[1e6, 0.0]], [1]) == 1e6
    assert np.isnan(CrossEntropy().value([[np.inf, 0.0]], [0]))


def test_mean_squared_error():
    targets = RANDOM.normal(size=(20, 5))
    expected = ((OUTPUTS - targets) ** 2).mean()
    assert MeanSquaredError().value(OUTPUTS, targets) == pytest.approx(expected, rel=1e-12)


def test_balanced_weights_make_classes_count_alike():
    labels = np.repeat([0, 1, 2], [1, 3, 8])
    loss = CrossEntropy.balanced(labels, 3, label_smoothing=0.05)
    assert loss.label_smoothing == 0.05
    per_class = np.bincount(labels, weights=np.array(loss.class_weights)[labels])
    np.testing.assert_allclose(per_class, 4.0)


def test_what_the_engine_is_told():
    assert CrossEntropy(0.1).engine() == {
        "name": "cross_entropy",
        "label_smoothing": 0.1,
        "class_weights": None,
    }
    weights = CrossEntropy(class_weights=[1, 2]).engine()["class_weights"]
    assert weights.dtype == np.float32 and weights.tolist() == [1, 2]
    assert MeanSquaredError().engine() == {"name": "mse"}


def test_names_and_defaults():
    assert as_loss(None, np.array([0, 1]), 2) == CrossEntropy()
    assert as_loss(None, np.array([[0.5, 1.5]]), 2) == MeanSquaredError()
    assert as_loss("mse", np.array([0]), 2) == MeanSquaredError()
    assert as_loss(CrossEntropy(0.2), np.array([0]), 2) == CrossEntropy(0.2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: CrossEntropy(1.0),
            r"label_smoothing must be a number, at least 0 and less than 1",
        ),
        (
            lambda: CrossEntropy(float("nan")),
            r"label_smoothing must be .* Received: label_smoothing=nan",
        ),
        (lambda: CrossEntropy(class_weights=3), r"class_weights must be a sequence of numbers"),
        (lambda: CrossEntropy(class_weights="ab"), r"class_weights\[0\] must be a finite number"),
        (
            lambda: CrossEntropy(class_weights=(1, "a")),
            r"class_weights\[1\] must be a finite number",
        ),
        (
            lambda: CrossEntropy(class_weights=(1, -2)),
            r"class_weights\[1\] must be a finite number, at least 0",
        ),
        (lambda: CrossEntropy(class_weights=(0, 0)), r"class_weights must not all be 0"),
        (
            lambda: CrossEntropy(class_weights=(1, 2)).check_outputs(3),
            r"one weight for each of the network's 3 outputs. Received: 2 weights",
        ),
        (
            lambda: CrossEntropy.balanced([0, 0], 2),
            r"at least one image of each of the 2 classes. Received images per class: \[2, 0\]",
        ),
        (lambda: as_loss("mss", np.array([0]), 2), r'loss must be one of .* Did you mean "mse"\?'),
        (lambda: as_loss(5, np.array([0]), 2), r"loss must be CrossEntropy\(...\).* Received: 5"),
    ],
)
def test_errors(make, message):
    with pytest.raises(fp.ArgumentError, match=message):
        make()
