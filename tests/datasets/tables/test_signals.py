"""Signals in CSV files: what is read, every way to be wrong, and what is reported."""

import numpy as np
import pytest

import fencepost as fp
from datasets.refusal import refused
from fencepost.errors import ArgumentError

pytestmark = pytest.mark.usefixtures("lean")


def csv(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "signals.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_with_header(tmp_path, separator, encoding):
    text = "t0,label,t1,t2\n1,böse,2,3\n\n4,ant,5.5,-6e-1\n".replace(",", separator)
    data = fp.datasets.signals_csv(csv(tmp_path, text, encoding))
    assert data.images.tolist() == [[[1, 2, 3]], [[4, 5.5, np.float32(-0.6)]]]
    assert data.class_names == ("ant", "böse")
    assert data.targets.tolist() == [1, 0]


@pytest.mark.parametrize("label", [0, -4, "y"])
def test_csv_label_by_index(tmp_path, label):
    data = fp.datasets.signals_csv(csv(tmp_path, "y,0,1,2\n10,1,2,3\n9,4,5,6\n"), label)
    assert data.class_names == ("9", "10")  # numbers sort as numbers
    assert data.images.shape == (2, 1, 3)


@pytest.mark.parametrize("label", [-1, 3])
def test_csv_without_header(tmp_path, label):
    data = fp.datasets.signals_csv(csv(tmp_path, "1.5,2,3,7.0\n4,5,6,8.0\n"), label)
    assert data.class_names == ("7", "8")
    assert data.images[:, 0].tolist() == [[1.5, 2, 3], [4, 5, 6]]
    named = fp.datasets.signals_csv(csv(tmp_path, "1.5,2,3,up\n4,5,6,down\n"), label)
    assert (named.class_names, len(named)) == (("down", "up"), 2)


# Tables as they are passed around: UCR (label first, tabs), MIT-BIH (label last, as a float)
UCR = "1.0000000e+00\t-5.2e-01\t2.0e-01\t0.3\n-1.0000000e+00\t3.5e-01\t1.0e-01\t0.9\n"
MIT_BIH = "9.7e-01,9.2e-01,0.0e+00,0.0\n9.6e-01,8.6e-01,1.0e-01,1.0\n"


@pytest.mark.parametrize(
    ("text", "labels", "names"),
    [
        (UCR, (0, "0", "first", " First "), ("-1", "1")),
        (UCR.replace("\t", ","), ("0",), ("-1", "1")),
        (UCR.replace("\t", "   "), ("0",), ("-1", "1")),
        (MIT_BIH, (-1, "-1", "last", "3"), ("0", "1")),
        ("x1,y\n1,a\n2,b\n", ("y", "Y", "last", "1", "-1"), ("a", "b")),
    ],
)
def test_labels_by_position(tmp_path, text, labels, names):
    for label in labels:
        data = fp.datasets.signals_csv(csv(tmp_path, text), label)
        assert (data.class_names, len(data)) == (names, 2)


def test_a_name_goes_before_a_position_unless_both_are_meant(tmp_path):
    path = csv(tmp_path, "last,b,c\nx,1,2\ny,3,5\n")
    refused(lambda: fp.datasets.signals_csv(path, "last"), "by its position, 'c'", path=path)
    path = csv(tmp_path, "y,0,1,2\nx,1,2,2\nz,3,5,1\n")
    refused(lambda: fp.datasets.signals_csv(path, "0"), "by its position, 'y'", path=path)
    assert fp.datasets.signals_csv(path, 0).class_names == ("x", "z")


@pytest.mark.parametrize("head", ["0,1,2,3,4,5,6,7,8", ",0,1,2,3,4,5,6,7"])
def test_counted_columns_are_names(tmp_path, head):
    """pandas calls the columns of an array 0, 1, 2 and so on."""
    rows = ["5,1,3,2,9,4,4,6,1", "7,3,1,1,2,8,5,3,0"]
    data = fp.datasets.signals_csv(csv(tmp_path, "\n".join([head, *rows]) + "\n"), "last")
    assert (len(data), data.class_names) == (2, ("0", "1"))
    assert data.input_shape == (1, 7 if head.startswith(",") else 8)


def test_csv_channels(tmp_path):
    data = fp.datasets.signals_csv(
        csv(tmp_path, "label,a,b,c,d\nu,1,2,3,4\nv,5,6,7,8\n"), channels=2
    )
    assert data.images.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


def test_csv_regression(tmp_path):
    data = fp.datasets.signals_csv(csv(tmp_path, "label,a\n0.5,1\n2,3\n"), regression=True)
    assert data.targets.tolist() == [[0.5], [2]]


def test_csv_classes_given(tmp_path):
    path = csv(tmp_path, "label,a\nv,1\nv,3\n")
    assert fp.datasets.signals_csv(path, class_names=("u", "v")).targets.tolist() == [1, 1]


# files that are wrong


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Received: an empty file"),
        ("label,a\n", "a header and no row"),
        ("label\nx\n", "a label and at least one value"),
        (
            "label,a,b\nx,1,2\ny,1\n",
            "the same number of cells as the first, 3. Received: 2 in line 3",
        ),
        ("label,a,b\nx,1,2\n\ny,1,2,3\n", "Received: 4 in line 4"),
        ("label,a,b\nx,1,2\ny,1,zwei\n", "Received: 'zwei' in line 3, column 'b'"),
        ("a,label,b\n1,x,2\n,y,1\n", "Received: an empty cell in line 3, column 'a'"),
        ("a,label,b\n1,x,2\n3,y,nan\n", "Received: nan in signal 2, column 'b'"),
        ("a,label,b\n1,x,\n3,y,4\n", "Received: an empty cell in line 2, column 'b'. Fill it in"),
        ("a,label,b\n1,x,2\n3,y,no\n", "column 'b'. Correct it, or remove its row or column"),
        ("a,label,b\n1,x,inf\n3,y,1e60\n", "column 'b', and 1 more such cell. Fill in a number"),
        ("label,a\nx,1\n,2\n", "none in signal 2"),
        ("label,a\nx,1\nx,2\n", "at least two classes"),
        (
            "label,a\n0.5,1\n1,2\n",
            "'0.5' in signal 1, and 2 different numbers in all, in column",
        ),
        ("label,a\nnan,1\n1,2\n", "every signal must have a label. Received: nan in signal 1"),
        ("label,label,a\nx,y,2\n", "several columns of that name"),
        ("class,a,b\nx,1,2\ny,1,2\n", "no such column among class, a, b. Use its name"),
        ("label,a\nx,1\ny," + "9" * 200_000 + "\n", "field larger than field limit"),
    ],
)
def test_csv(tmp_path, text, words):
    path = tmp_path / "s.csv"
    path.write_text(text)
    refused(lambda: fp.datasets.signals_csv(path), words, path=path)


