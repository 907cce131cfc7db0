"""What `train` prints of an evaluation."""

import json

import numpy as np

import fencepost as fp
from fencepost.cli.shared import report
from fencepost.datasets import Dataset


def evaluation(labels):
    net = fp.Network((3,), [fp.Linear(3, bias=False)], class_names=["ant", "bee", "cat"])
    net.parameters["0.weight"][:] = np.eye(3)
    outputs = np.eye(3, dtype=np.float32)[[0, 1, 1, 2, 2, 2]]
    return net.evaluate(outputs, labels)


def test_the_most_confused_classes_are_named():
    text = report.summary(evaluation([0, 1, 1, 2, 1, 1]))
    assert text == (
        "Test accuracy: 66.67 % (4 of 6), macro-F1 72.22 %. Most frequent error: bee classified as "
        "cat, 2 of 4.\n"
        "Tested with fewer than 3 images: ant (1), cat (1).\n"
        "class  images    recall  precision        F1\n"
        "ant         1  100.00 %   100.00 %  100.00 %\n"
        "bee         4   50.00 %   100.00 %   66.67 %\n"
        "cat         1  100.00 %    33.33 %   50.00 %\n"
        "That is no better than always predicting the most frequent class (4 of 6). Try another "
        "--lr, more --epochs, or more images."
    )


def test_without_mistakes():
    text = report.summary(evaluation([0, 1, 1, 2, 2, 2]))
    assert text.startswith(
        "Test accuracy: 100.00 % (6 of 6), macro-F1 100.00 %. No errors.\nTested with fewer than 3"
    )


def test_classes_of_unequal_size_are_said():
    few = Dataset(np.zeros((8, 3), np.float32), [0] * 6 + [1, 1], ("ant", "bee"))
    remark = "The classes are unbalanced: ant has 6 images, bee has 2 images."
    advice = "To balance them: --balance weights, or oversample."
    assert report.before_training(few, None) == [f"{remark} {advice}"]
    assert report.before_training(few, "weights") == [remark]
    assert report.before_training(few.subset([0, 1, 6]), None) == [
        "Classes with a single training image: bee."
    ]
    assert report.before_training(few.subset([0, 1, 6, 7]), None) == []


def test_figures_of_classes_for_json():
    figures = report.per_class(evaluation([1, 1, 1, 2, 2, 2]))
    assert figures[0] == {"name": "0", "count": 0, "recall": None, "precision": 0.0, "f1": 0.0} | {
        "name": "ant"
    }
    json.dumps(figures, allow_nan=False)


def test_classes_without_images_are_named_and_not_balanced():
    """Labels 0 and 4 are five classes, of which three cannot be learned."""
    labels = np.repeat([0, 4], 10)
    data = Dataset(np.zeros((20, 1, 2, 2), np.uint8), labels, tuple("01234"))
    assert report.before_training(data, None) == [
        "Classes without a training image, which will never be recognised: 1, 2 and 3. If they "
        "are no classes, number the others from 0."
    ]
