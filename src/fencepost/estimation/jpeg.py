"""JPEG as `learn_kernel` accounts for it: how an image was compressed, and what that does to it.

Compression takes fine detail away, and so bends a kernel that is estimated from a compressed copy.
But it can be done again: a kernel that is right, followed by the same compression, gives the very
copy.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

Bytes = NDArray[np.uint8]

# All of them are tried: a wrong neighbour of the right one is as far from the copy as any other.
_QUALITIES = range(20, 101)
_NEIGHBOURS = 2  # that are tried again when more is known of the kernel
_SUBSAMPLINGS = (2, 0, 1)  # of colour, as Pillow counts: 4:2:0, 4:4:4, 4:2:2
_ORIENTATION = 0x0112  # the tag of EXIF
_UNIT = 16  # pixels a side of what is compressed by itself, at the most
_COMPARED = 256  # pixels a side that are compressed to find out the quality


@dataclass(frozen=True)
class Jpeg:
    """How a picture was compressed.

    Attributes
    ----------
    name : str
        Such as "quality 75".
    settings : tuple of (str, object)
        As Pillow's `Image.save` takes them.
    """

    name: str
    settings: tuple[tuple[str, Any], ...]

    @classmethod
    def of_quality(cls, quality: int, subsampling: int) -> Jpeg:
        """Return the compression of libjpeg's tables, scaled by a quality from 1 to 100."""
        return cls(f"quality {quality}", (("quality", quality), ("subsampling", subsampling)))

    @classmethod
    def of_file(cls, image: Image) -> Jpeg | None:
        """Return how an opened picture was compressed, if it is a JPEG, grey or in colour."""
        from PIL import JpegImagePlugin

        if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.mode not in ("L", "RGB"):
            return None
        if image.getexif().get(_ORIENTATION, 1) != 1:
            return None  # turned since it was compressed
        sampling = JpegImagePlugin.get_sampling(image) if image.mode == "RGB" else 0
        if sampling < 0:
            return None
        tables = tuple((key, tuple(table)) for key, table in image.quantization.items())
        return cls("the file's own tables", (("qtables", tables), ("subsampling", sampling)))

    def apply(self, picture: Bytes) -> Bytes:
        """Compress (channels, H, W) of one channel or three, and read it again."""
        from PIL import Image

        settings: dict[str, Any] = dict(self.settings)
        if "qtables" in settings:
            settings["qtables"] = {key: list(table) for key, table in settings["qtables"]}
        pixels = picture[0] if len(picture) == 1 else np.moveaxis(picture, 0, -1)
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", **settings)
        with Image.open(file) as image:
            again = np.asarray(image)
        return again[None] if again.ndim == 2 else np.moveaxis(again, -1, 0)


def most_likely(
    after: Bytes, expected: Bytes, used: NDArray[np.bool_], near: Jpeg | None = None
) -> Jpeg:
    """Return the compression of `expected` that comes nearest to `after` over the pixels `used`.

    All are (channels, H, W). With `near`, only qualities about that are tried.
    """
    part = _middle(used)
    actual, expected_part, where = after[part].astype(float), expected[part], used[part]

    def distance(jpeg: Jpeg) -> float:
        return float(np.square(jpeg.apply(expected_part) - actual)[where].mean())

    if near is None:
        return _nearest(distance, _QUALITIES, _SUBSAMPLINGS if len(after) == 3 else (0,))
    quality, subsampling = dict(near.settings).values()
    about = range(max(1, quality - _NEIGHBOURS), min(100, quality + _NEIGHBOURS) + 1)
    return _nearest(distance, about, (subsampling,))


def _middle(used: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Return a part of the picture that is enough to distinguish qualities, or all of it."""
    # What is compressed by itself is counted from the corner.
    starts = [max(0, side - _COMPARED) // 2 // _UNIT * _UNIT for side in used.shape[1:]]
    part = (slice(None), *(slice(start, start + _COMPARED) for start in starts))
    return part if used[part].sum() >= used.sum() / 16 else (slice(None),) * 3


def _nearest(
    distance: Callable[[Jpeg], float], qualities: range, subsamplings: tuple[int, ...]
) -> Jpeg:
    candidates = [
        Jpeg.of_quality(quality, subsampling)
        for subsampling in subsamplings
        for quality in qualities
    ]
    return min(candidates, key=distance)
