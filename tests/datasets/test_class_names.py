"""Labels as indices of class names."""

import pytest

import fencepost as fp
from fencepost.datasets.class_names import class_indices, doubts, is_missing
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


def test_classes_that_differ_in_case_or_spaces_are_said_of_tables_too(tmp_path):
    assert doubts(["Yes", "no", "yes "]) == [
        "The classes Yes and yes  differ only in case or in spaces."
    ]
    assert doubts(["1,000", "999", "1000", "2.000", "2 000", "3", "3.0", "1.0000", "1.000"]) == [
        "The classes 1,000, 1000 and 1.000 differ only in how thousands are separated.",
        "The classes 2.000 and 2 000 differ only in how thousands are separated.",
    ]
    rows = [f"{k / 7:.3f},{k % 3},{('Yes', 'yes', 'no')[k % 3]}" for k in range(12)]
    (tmp_path / "a.csv").write_text("x,y,label\n" + "\n".join(rows))
    assert "The classes Yes and yes differ" in fp.datasets.open(tmp_path / "a.csv").description


def test_classes_that_look_the_same_are_said():
    assert doubts(["\u00e9", "e\u0301", "x"]) == [
        "The classes \u00e9 and e\u0301 differ only in invisible characters, or in how accents are "
        "encoded."
    ]
    for mark in ("\u200b", "\ufeff", "\u200e", "\u00ad"):
        (remark,) = doubts(["cat", f"cat{mark}"])
        assert "differ only in invisible characters" in remark
    assert doubts(["\u0915\u093f", "\u0915"]) == []  # a vowel sign is seen


@pytest.mark.parametrize("label", ["", " ", "NaN", "nan", "<NA>", "NaT", "#N/A"])
def test_labels_that_are_missing_are_no_class(tmp_path, label):
    assert is_missing(label)
    rows = [f"{k / 7:.3f},{k},{('yes', label, 'no')[k % 3]}" for k in range(12)]
    (tmp_path / "a.csv").write_text("x,y,label\n" + "\n".join(rows))
    with pytest.raises(
        DataError, match=r"every signal must have a label\. Received: .+ in signal 2"
    ):
        fp.datasets.open(tmp_path / "a.csv")


@pytest.mark.parametrize("label", ["NA", "N/A", "null", "?"])
def test_labels_that_may_be_missing_are_said(tmp_path, label):
    assert not is_missing(label)
    rows = [f"{k / 7:.3f},{k},{('yes', label, 'no')[k % 3]}" for k in range(12)]
    (tmp_path / "a.csv").write_text("x,y,label\n" + "\n".join(rows))
    description = fp.datasets.open(tmp_path / "a.csv").description
    assert f"The class {label} may stand for a missing label" in description
    assert doubts(["None", "none of these", "nano"]) == []
