"""Integer labels are named by a list of classes that lies beside them."""

import pytest

from datasets.image_folders import touch
from fencepost.datasets.folders import open_folder

CLASSES = ("cat", "dog", "bird")
NAMED = {f"{k}.jpg": CLASSES[k % 3] for k in range(9)}  # 0.jpg is a file, 0 is a class
TABLE = "".join(f"{name},{CLASSES.index(kind)}\n" for name, kind in NAMED.items())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.txt", "cat\ndog\nbird\n"),
        ("class_names.txt", "\ufeffname\r\ncat\r\ndog\r\nbird\r\n"),
        ("classes.csv", "id,name\n0,cat\n1,dog\n2,bird\n"),
        ("label_map.csv", "name;id\ncat;0\ndog;1\nbird;2\n"),
        ("labels.txt", "0 cat\n1 dog\n2 bird\n"),
        ("obj.names", "cat\ndog\nbird\n"),
        ("classes.json", '["cat", "dog", "bird"]'),
        ("class_to_idx.json", '{"cat": 0, "dog": 1, "bird": 2}'),
        ("idx_to_class.json", '{"0": "cat", "1": "dog", "2": "bird"}'),
    ],
)
def test_names_of_integers(tmp_path, name, text):
    touch(tmp_path, *NAMED)
    (tmp_path / "train.csv").write_text("file,label\n" + TABLE)
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    listing = open_folder(tmp_path).parts["train"]
    assert listing.names == CLASSES
    assert listing.labels == list(NAMED.values())
    assert f"{name} names the classes." in listing.remarks


def test_lists_that_begin_with_one(tmp_path):
    touch(tmp_path, *NAMED)
    rows = (f"{name},{CLASSES.index(kind) + 1}" for name, kind in NAMED.items())
    (tmp_path / "train.csv").write_text("\n".join(rows))
    (tmp_path / "classes.txt").write_text("cat\ndog\nbird\n")
    assert open_folder(tmp_path).parts["train"].labels == list(NAMED.values())


def test_folders_of_integers(tmp_path):
    touch(tmp_path, "train/0/a.png", "train/1/b.png", "test/1/c.png", "test/0/d.png")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    parts = open_folder(tmp_path).parts
    assert parts["train"].labels == ["cat", "dog"]
    assert parts["test"].labels == ["cat", "dog"]


@pytest.mark.parametrize(
    "text", ["cat\n", "cat\ncat\ncat\n", "3\n4\n5\n", "x.jpg 0\ny.jpg 1\n", ""]
)
def test_lists_that_do_not_name_all(tmp_path, text):
    touch(tmp_path, *NAMED)
    (tmp_path / "train.csv").write_text(TABLE)
    (tmp_path / "classes.txt").write_text(text)
    assert open_folder(tmp_path).parts["train"].names == ("0", "1", "2")
