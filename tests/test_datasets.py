"""Dataset, its statistics and its split; MNIST as bundled; arrays from IDX, npz and CSV files."""

import gzip
import tracemalloc

import numpy as np
import pytest

import fencepost as fp
from fencepost.datasets import Dataset, channel_statistics, read_idx
from fencepost.errors import ArgumentError, DataError
from idx_writer import idx_bytes

RNG = np.random.default_rng(5)


def some_images(count=12, shape=(1, 6, 7)):
    return RNG.integers(0, 256, (count, *shape), np.uint8)


# Dataset


def test_a_dataset_unpacks_and_knows_itself():
    images = some_images()
    data = Dataset(images, np.arange(12) % 3, ("a", "b", "c"), source="here")
    unpacked, labels = data
    assert unpacked is data.images
    assert labels.tolist() == data.targets.tolist()
    assert len(data) == 12
    assert data.input_shape == (1, 6, 7)
    assert repr(data) == "Dataset(here: 12 × (1, 6, 7) uint8, 3 classes)"


def test_class_names_are_numbers_unless_given():
    assert Dataset(some_images(3), [0, 2, 0]).class_names == ("0", "1", "2")


def test_floating_targets_are_numbers_to_be_predicted():
    data = Dataset(some_images(2), [0.5, 2])
    assert data.targets.shape == (2, 1)
    assert data.class_names == ()
    assert "numbers as targets" in repr(data)


def test_whole_floating_targets_are_asked_about():
    with pytest.raises(DataError, match=r"targets.astype\(np.int64\), or targets\[:, None\]"):
        Dataset(some_images(2), [0.0, 2.0])


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("shape", [(9, 1, 6, 7), (300, 3, 70, 80), (5, 2, 33)])
def test_statistics_agree_with_numpy(dtype, shape):
    images = (
        RNG.normal(90, 40, shape) + 20 * np.arange(shape[1]).reshape(-1, *[1] * (len(shape) - 2))
    ).clip(0, 255)
    images = images.astype(dtype)
    mean, std = channel_statistics(images)
    axes = tuple(k for k in range(images.ndim) if k != 1)
    np.testing.assert_allclose(mean, images.mean(axes, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(std, images.std(axes, dtype=np.float64), rtol=1e-6)


def test_statistics_of_floats_far_from_zero_keep_their_precision():
    images = (1e4 + RNG.normal(0, 0.5, (50, 1, 20, 20))).astype(np.float32)
    np.testing.assert_allclose(
        channel_statistics(images).std, images.std(dtype=np.float64), rtol=1e-5
    )


def test_a_constant_channel_is_scaled_by_one():
    statistics = channel_statistics(np.full((3, 1, 2, 2), 7, np.uint8))
    assert statistics.std.tolist() == [0]
    assert statistics.scale.tolist() == [1]


def test_statistics_make_no_float_copy():
    images = np.zeros((6000, 1, 28, 28), np.uint8)
    tracemalloc.start()
    channel_statistics(images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < images.nbytes


def test_split_is_stratified_seeded_and_complete():
    labels = np.repeat([0, 1, 2], [100, 50, 13])
    data = Dataset(np.arange(163, dtype=np.float32)[:, None], labels)
    train, held_out = data.split(0.2, seed=3)
    assert len(held_out) == 33
    assert np.abs(np.bincount(held_out.targets) - [20, 10, 2.6]).max() < 1
    both = np.concatenate([train.images, held_out.images]).ravel()
    assert sorted(both) == list(range(163))
    again = data.split(0.2, seed=3)[1]
    np.testing.assert_array_equal(held_out.images, again.images)
    assert not np.array_equal(data.split(0.2, seed=4)[1].images, held_out.images)


def test_split_keeps_every_class_in_training():
    data = Dataset(np.zeros((6, 4), np.uint8), [0, 0, 0, 0, 1, 2])
    train, held_out = data.split(0.9)
    assert set(train.targets) == {0, 1, 2}
    assert set(held_out.targets) == {0}
    assert held_out.class_names == data.class_names


def test_split_of_numbers_to_be_predicted():
    train, held_out = Dataset(some_images(20), RNG.normal(size=20)).split(0.25)
    assert (len(train), len(held_out)) == (15, 5)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 5])
def test_split_wants_a_fraction(fraction):
    with pytest.raises(ArgumentError, match="fraction between 0 and 1"):
        Dataset(some_images(4), [0, 1, 0, 1]).split(fraction)


def test_split_wants_two_images_of_a_class():
    with pytest.raises(DataError, match="at least two images"):
        Dataset(some_images(2), [0, 1]).split()


def test_subset():
    data = Dataset(some_images(4), [0, 1, 0, 1], ("x", "y"))
    assert data.subset([3, 0]).targets.tolist() == [1, 0]
    assert len(data.subset(data.targets == 1)) == 2
    with pytest.raises(ArgumentError, match="4 images"):
        data.subset([4])
    with pytest.raises(ArgumentError, match="integers or a mask"):
        data.subset([])


# MNIST


def test_mnist_is_whole():
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
    with pytest.raises(ArgumentError, match='"train" or "test"'):
        fp.datasets.mnist("valid")


# IDX


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


# npz


@pytest.mark.parametrize(
    "keys",
    [
        ("images", "labels"),
        ("x", "y"),
        ("X", "y"),
        ("x_train", "y_train"),
        ("train_images", "train_labels"),
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


def test_npz_test_part_has_the_classes_of_training(tmp_path):
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


# CSV


def csv(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "signals.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_with_header(tmp_path, separator, encoding):
    text = "t0,label,t1,t2\n1,böse,2,3\n\n4,ant,5.5,-6e-1\n".replace(",", separator)
    data = fp.datasets.signals_csv(csv(tmp_path, text, encoding))
    assert data.images.tolist() == [[[1, 2, 3]], [[4, 5.5, np.float32(-0.6)]]]
    assert data.class_names == ("ant", "böse")
    assert data.targets.tolist() == [1, 0]


@pytest.mark.parametrize("label", [0, -4, "y"])
def test_csv_label_by_number(tmp_path, label):
    data = fp.datasets.signals_csv(csv(tmp_path, "y,0,1,2\n10,1,2,3\n9,4,5,6\n"), label)
    assert data.class_names == ("9", "10")  # numbers sort as numbers
    assert data.images.shape == (2, 1, 3)


@pytest.mark.parametrize("label", [-1, 3])
def test_csv_without_header(tmp_path, label):
    data = fp.datasets.signals_csv(csv(tmp_path, "1.5,2,3,7.0\n4,5,6,8.0\n"), label)
    assert data.class_names == ("7", "8")
    assert data.images[:, 0].tolist() == [[1.5, 2, 3], [4, 5, 6]]
    named = fp.datasets.signals_csv(csv(tmp_path, "1.5,2,3,up\n4,5,6,down\n"), label)
    assert (named.class_names, len(named)) == (("down", "up"), 2)


def test_csv_channels(tmp_path):
    data = fp.datasets.signals_csv(
        csv(tmp_path, "label,a,b,c,d\nu,1,2,3,4\nv,5,6,7,8\n"), channels=2
    )
    assert data.images.tolist() == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


def test_csv_regression(tmp_path):
    data = fp.datasets.signals_csv(csv(tmp_path, "label,a\n0.5,1\n2,3\n"), regression=True)
    assert data.targets.tolist() == [[0.5], [2]]


def test_csv_classes_given(tmp_path):
    path = csv(tmp_path, "label,a\nv,1\nv,3\n")
    assert fp.datasets.signals_csv(path, class_names=("u", "v")).targets.tolist() == [1, 1]
