"""Folders of other tasks are refused by the name of what they hold."""

import json

import pytest

from datasets.image_folders import touch
from datasets.refusal import refused
from fencepost.datasets.folders import open_folder

BOXES = {"images": [], "annotations": [{"bbox": [1, 2, 3, 4]}], "categories": []}
VOC = "<annotation><object><name>cat</name></object></annotation>"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("annotations/instances_train2017.json", json.dumps(BOXES), "COCO's form"),
        ("images/_annotations.coco.json", "{}", "COCO's form"),
        ("Annotations/1.xml", VOC, "Pascal VOC's form"),
        ("labels/1.txt", "0 0.5 0.5 0.2 0.1\n2 0.1 0.1 0.2 0.1\n", "YOLO's form"),
        ("images/1.json", '{"shapes": [], "imagePath": "1.jpg"}', "LabelMe"),
    ],
)
@pytest.mark.parametrize("folder", ["images", "train2017", "JPEGImages"])
def test_boxes(tmp_path, name, text, words, folder):
    touch(tmp_path, *(f"{folder}/{k}.jpg" for k in range(3)), name)
    (tmp_path / name).write_text(text)
    refused(lambda: open_folder(tmp_path), "a class for each image", words, name)


@pytest.mark.parametrize("masks", ["masks/{}.png", "SegmentationClass/{}.png", "masks/{}_mask.png"])
def test_masks(tmp_path, masks):
    touch(tmp_path, *(f"images/{k}.jpg" for k in range(9)), *(masks.format(k) for k in range(9)))
    refused(lambda: open_folder(tmp_path), "masks (", "one for each image of images/")


def test_classes_beside_annotations_stay_classes(tmp_path):
    touch(tmp_path, "cat/1.jpg", "dog/2.jpg", "cat/1.xml")
    (tmp_path / "cat/1.xml").write_text(VOC)
    assert open_folder(tmp_path).parts["train"].names == ("cat", "dog")
