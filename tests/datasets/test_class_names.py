"""Labels as indices of class names."""

import pytest

from fencepost.datasets.class_names import class_indices
from fencepost.errors import DataError


def test_indices_are_in_the_order_of_the_names():
    assert class_indices(["b", "a", "b"], ("b", "a"), "file").tolist() == [0, 1, 0]
    assert class_indices([], ("b", "a"), "file").shape == (0,)


def test_the_first_unknown_label_is_named():
    with pytest.raises(DataError, match=r"f.csv: .* classes a, b. Received: 'x' in signal 2"):
        class_indices(["a", "x", "y"], ("a", "b"), "f.csv", "signal")
    many = [f"c{k}" for k in range(30)]
    with pytest.raises(DataError, match=r"c19, \.\.\.. Received: 'x'\."):
        class_indices(["x"], many, "f.npz")
