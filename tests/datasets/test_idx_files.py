"""IDX files: every type and number of axes, every way to be wrong, and what is reported."""

import gzip
import struct
import zlib

import numpy as np
import pytest

import fencepost as fp
from datasets.idx_writer import idx_bytes
from datasets.refusal import refused
from fencepost.datasets import read_idx
from fencepost.errors import ArgumentError

pytestmark = pytest.mark.usefixtures("lean")

RNG = np.random.default_rng(5)
LABELS = idx_bytes(np.arange(10, dtype=np.uint8))


def some_images(count=12, shape=(1, 6, 7)):
    return RNG.integers(0, 256, (count, *shape), np.uint8)


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4), (2, 1, 3, 2)])
def test_idx_types_and_axes(tmp_path, dtype, zipped, shape):
    array = RNG.integers(0, 120, shape).astype(dtype)
    path = tmp_path / "array"
    data = idx_bytes(array)
    path.write_bytes(gzip.compress(data) if zipped else data)
    read = read_idx(path)
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


def test_idx_in_several_gzip_members(tmp_path):
    data = idx_bytes(np.arange(100, dtype=np.uint8))
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(data[:50]) + gzip.compress(data[50:]))
    np.testing.assert_array_equal(read_idx(path), np.arange(100))


def write_pair(folder, images, labels, ending=""):
    for name, array in (("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)):
        (folder / (name + ending)).write_bytes(idx_bytes(array))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 8, 9), (1, 8, 9)),
        ((5, 8, 9, 3), (3, 8, 9)),
        ((5, 2, 8, 9), (2, 8, 9)),
        ((5, 8), (1, 8)),
    ],
)
def test_idx_images(tmp_path, shape, expected):
    images = RNG.integers(0, 256, shape, np.uint8)
    write_pair(tmp_path, images, np.array([0, 1, 2, 1, 0], np.uint8))
    data = fp.datasets.idx(tmp_path / "train-images-idx3-ubyte")
    assert data.input_shape == expected
    assert data.targets.tolist() == [0, 1, 2, 1, 0]
    again = fp.datasets.idx(
        tmp_path / "train-images-idx3-ubyte", tmp_path / "train-labels-idx1-ubyte"
    )
    np.testing.assert_array_equal(again.images, data.images)


def test_idx_channels_last_are_moved(tmp_path):
    images = some_images(2, (8, 9, 3))
    write_pair(tmp_path, images, np.array([0, 1], np.uint8))
    np.testing.assert_array_equal(fp.datasets.idx(tmp_path).images[1, 2], images[1, :, :, 2])


def test_idx_names_with_a_dot(tmp_path):
    write_pair(tmp_path, some_images(2, (4, 4)), np.array([0, 1], np.uint8))
    for path in tmp_path.iterdir():
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    assert len(fp.datasets.idx(tmp_path)) == 2


# files that are wrong


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "begin with a complete header. Received: 0 of 4 bytes"),
        (b"\0\0\x08", "Received: 3 of 4 bytes"),
        (LABELS[:6], "Received: 2 of 4 bytes"),
        (b"\x89PNG....", "magic number 0 0, a type (8, 9, 11, 12, 13 or 14)"),
        (b"\0\0\x0a\1" + LABELS[4:], "Received: 0 0 10 1"),
        (b"\0\0\x08\0" + LABELS[4:], "Received: 0 0 8 0"),
        (b"\0\0\x08\5" + LABELS[4:], "1 to 4 axes"),
        (
            LABELS[:-1],
            "as long as its header says. Received: a header with shape (10,) of uint8, 18",
        ),
        (LABELS + b"\0", "a file of 19 bytes"),
        (struct.pack(">4BI", 0, 0, 8, 1, 2**31) + b"abc", "shape (2147483648,) of uint8"),
        (struct.pack(">4B3I", 0, 0, 14, 3, *[2**19] * 3), "and a file of 16 bytes"),
        (struct.pack(">4B4I", 0, 0, 14, 4, *[2**32 - 1] * 4), "shape of fewer than 2^63 bytes"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2**32 - 1, 0, 2**32 - 1), "2^63 bytes. Received: (42"),
    ],
)
def test_idx(tmp_path, data, words):
    path = tmp_path / "labels"
    path.write_bytes(data)
    refused(lambda: read_idx(path), words, path=path)
    zipped = tmp_path / "labels.gz"
    zipped.write_bytes(gzip.compress(data))
    if "a file of" not in words:  # gzip does not say how long it is: found while reading
        refused(lambda: read_idx(zipped), words, path=zipped)
    else:
        refused(lambda: read_idx(zipped), "as long as its header says", path=zipped)


