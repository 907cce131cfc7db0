"""Folders as people have them: which are parts, which are classes, and what is said of a guess."""

import shutil
import zipfile

import pytest

import fencepost as fp
from datasets.image_folders import touch
from datasets.refusal import refused
from fencepost.datasets.folders import open_folder
from fencepost.datasets.folders.inspecting import identities
from fencepost.datasets.folders.tree import Tree


def found(root, **options):
    """Return {part: {class: count}}."""
    contents = open_folder(root, **options)
    return {
        part: {name: listing.labels.count(name) for name in listing.names}
        for part, listing in contents.parts.items()
    }


def said(root, **options):
    contents = open_folder(root, **options)
    remarks = [remark for listing in contents.parts.values() for remark in listing.remarks]
    return " ".join([*contents.remarks, *remarks])


TWO = {"cat": 1, "dog": 1}


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"),
        ("Training", "Valid", "TESTING"),
        ("train_set", "validation_set", "test_set"),
        ("seg_train", "seg_val", "seg_test"),
        ("trainset", "valset", "testset"),
        ("training-images", "dev", "test images"),
        ("pets_train", "pets_valid", "pets_test"),
        ("train2017", "val2017", "test2017"),
    ],
)
@pytest.mark.parametrize("above", ["", "archive/"])
@pytest.mark.parametrize("doubled", [False, True])
def test_spellings_of_parts(tmp_path, train, validation, test, above, doubled):
    for part in (train, validation, test):
        inner = f"{part}/{part}" if doubled else part
        touch(tmp_path, f"{above}{inner}/cat/1.jpg", f"{above}{inner}/dog/2.jpg")
    assert found(tmp_path) == {"train": TWO, "validation": TWO, "test": TWO}


def test_folders_of_integers_are_in_the_order_of_their_values(tmp_path):
    touch(tmp_path, *(f"{k}/1.jpg" for k in (0, 2, 10, 1)))
    assert open_folder(tmp_path).parts["train"].names == ("0", "1", "2", "10")


@pytest.mark.parametrize(
    "tops", [("fold_1", "fold_2"), ("Day 1", "Day 2", "Day 3"), ("set1", "set2")]
)
def test_folders_that_only_divide(tmp_path, tops):
    touch(tmp_path, *(f"{top}/{kind}/1.jpg" for top in tops for kind in ("cat", "dog")))
    if "set1" in tops:  # a word of parts says nothing; so these are classes as they were
        assert found(tmp_path) == {"train": {"set1": 2, "set2": 2}}
        return
    assert found(tmp_path) == {"train": {"cat": len(tops), "dog": len(tops)}}
    assert "The same classes are in" in said(tmp_path)


@pytest.mark.parametrize("parts", [("train", "dev", "eval"), ("train", "val", "evaluation")])
def test_eval_is_the_test_beside_a_validation(tmp_path, parts):
    for part in parts:
        touch(tmp_path, f"{part}/cat/1.jpg", f"{part}/dog/1.jpg")
    assert found(tmp_path) == {"train": TWO, "validation": TWO, "test": TWO}


def test_a_test_in_a_folder_that_is_no_class(tmp_path):
    touch(
        tmp_path, "train/cat/1.jpg", "train/dog/2.jpg", "test/unknown/3.jpg", "test/unknown/4.jpg"
    )
    assert found(tmp_path) == {"train": TWO}
    assert "test/unknown/ holds 2 images without labels: left out; `fencepost" in said(tmp_path)


@pytest.mark.parametrize(
    "names", [("train", "plane", "bus"), ("test", "control"), ("valid", "invalid"), ("dev", "ops")]
)
def test_classes_that_are_called_like_parts(tmp_path, names):
    touch(tmp_path, *(f"{name}/1.jpg" for name in names))
    assert found(tmp_path) == {"train": dict.fromkeys(sorted(names), 1)}


def test_parts_within_each_class(tmp_path):
    touch(tmp_path, *(f"{name}/{part}/1.png" for name in TWO for part in ("train", "test")))
    assert found(tmp_path) == {"train": TWO, "test": TWO}
    assert "All classes have" not in said(tmp_path)


def test_several_divisions_of_the_same_classes_are_said(tmp_path):
    places = [f"split{k}/{part}" for k in (1, 2) for part in ("train", "test")]
    touch(tmp_path, *(f"{place}/{name}/1.png" for place in places for name in TWO))
    assert list(found(tmp_path)["train"]) == ["split1", "split2"]
    assert "All classes have the folders cat and dog: if those are the classes" in said(tmp_path)


def test_an_empty_part_is_none_and_that_is_said(tmp_path):
    touch(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "test/.DS_Store")
    (tmp_path / "val" / "cat").mkdir(parents=True)
    assert found(tmp_path) == {"train": TWO}
    assert "The folder test holds no images, so it is ignored." in said(tmp_path)
    assert "The folder val holds no images" in said(tmp_path)


