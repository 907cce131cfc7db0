"""What `train` prints of an evaluation."""

import numpy as np

import fencepost as fp
from fencepost.cli.shared import report


def evaluation(labels):
    net = fp.Network((3,), [fp.Linear(3, bias=False)], class_names=["ant", "bee", "cat"])
    net.parameters["0.weight"][:] = np.eye(3)
    outputs = np.eye(3, dtype=np.float32)[[0, 1, 1, 2, 2, 2]]
    return net.evaluate(outputs, labels)


def test_the_most_confused_classes_are_named():
    text = report.summary(evaluation([0, 1, 1, 2, 1, 1]))
    assert text == (
        "Right: 66.67 % (4 of 6). Most often confused: bee taken for cat, 2 of 4.\n"
        "That is no better than always naming the most frequent class (4 of 6): try another --lr, "
        "more --epochs, or more images."
    )


def test_without_mistakes():
    assert (
        report.summary(evaluation([0, 1, 1, 2, 2, 2])) == "Right: 100.00 % (6 of 6). No mistakes."
    )
