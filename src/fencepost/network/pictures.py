"""Pictures as people have them (files, Pillow's images, channels last) as a network takes them.

What the commands do to a photograph, `Network.predict` does: the size, the channels and the range
are brought to those of the training images, which the model file knows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import flag
from ..datasets import image_files, prepare
from ..datasets.checks import channels_first
from ..errors import ArgumentError, DataError, warn
from ..files.archives import Packed, open_archive
from ..files.folders import is_other, visible_files
from ..text import format_shape

#: What a network predicts for: arrays, paths, images of Pillow, `fencepost.Picture`, lists of them.
Images = ArrayLike | str | os.PathLike[str] | Sequence[Any] | Any
_CHANNELS = (1, 3, 4)  # that may come last
_OWN_LEVELS = (
    "{}: has more than 8 bits, and which values became black and white in training is not known: "
    "those of the image are used. Use an array that is scaled as the training images were "
    "(Dataset.levels.bytes_of)."
)
_BRIGHTEST = 1.5  # no mean of images from 0 to 255 is less, and of those from 0 to 1 more


def as_pictures(images: Any, input_shape: tuple[int, ...]) -> list[Any] | None:
    """Return the pictures that are meant; None for arrays as the network takes them.

    A path (or a list of them), whose folders and archives stand for the files in them; an image of
    Pillow, or a `fencepost.Picture`; an array (H, W, C), or an array or list of these.
    """
    if len(input_shape) != 3:
        return None
    if _is_file(images):
        return list(files(Path(images)))
    if _is_picture(images):
        return [images]
    if type(images) is np.ndarray:
        return _last(images, input_shape)
    if not isinstance(images, (list, tuple)) or not images:
        return None
    if all(_is_file(image) for image in images):
        return [file for image in images for file in files(Path(image))]
    if any(_is_picture(image) or _is_file(image) for image in images):
        return list(images)
    pictures = [_last(image, input_shape) if _is_array(image) else None for image in images]
    if all(picture is not None and len(picture) == 1 for picture in pictures):
        return [picture[0] for picture in pictures if picture]
    return None


def prepared(network: Any, image: Any) -> prepare.Prepared:
    """Return a picture as the network takes it, and what was done to it.

    Raises DataError if it cannot be read, and as `fencepost.datasets.prepare.photograph`.
    """
    record = network.metadata.get("training")
    record = record if isinstance(record, dict) else {}
    known = record.get("preparation")
    preparation = prepare.Preparation.from_dict(known) if known else _guessed(network)
    levels = None if preparation is None else preparation.levels
    channels, *size = network.input_shape
    name = _name(image)
    try:
        if isinstance(image, Packed):
            image = _unpacked(image)
        if not _is_array(image) and image_files.lacks_levels(image, levels):
            warn(_OWN_LEVELS.format(name))
        if type(image).__name__ == "Picture":
            image = image_files.as_image(image, levels)
    except DataError as error:
        raise DataError(f"{name}: {error}.") from error
    if record.get("data") and record.get("resized", record.get("size")) and len(size) == 2:
        # As the training images were: the same file gives the same pixels.
        fit = str(record.get("fit", "stretch"))
        try:
            pixels = image_files.read(image, channels, (size[0], size[1]), fit, levels)
        except DataError as error:
            raise DataError(f"{name}: {error}.") from error
        how = f"Resized it to {format_shape(size)} pixels ({fit}), as the training images were."
        return prepare.Prepared(pixels, [how])
    statistics = network.normalization
    return prepare.photograph(image, network.input_shape, preparation, statistics, name=name)


def _unpacked(image: Packed) -> bytes:
    try:
        return image.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror or error})") from error


def taken(network: Any, images: Any) -> Any:
    """Return images as an array that the network takes, if they are pictures or channels last."""
    shape = network.input_shape
    if type(images) is np.ndarray and images.shape[1:] == shape:
        return images
    images = channels_first(images, shape)
    pictures = as_pictures(images, shape)
    if pictures is None:
        return images
    return np.stack([prepared(network, picture).image for picture in pictures])


def named(
    classes: NDArray[np.int64], names: tuple[str, ...] | None, wanted: bool
) -> NDArray[np.int64] | list[str]:
    """Return the names of classes, if wanted. Raises ArgumentError if there are none."""
    if not flag("names", wanted):
        return classes
    if names is None:
        raise ArgumentError(
            "names=True needs a network with class_names. Received: one without. Set "
            'net.class_names = ["...", ...], one for each output.'
        )
    return [names[index] for index in classes]


def _guessed(network: Any) -> prepare.Preparation | None:
    """Tell the range of the training images from their mean, where nothing else is known."""
    statistics = network.normalization
    if statistics is None or statistics.mean.max() > _BRIGHTEST:
        return None
    return prepare.Preparation(white=None if statistics.mean.min() < 0 else 1.0)


def _last(array: NDArray[Any], input_shape: tuple[int, ...]) -> list[Any] | None:
    """Return arrays of bytes with channels last, or of grey pixels, as pictures."""
    shape = array.shape
    if array.dtype != np.uint8 or 0 in shape or shape[1:] == input_shape or shape == input_shape:
        return None
    if input_shape[0] == 1 and input_shape[1:] in (shape, shape[1:]):
        return None
    if array.ndim == 2:  # or a list of them, as long as high, which nobody can tell
        return [array]
    if array.ndim in (3, 4) and shape[-1] in _CHANNELS and shape[-3:] != input_shape:
        each = [array] if array.ndim == 3 else list(array)
        return [image[..., 0] if shape[-1] == 1 else image for image in each]
    return None


def _is_array(value: Any) -> bool:
    return type(value) is np.ndarray


def _is_file(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike))


def _is_picture(value: Any) -> bool:
    """Whether it is an image of Pillow, or a `fencepost.Picture`."""
    return hasattr(value, "getpalette") or type(value).__name__ == "Picture"


def files(path: Path) -> Iterator[Path | Packed]:
    """Yield the files that are meant: of a folder or an archive all images, however deep within."""
    found: list[Path | Packed]
    archive = open_archive(path) if path.is_file() else None
    if archive is not None:
        names = sorted((name for name in archive.members if not is_other(name)), key=_by_folder)
        found = [Packed(path / name, archive, name) for name in names]
    elif path.is_dir():
        found = list(visible_files(path)[0])
    else:
        found = [path]
    if not found:
        kind = "a folder" if archive is None else "an archive"
        raise DataError(f"{path}: {kind} must contain images. Received: none.")
    yield from found


def _by_folder(name: str) -> list[str]:
    return name.split("/")


def _name(image: Any) -> str:
    return str(image) if _is_file(image) or isinstance(image, Packed) else "image"
