"""What a caller may hand a network, brought to what it takes; the checks are those of datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import ANY, as_array, is_aligned
from ..datasets.checks import check_images, check_targets
from ..datasets.labels import as_class_indices, is_one_hot, is_regression
from ..datasets.lazy_images import LazyImages
from ..errors import ArgumentError, warn
from ..files.mapped import watch, watched
from ..layers import Shape
from ..layers.base import engine_shape

# In how many calls the range of the images is looked at, and in which of those after them: it takes
# as long as ten calls of a small network, and a mistake of scale shows at once.
FIRST, LATER = 32, 4096

_UINT8, _FLOAT32 = _NATIVE = (np.dtype(np.uint8), np.dtype(np.float32))


class EngineImages:
    """Brings images to the four axes of the engine; see `as_batch` for what is taken.

    A call of a small network takes some ten microseconds. So what needs nothing, or another shape
    only, is let through with few comparisons. What `remark` says of a batch is a warning.
    """

    def __init__(
        self, input_shape: Shape, remark: Callable[[NDArray[Any]], str | None] | None = None
    ) -> None:
        self._remark = remark
        self._checks = self._unchecked = 0  # so many were made, so many calls go without
        self._input_shape = input_shape
        self._planes = engine_shape(input_shape)
        self._direct = input_shape if input_shape == self._planes else None
        self._one = (1, *self._planes)
        # One image by itself: with all axes, without the batch's, without the single channel's.
        self._alone = [(1, *input_shape), input_shape]
        if _may_lack_channel(input_shape):
            self._alone.append(input_shape[1:])

    def __call__(self, images: ArrayLike) -> NDArray[Any]:
        """Return images as uint8 or float32 of shape (N, *engine_shape(input_shape))."""
        self._unchecked -= 1
        if self._unchecked < 0:
            return self._checked(images)
        if type(images) is np.ndarray:
            if images.base is not None and not is_aligned(images):
                images = images.copy()
            dtype, shape = images.dtype, images.shape
            if dtype is _UINT8 or dtype is _FLOAT32 or dtype in _NATIVE:
                if shape == self._one or shape[1:] == self._direct:
                    return images
                if shape in self._alone:
                    return images.reshape(self._one)
        return as_batch(images, self._input_shape).reshape(-1, *self._planes)

    def _checked(self, images: ArrayLike) -> NDArray[Any]:
        """Do the same, and warn of what is remarked on."""
        self._checks += 1
        self._unchecked = 1 if self._checks < FIRST else LATER
        batch = self(images)
        remark = None if self._remark is None else self._remark(batch)
        if remark is not None:
            warn(remark)
        return batch


def as_batch(images: ArrayLike, input_shape: Shape) -> NDArray[Any]:
    """Return images as uint8 or float32 of shape (N, *input_shape).

    A single image, and images without their channel axis where there is one channel, are given
    the axes that they lack. Raises DataError if the shape or the dtype is another.
    """
    batch = _with_axes(images, input_shape)
    if batch.dtype in _NATIVE and batch.shape[1:] == input_shape:
        return batch
    return check_images(batch, shape=input_shape)


def as_checked_batch(images: ArrayLike, input_shape: Shape) -> NDArray[Any]:
    """Do what `as_batch` does, and raise DataError for no images and for NaN or infinite values."""
    with watched(images):
        return check_images(_with_axes(images, input_shape), shape=input_shape)


def as_checked_pieces(images: ArrayLike, input_shape: Shape) -> Iterable[NDArray[Any]]:
    """Give what `as_checked_batch` does, but lazy images piece by piece, as they are decoded."""
    if isinstance(images, LazyImages) and images.shape[1:] == input_shape:
        return images.pieces()
    return [as_checked_batch(images, input_shape)]


def as_one_image(image: ArrayLike, input_shape: Shape) -> NDArray[Any]:
    """Return one image as uint8 or float32 of `input_shape`, checked as `as_checked_batch` does."""
    batch = as_checked_batch(image, input_shape)
    if len(batch) != 1:
        raise ArgumentError(f"image must be one image. Received: {len(batch)}.")
    single: NDArray[Any] = batch[0]
    return single


def as_targets(
    targets: ArrayLike, count: int, outputs: int, class_names: tuple[str, ...] | None = None
) -> NDArray[Any]:
    """Return class indices as int64 (N,), or the targets of a regression as float32 (N, outputs).

    It is a regression as `fencepost.datasets.labels.is_regression` has it, unless there are names
    of classes.
    """
    name = "targets"
    array = as_array(name, targets, kinds=ANY)
    rows = array.ndim == 2 and array.shape[1] > 1 and array.dtype.kind == "f"
    regression = outputs == 1 or (rows and not is_one_hot(array) and class_names is None)
    if regression and is_regression(array[:0] if rows else array, outputs, name):
        return check_targets(array, count, loss="mse", outputs=outputs, name=name)
    labels = as_class_indices(array, outputs, class_names, name)
    return check_targets(labels, count, outputs=outputs, name=name)


def _with_axes(images: ArrayLike, input_shape: Shape) -> NDArray[Any]:
    watch(images)
    array = as_array("images", images, kinds=ANY)
    single_channel = _may_lack_channel(input_shape)
    if array.shape == input_shape or (single_channel and array.shape == input_shape[1:]):
        return array.reshape(1, *input_shape)
    if single_channel and array.ndim and array.shape[1:] == input_shape[1:]:
        return array.reshape(-1, *input_shape)
    return array


def _may_lack_channel(input_shape: Shape) -> bool:
    return len(input_shape) > 1 and input_shape[0] == 1
