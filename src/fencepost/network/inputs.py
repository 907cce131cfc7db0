"""What a caller may hand a network as images and targets, brought to what the engine takes.

May call errors only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from ..layers import Shape

_LETTERS = {1: ("F",), 2: ("C", "W"), 3: ("C", "H", "W")}


def as_batch(images: ArrayLike, input_shape: Shape, name: str = "images") -> NDArray[Any]:
    """Images as uint8 or float32 of shape (N, *input_shape), in C order.

    A single image, and images without their channel axis where there is one channel, are given
    the axes that they lack. Raises DataError if the shape or the kind of number is another.
    """
    array = np.asarray(images)
    if array.dtype.kind not in "biuf":
        raise DataError(
            f"{name} must be an array of numbers, best uint8 or float32. "
            f"Received: dtype {array.dtype}."
        )
    if array.dtype != np.uint8:
        array = array.astype(np.float32, copy=False)
    single_channel = len(input_shape) > 1 and input_shape[0] == 1
    if array.shape[1:] == input_shape:
        batch = array
    elif array.shape == input_shape or (single_channel and array.shape == input_shape[1:]):
        batch = array.reshape(1, *input_shape)
    elif single_channel and array.shape[1:] == input_shape[1:]:
        batch = array.reshape(-1, *input_shape)
    else:
        raise DataError(_wrong_shape(name, array.shape, input_shape))
    return np.ascontiguousarray(batch)


def require_finite(images: NDArray[Any], name: str = "images") -> None:
    """Raise DataError if a value is NaN or infinite."""
    if images.dtype.kind != "f":
        return
    finite = np.isfinite(images)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise DataError(
            f"{name} must be finite. Received: {images[place]} at index {place}, and "
            f"{int((~finite).sum()):,} such values in all. Replace or leave out what is missing."
        )


def require_some(images: NDArray[Any], name: str = "images") -> None:
    """Raise DataError if there is none."""
    if not len(images):
        raise DataError(f"{name} must be at least one. Received: none, shape {images.shape}.")


def as_labels(labels: ArrayLike, count: int, classes: int, name: str = "labels") -> NDArray[Any]:
    """Labels as int64 of shape (count,), each from 0 to classes - 1."""
    array = np.asarray(labels)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise DataError(
            f"{name} must be integers of shape (N,), one class index for each image. "
            f"Received: dtype {array.dtype}, shape {array.shape}."
        )
    _require_count(array, count, name)
    wrong = np.flatnonzero((array < 0) | (array >= classes))
    if wrong.size:
        raise DataError(
            f"{name} must be from 0 to {classes - 1}, for the network has {classes} outputs. "
            f"Received: {array[wrong[0]]} at index {wrong[0]}."
        )
    return array.astype(np.int64)


def as_targets(targets: ArrayLike, count: int, outputs: int) -> NDArray[np.float32]:
    """Regression targets as float32 of shape (count, outputs)."""
    array = np.asarray(targets)
    if array.dtype.kind not in "iuf":
        raise DataError(f"targets must be numbers. Received: dtype {array.dtype}.")
    _require_count(array, count, "targets")
    if math.prod(array.shape[1:]) != outputs:
        raise DataError(
            f"targets must have {outputs} values for each image, as the network's output. "
            f"Received: shape {array.shape}."
        )
    array = array.astype(np.float32).reshape(count, outputs)
    require_finite(array, "targets")
    return array


def _require_count(array: NDArray[Any], count: int, name: str) -> None:
    if array.ndim == 0 or len(array) != count:
        found = f"{len(array)} {name}" if array.ndim else "a single number"
        raise DataError(f"{name} must be as many as images. Received: {count} images, {found}.")


def _wrong_shape(name: str, shape: tuple[int, ...], input_shape: Shape) -> str:
    letters = ", ".join(("N", *_LETTERS[len(input_shape)]))
    sizes = ", ".join(("N", *map(str, input_shape)))
    message = f"{name} must have the shape ({letters}) = ({sizes}). Received: {shape}."
    if len(input_shape) == 3 and len(shape) in (3, 4):
        channels, height, width = input_shape
        if shape[-3:] == (height, width, channels):
            order = (0, 3, 1, 2) if len(shape) == 4 else (2, 0, 1)
            message += (
                " The channels seem to be last: bring them before height and width with "
                f"{name}.transpose{order}."
            )
        elif shape[-2:] == (height, width):
            found = shape[-3] if len(shape) == 4 else "no axis for"
            message += f" The network needs {channels} channels and the array has {found} channels."
    return message
