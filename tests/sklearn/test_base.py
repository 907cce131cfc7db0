"""Both estimators are what scikit-learn asks of estimators: its own checks, without exceptions."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn.base")

from sklearn.utils.estimator_checks import parametrize_with_checks

import fencepost as fp
from fencepost.sklearn import CNNClassifier, CNNRegressor


@parametrize_with_checks([CNNClassifier(epochs=100), CNNRegressor(epochs=100)])
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_fencepost_imports_no_scikit_learn():
    code = "import sys, fencepost as fp; fp.models; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_without_scikit_learn_its_extra_is_named():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "try: import fencepost.sklearn\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "fencepost[sklearn]"' in done.stdout


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: CNNClassifier(input_shape=(7, 7)), "has 49, and samples of 64"),
        (lambda: CNNClassifier(input_shape=8), "must be a tuple of integers"),
        (lambda: CNNClassifier("resnet"), 'Did you mean "resnet'),
        (lambda: CNNClassifier("resnet9"), "needs images or signals"),
        (lambda: CNNClassifier([fp.Linear(3)]), "a network from 64 to 3"),
        (lambda: CNNClassifier(network=3), "network must be None, the name"),
        (lambda: CNNClassifier(n_jobs=0), "n_jobs must be an integer"),
        (lambda: CNNClassifier(batch_size=0), "batch_size must be an integer"),
        (lambda: CNNClassifier(signals=2), "signals must be True or False"),
        (lambda: CNNClassifier(lr="fast"), "lr must be a finite number"),
    ],
)
def test_what_cannot_be_is_a_value_error_at_fit(made, said):
    with pytest.raises(ValueError) as raised:
        made().fit(np.zeros((20, 64)), np.arange(20) % 2)
    assert said in str(raised.value)


def test_channels_that_come_last_are_named():
    with pytest.raises(ValueError, match=r"Use X.transpose\(0, 3, 1, 2\)"):
        CNNClassifier().fit(np.zeros((4, 16, 16, 3)), [0, 1, 0, 1])
