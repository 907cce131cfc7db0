"""Columns are those of training by their names, wherever they stand."""

import numpy as np
import pytest

import fencepost as fp
from fencepost.datasets.tables.order import in_order
from fencepost.errors import ArgumentError

NAMES = ("height", "width", "depth", "mass")
RNG = np.random.default_rng(3)


def table(path, values, order, label="kind", first="id", extra=()):
    """Write columns in an order, between a number of the row and what else there is."""
    names = [NAMES[k] for k in order]
    rows = [",".join([first, *names, *extra, label])]
    for k, row in enumerate(values):
        cells = [f"{row[at]:.3f}" for at in order]
        rows.append(",".join([str(k), *cells, *["9"] * len(extra), "ab"[k % 2]]))
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def values():
    return np.round(RNG.normal(size=(8, 4)), 3).astype(np.float32)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_every_split_has_the_order_of_training(tmp_path, values, order):
    table(tmp_path / "train.csv", values, (0, 1, 2, 3))
    table(tmp_path / "test.csv", values, order)
    source = fp.datasets.open(tmp_path, label="kind")
    assert source.train.columns == source.test.columns == NAMES
    np.testing.assert_array_equal(source.test.images.reshape(8, 4), values)
    said = "Its columns stand in another order than in training."
    assert (said in source.test.description) == (order != (0, 1, 2, 3))


def test_a_model_of_the_past_or_other_names_go_by_place(tmp_path, values):
    path = table(tmp_path / "a.csv", values, (3, 2, 1, 0))
    for columns in ((), ("a", "b", "c", "d"), (*NAMES, "more")):
        data = fp.datasets.open_test(path, label="kind", columns=columns)
        np.testing.assert_array_equal(data.images.reshape(8, 4), values[:, ::-1])
    data = fp.datasets.open_test(path, label="kind", columns=NAMES, class_names=("a", "b"))
    np.testing.assert_array_equal(data.images.reshape(8, 4), values)
    with pytest.raises(ArgumentError, match="columns must be a list of strings"):
        fp.datasets.open_test(path, label="kind", columns="abcd")


def test_parts_of_a_data_set_keep_the_names(tmp_path, values):
    data = fp.datasets.signals_csv(table(tmp_path / "a.csv", values, (0, 1, 2, 3)), "kind")
    assert data.subset([0, 1]).columns == NAMES
    assert [part.columns for part in data.split(0.5)] == [NAMES, NAMES]


def test_a_name_that_two_columns_have_has_no_place():
    assert in_order(["a", "b", "a"], ["a", "b"]) is None
    assert in_order(["c", "b", "a"], ["a", "b"]) == [2, 1]