def test_a_part_without_classes_is_left_out_and_that_is_said(tmp_path):
    touch(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "test/1.jpg", "test/2.jpg")
    assert found(tmp_path) == {"train": TWO}
    assert "test/ holds 2 images without labels: left out; `fencepost predict`" in said(tmp_path)


def test_what_lies_beside_the_parts_is_left_out(tmp_path):
    touch(
        tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "seg_pred/1.jpg", "__MACOSX/train/._1.jpg"
    )
    assert found(tmp_path) == {"train": TWO}
    assert "Left out: seg_pred, which is beside train" in said(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ("train", "bus", "car"),
        ("trainA", "testA"),
        ("train_small", "test"),
        ("learn", "test"),
        ("main", "test"),
        ("train", "extra"),
        ("test", "control"),
        ("tr", "te"),
        ("entrenamiento", "prueba"),
    ],
)
def test_folders_that_may_be_parts_or_classes(tmp_path, names):
    touch(tmp_path, *(f"{name}/{inner}/1.jpg" for name in names for inner in ("cat", "dog", "emu")))
    refused(
        lambda: open_folder(tmp_path),
        "each with the subfolders cat, dog and emu. If cat, dog and emu are the classes, keep "
        "only folders called train, val and test here; if ",
        f"{sorted(names)[-1]} are, say so: nested=False.",
    )
    assert found(tmp_path, nested=False) == {"train": dict.fromkeys(sorted(names), 3)}


def test_what_is_beside_a_train_and_a_test_is_no_class(tmp_path):
    touch(tmp_path, *(f"{part}/{name}/1.jpg" for part in ("train", "test", "old") for name in TWO))
    assert found(tmp_path) == {"train": TWO, "test": TWO}
    assert "Left out: old, which is beside train" in said(tmp_path)


def test_a_picture_beside_the_classes_is_named(tmp_path):
    touch(tmp_path, "cat/1.jpg", "dog/1.jpg", "cover.jpg")
    assert found(tmp_path) == {"train": TWO}
    assert "Left out: 1 image beside the folders of the classes, cover.jpg." in said(tmp_path)


def test_a_picture_beside_the_parts_is_named(tmp_path):
    touch(tmp_path, *(f"{part}/{name}/1.jpg" for part in ("train", "test") for name in TWO))
    touch(tmp_path, "cover.jpg")
    assert found(tmp_path) == {"train": TWO, "test": TWO}
    assert "Left out: cover.jpg, which is beside train" in said(tmp_path)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (
            ("cat", "dog", "train"),
            "The class train has the name of a split: if",
        ),
        (("testA", "trainA"), "The classes testA and trainA have the names of splits"),
        (("cat", "dog"), ""),
    ],
)
def test_classes_that_are_called_like_parts_are_said(tmp_path, names, words):
    touch(tmp_path, *(f"{name}/{k}.jpg" for name in names for k in range(2)))
    remarks = open_folder(tmp_path).remarks
    assert len(remarks) == bool(words)
    assert words in " ".join(remarks)


def test_two_folders_for_one_part(tmp_path):
    touch(tmp_path, *(f"{part}/{name}/1.jpg" for part in ("train", "val", "valid") for name in TWO))
    refused(lambda: open_folder(tmp_path), "Received: val and valid, which both mean validation")


def test_a_class_of_one_part_only(tmp_path):
    touch(tmp_path, "train/cat/1.jpg", "train/dog/1.jpg", "test/cat/1.jpg")
    assert found(tmp_path)["test"] == {"cat": 1}


def test_nested_classes(tmp_path):
    touch(tmp_path, "animals/cat/1.jpg", "animals/dog/1.jpg", "vehicles/car/1.jpg")
    leaves = {"animals/cat": 1, "animals/dog": 1, "vehicles/car": 1}
    assert found(tmp_path) == {"train": leaves}
    assert "nested=False" in said(tmp_path)
    assert found(tmp_path, nested=False) == {"train": {"animals": 2, "vehicles": 1}}


@pytest.mark.parametrize(
    "names", [("cat/old/1.jpg", "dog/old/1.jpg"), ("cat/1/1.jpg", "cat/2/1.jpg", "dog/3/1.jpg"),
              ("cat/1.jpg", "cat/old/1.jpg", "dog/x/1.jpg")]
)  # fmt: skip
def test_pieces_of_a_class_are_no_classes(tmp_path, names):
    touch(tmp_path, *names)
    assert list(found(tmp_path)["train"]) == ["cat", "dog"]


def test_one_folder_around_all(tmp_path):
    touch(tmp_path, "pets/photos/cat/1.jpg", "pets/photos/dog/1.jpg", "pets/README")
    assert found(tmp_path) == {"train": TWO}
    assert "All files are in the folder pets/photos." in said(tmp_path)


