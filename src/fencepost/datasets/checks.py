"""What arrays of images and targets must be: one check for files, for `fit` and for `predict`.

Every error names the argument, the rule, what was received and what would work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import ANY, as_array
from ..errors import DataError

__all__ = ["check_images", "check_targets"]

AXES = {2: "(N, F)", 3: "(N, C, W)", 4: "(N, C, H, W)"}
CHUNK = 1 << 20  # elements at a time: whatever is derived from them stays in cache


def check_images(
    images: Any, *, shape: Sequence[int] | None = None, name: str = "images"
) -> NDArray[Any]:
    """Return `images` as the engine takes them, or raise an error that says what is wrong.

    Parameters
    ----------
    images : array_like, shape (N, C, H, W), (N, C, W) or (N, F)
        uint8 and float32 are kept as they are (C-contiguous arrays are not copied); other real
        numbers become float32.
    shape : sequence of int, optional
        The shape of one input, without N, that the network was written for.
    name : str
        What to call the argument in errors.

    Returns
    -------
    ndarray of uint8 or float32, C-contiguous

    Raises
    ------
    DataError
        Not numbers; a wrong rank, channel count or size; no images; NaN or infinite values.

    Examples
    --------
    >>> import numpy as np
    >>> from fencepost.datasets.checks import check_images
    >>> check_images(np.zeros((5, 1, 8, 8), np.uint8), shape=(1, 8, 8)).dtype
    dtype('uint8')
    """
    array = _as_numbers(images, name)
    _check_shape(array.shape, None if shape is None else tuple(shape), name)
    if array.dtype != np.uint8:
        with np.errstate(over="ignore"):  # float64 beyond float32 becomes inf, reported below
            array = array.astype(np.float32, copy=False)
    array = np.ascontiguousarray(array)
    if array.dtype == np.float32:
        _check_finite(array, name)
    return array


def channels_first(images: Any, shape: Sequence[int]) -> Any:
    """Return arrays (N, H, W, C) or (H, W, C) of the size of `shape`, (C, H, W), as (N, C, H, W).

    What fits `shape` as it is, and all else, is left alone. A list of arrays of one shape is one.

    >>> channels_first(np.zeros((5, 8, 9, 3)), (3, 8, 9)).shape
    (5, 3, 8, 9)
    """
    channels, *size = shape
    several = isinstance(images, (list, tuple)) and len(images) > 0
    several = several and all(type(image) is np.ndarray for image in images)
    if several and len({image.shape for image in images}) == 1:
        images = np.stack(images)
    if type(images) is not np.ndarray or images.ndim not in (3, 4) or len(size) != 2:
        return images
    last = images.shape[-3:] == (*size, channels) != (*shape,)
    return np.moveaxis(images, -1, -3) if last and images.shape[1:] != (*shape,) else images


def check_targets(
    targets: Any,
    count: int,
    *,
    loss: str = "cross_entropy",
    outputs: int | None = None,
    several_classes: bool = False,
    name: str = "labels",
) -> NDArray[Any]:
    """Return `targets` as the loss takes them, or raise an error that says what is wrong.

    Parameters
    ----------
    targets : array_like
        For "cross_entropy" class indices, shape (N,); for "mse" real numbers, shape (N,)
        or (N, F).
    count : int
        The number of images that the targets belong to.
    loss : {"cross_entropy", "mse"}
        The loss that compares them with the network's output.
    outputs : int, optional
        The number of outputs of the network.
    several_classes : bool
        Whether one class only is an error (training) or not (evaluating).
    name : str
        What to call the argument in errors.

    Returns
    -------
    ndarray
        int64 of shape (N,) for "cross_entropy", float32 of shape (N, F) for "mse".

    Raises
    ------
    DataError
        A wrong rank or length; labels that are not integers or out of range; one class only;
        NaN or infinite values.

    Examples
    --------
    >>> from fencepost.datasets.checks import check_targets
    >>> check_targets([0, 2, 1], 3, outputs=3)
    array([0, 2, 1])
    """
    if loss == "mse":
        return _check_values(_as_numbers(targets, name), count, outputs, name)
    array = as_array(name, targets, kinds=ANY)
    if array.dtype.kind in "USO" and array.size:
        raise DataError(
            f"{name} must be integer class indices, from 0 on. Received: {name}[0] = "
            f"{array.reshape(-1)[0]!r} (dtype {array.dtype}). "
            f"To turn names into indices: names, {name} = np.unique({name}, return_inverse=True)."
        )
    return _check_labels(_as_numbers(array, name), count, outputs, several_classes, name)


def _as_numbers(values: Any, name: str) -> NDArray[Any]:
    array = as_array(name, values, "real numbers", kinds="buif")
    return array.view(np.uint8) if array.dtype.kind == "b" else array


def _check_shape(received: tuple[int, ...], shape: tuple[int, ...] | None, name: str) -> None:
    ranks = (2, 3, 4) if shape is None else (len(shape) + 1,)
    if len(received) not in ranks or (shape is not None and received[1:] != shape):
        rule = " or ".join(AXES[r] for r in ranks) if shape is None else f"(N, {_join(shape)})"
        raise DataError(
            f"{name} must have shape {rule}. Received: shape {received}. "
            f"{_shape_remedy(received, shape, name)}"
        )
    if 0 in received:
        raise DataError(
            f"{name} must not be empty. Received: shape {received}, which holds no "
            f"{'images' if received[0] == 0 else 'pixels'}. Use at least one image of at "
            f"least one pixel."
        )


def _join(sizes: Iterable[object]) -> str:
    return ", ".join(map(str, sizes))


def _shape_remedy(received: tuple[int, ...], shape: tuple[int, ...] | None, name: str) -> str:
    """Say the one thing that would make it fit, if there is one."""
    if shape is None:
        if len(received) == 1:
            return f"If it is one signal: {name}[None, None]."
        return "Images go in as (N, C, H, W), signals as (N, C, W), features as (N, F)."
    if received == shape:
        return f"It is a single image: use {name}[None]."
    if shape[0] == 1 and received[1:] == shape[1:]:
        return f"The channel axis is missing: use {name}[:, None]."
    if shape[0] == 1 and received == shape[1:]:
        return f"It is a single image without channel axis: use {name}[None, None]."
    if len(received) == 4 and len(shape) == 3 and received[1:] == (*shape[1:], shape[0]):
        return f"The channels come last: use {name}.transpose(0, 3, 1, 2)."
    if len(shape) == 1 and received[1:] and int(np.prod(received[1:])) == shape[0]:
        return f"The network takes flat inputs: use {name}.reshape(len({name}), -1)."
    if len(received) != len(shape) + 1:
        return (
            f"The network takes {AXES[len(shape) + 1]}: {len(shape) + 1} axes, not {len(received)}."
        )
    if received[1] != shape[0] and received[2:] == shape[1:] and len(shape) > 1:
        remedy = f"The network expects {shape[0]} channel(s), these have {received[1]}: "
        if (received[1], shape[0]) == (1, 3):
            return remedy + f"np.repeat({name}, 3, axis=1) makes grey images colour."
        if (received[1], shape[0]) == (3, 1):
            return remedy + f"{name}.mean(axis=1, keepdims=True) makes colour images grey."
        return remedy + f"change the network to ({_join(received[1:])})."
    return f"Resize the images, or change the network to ({_join(received[1:])})."


def _check_finite(array: NDArray[Any], name: str) -> None:
    flat = array.reshape(-1)
    for start in range(0, flat.size, CHUNK):
        finite = np.isfinite(flat[start : start + CHUNK])
        if not finite.all():
            first = start + int(finite.argmin())
            index = _join(np.unravel_index(first, array.shape))
            raise DataError(
                f"{name} must be finite numbers within the range of float32. Received: "
                f"{name}[{index}] = {flat[first]}. Remove such inputs, or replace the values, "
                f"for instance with np.nan_to_num."
            )


def _check_length(array: NDArray[Any], count: int, name: str) -> None:
    if len(array) != count:
        raise DataError(
            f"{name} must have one entry per image. Received: {len(array):,} {name} for "
            f"{count:,} images. Check that both come from the same file, in the same order."
        )
    if count == 0:
        raise DataError(f"{name} must not be empty. Received: none. Use at least one.")


def _check_values(
    array: NDArray[Any], count: int, outputs: int | None, name: str
) -> NDArray[np.float32]:
    if array.ndim not in (1, 2) or 0 in array.shape[1:]:
        raise DataError(
            f"{name} must have shape (N,) or (N, F), one row per image. "
            f"Received: shape {array.shape}. Try {name}.reshape(len({name}), -1)."
        )
    _check_length(array, count, name)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array.reshape(count, -1), np.float32)
    if outputs is not None and values.shape[1] != outputs:
        raise DataError(
            f"{name} must have one column per output of the network. Received: "
            f"{values.shape[1]} column(s) for {outputs} output(s). End the network with "
            f"Linear({values.shape[1]})."
        )
    _check_finite(values, name)
    return values


def _check_labels(
    array: NDArray[Any], count: int, classes: int | None, several_classes: bool, name: str
) -> NDArray[np.int64]:
    if array.ndim != 1:
        remedy = f"Use {name}.reshape(-1)." if array.ndim else "Give one for each image."
        if array.ndim == 2 and array.shape[1] > 1:
            remedy = f"If they are one-hot, use {name}.argmax(axis=1)."
            if array.max() <= 1 and array.min() >= 0 and (array.sum(1) > 1).any():
                remedy = "Each image must have exactly one class."
            remedy += ' For a regression use loss="mse".'
        elif array.ndim and array.size != len(array):
            remedy = (
                "Classes of single pixels cannot be learned as such, but maps of numbers can: use "
                f'{name}.reshape(len({name}), -1) with loss="mse".'
            )
        raise DataError(
            f"{name} must have shape (N,), one class index per image. Received: shape "
            f"{array.shape}. {remedy}"
        )
    _check_length(array, count, name)
    if array.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            broken = np.flatnonzero(array != np.floor(array))
        if len(broken) or not np.isfinite(array).all():
            first = broken[0] if len(broken) else np.flatnonzero(~np.isfinite(array))[0]
            raise DataError(
                f"{name} must be integer class indices. Received: {name}[{first}] = "
                f"{array[first]}. For a regression instead of classes use the loss "
                f'"mse".'
            )
        raise DataError(
            f"{name} must be integers. Received: dtype {array.dtype}, though every value is "
            f"an integer. Use {name}.astype(np.int64)."
        )
    low, high = int(array.min()), int(array.max())
    if low < 0 or (classes is not None and high >= classes):
        first = int(np.argmin(array) if low < 0 else np.argmax(array))
        rule = "0 or more" if classes is None else f"0 to {classes - 1} for {classes} classes"
        remedy = f"Index the classes from 0: np.unique({name}, return_inverse=True)[1]."
        if classes is not None and low == 1 and high == classes:
            remedy = f"They seem to start at 1: use {name} - 1."
        elif classes is not None and low >= 0 and len(np.unique(array)) <= classes:
            remedy += f" End the network with Linear({high + 1}) if some classes are missing."
        elif classes is not None and low >= 0:
            remedy = f"End the network with Linear({high + 1}), or leave such images out."
        raise DataError(
            f"{name} must be {rule}. Received: {low} to {high}, first at "
            f"{name}[{first}] = {array[first]}. {remedy}"
        )
    if several_classes and low == high:
        raise DataError(
            f"{name} must contain at least two classes. "
            f"Received: class {low} for all {count:,} images. Add images of other classes."
        )
    return np.ascontiguousarray(array, np.int64)
