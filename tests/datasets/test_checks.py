"""Every message of check_images and check_targets: argument, rule, what was received, remedy."""

import numpy as np
import pytest

from fencepost.datasets import check_images, check_targets
from fencepost.errors import DataError


def test_uint8_and_float32_are_not_copied():
    for dtype in (np.uint8, np.float32):
        images = np.ones((3, 1, 4, 5), dtype)
        assert np.shares_memory(check_images(images), images)


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int64, np.int8])
def test_other_numbers_become_float32(dtype):
    images = np.arange(24).reshape(2, 3, 4).astype(dtype)
    checked = check_images(images)
    assert checked.dtype == np.float32
    np.testing.assert_array_equal(checked, images)


def test_a_view_that_is_not_contiguous_is_made_so():
    images = np.arange(96, dtype=np.uint8).reshape(2, 4, 4, 3)
    checked = check_images(images.transpose(0, 3, 1, 2), shape=(3, 4, 4))
    assert checked.flags.c_contiguous
    np.testing.assert_array_equal(checked[1, 2], images[1, :, :, 2])


def test_masks_become_uint8():
    assert check_images(np.ones((2, 1, 3, 3), bool)).dtype == np.uint8


@pytest.mark.parametrize(
    ("array", "shape", "words"),
    [
        (np.zeros((4, 28, 28)), (1, 28, 28), "channel axis is missing: use images[:, None]"),
        (np.zeros((28, 28)), (1, 28, 28), "single image without channel axis"),
        (np.zeros((1, 28, 28)), (1, 28, 28), "It is a single image: use images[None]"),
        (np.zeros((4, 8, 9, 3)), (3, 8, 9), "images.transpose(0, 3, 1, 2)"),
        (np.zeros((4, 1, 8, 9)), (3, 8, 9), "np.repeat(images, 3, axis=1)"),
        (np.zeros((4, 3, 8, 9)), (1, 8, 9), "images.mean(axis=1, keepdims=True)"),
        (np.zeros((4, 5, 8, 9)), (3, 8, 9), "3 channel(s), these have 5"),
        (np.zeros((4, 3, 8, 8)), (3, 8, 9), "change the network to (3, 8, 8)"),
        (np.zeros((4, 1, 8, 9)), (72,), "images.reshape(len(images), -1)"),
        (np.zeros((4, 7)), (1, 8, 9), "4 axes, not 2"),
        (np.zeros(7), None, "images[None, None]"),
        (np.zeros((1, 2, 3, 4, 5)), None, "Images go in as (N, C, H, W)"),
        (np.zeros((0, 1, 8, 8)), (1, 8, 8), "must not be empty"),
        (np.zeros((3, 1, 0, 8)), None, "no pixels"),
        (np.array(["a"]), None, "real numbers. Received: dtype <U1"),
        (np.zeros((2, 1, 2, 2), complex), None, "dtype complex128"),
        ([[1, 2], [3]], None, "rows of different lengths"),
    ],
)
def test_wrong_images(array, shape, words):
    with pytest.raises(DataError) as error:
        check_images(array, shape=shape)
    assert words in str(error.value)
    assert str(error.value).startswith("images must")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_finite_are_located(bad):
    images = np.zeros((700, 2, 30, 31), np.float32)  # more than one piece
    images[650, 1, 2, 3] = bad
    with pytest.raises(DataError, match=r"photos\[650, 1, 2, 3\] = (nan|-?inf)"):
        check_images(images, name="photos")


def test_infinities_of_both_signs_and_overflow_are_found():
    with pytest.raises(DataError, match=r"images\[0, 1\] = inf"):
        check_images(np.array([[0, np.inf, -np.inf]], np.float32))
    with pytest.raises(DataError, match="range of float32"):
        check_images(np.array([[0.0, 1e300]]))


def test_large_finite_values_are_allowed():
    check_images(np.full((4, 1000), 3e38, np.float32))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64, np.int64, bool])
def test_labels_become_int64(dtype):
    labels = check_targets(np.array([0, 1, 1, 0]).astype(dtype), 4, outputs=2)
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0.0, 1.0, 2.0], "every value is an integer. Use labels.astype(np.int64)"),
        ([0.0, 1.5, 2.0], 'labels[1] = 1.5. For a regression instead of classes use the loss "m'),
        ([0.0, np.nan, 2.0], "labels[1] = nan"),
        ([0.0, np.inf, 2.0], "labels[1] = inf"),
        (["cat", "dog", "cat"], "np.unique(labels, return_inverse=True)"),
        ([1, 2, 3], "They seem to start at 1: use labels - 1"),
        ([0, 1, 7], "0 to 2 for 3 classes. Received: 0 to 7, first at labels[2] = 7"),
        ([0, 1, 7], "End the network with Linear(8)"),
        ([0, -1, 2], "Received: -1 to 2, first at labels[1] = -1. Index the classes from 0"),
        ([[0, 1], [1, 0], [0, 1]], "If they are one-hot, use labels.argmax(axis=1)"),
        ([[0], [1], [2]], "labels.reshape(-1)"),
        ([[[0]], [[1]], [[2]]], "labels.reshape(-1)"),
        (np.eye(3)[:, None], "pixels cannot be learned as such, but maps of numbers can: use lab"),
        ([0, 1], "2 labels for 3 images"),
        ([1, 1, 1], "at least two classes"),
    ],
)
def test_wrong_labels(labels, words):
    with pytest.raises(DataError) as error:
        check_targets(labels, 3, outputs=3, several_classes=True)
    assert words in str(error.value)
    assert str(error.value).startswith("labels must")


def test_one_class_is_enough_to_evaluate():
    assert check_targets([1, 1], 2, outputs=2).tolist() == [1, 1]


def test_no_labels():
    with pytest.raises(DataError, match="must not be empty"):
        check_targets(np.zeros(0, int), 0)


def test_regression_targets():
    values = check_targets([1, 2.5], 2, loss="mse", outputs=1)
    assert values.dtype == np.float32
    assert values.tolist() == [[1], [2.5]]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1.0, 2.0]] * 2, "2 column(s) for 1 output(s). End the network with Linear(2)"),
        ([1.0], "1 targets for 2 images"),
        ([1.0, np.nan], "targets[1, 0] = nan"),
        (np.zeros((2, 1, 1)), "targets.reshape(len(targets), -1)"),
        (["a", "b"], "real numbers"),
    ],
)
def test_wrong_regression_targets(values, words):
    with pytest.raises(DataError) as error:
        check_targets(values, 2, loss="mse", outputs=1, name="targets")
    assert words in str(error.value)


@pytest.mark.parametrize("label", [0, 2.0, True, np.int64(1), np.array(1)])
def test_one_label_for_all_is_refused(label):
    with pytest.raises(DataError, match=r"must have shape .* Received: shape \(\)"):
        check_targets(label, 3)