def test_names_with_spaces_accents_and_links(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    touch(elsewhere, "1.jpg", "2.jpg")
    touch(tmp_path, "pets/été à la mer/photo 1.JPG")
    (tmp_path / "pets" / "猫").symlink_to(elsewhere, target_is_directory=True)
    assert found(tmp_path / "pets") == {"train": {"été à la mer": 1, "猫": 2}}


def test_the_classes_of_a_test_set_may_be_spelled_otherwise(tmp_path):
    touch(tmp_path, "Été/1.jpg", "dog/1.jpg")
    listing = open_folder(tmp_path).parts["train"].with_names(("e\u0301te\u0301", "Dog"))
    assert listing.labels == ["e\u0301te\u0301", "Dog"] or sorted(listing.labels) == [
        "Dog",
        "e\u0301te\u0301",
    ]
    listing = open_folder(tmp_path).parts["train"].with_names(("\u00c9t\u00e9\u200b", "\ufeffdog"))
    assert sorted(listing.labels) == ["\u00c9t\u00e9\u200b", "\ufeffdog"]


@pytest.mark.parametrize("kind", ["zip", "tar", "gztar", "bztar", "xztar"])
def test_archives(tmp_path, folder, kind):
    expected = fp.datasets.image_folder(folder)
    archive = shutil.make_archive(str(tmp_path / "pets"), kind, folder)
    data = fp.datasets.image_folder(archive)
    assert data.class_names == ("cat", "dog")
    assert (data.images == expected.images).all()
    assert fp.datasets.open(archive).train.class_names == ("cat", "dog")
    unlike = len(set(identities_of(folder)))
    assert len(set(identities_of(archive))) == unlike > 1


def identities_of(path):
    tree = Tree.of(path)
    return identities(tree, list(tree.pictures.values())).tolist()


@pytest.mark.parametrize("ending", ["zip", "tar", "txz", "tbz2", "tzst", "tar.zst"])
def test_a_folder_of_archives_alone(tmp_path, ending):
    for part in ("test", "train"):
        (tmp_path / f"{part}.{ending}").touch()
    words = f"Unpack them, or use one as the data: train.{ending}."
    refused(lambda: open_folder(tmp_path), "0 images and", words)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(f"inner.{ending}", b"x")
    refused(lambda: open_folder(tmp_path / "a.zip"), f"inner.{ending}. Unpack it.")


def test_archives_that_cannot_be_read(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04 and no more")
    refused(lambda: open_folder(path), "must be a zip archive that can be read", path=path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cat/1.png", b"x")
        archive.writestr("dog/1.png", b"x")
    refused(lambda: fp.datasets.image_folder(path), "2 that cannot be used", path=path)


def test_no_classes(tmp_path):
    touch(tmp_path, "1.jpg", "2.jpg")
    refused(lambda: open_folder(tmp_path), "Received: no subfolder, 2 images", "labels.csv")
    touch(tmp_path, "train/1.jpg", "test/1.jpg")
    (tmp_path / "1.jpg").unlink()
    (tmp_path / "2.jpg").unlink()
    refused(lambda: open_folder(tmp_path), "Received: test/ and train/, without classes in them")


@pytest.mark.parametrize("form", ["{}/{}.png", "{}.{}.png"])
@pytest.mark.parametrize("part", ["", "train/"])
def test_a_column_is_said_to_have_no_use_where_there_is_no_label_file(tmp_path, form, part):
    touch(tmp_path, *(part + form.format(name, k) for name in TWO for k in range(8)))
    assert found(tmp_path, label="breed") == {"train": {"cat": 8, "dog": 8}}
    sentence = "There is no label file, so the column 'breed' is not used."
    assert sentence in said(tmp_path, label="breed")
    assert "label file" not in said(tmp_path)


@pytest.mark.parametrize(
    "parts", [("train", "test"), ("Training", "Val"), ("seg_train", "seg_test")]
)
@pytest.mark.parametrize("classes", [("cat", "dog"), ("train_station", "test_tube"), ("0", "1")])
@pytest.mark.parametrize("few", ["0/x/a.png", "0/x/a.png 0/y/b.png", "1/y/a.png 1/y/b.png"])
def test_training_decides_which_folders_of_other_parts_are_classes(tmp_path, parts, classes, few):
    training = [f"{name}/{group}/{k}.png" for name in classes for group in "xy" for k in (0, 1)]
    tested = [name.replace(name[0], classes[int(name[0])], 1) for name in few.split()]
    touch(tmp_path / parts[0], *training[:-2])  # the last class lacks a folder, so none are groups
    touch(tmp_path / parts[1], *tested)
    (train, other) = open_folder(tmp_path).parts.values()
    assert train.names == tuple(sorted(classes))
    assert [file.name.split("/")[1] for file in other.files] == other.labels
    assert len(other.labels) == len(tested)


def test_classes_within_classes_are_so_in_every_part(tmp_path):
    touch(tmp_path / "train", "animal/cat/0.png", "animal/dog/0.png", "plant/oak/0.png")
    touch(tmp_path / "test", "plant/oak/0.png")
    parts = open_folder(tmp_path, nested=True).parts
    assert parts["train"].names == ("animal/cat", "animal/dog", "plant/oak")
    assert parts["test"].labels == ["plant/oak"]
    detected = open_folder(tmp_path).parts
    assert set(detected["test"].labels) <= set(detected["train"].names)
