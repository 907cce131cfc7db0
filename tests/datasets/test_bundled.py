"""MNIST as it is bundled, and the sample pictures."""

import importlib.util
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import fencepost as fp
from fencepost.datasets import bundled
from fencepost.errors import ArgumentError, DataError


def test_mnist_is_complete():
    images, labels = fp.datasets.mnist("train")
    assert (images.shape, images.dtype) == ((60000, 1, 28, 28), np.uint8)
    # As its makers count them.
    assert np.bincount(labels).tolist() == [
        5923,
        6742,
        5958,
        6131,
        5842,
        5421,
        5918,
        6265,
        5851,
        5949,
    ]
    test = fp.datasets.mnist("test")
    assert len(test) == 10000
    assert test.class_names == tuple("0123456789")
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]


def test_mnist_statistics():
    mean, std = fp.datasets.mnist("train").statistics()
    np.testing.assert_allclose([mean[0] / 255, std[0] / 255], [0.1307, 0.3081], atol=5e-5)


def test_mnist_has_two_splits():
    with pytest.raises(ArgumentError, match='"train", "test"'):
        fp.datasets.mnist("valid")


def test_samples_are_a_folder_of_labelled_photographs_and_one_of_new_ones(tmp_path):
    folder = fp.datasets.write_samples(tmp_path / "some" / "samples")
    data = fp.datasets.image_folder(folder / "leaves")
    assert data.class_names == ("birch", "ginkgo", "maple", "oak", "willow")
    assert np.bincount(data.targets).tolist() == [40] * 5
    new = sorted((folder / "new").iterdir())
    assert [path.name for path in new] == [f"{n}.jpg" for n in range(1, 7)]
    images = [Image.open(path) for path in folder.rglob("*.jpg")]
    # As photographs are: of several sizes, some lying on their side.
    assert len({image.size for image in images}) > 5
    turned = [image for image in images if image.getexif().get(0x0112, 1) != 1]
    assert 5 < len(turned) < 60
    assert bundled.SAMPLES.stat().st_size < 500_000


def test_samples_replace_nothing_unless_they_are_told_to(tmp_path):
    fp.datasets.write_samples(tmp_path)
    mine = tmp_path / "leaves" / "oak" / "00.jpg"
    mine.write_bytes(b"mine")
    other = tmp_path / "leaves" / "oak" / "mine.jpg"
    other.write_bytes(b"mine too")
    with pytest.raises(DataError, match=r"leaves/birch/00\.jpg exists. Use overwrite=True"):
        fp.datasets.write_samples(tmp_path)
    assert mine.read_bytes() == b"mine"
    fp.datasets.write_samples(tmp_path, overwrite=True)
    assert mine.read_bytes() != b"mine"
    assert other.read_bytes() == b"mine too"


def test_samples_are_what_their_tool_draws():
    path = Path(__file__).parents[2] / "tools" / "leaves.py"
    spec = importlib.util.spec_from_file_location("leaves", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    rng = np.random.default_rng(2026)
    with zipfile.ZipFile(bundled.SAMPLES) as archive:
        for number in range(3):
            drawn = tool.jpeg(rng, tool.draw(rng, tool.birch))
            bundle = archive.read(f"leaves/birch/{number:02}.jpg")
            mine, theirs = (
                np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(jpeg)))).astype(float)
                for jpeg in (drawn, bundle)
            )
            # Another version of Pillow may round another way.
            assert mine.shape == theirs.shape and np.abs(mine - theirs).mean() < 2
