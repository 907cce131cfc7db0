"""Files of other programs are refused by name, and what to do can be done."""

from __future__ import annotations

import numpy as np
import pytest

import fencepost as fp
from datasets.refusal import refused
from fencepost.datasets.folders import foreign

pytestmark = pytest.mark.usefixtures("lean")


@pytest.mark.parametrize("ending", foreign._KINDS)
@pytest.mark.parametrize("content", [b"PK\x03\x04", b"PAR1", b"@relation x\n@data\n1,2\n"])
def test_by_name(tmp_path, ending, content):
    path = tmp_path / f"Beats{ending.upper()}"
    path.write_bytes(content)
    what, _ = foreign._KINDS[ending]
    refused(lambda: fp.datasets.open(path), f"is {what}, which is not supported: ", path=path)


@pytest.mark.parametrize("name", ["beats.parquet", "train.xlsx", "a.arff"])
def test_in_a_folder(tmp_path, name):
    (tmp_path / name).write_bytes(b"PAR1")
    refused(lambda: fp.datasets.open(tmp_path), name, "which is not supported", path=tmp_path)


def test_what_is_left_of_an_arff_file_is_a_table(tmp_path):
    text = "@relation a\n@attribute x numeric\n@data\n1.5,2,up\n3,5,down\n"
    kept = [line for line in text.splitlines() if not line.startswith(("@", "%"))]
    (tmp_path / "a.csv").write_text("\n".join(kept))
    assert fp.datasets.open(tmp_path / "a.csv", label="last").train.class_names == ("down", "up")


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".data", ".CSV"])
def test_tables_of_text_are_read(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    path.write_text("label,x,y\nup,1,3\ndown,3,2\n")
    assert len(fp.datasets.open(path).train) == 2


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train.csv", "test.csv"),
        ("ECG200_TRAIN.tsv", "ECG200_TEST.tsv"),
        ("mitbih_train.csv", "mitbih_test.csv"),
        ("fashion-mnist_train.csv", "fashion-mnist_test.csv"),
        ("Training.txt", "Testing.txt"),
        ("X.train.csv", "X.test.csv"),
    ],
)
def test_parts_in_tables(tmp_path, train, test):
    rows = np.random.default_rng(0).normal(size=(6, 5)).round(3)
    for name, part in ((train, rows[:4]), (test, rows[4:])):
        lines = [",".join([str(k % 2), *map(str, row)]) for k, row in enumerate(part.tolist())]
        (tmp_path / name).write_text("\n".join(lines))
    (tmp_path / "ECG200_TRAIN.arff").write_text("@relation x\n")
    (tmp_path / "README.txt").write_text("What this is.\n")
    source = fp.datasets.open(tmp_path, label="first")
    assert source.test is not None
    assert (len(source.train), len(source.test)) == (4, 2)
