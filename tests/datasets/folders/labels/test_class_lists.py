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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("text", ["café\nzoë\nà la carte\n", "0,café\r\n1,zoë\r\n2,à la carte\r\n"])
def test_names_in_any_encoding(tmp_path, encoding, text):
    touch(tmp_path, *NAMED)
    (tmp_path / "train.csv").write_text("file,label\n" + TABLE)
    (tmp_path / "classes.txt").write_bytes(text.encode(encoding))
    assert open_folder(tmp_path).parts["train"].names == ("café", "zoë", "à la carte")


@pytest.mark.parametrize("name", ["labels.csv", "label.csv", "labels.tsv", "index.txt", "meta.csv"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("place", ["", "photos/"])
def test_the_table_that_gives_labels_names_no_classes(tmp_path, name, mark, encoding, place):
    files = [f"{place}img_{k}.png" for k in range(24)]
    touch(tmp_path, *files)
    rows = [("breed", "image", "size"), *((str(k % 3), f"img_{k}", "7") for k in range(24))]
    for columns in ((0, 1), (1, 0), (1, 0, 2), (0, 2, 1)):
        text = "\n".join(mark.join(row[k] for k in columns) for row in rows)
        (tmp_path / name).write_bytes(text.encode(encoding))
        (listing,) = open_folder(tmp_path, label="breed").parts.values()
        assert listing.names == ("0", "1", "2")
        found = {
            file.name: label for file, label in zip(listing.files, listing.labels, strict=True)
        }
        assert found == {file: str(k % 3) for k, file in enumerate(files)}
