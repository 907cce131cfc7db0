"""`fencepost train --show-augmentation`: a picture before training, or instead of it."""

from __future__ import annotations

import pytest
from PIL import Image


def test_a_picture_and_nothing_else(fencepost, folder, tmp_path):
    wanted = ["--augment", "strong", "--show-augmentation", "seen.png", "--epochs", 0]
    done = fencepost("train", "--data", folder, *wanted)
    assert done.status == 0, done.err
    assert {path.name for path in tmp_path.iterdir()} == {"seen.png"}
    with Image.open(tmp_path / "seen.png") as picture:
        assert min(picture.size) > 300
    assert "Saved seen.png" in done.err
    assert "augmentation crop=0.35,flip,randaugment=2:9,erase=0.25,mixup=0.2,cutmix=1" in done.err
    result = fencepost("train", "--data", folder, *wanted, "--overwrite", "--json").json
    assert result["plot"] == "seen.png"
    assert result["augmentation"].startswith("crop=0.35,flip")


def test_a_picture_before_training(fencepost, folder, tmp_path):
    done = fencepost(
        *("train", "--data", folder, "--epochs", 1, "--augment", "light,mixup=0.2"),
        *("--show-augmentation", "seen.svg", "--plot", "none", "--out", "a.st"),
    )
    assert done.status == 0, done.err
    assert {path.name for path in tmp_path.iterdir()} == {"seen.svg", "a.st"}
    assert done.err.index("Saved seen.svg") < done.err.index("Saved a.st")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", 0], "--epochs must be at least 1. Received: 0. With --show-augmentation"),
        (["--show-augmentation", "seen.jpg"], "must end in .png or .svg"),
        (["--augment", "ligth"], 'Did you mean "light"'),
    ],
)
def test_errors(fencepost, folder, arguments, words):
    done = fencepost("train", "--data", folder, *arguments)
    assert done.status != 0
    assert words in done.err
