"""Dataset, its statistics and its split."""

import tracemalloc

import numpy as np
import pytest

from fencepost.datasets import Dataset, channel_statistics
from fencepost.datasets.content import content_hashes
from fencepost.errors import ArgumentError, DataError

RNG = np.random.default_rng(5)


def some_images(count=12, shape=(1, 6, 7)):
    return RNG.integers(0, 256, (count, *shape), np.uint8)


def test_a_dataset_unpacks_and_knows_itself():
    images = some_images()
    data = Dataset(images, np.arange(12) % 3, ("a", "b", "c"), source="here")
    unpacked, labels = data
    assert unpacked is data.images
    assert labels.tolist() == data.targets.tolist()
    assert len(data) == 12
    assert data.input_shape == (1, 6, 7)
    assert repr(data) == "Dataset(here: 12 × (1, 6, 7) uint8, 3 classes)"


def test_class_names_are_indices_unless_given():
    assert Dataset(some_images(3), [0, 2, 0]).class_names == ("0", "1", "2")


def test_floating_targets_are_those_of_a_regression():
    data = Dataset(some_images(2), [0.5, 2])
    assert data.targets.shape == (2, 1)
    assert data.class_names == ()
    assert "regression targets" in repr(data)


def test_integers_as_floats_are_asked_about():
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


def test_split_of_regression_targets():
    train, held_out = Dataset(some_images(20), RNG.normal(size=20)).split(0.25)
    assert (len(train), len(held_out)) == (15, 5)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 5])
def test_split_wants_a_fraction(fraction):
    with pytest.raises(ArgumentError, match="fraction between 0 and 1"):
        Dataset(some_images(4), [0, 1, 0, 1]).split(fraction)


def test_split_wants_two_images_of_a_class():
    with pytest.raises(
        DataError, match=r"at least two images.*: 2 images in 2 classes. Add images, or use"
    ):
        Dataset(some_images(2), [0, 1]).split()


def test_subset():
    data = Dataset(some_images(4), [0, 1, 0, 1], ("x", "y"))
    assert data.subset([3, 0]).targets.tolist() == [1, 0]
    assert len(data.subset(data.targets == 1)) == 2
    with pytest.raises(ArgumentError, match="4 images"):
        data.subset([4])
    with pytest.raises(ArgumentError, match="integers or a mask"):
        data.subset([])


def test_statistics_of_images_whose_sums_of_squares_are_beyond_64_bits():
    """40 million pixels: what is under the root is an integer of 66 bits."""
    images = np.zeros((600, 1, 256, 256), np.uint8)
    images[::2] = 255
    mean, std = channel_statistics(images)
    assert (mean[0], std[0]) == (127.5, 127.5)


@pytest.mark.parametrize("share", [0.05, 0.15, 0.5])
def test_every_class_of_two_images_is_held_out_when_asked(share):
    counts = [1, 2, 3, 40, 2, 1]
    labels = np.repeat(np.arange(6), counts)
    data = Dataset(np.zeros((len(labels), 1, 2, 2), np.uint8), labels)
    train, held_out = data.split_indices(share, every_class=True)
    held = np.bincount(labels[held_out], minlength=6)
    assert (held[[1, 2, 3, 4]] >= 1).all() and (held[[0, 5]] == 0).all()
    assert (np.bincount(labels[train], minlength=6) >= 1).all()
    assert sorted([*train, *held_out]) == list(range(len(labels)))


@pytest.mark.parametrize("copies", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_copies_stay_on_one_side_of_a_split(copies, seed):
    images = np.concatenate([some_images(40)] * copies)
    targets = np.tile(np.arange(40) % 4, copies)
    train, held_out = Dataset(images, targets).split_indices(0.25, seed)
    assert len(train) + len(held_out) == len(images)
    assert len(held_out) == 10 * copies
    assert not set(content_hashes(images[train])) & set(content_hashes(images[held_out]))
    assert len(np.unique(targets[train])) == len(np.unique(targets[held_out])) == 4


def test_a_class_of_copies_stays_in_training():
    images = some_images(40)
    images[30:] = images[30]
    train, held_out = Dataset(images, np.repeat([0, 1], [30, 10])).split_indices(0.2)
    assert set(range(30, 40)) <= set(train)
    assert len(held_out) > 0


def test_copies_of_several_classes_leave_each_class_something_to_train_on():
    images = np.concatenate([some_images(20)] * 2)
    labels = np.repeat([0, 1], 20)
    for seed in range(5):
        train, held_out = Dataset(images, labels).split_indices(0.3, seed)
        assert set(labels[train]) == {0, 1}
        assert not set(train % 20) & set(held_out % 20)


def test_a_split_of_nothing_but_a_few_images_is_at_random():
    images = np.repeat(some_images(2), 100, axis=0)
    train, held_out = Dataset(images, np.repeat([0, 1], 100)).split_indices(0.1)
    assert (len(train), len(held_out)) == (180, 20)


def test_rows_that_are_alike_are_no_copies():
    rows = np.tile([[0.0, 0], [0, 1], [1, 0], [1, 1]], (50, 1))
    _, held_out = Dataset(rows, np.tile([0, 1, 1, 0], 50)).split_indices(0.2)
    assert len(np.unique(rows[held_out], axis=0)) == 4
