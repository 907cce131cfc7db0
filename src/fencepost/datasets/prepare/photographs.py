"""Bring a photograph to what a model was trained on, and say what was done."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError, DataError
from ...files.levels import Levels
from .. import image_files
from ..dataset import ChannelStatistics
from . import glyphs
from .preparation import DARK, LIGHT, Preparation

if TYPE_CHECKING:
    from PIL.Image import Image

WORKING = 480  # pixels of the longer side of a photograph while its ink is looked for


class Prepared(NamedTuple):
    """An image as the model takes it, (C, H, W), and sentences that say what was done."""

    image: NDArray[Any]
    sentences: list[str]


def photograph(
    image: str | os.PathLike[str] | bytes | Image | NDArray[Any],
    input_shape: Sequence[int],
    preparation: Preparation | None = None,
    statistics: ChannelStatistics | None = None,
    *,
    name: str = "image",
) -> Prepared:
    """Convert a photograph of any size to a model's input.

    For a model of MNIST's style the ink is separated from the background (dark on light or light on
    dark, evenly lit or not), cut out, scaled to a box of 20 pixels and centred by its centre of
    mass, as MNIST was made. For any other model the picture is resized and its centre is cut out.

    Parameters
    ----------
    image : path, bytes of a file, PIL.Image.Image, or array of uint8
        An array is (H, W), (H, W, 3) or (H, W, 4).
    input_shape : (C, H, W)
        What the model takes; C is 1 (grey) or 3 (RGB).
    preparation : Preparation, optional
        Result of `detect` for the training images.
    statistics : ChannelStatistics, optional
        Of the training images; if given, a sentence warns of a picture that is far from them.
    name : str
        What errors call a picture that has no path.

    Returns
    -------
    Prepared
        image, (C, H, W) uint8 (float32 if the model was trained on other than 0 to 255), and
        sentences.

    Raises
    ------
    ArgumentError
        The array or the input shape is not that of a picture.
    DataError
        The file cannot be read, nothing is drawn in it, or the model was not trained on pictures.

    Examples
    --------
    >>> import numpy as np
    >>> from fencepost.datasets import prepare
    >>> paper = np.full((200, 300), 230, np.uint8)
    >>> paper[40:160, 140:152] = 30
    >>> result = prepare.photograph(paper, (1, 28, 28), prepare.Preparation("mnist", "dark"))
    >>> result.image.shape, result.image[0, 0, 0], result.image[0, 14, 14]
    ((1, 28, 28), np.uint8(0), np.uint8(255))
    >>> for sentence in result.sentences:
    ...     print(sentence)
    Found dark strokes on a light background and inverted them.
    Scaled the glyph to 20 × 2 pixels.
    Centred it by its centre of mass.
    """
    preparation = preparation or Preparation()
    shape = tuple(input_shape)
    if len(shape) != 3 or shape[0] not in (1, 3) or min(shape) < 1:
        raise ArgumentError(
            f"a photograph needs a model that takes (1, H, W) or (3, H, W). Received: a model that "
            f"takes {shape}. Prepare an array of that shape and call predict."
        )
    if preparation.white is None:
        raise DataError(
            "the model must have been trained on images, from 0 to 255 or from 0 to 1. Received: "
            "a model trained on other values. Prepare an array in the units of its training data "
            "and call predict."
        )
    if preparation.style == "mnist" and min(shape[1:]) < glyphs.FRAME:
        raise ArgumentError(
            f"a model of MNIST's style must take images of at least {glyphs.FRAME} × "
            f'{glyphs.FRAME}. Received: a model that takes {shape}. Use the style "plain".'
        )
    name = str(image) if isinstance(image, (str, os.PathLike)) else name
    try:
        picture = _open(image, shape[0], preparation.style == "mnist", preparation.levels)
        if preparation.style == "mnist":
            values, sentences = _glyph(picture, shape)
        else:
            values, sentences = _plain(picture, shape, preparation.background)
    except DataError as error:
        raise DataError(
            f"{name}: must be an image of what the model was trained on. Received: one that "
            f"{error}. Use a PNG or JPEG file with one well-lit subject."
        ) from error
    if preparation.white != 255:
        values = values * np.float32(preparation.white / 255)
    if statistics is not None:
        sentences += _remarks(values, statistics)
    return Prepared(values, sentences)


def _open(image: Any, channels: int, drawing: bool, levels: Levels | None) -> Image:
    """Return an L or RGB picture, upright."""
    from PIL import Image as pillow

    if isinstance(image, (str, os.PathLike, bytes)):
        source = image if isinstance(image, bytes) else Path(image)
        with image_files.picture_of(source, levels) as picture:
            ground = _paper(picture) if drawing else image_files.WHITE
            return image_files.flatten(picture, channels, ground, levels)
    if isinstance(image, pillow.Image):
        deep = image_files.deep_picture(image)
        image = image if deep is None else image_files.as_image(deep, levels)
    else:
        array = np.asarray(image)
        colours = array.ndim == 3 and array.shape[2] in (3, 4)
        if array.dtype != np.uint8 or 0 in array.shape or not (array.ndim == 2 or colours):
            raise ArgumentError(
                f"an array of an image must be uint8 of shape (H, W), (H, W, 3) or (H, W, 4). "
                f"Received: {array.dtype} of shape {array.shape}. Arrays that are prepared already "
                f"go to predict."
            )
        image = pillow.fromarray(array)
    ground = _paper(image) if drawing else image_files.WHITE
    return image_files.flatten(image, channels, ground, levels)


def _paper(image: Image) -> tuple[int, int, int, int]:
    """Return what to lay a transparent drawing on: the opposite of its own brightness."""
    if "A" not in image.mode and "transparency" not in image.info:
        return image_files.WHITE
    pixels = np.asarray(image.convert("RGBA").convert("LA"), np.float64)
    brightness = (pixels[..., 0] * pixels[..., 1]).sum() / max(pixels[..., 1].sum(), 1)
    return (0, 0, 0, 255) if brightness > 127 else image_files.WHITE


def _glyph(picture: Image, shape: tuple[int, ...]) -> tuple[NDArray[Any], list[str]]:
    if (picture.height, picture.width) == shape[1:]:
        ready = np.asarray(picture.convert("L"), np.float32)
        for inverted in (False, True):
            candidate = 255 - ready if inverted else ready
            if glyphs.is_normalised(candidate):
                done = "Inverted it to light on dark" if inverted else "Left it as it is"
                return (
                    _planes(candidate.astype(np.uint8), shape[0]),
                    [f"{done}: it is cropped and centred as the training images are."],
                )
    longest = max(picture.size)
    if longest > WORKING:
        height = max(1, round(picture.height * WORKING / longest))
        width = max(1, round(picture.width * WORKING / longest))
        picture = image_files.resize(picture, (height, width))
    if min(picture.size) < 3:
        raise DataError(f"has only {picture.height} × {picture.width} pixels")
    ink = glyphs.find_ink(np.asarray(picture.convert("L"), np.float32))
    image, notes = glyphs.normalise(ink, (shape[1], shape[2]))
    polarity = (
        "found dark strokes on a light background and inverted them"
        if ink.dark
        else "found light strokes on a dark background"
    )
    sentences = [f"{note[0].upper()}{note[1:]}." for note in (polarity, *notes)]
    return _planes(image, shape[0]), sentences


def _planes(image: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    return np.repeat(image[None], channels, axis=0)


def _plain(
    picture: Image, shape: tuple[int, ...], background: str
) -> tuple[NDArray[Any], list[str]]:
    height, width = shape[1:]
    sentences = []
    if picture.size != (width, height):
        scale = max(height / picture.height, width / picture.width)
        inner = (
            max(height, round(picture.height * scale)),
            max(width, round(picture.width * scale)),
        )
        sentences.append(
            f"Resized it from {picture.height} × {picture.width} to {inner[0]} × {inner[1]} pixels."
        )
        picture = image_files.resize(picture, inner)
        if inner != (height, width):
            top, left = (inner[0] - height) // 2, (inner[1] - width) // 2
            picture = picture.crop((left, top, left + width, top + height))
            sentences.append(f"Cut out the {height} × {width} pixels in its centre.")
    values = image_files.to_array(picture)
    edge = float(np.median(glyphs.border(values.mean(axis=0)))) / 255
    opposite = {"dark": edge > LIGHT, "light": edge < DARK, "any": False}[background]
    if opposite and shape[0] == 1:
        values = 255 - values
        sentences.append(f"Inverted it: the training images have a {background} background.")
    return values, sentences


def _remarks(values: NDArray[Any], statistics: ChannelStatistics) -> list[str]:
    mean = values.reshape(len(values), -1).mean(axis=1)
    away = np.abs(mean - statistics.mean) * statistics.scale
    if away.max() <= 2:
        return []
    k = int(away.argmax())
    return [
        f"Its mean brightness, {mean[k]:.3g}, is far from that of the training images, "
        f"{statistics.mean[k]:.3g}: do not rely on the prediction."
    ]
