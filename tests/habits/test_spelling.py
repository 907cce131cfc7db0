"""The names that are most like one that is not there."""

from __future__ import annotations

import re

import pytest

import fencepost as fp
from fencepost.habits.spelling import in_another_case, nearest


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("gausian", ["mean", "gaussian"], 'Did you mean "gaussian"?'),
        ("MaxPool2D", ["MaxPool1d", "MaxPool2d"], 'Did you mean "MaxPool2d"?'),
        ("batch_norm2d", ["BatchNorm1d", "BatchNorm2d"], 'Did you mean "BatchNorm2d"?'),
        ("MaxPoool2d", ["MaxPool1d", "MaxPool2d"], 'Did you mean "MaxPool2d" or "MaxPool1d"?'),
        ("zzz", ["mean", "gaussian"], ""),
    ],
)
def test_the_same_in_another_case_is_offered_alone(name, known, hint):
    assert nearest(name, known) == hint


def test_a_table_is_read_in_another_case():
    assert in_another_case("max_pooling_2d", {"MaxPooling2D": 1}) == 1
    assert in_another_case("pooling", {"MaxPooling2D": 1}) is None


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("LogSoftmax", "CrossEntropy takes the outputs of fp.Linear"),
        ("MSELoss", "fp.training.MeanSquaredError()"),
        ("stepLR", "fp.training.Step()"),
        ("savefig", "fp.plots.save"),
    ],
)
def test_words_of_the_packages_are_known_at_the_root(name, answer):
    with pytest.raises(AttributeError, match=re.escape(answer)):
        getattr(fp, name)
