"""Folders called test or val beside those of the classes: parts, classes, or a question."""

import pytest

from datasets.image_folders import touch
from datasets.refusal import refused
from fencepost.datasets.folders import open_folder

TWO = {"cat": 1, "dog": 1}


def found(root, **how):
    parts = open_folder(root, **how).parts
    return {part: {n: each.labels.count(n) for n in each.names} for part, each in parts.items()}


@pytest.mark.parametrize(
    ("folder", "part"),
    [
        ("test", "test"), ("Testing", "test"), ("test_set", "test"), ("pets_test", "test"),
        ("val", "validation"), ("valid", "validation"), ("holdout", "test"), ("test/test", "test"),
    ],
)  # fmt: skip
def test_a_folder_of_folders_of_the_classes_is_a_part(tmp_path, folder, part):
    touch(tmp_path, "cat/1.jpg", "dog/1.jpg", f"{folder}/cat/2.jpg", f"{folder}/dog/2.jpg")
    assert found(tmp_path) == {"train": TWO, part: TWO}
    top = folder.partition("/")[0]
    assert f"{top}/ is a part of the data and no class" in " ".join(open_folder(tmp_path).remarks)


@pytest.mark.parametrize("folder", ["test", "testing", "validation", "test_data", "test/unknown"])
def test_pictures_without_classes_are_left_out_and_said(tmp_path, folder):
    touch(tmp_path, "cat/1.jpg", "dog/1.jpg", f"{folder}/1.jpg", f"{folder}/2.jpg")
    assert found(tmp_path) == {"train": TWO}
    remarks = " ".join(open_folder(tmp_path).remarks)
    assert f"{folder}/ holds 2 images without labels: left out" in remarks
    assert found(tmp_path, nested=False)["train"][folder.partition("/")[0]] == 2


def test_both_parts_beside_the_classes(tmp_path):
    touch(tmp_path, *(f"{at}{name}/1.jpg" for at in ("", "test/", "val/") for name in TWO))
    assert found(tmp_path) == {"train": TWO, "validation": TWO, "test": TWO}
    assert "test/ and val/ are parts" in " ".join(open_folder(tmp_path).remarks)


def test_a_test_of_one_of_the_classes(tmp_path):
    touch(tmp_path, "cat/1.jpg", "dog/1.jpg", "test/cat/2.jpg")
    assert found(tmp_path) == {"train": TWO, "test": {"cat": 1}}


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("cat/1.jpg", "dog/1.jpg", "test/tube/1.jpg", "test/drive/1.jpg"),
         "test/, which holds drive/ and tube/, beside cat/ and dog/"),
        (("cat/a/1.jpg", "dog/a/1.jpg", "test/a/1.jpg"), "test/, which holds a/, beside"),
        (("cat/1.jpg", "dog/1.jpg", "old/cat/1.jpg", "old/dog/1.jpg"), "old/, which holds cat/"),
        (("invalid/1.jpg", "unclear/1.jpg", "valid/1.jpg"), "valid/ beside invalid/ and unclear/"),
    ],
)  # fmt: skip
def test_what_may_be_a_class_as_well_is_asked_about(tmp_path, names, words):
    touch(tmp_path, *names)
    refused(lambda: open_folder(tmp_path), words, "if it is a class, say so: nested=False.")
    assert len(found(tmp_path, nested=False)["train"]) == 3


def test_one_of_two_classes_may_be_called_test(tmp_path):
    touch(tmp_path, "control/1.jpg", "test/1.jpg")
    assert found(tmp_path) == {"train": {"control": 1, "test": 1}}
    assert "The class test has the name of a split" in " ".join(open_folder(tmp_path).remarks)


def test_parts_alone_are_no_classes(tmp_path):
    touch(tmp_path, "test/1.jpg", "val/1.jpg")
    refused(lambda: open_folder(tmp_path), "Received: test/ and val/, without classes in them")


def test_folders_of_classes_beside_new_pictures_are_several_data_sets(tmp_path):
    """As `fencepost samples` writes them."""
    touch(tmp_path, "leaves/oak/1.jpg", "leaves/elm/1.jpg", "new/1.jpg", "new/2.jpg")
    refused(
        lambda: open_folder(tmp_path),
        "Received: leaves/, which holds folders of its own (elm and oak), beside new/",
        f"Give {tmp_path / 'leaves'}; if these are the classes, say so: nested=False.",
    )
    assert found(tmp_path, nested=False) == {"train": {"leaves": 2, "new": 2}}


def test_classes_that_hold_the_same_folders_are_said(tmp_path):
    touch(tmp_path, *(f"{top}/{name}/1.jpg" for top in ("augmented", "original") for name in TWO))
    (remark,) = open_folder(tmp_path).parts["train"].remarks
    assert "All classes have the folders cat and dog: if those are the classes" in remark


def test_masks_of_pictures_are_left_out_and_said(tmp_path):
    """As of the breast ultrasound images of Kaggle."""
    names = ("benign/b (1).png", "benign/b (1)_mask.png", "benign/b (1)_mask_1.png")
    touch(tmp_path, *names, "normal/1.png", "normal/face_mask.png")
    assert found(tmp_path) == {"train": {"benign": 1, "normal": 2}}
    (remark,) = open_folder(tmp_path).parts["train"].remarks
    assert remark.startswith("Left out: 2 images called like masks of others")
