"""What an evaluation counts, and how it prints."""

import numpy as np
import pytest

import fencepost as fp
from fencepost import definitions
from fencepost.network import evaluation


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
    assert owl.f1 == pytest.approx(2 / 3)  # twice the product of both, by their sum
    assert result.macro_f1 == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    text = str(result)
    assert text.startswith("accuracy 75.00 % (3 of 4), macro-F1 77.78 %, loss ")
    assert "owl         2   50.00 %   100.00 %" in text


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
        (np.zeros((2, 3)), [0.5, 1.0], "targets must be integer class indices"),
        (
            np.zeros((2, 3)),
            [[2, 0, 0], [0, 1, 0]],
            "If they are one-hot, use targets.argmax(axis=1)",
        ),
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


def test_mistakes_are_ordered_by_confidence():
    outputs = np.array([[0, 1, 0], [0, 9, 0], [7, 0, 0], [0, 0, 5], [4, 0, 0]], np.float32)
    result = identity().evaluate(outputs, [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(result.most_confident_mistakes(), [1, 3, 4, 0])
    np.testing.assert_array_equal(result.most_confident_mistakes(2), [1, 3])
    np.testing.assert_array_equal(result.predictions, [1, 1, 0, 2, 0])
    np.testing.assert_allclose(result.confidence, identity().predict_proba(outputs).max(axis=1))
    assert result.most_confused() == (0, 1)
    assert identity().evaluate(np.eye(3), [0, 1, 2]).most_confused() is None


def test_classes_that_were_not_tested_are_named():
    labels = np.array([0] * 9 + [1] * 2)
    logits = np.eye(3, dtype=np.float32)[labels]
    found = evaluation.classification(logits, labels, ("cat", "dog", "owl"))
    assert found.accuracy == 1
    assert found.untested == ("owl",)
    said = "Not tested, for lack of images: owl. Tested with fewer than 3 images: dog (2)."
    assert found.rare_classes() == said
    assert said in str(found)