def test_csv_numbers_without_header(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("0,1.5,2\n1,3,4\n")
    refused(lambda: fp.datasets.signals_csv(path), 'label="last"', path=path)
    for label in (3, -4, "3", "-4"):
        refused(lambda k=label: fp.datasets.signals_csv(path, k), "of 3 columns", path=path)


def test_csv_first_row_with_a_bad_cell_is_not_taken_for_a_header(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("x,1,,3\ny,1,2,3\n")
    refused(lambda: fp.datasets.signals_csv(path, 0), "an empty cell in line 1, column", path=path)


def test_csv_in_another_encoding(tmp_path):
    path = tmp_path / "s.csv"
    path.write_bytes("label,a\nböse,1\ngut,2\n".encode("latin-1"))
    assert fp.datasets.signals_csv(path).class_names == ("böse", "gut")
    path.write_bytes(b"label,a\n\0\1,1\ngut,2\n")
    refused(lambda: fp.datasets.signals_csv(path), "Save it as text again", path=path)
    refused(lambda: fp.datasets.signals_csv(tmp_path / "no.csv"), "No such file")
    refused(lambda: fp.datasets.signals_csv(tmp_path), "Is a directory", path=tmp_path)


def test_csv_arguments(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("label,a,b,c\nx,1,2,3\ny,1,2,3\n")
    refused(lambda: fp.datasets.signals_csv(path, channels=2), "3 values, channels=2", path=path)
    refused(lambda: fp.datasets.signals_csv(path, regression=True), "'x' in signal 1", path=path)
    refused(
        lambda: fp.datasets.signals_csv(path, class_names=("x", "z")), "'y' in signal 2", path=path
    )
    with pytest.raises(ArgumentError, match="channels must be an integer, at least 1"):
        fp.datasets.signals_csv(path, channels=0)


def test_integers_written_as_floats_are_classes_and_that_is_said(tmp_path):
    path = tmp_path / "floats.csv"
    path.write_text("label,t0,t1\n0.0,1,2\n1.0,2,1\n2.0,4,4\n")
    data = fp.datasets.signals_csv(path)
    assert data.class_names == ("0", "1", "2")
    assert "Labels such as 0.0 were read as integers, for classes." in data.description
    path.write_text("label,t0,t1\n0,1,2\n1,2,1\n2,4,4\n")
    assert "Labels such as" not in fp.datasets.signals_csv(path).description


def test_a_header_that_returns_is_named(tmp_path):
    text = "a,b,label\n" + "1.5,2,x\n3,4,y\n" * 3 + "a,b,label\n" + "1,2,x\n3,4,y\n" * 3
    refused(lambda: fp.datasets.signals_csv(csv(tmp_path, text)), "the same names again in line 8")
    one = csv(tmp_path, "a,b,label\n1.5,2,x\n3,4,label\n")  # a class of this name
    assert fp.datasets.signals_csv(one).class_names == ("label", "x")


def test_labels_with_decimal_commas(tmp_path):
    whole = csv(tmp_path, "label;a\n0,0;1,5\n1,0;2,5\n")
    assert fp.datasets.signals_csv(whole).class_names == ("0", "1")
    broken = csv(tmp_path, "label;a\n0,5;1,5\n1,0;2,5\n")
    refused(lambda: fp.datasets.signals_csv(broken), "Received: '0,5' in signal 1")
    assert fp.datasets.signals_csv(broken, regression=True).targets.tolist() == [[0.5], [1.0]]


def test_numbers_that_may_have_thousands_ask_for_what_the_reader_can_do(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('label,t0,t1\na,"1,234","2,345"\nb,"3,456","4,567"\n')
    words = "which may be 1.234 or 1234. Write one."
    refused(lambda: fp.datasets.signals_csv(path), words)
