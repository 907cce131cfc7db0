"""Classes in the names of files, and names that only look like it."""

import pytest

from datasets.image_folders import touch
from datasets.refusal import refused
from fencepost.datasets.folders import open_folder
from fencepost.datasets.folders.labels.file_names import classes_of_names


@pytest.mark.parametrize(
    "form",
    ["{}.{}.jpg", "{}_{:03}.png", "{}-{}.jpg", "{} ({}).jpg", "{}{}.jpg", "all/{} {}.jpeg"],
)
@pytest.mark.parametrize("kinds", [("cat", "dog"), ("Maine_Coon", "beagle", "Übär")])
def test_forms(form, kinds):
    names = [form.format(kind, k) for kind in kinds for k in range(3)]
    if "{}{}" in form and "Maine_Coon" in kinds:
        assert classes_of_names(names) is None  # nothing between class and number: one word only
    else:
        assert classes_of_names(names) == [kind for kind in kinds for _ in range(3)]


def test_the_number_may_come_first():
    names = [f"{k}_{kind}.jpg" for k in range(3) for kind in ("cat", "dog")]
    assert classes_of_names(names) == ["cat", "dog"] * 3


@pytest.mark.parametrize(
    "names",
    [
        [f"IMG_{k}.jpg" for k in range(9)],
        [f"{('IMG', 'DSC')[k % 2]}_{k}.jpg" for k in range(9)],
        [f"IMG-2024010{k}-WA000{k}.jpg" for k in range(9)],
        [f"{('photo', 'scan')[k % 2]} ({k}).jpg" for k in range(9)],
        [f"{('train', 'test')[k % 2]}_{k}.jpg" for k in range(9)],
        [f"{k:08x}.jpg" for k in range(9)],
        ["cat_1.jpg", "cat_2.jpg", "dog_1.jpg"],
        ["cat_1.jpg", "cat_2.jpg", "dog_1.jpg", "dog_2.jpg", "bird.jpg"],
    ],
)
def test_names_that_say_no_class(names, tmp_path):
    assert classes_of_names(names) is None
    touch(tmp_path, *names)
    refused(lambda: open_folder(tmp_path), f"no subfolder, {len(names)} images")


def test_cats_and_dogs(tmp_path):
    """As Kaggle has them: parts, and a test without labels."""
    touch(tmp_path, *(f"train/{kind}.{k}.jpg" for kind in ("cat", "dog") for k in range(2)))
    touch(tmp_path, "test1/1.jpg", "test1/2.jpg")
    contents = open_folder(tmp_path)
    assert list(contents.parts) == ["train"]
    listing = contents.parts["train"]
    assert listing.labels == ["cat", "cat", "dog", "dog"]
    assert listing.remarks == [
        "Classes are the words in the file names, without the number, such as cat of cat.0.jpg."
    ]
    assert contents.remarks == [
        "test1/ holds 2 images without labels: left out; `fencepost predict` takes them."
    ]


def test_parts_of_which_each_has_its_classes_in_names(tmp_path):
    for part in ("train", "valid"):
        touch(tmp_path, *(f"{part}/{kind}_{k}.jpg" for kind in ("cat", "dog") for k in range(2)))
    touch(tmp_path, *(f"test/{kind}_{k}.jpg" for kind in ("cow", "dog") for k in range(2)))
    contents = open_folder(tmp_path)
    assert {part: listing.names for part, listing in contents.parts.items()} == {
        "train": ("cat", "dog"),
        "validation": ("cat", "dog"),
    }


def test_folders_of_classes_decide_before_names(tmp_path):
    touch(tmp_path, *(f"{kind}/{kind}_{k}.jpg" for kind in ("cat", "dog") for k in range(2)))
    touch(tmp_path, "cat/dog_7.jpg")
    assert open_folder(tmp_path).parts["train"].labels == ["cat"] * 3 + ["dog"] * 2


def test_one_folder_is_no_class_where_names_are(tmp_path):
    touch(tmp_path, *(f"pets/{kind}_{k}.jpg" for kind in ("cat", "dog") for k in range(2)))
    assert open_folder(tmp_path).parts["train"].names == ("cat", "dog")
