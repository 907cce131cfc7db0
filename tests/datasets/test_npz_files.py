"""npz files: the names of arrays, every way to be wrong, and what is reported."""

import io
import os
import struct
import zipfile

import numpy as np
import pytest

import fencepost as fp
from datasets.refusal import refused
from fencepost.errors import ArgumentError, DataError

pytestmark = pytest.mark.usefixtures("lean")

RNG = np.random.default_rng(5)


def some_images(count=12, shape=(1, 6, 7)):
    return RNG.integers(0, 256, (count, *shape), np.uint8)


@pytest.mark.parametrize(
    "keys",
    [
        ("images", "labels"),
        ("x", "y"),
        ("X", "y"),
        ("x_train", "y_train"),
        ("train_images", "train_labels"),
        ("X_train", "y_train"),
    ],
)
def test_npz_names(tmp_path, keys):
    images = some_images(4, (5, 6))
    np.savez(tmp_path / "d.npz", **{keys[0]: images, keys[1]: [0, 1, 1, 0]})
    data = fp.datasets.npz(tmp_path / "d.npz")
    np.testing.assert_array_equal(data.images[:, 0], images)
    assert data.targets.tolist() == [0, 1, 1, 0]


def test_npz_compressed_fortran_and_big_endian(tmp_path):
    images = np.asfortranarray(RNG.normal(size=(6, 5, 7)).astype(">f8"))
    labels = np.array([[0], [1], [2], [0], [1], [2]], ">i2")
    np.savez_compressed(tmp_path / "d.npz", images=images, labels=labels)
    data = fp.datasets.npz(tmp_path / "d.npz")
    assert data.images.dtype == np.float32
    np.testing.assert_allclose(data.images[:, 0], images, rtol=1e-6)
    assert data.targets.tolist() == [0, 1, 2, 0, 1, 2]


def test_npz_of_names(tmp_path):
    np.savez(tmp_path / "d.npz", images=some_images(3), labels=np.array(["cat", "ant", "cat"]))
    data = fp.datasets.npz(tmp_path / "d.npz")
    assert data.class_names == ("ant", "cat")
    assert data.targets.tolist() == [1, 0, 1]
    np.savez(tmp_path / "d.npz", images=some_images(3), labels=np.array([b"z", b"y", b"z"]))
    assert fp.datasets.npz(tmp_path / "d.npz").class_names == ("y", "z")
    np.savez(tmp_path / "d.npz", images=some_images(2), labels=[0, 1], class_names=["p", "q"])
    assert fp.datasets.npz(tmp_path / "d.npz").class_names == ("p", "q")


def test_npz_signals(tmp_path):
    signals = RNG.normal(size=(4, 3, 50)).astype(np.float32)
    np.savez(tmp_path / "d.npz", signals=signals, labels=[0, 1, 0, 1])
    assert fp.datasets.npz(tmp_path / "d.npz").input_shape == (3, 50)
    np.savez(tmp_path / "d.npz", signals=signals[:, 0], labels=[0, 1, 0, 1])
    assert fp.datasets.npz(tmp_path / "d.npz").input_shape == (1, 50)


def test_npz_test_split_has_the_classes_of_training(tmp_path):
    np.savez(
        tmp_path / "d.npz",
        x_train=some_images(3), y_train=["a", "b", "c"],
        x_test=some_images(2), y_test=["c", "a"],
    )  # fmt: skip
    data = fp.datasets.npz(tmp_path / "d.npz", "test")
    assert data.class_names == ("a", "b", "c")
    assert data.targets.tolist() == [2, 0]


def test_npz_layout_can_be_said(tmp_path):
    images = some_images(2, (3, 8, 4))
    np.savez(tmp_path / "d.npz", images=images, labels=[0, 1])
    with pytest.raises(DataError, match=r"Received: shape \(2, 3, 8, 4\). Both could be it"):
        fp.datasets.npz(tmp_path / "d.npz")
    assert fp.datasets.npz(tmp_path / "d.npz", layout="NCHW").input_shape == (3, 8, 4)
    assert fp.datasets.npz(tmp_path / "d.npz", layout="NHWC").input_shape == (4, 3, 8)
    with pytest.raises(ArgumentError, match="layout must be"):
        fp.datasets.npz(tmp_path / "d.npz", layout="CHWN")


# files that are wrong


def npz(tmp_path, **arrays):
    np.savez(tmp_path / "d.npz", **arrays)
    return tmp_path / "d.npz"


X = np.zeros((3, 4, 5), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "Received: nothing"),
        ({"a": X, "labels": [0, 1, 2]}, "Received: a, labels. Save it with numpy.savez"),
        ({"images": X, "labels": [0, 1]}, "2 targets for 3 images"),
        ({"images": X, "labels": [0, -1, 2]}, "0 or more"),
        ({"images": X, "labels": [0, 1, 10**9]}, "Received: 1,000,000,000 among 3 labels. Number"),
        ({"images": X, "labels": [[0, 1, 1], [0, 1, 0], [1, 0, 0]]}, "exactly one class"),
        (
            {"images": X, "labels": ["a", "b", "c"], "class_names": ["a", "b"]},
            "one of the classes a, b. Received: 'c' in image 3",
        ),
        ({"images": X, "labels": [0, 1, 2], "class_names": ["a", "b"]}, "0 to 1 for 2 classes"),
        ({"images": X, "labels": [0, 1, 0], "class_names": [["a", "b"]]}, "shape (classes,)"),
        ({"images": X[0, 0], "labels": [0, 1, 0]}, "images must have shape (N, H, W)"),
        ({"images": X.astype(complex), "labels": [0, 1, 0]}, "numbers or names. Received: dtype c"),
        ({"images": np.full((2, 3, 3), np.inf), "labels": [0, 1]}, "images[0, 0, 0, 0] = inf"),
        ({"images": np.zeros((0, 3, 3)), "labels": np.zeros(0, int)}, "must not be empty"),
        ({"images": np.array([["a"]]), "labels": [0]}, "real numbers"),
    ],
)
def test_npz(tmp_path, arrays, words):
    path = npz(tmp_path, **arrays)
    refused(lambda: fp.datasets.npz(path), words, path=path)


