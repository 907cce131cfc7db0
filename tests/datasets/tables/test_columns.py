"""Columns that number or date the rows are no values: an index alone would tell sorted classes."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from fencepost.datasets.tables.columns import passed_over

pytestmark = pytest.mark.usefixtures("lean")
ROWS = 24
NOISE = np.random.default_rng(0).normal(size=(ROWS, 6)).round(4)
LABELS = np.repeat(["a", "b"], ROWS // 2)
SHUFFLED = np.random.default_rng(1).permutation(ROWS)
DATES = [f"2024-01-{1 + k:02}" for k in range(ROWS)]


def table(path, extra, name, at=0, header=True, separator=","):
    """Write noise with a label, and one column more."""
    names = [f"t{k}" for k in range(6)] + ["label"]
    rows = [[*map(str, values), label] for values, label in zip(NOISE, LABELS, strict=True)]
    names.insert(at, name)
    for row, value in zip(rows, extra, strict=True):
        row.insert(at, str(value))
    lines = [separator.join(row) for row in ([names] if header else []) + rows]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        (range(ROWS), ""),  # DataFrame.to_csv()
        (range(ROWS), "Unnamed: 0"),  # read again, and written again
        (range(1, ROWS + 1), "anything"),
        (range(100, 100 + 5 * ROWS, 5), "step"),
        (range(ROWS, 0, -1), "down"),
        (SHUFFLED, ""),
        (SHUFFLED, "anything"),
        (SHUFFLED * 7 + 3, "index"),
        (SHUFFLED * 7 + 3, "ID"),
        (SHUFFLED * 7 + 3, "sample_id"),
        (SHUFFLED % 5, "patient id"),
        ([f"ecg{k}" for k in SHUFFLED], "id"),
        ([f"ecg{k}" for k in SHUFFLED], ""),
        (1.6e9 + np.cumsum(np.arange(ROWS) % 3 + 1), "when"),
        (np.linspace(0, 1, ROWS).round(6), "elapsed"),
        (DATES, "date"),
        (DATES, "Timestamp"),
        ([16000] * ROWS, "rate"),
        (np.repeat([0, 1], ROWS // 2), "target"),  # the labels again
        (np.repeat([7.5, -2], ROWS // 2), "label2"),
        (np.repeat([1, 0], ROWS // 2), "sick"),
    ],
)
@pytest.mark.parametrize("at", [0, 7])
def test_they_are_left_out_and_named(tmp_path, extra, name, at):
    path = table(tmp_path / "noise.csv", extra, name, at)
    data = fp.datasets.signals_csv(path)
    assert data.images.shape == (ROWS, 1, 6)
    np.testing.assert_array_equal(data.images[:, 0], NOISE.astype(np.float32))
    assert data.ignored == (name,)
    assert (f"the column {name!r}" if name else f"column {at + 1}") in data.description


@pytest.mark.parametrize("label", ["-1", "last"])
def test_without_a_header_the_values_tell(tmp_path, label):
    path = table(tmp_path / "noise.csv", range(ROWS), "", header=False)
    data = fp.datasets.signals_csv(path, label)
    assert data.input_shape == (1, 6)
    assert "'column 1', which counts the rows" in data.description


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        (NOISE[:, 0] * 2, "t6"),
        ([0] * ROWS, "t6"),  # a pixel that is black everywhere, a beat that is filled up
        (SHUFFLED * 7 + 3, "t6"),
        (np.sort(NOISE[:, 0])[SHUFFLED], "amplitude"),
        (SHUFFLED % 2, "sex"),
        (SHUFFLED % 2, "target"),
        (np.repeat([0, 1], ROWS // 2), "t6"),  # a signal that is so clear
    ],
)
def test_values_stay(tmp_path, extra, name):
    data = fp.datasets.signals_csv(table(tmp_path / "noise.csv", extra, name))
    assert (data.input_shape, data.ignored) == ((1, 7), ())
    assert "Left out" not in data.description


def test_signals_that_all_rise_are_signals():
    rising = {k: np.arange(20.0) * (k + 1) for k in range(6)}
    assert passed_over([f"t{k}" for k in range(6)], rising.get, range(6), True) == {}


def test_a_header_with_the_labels_alone_names_no_index(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("label,,\nx,1,2\ny,3,0\nx,4,1\n")
    assert fp.datasets.signals_csv(path).input_shape == (1, 2)


def test_other_data_have_the_columns_of_the_training(tmp_path):
    """What counts the rows of one file does not in a part of them that is shuffled."""
    (tmp_path / "data").mkdir()
    table(tmp_path / "data" / "train.csv", range(ROWS), "n")
    table(tmp_path / "data" / "test.csv", SHUFFLED * 3 % 17, "n")
    source = fp.datasets.open(tmp_path / "data")
    assert source.test is not None
    assert source.train.input_shape == source.test.input_shape == (1, 6)
    tested = fp.datasets.open_test(tmp_path / "data", ignored=source.train.ignored)
    assert tested.input_shape == (1, 6)
