"""Pictures of all kinds as arrays (H, W, C), and back.

Pillow's modes are brought to five kinds of colours, named as Pillow names them: L (grey), LA,
RGB, RGBA, CMYK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _engine
from ..arrays import as_array, is_masked_array
from ..errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "CHANNELS",
    "LumaOf",
    "arithmetic",
    "from_array",
    "from_pillow",
    "has_alpha",
    "luma",
    "to_pillow",
]

CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
DTYPES = (np.uint8, np.uint16, np.float32, np.float64)
_DTYPES = "uint8, uint16, float32 or float64"
_OF_COUNT = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
# What the modes of 8 bits that are not taken as they are become; all without loss but YCbCr.
_CONVERTED = {"1": "L", "La": "LA", "PA": "RGBA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB"}
_TRANSPARENT = {"1": "LA", "L": "LA", "RGB": "RGBA", "P": "RGBA"}
_DEEP = ("I;16", "I;16L", "I;16B", "I;16N")


def has_alpha(colours: str) -> bool:
    """Whether the last channel is opacity."""
    return colours.endswith("A")


def from_array(image: Any) -> tuple[NDArray[Any], str]:
    """Return an array as (H, W, C) and its colours. Raises DataError if it is no image."""
    if is_masked_array(image) and np.ma.is_masked(image):
        raise DataError(
            "image must not be a masked array: pixels under the mask would be used. Use "
            'filter_image(image.data, …, mask=image.mask, nan="ignore").'
        )
    array = as_array("image", image, f"an array of {_DTYPES}")
    native = array.dtype.newbyteorder("=")
    if native not in DTYPES:
        raise DataError(
            f"image must be an array of {_DTYPES}. Received: dtype {array.dtype}. "
            f"{_remedy(array.dtype)}"
        )
    pixels = array[..., None] if array.ndim == 2 else array
    if pixels.ndim != 3 or pixels.shape[2] not in _OF_COUNT:
        raise DataError(
            "image must have shape (H, W), or (H, W, C) with 1 (grey), 2 (grey and alpha), 3 "
            f"(RGB) or 4 (RGBA) channels. Received: shape {array.shape}. {_turned(array.shape)}"
        )
    if 0 in array.shape:
        raise DataError(
            f"image must have at least one pixel. Received: shape {array.shape}, which has none."
        )
    return pixels.astype(native, copy=False), _OF_COUNT[pixels.shape[2]]


def _remedy(dtype: np.dtype[Any]) -> str:
    if dtype == np.bool_:
        return "np.asarray(image, np.uint8) * 255 makes it black and white."
    if dtype.kind in "iuf":
        return "np.asarray(image, np.float32) keeps any range of values."
    return "Use numbers."


def _turned(shape: tuple[int, ...]) -> str:
    if len(shape) == 3 and shape[0] in _OF_COUNT:
        return "The channels come first: use image.transpose(1, 2, 0)."
    if len(shape) == 4:
        return "Filter the images of a batch one by one."
    return "Select the channels that you need."


def from_pillow(image: Image) -> tuple[NDArray[Any], str]:
    """Return the pixels of a picture as (H, W, C) and their colours.

    1-bit pictures become grey, palettes RGB or RGBA, inks (CMYK) light: 255 is none. Raises
    DataError, with the problem only, for modes that have no such pixels.
    """
    if min(image.size) < 1:
        raise DataError(f"has no pixels ({image.height} × {image.width})")
    transparent = "transparency" in image.info
    if image.mode in _DEEP or image.mode == "I":
        if transparent:
            raise DataError(
                "has 16-bit pixels, one grey level of which is transparent; add an alpha channel"
            )
        return _deep(image), "L"
    if image.mode == "F":
        return np.asarray(image, np.float32)[..., None], "L"
    if transparent and image.mode in _TRANSPARENT:
        image = image.convert(_TRANSPARENT[image.mode])
    elif image.mode == "P":
        assert image.palette is not None
        image = image.convert("RGBA" if "A" in image.palette.mode else "RGB")
    elif image.mode in _CONVERTED:
        image = image.convert(_CONVERTED[image.mode])
    if image.mode not in CHANNELS:
        raise DataError(f"has pixels in {image.mode}, not in grey, RGB or CMYK; convert it first")
    pixels: NDArray[Any] = np.frombuffer(image.tobytes(), np.uint8)
    if image.mode == "CMYK":
        pixels = 255 - pixels
    return pixels.reshape(image.height, image.width, CHANNELS[image.mode]), image.mode


def _deep(image: Image) -> NDArray[np.uint16]:
    values = np.asarray(image)
    if image.mode == "I" and (values.min() < 0 or values.max() > 0xFFFF):
        raise DataError("has integers beyond 16 bits; save it as floating point (TIFF)")
    return values.astype(np.uint16)[..., None]


def to_pillow(pixels: NDArray[Any], colours: str) -> Image:
    """Return pixels (H, W, C) as a picture. Raises DataError where Pillow has no such mode."""
    from PIL import Image as pillow

    if pixels.dtype == np.uint8:
        if colours == "CMYK":
            pixels = 255 - pixels
        shape = pixels.shape[:2]
        # Not fromarray, which would take two channels for something else in older Pillows.
        return pillow.frombytes(colours, (shape[1], shape[0]), pixels.tobytes())
    if colours != "L":
        raise DataError(
            f"an image of {pixels.dtype} must be grey. Received: {colours}. Bring it to uint8, or "
            "work with the array."
        )
    plane = np.ascontiguousarray(pixels[..., 0])
    return pillow.fromarray(plane.astype(np.float32) if plane.dtype.kind == "f" else plane)


def arithmetic(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type of float that pixels of `dtype` are computed with.

    float32 holds sums of bytes to 1e-5 of a grey level; 16-bit pixels need float64 for that.
    """
    return np.dtype(np.float32 if dtype in (np.uint8, np.float32) else np.float64)


def luma(colour: NDArray[Any]) -> NDArray[Any]:
    """Return 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) as (H, W, 1) floats; grey stays grey."""
    exact = arithmetic(colour.dtype)
    if colour.shape[2] == 1:
        return colour.astype(exact)
    colour = np.ascontiguousarray(colour)
    grey: NDArray[Any] = _engine.empty((*colour.shape[:2], 1), exact)
    _engine.take_luma(colour.reshape(-1, 3), grey.reshape(-1))
    return grey


class LumaOf:
    """The luma of colours (H, W, 3), as an array (H, W, 1) that is computed where it is read."""

    def __init__(self, colour: NDArray[Any]) -> None:
        self.colour, self.dtype = colour, arithmetic(colour.dtype)
        self.shape, self.size = (*colour.shape[:2], 1), colour.shape[0] * colour.shape[1]

    def __getitem__(self, at: tuple[slice, ...]) -> NDArray[Any]:
        return luma(self.colour[at[:2]])