def test_idx_gzip_that_lies_within_reason(tmp_path):
    """The header claims ten times what is there, which gzip could hold: found at the end."""
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(struct.pack(">4BI", 0, 0, 8, 1, 10_000) + bytes(1000)))
    refused(lambda: read_idx(path), "and a file that ends after 1,008", path=path)


def test_idx_gzip_bomb(tmp_path):
    """A short header before a gigabyte of zeros: reading stops after the header's length."""
    squeeze = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    data = squeeze.compress(LABELS) + b"".join(squeeze.compress(zeros) for _ in range(100))
    path = tmp_path / "labels.gz"
    path.write_bytes(data + squeeze.flush())
    refused(lambda: read_idx(path), "and a file that goes on", path=path)


def test_idx_gzip_claiming_more_than_gzip_can_hold(tmp_path):
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(struct.pack(">4B3I", 0, 0, 8, 3, 2**31, 28, 28)))
    refused(lambda: read_idx(path), "bytes of gzip cannot hold", path=path)


def test_idx_gzip_cut_off_or_damaged(tmp_path):
    intact = gzip.compress(idx_bytes(np.random.default_rng(0).integers(0, 256, 5000, np.uint8)))
    path = tmp_path / "labels.gz"
    path.write_bytes(intact[: len(intact) // 2])
    refused(lambda: read_idx(path), "ends in the middle", path=path)
    path.write_bytes(intact[:-3])
    refused(lambda: read_idx(path), "ends in the middle", path=path)
    path.write_bytes(intact[:-8] + bytes(8))
    refused(lambda: read_idx(path), "the gzip data must be intact", path=path)
    path.write_bytes(intact + b"trailing")
    refused(lambda: read_idx(path), "the gzip data must be intact", path=path)


def test_idx_that_is_no_file(tmp_path):
    refused(lambda: read_idx(tmp_path / "none"), "No such file", path=tmp_path / "none")
    refused(lambda: read_idx(tmp_path), "Is a directory", path=tmp_path)


def pair(tmp_path, images, labels):
    for name, array in (("images", images), ("labels", labels)):
        (tmp_path / name).write_bytes(idx_bytes(array))
    return tmp_path / "images", tmp_path / "labels"


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (np.zeros((3, 4, 4), "u1"), np.zeros(4, "u1"), "Received: 3 images and 4 labels"),
        (np.zeros((0, 4, 4), "u1"), np.zeros(0, "u1"), "Received: 0 images and 0 labels"),
        (np.zeros((3, 0, 4), "u1"), np.zeros(3, "u1"), "must not be empty"),
        (np.zeros((3, 4, 4), "u1"), np.zeros((3, 1), "u1"), "labels must have one axis"),
        (np.zeros(3, "u1"), np.zeros(3, "u1"), "images must have shape (N, H, W)"),
        (np.full((3, 4, 4), np.nan, "f4"), np.zeros(3, "u1"), "images[0, 0, 0, 0] = nan"),
        (np.zeros((3, 4, 4), "u1"), np.array([0, -2, 1], "i2"), "targets[1] = -2"),
        (np.zeros((3, 4, 4), "u1"), np.array([0, 2, 1], "f4"), "targets.astype(np.int64)"),
        (np.zeros((3, 5, 6, 7), "u1"), np.zeros(3, "u1"), "Neither could be it"),
    ],
)
def test_idx_pairs(tmp_path, images, labels, words):
    paths = pair(tmp_path, images, labels)
    refused(lambda: fp.datasets.idx(*paths), words, path=tmp_path)


def test_idx_partners(tmp_path):
    refused(lambda: fp.datasets.idx(tmp_path), "without train-images-idx3-ubyte", path=tmp_path)
    image = tmp_path / "train-images-idx3-ubyte"
    image.write_bytes(idx_bytes(np.zeros((2, 4, 4), np.uint8)))
    refused(lambda: fp.datasets.idx(image), "no such file as train-labels-idx1-ubyte", path=image)
    refused(lambda: fp.datasets.idx(tmp_path), "without train-labels-idx1-ubyte", path=tmp_path)
    with pytest.raises(ArgumentError, match='"train", "test"'):
        fp.datasets.idx(tmp_path, split="both")
