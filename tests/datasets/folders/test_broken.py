"""Pictures that cannot be used are told in one message, in whichever part of the data they are."""

import numpy as np
import pytest

import fencepost as fp
from datasets.image_folders import picture, save
from datasets.refusal import refused
from fencepost.datasets import Loading


@pytest.fixture
def three_parts(tmp_path):
    for part in ("train", "val", "test"):
        for name in ("cat", "dog"):
            for k in range(3):
                save(tmp_path / part / name / f"{k}.png", picture(40, 40))
    return tmp_path


def cut_off(path):
    path.write_bytes(path.read_bytes()[:400])


@pytest.mark.parametrize("damaged", [("train", "test"), ("val", "test"), ("train", "val", "test")])
def test_all_parts_in_one_message(three_parts, damaged):
    for part in damaged:
        cut_off(three_parts / part / "cat" / "1.png")
        (three_parts / part / "dog" / "no.png").write_bytes(b"no image")
    words = [f"{part}/{name}" for part in damaged for name in ("cat/1.png", "dog/no.png")]
    count = f"Received: {len(words)} that cannot be used"
    refused(lambda: fp.datasets.open(three_parts), count, *words)


def test_a_part_that_is_only_found_damaged_when_it_is_used(three_parts):
    for part in ("train", "test"):
        cut_off(three_parts / part / "cat" / "1.png")

    def use():
        source = fp.datasets.open(three_parts, pictures=Loading(wait=False))
        np.asarray(source.train.images)

    refused(use, "2 that cannot be used", "train/cat/1.png", "test/cat/1.png")


def test_those_that_are_skipped_are_listed_for_all_parts(three_parts):
    for part in ("train", "test"):
        cut_off(three_parts / part / "cat" / "1.png")
    source = fp.datasets.open(three_parts, pictures=Loading(skip_bad=True))
    assert [text.partition(" ")[0] for text in source.left_out] == [
        "train/cat/1.png",
        "test/cat/1.png",
    ]