def test_npz_pickles_are_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os._exit, (1,))

    path = npz(tmp_path, images=np.array([Bomb()], object), labels=[0])
    refused(lambda: fp.datasets.npz(path), "pickled objects are never loaded", path=path)


def test_npz_without_the_split_asked_for(tmp_path):
    path = npz(tmp_path, images=X, labels=[0, 1, 2])
    refused(lambda: fp.datasets.npz(path, "test"), "for 'test'", "x_test and y_test", path=path)
    with pytest.raises(ArgumentError, match='"train", "validation", "test"'):
        fp.datasets.npz(path, "all")


def test_npz_that_is_no_zip(tmp_path):
    path = tmp_path / "d.npz"
    refused(lambda: fp.datasets.npz(path), "No such file", path=path)
    path.write_bytes(b"PK\3\4 and then nothing")
    refused(lambda: fp.datasets.npz(path), "must be an npz file", path=path)
    intact = npz(tmp_path, images=X, labels=[0, 1, 2]).read_bytes()
    path.write_bytes(intact[:-30])
    refused(lambda: fp.datasets.npz(path), "cut off", path=path)


def zipped(path, header=None, data=b""):
    with zipfile.ZipFile(path, "w") as archive:
        labels = io.BytesIO()
        np.save(labels, np.arange(3))
        archive.writestr("labels.npy", labels.getvalue())
        if header is not None:
            text = header.encode() + b" " * 10 + b"\n"
            data = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + data
        archive.writestr("images.npy", data)
    return path


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776,)}", "where 64 are"),
        ("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2, 3)}", "96 bytes, where 64 are"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (-4, -16)}", "shape (-4, -16)"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (8,)}", "pickled objects"),
        ("{'descr': '<U0', 'fortran_order': False, 'shape': (8,)}", "numbers or names"),
        ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (16,)}", "numbers or names"),
        ("{'descr': 'nonsense', 'fortran_order': False, 'shape': (16,)}", "as numpy.save writes"),
        ("{'shape': (64,)}", "as numpy.save writes"),
        ("(" * 200, "as numpy.save writes"),
        ("__import__('os')", "as numpy.save writes"),
    ],
)
def test_npz_headers_that_lie(tmp_path, header, words):
    path = zipped(tmp_path / "d.npz", header, bytes(64))
    refused(lambda: fp.datasets.npz(path), words, path=path)


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"\x93NUMPY\7\0ab", b"\x93NUMPY\1\0\xff\xff{"])
def test_npz_members_that_are_no_arrays(tmp_path, data):
    path = zipped(tmp_path / "d.npz", data=data)
    refused(lambda: fp.datasets.npz(path), "as numpy.save writes it", path=path)


def test_npz_directory_that_lies(tmp_path):
    """The central directory claims 2 GB for a member of a few bytes."""
    path = zipped(tmp_path / "d.npz", data=b"x" * 50)
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\1\2")
    struct.pack_into("<I", data, entry + 24, 2**31)
    path.write_bytes(data)
    refused(lambda: fp.datasets.npz(path), "claimed to hold 2,147,483,648", path=path)


def test_npz_checksum(tmp_path):
    path = npz(tmp_path, images=X, labels=[0, 1, 2])
    data = bytearray(path.read_bytes())
    data[data.index(b"\x93NUMPY") + 150] ^= 1
    path.write_bytes(data)
    refused(lambda: fp.datasets.npz(path), "must be intact", path=path)


def test_integers_saved_as_floats_are_classes_and_that_is_said(tmp_path):
    path = tmp_path / "floats.npz"
    np.savez(path, images=np.zeros((6, 8, 8), np.uint8), labels=np.array([0.0, 1.0, 2.0] * 2))
    data = fp.datasets.npz(path)
    assert data.class_names == ("0", "1", "2")
    assert data.targets.tolist() == [0, 1, 2] * 2
    assert "Labels such as 0.0 were read as integers, for classes." in data.description


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64, bool])
@pytest.mark.parametrize("names", [(), ("cat", "dog", "emu")])
def test_one_hot_labels_as_keras_makes_them(tmp_path, dtype, names):
    indices = np.array([0, 1, 1, 0, 1, 0])
    content = {"x_train": np.zeros((6, 5, 5), np.uint8), "y_train": np.eye(3, dtype=dtype)[indices]}
    if names:
        content["class_names"] = np.array(names)
    path = tmp_path / "a.npz"
    np.savez(path, **content)
    data = fp.datasets.npz(path)
    np.testing.assert_array_equal(data.targets, indices)
    assert data.description.endswith("The labels are one-hot.")
    assert data.class_names == (names or ("0", "1", "2"))  # the last class has no image here
    if names:
        np.savez(path, **content | {"class_names": np.array(names[:2])})
        with pytest.raises(DataError, match="column for each of the 2 classes"):
            fp.datasets.npz(path)
