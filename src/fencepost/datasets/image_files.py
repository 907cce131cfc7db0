"""One image file to one uint8 array, whatever the file's colours, depth, size and orientation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..files.levels import Levels, Range, range_of
from ..files.pictures import UPRIGHT, as_file, opened, orientation, upright, upright_size
from ..files.signatures import may_be_cut

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..filtering import Picture

__all__ = [
    "FITS",
    "PictureInfo",
    "as_image",
    "deep_picture",
    "flatten",
    "inspect",
    "read",
    "resize",
]

Source = str | os.PathLike[str] | bytes | IO[bytes]
FITS = ("crop", "pad", "stretch")
# A JPEG is decoded at 1/2, 1/4 or 1/8 of its size where that leaves so many times what is asked
# for; docs/decisions/decoding.md has the errors and the times.
SPARE = 1.5

DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I")
GREY = ("1", "L", "LA", "La", *DEEP)
WHITE = (255, 255, 255, 255)


@dataclass(frozen=True)
class PictureInfo:
    """What the header of a picture says: size once it is upright, channels, and notes."""

    height: int
    width: int
    channels: int
    notes: tuple[str, ...]
    integers: Range | None = None  # of pixels beyond 8 bits
    floats: Range | None = None


def inspect(source: Source) -> PictureInfo:
    """Return size and channels from the header alone, and the range of deep pixels.

    Raises DataError: As `opened`; pixels that are NaN or infinite.
    """
    deep = deep_picture(source)
    if deep is not None:
        return info_of(deep)
    with opened(source) as image:
        height, width = upright_size(image)
        about = height, width, channels_of(image), tuple(_notes(image))
        integers = range_of(np.asarray(image)) if image.mode in DEEP else None
        floats = range_of(np.asarray(image)) if image.mode == "F" else None
        return PictureInfo(*about, integers, floats)


def lacks_levels(source: Any, levels: Levels | None) -> bool:
    """Whether a picture in any form is deep, and `levels` say nothing of its kind."""
    levels = levels or Levels()
    if levels.integers is not None and levels.floats is not None:
        return False
    deep = source if hasattr(source, "pixels") else deep_picture(source)
    if deep is not None:
        if deep.pixels.dtype == np.uint8:
            return False
        is_float = deep.pixels.dtype.kind == "f"
    elif hasattr(source, "getpalette"):
        is_float = source.mode == "F"
        if source.mode not in (*DEEP, "F"):
            return False
    else:
        with opened(source) as image:
            return lacks_levels(image, levels) if image.mode in (*DEEP, "F") else False
    return (levels.floats if is_float else levels.integers) is None


def info_of(picture: Picture) -> PictureInfo:
    """Return what `inspect` does, of a picture of any depth."""
    colours = _colours(picture)
    notes = ["transparent, on white"] if colours.shape != picture.pixels.shape else []
    integers = floats = None
    if colours.dtype.kind == "f":
        notes.append("of floats, scaled to 8 bits")
        floats = range_of(colours)
    elif colours.dtype != np.uint8:
        notes.append("of more than 8 bits, reduced to 8")
        integers = None if picture.colours == "CMYK" else range_of(colours)
    height, width, channels = colours.shape
    return PictureInfo(height, width, min(channels, 3), tuple(notes), integers, floats)


def deep_picture(source: Any) -> Picture | None:
    """Read a picture whose pixels Pillow would cut to 8 bits; None for all others.

    Raises DataError, with the problem only.
    """
    if hasattr(source, "getpalette"):
        source = _content(source)
    if source is None or isinstance(source, np.ndarray):
        return None
    try:
        with as_file(source) as file:
            if not may_be_cut(file.read(32)):
                return None
    except OSError:  # which is then said by whoever opens it
        return None
    from ..filtering.picture import read_deep

    return read_deep(source)


def uncut_picture(image: Image) -> Picture | None:
    """Return an image of Pillow's of more than 8 bits, grey or colour; None for all others."""
    deep = deep_picture(image)
    if deep is None and image.mode in (*DEEP, "F"):
        from ..filtering import Picture

        turned = upright(np.asarray(image)[..., None], orientation(image))
        deep = Picture(turned, "L", image.format or "")
    return deep


def _content(image: Any) -> bytes | None:
    """Return the file of an image of Pillow's that has not been decoded yet."""
    file = getattr(image, "fp", None)
    if file is None or not getattr(image, "tile", None):
        return None
    at = file.tell()
    try:
        file.seek(0)
        return cast("bytes", file.read())
    finally:
        file.seek(at)


def _colours(picture: Picture) -> NDArray[Any]:
    """Return the channels without alpha."""
    return picture.pixels[..., :-1] if picture.colours.endswith("A") else picture.pixels


def as_image(picture: Picture, levels: Levels | None = None) -> Image:
    """Return a picture of any depth as one of Pillow's of 8 bits a channel."""
    from ..filtering.pixels import to_pillow

    pixels, colours = picture.pixels, _colours(picture)
    if pixels.dtype != np.uint8:
        inks = Levels((0, 65535)) if picture.colours == "CMYK" else None
        scaled = (inks or levels or Levels()).bytes_of(colours)
        if scaled.shape != pixels.shape:  # opacity has its own scale
            full = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
            alpha = np.rint(np.clip(pixels[..., -1:] * (255 / full), 0, 255))
            scaled = np.concatenate([scaled, alpha.astype(np.uint8)], axis=2)
        pixels = scaled
    return to_pillow(pixels, picture.colours)


def read(
    source: Source | Image | NDArray[np.uint8],
    channels: int,
    size: tuple[int, int] | None = None,
    fit: str = "stretch",
    levels: Levels | None = None,
) -> NDArray[np.uint8]:
    """Return a picture as (C, H, W) uint8, upright, transparency laid on white.

    `source`: A file, an image of Pillow, or an array (H, W), (H, W, 3) or (H, W, 4).

    `channels` ({1, 3}): Grey (ITU-R 601 luma of colours: 0.299 R + 0.587 G + 0.114 B) or RGB.
    `size` [(height, width)]: Resize to this, antialiased. `fit`: "crop" keeps the proportions and
    leaves out what is too wide or too high, on both sides alike; "pad" keeps them and fills up
    with black; "stretch" does not keep them. `levels`: Which values of deep pixels become black and
    white; None for those of the picture itself.

    Raises DataError: As `opened`, with the problem only.
    """
    with picture_of(source, levels) as image:
        if size is not None:
            _decode_smaller(image, channels, size, fit)
        upright = flatten(image, channels, levels=levels)
        return to_array(upright if size is None else fitted(upright, size, fit))


@contextmanager
def picture_of(source: Any, levels: Levels | None = None) -> Iterator[Image]:
    """Open what `read` takes; what Pillow would cut to 8 bits is brought to them by `levels`."""
    from PIL import Image as pillow

    deep = deep_picture(source)
    if deep is not None:
        yield as_image(deep, levels)
    elif isinstance(source, np.ndarray):
        yield pillow.fromarray(source)
    elif isinstance(source, pillow.Image):
        yield source.copy() if hasattr(source, "draft") else source
    else:
        with opened(source) as image:
            yield image


def fitted(image: Image, size: tuple[int, int], fit: str) -> Image:
    """Bring an upright L or RGB picture to (height, width), as `read` says of `fit`."""
    from PIL import Image as pillow

    height, width = size
    if fit == "stretch" or image.width * height == image.height * width:
        return resize(image, size)
    if fit == "crop":
        scale = max(height / image.height, width / image.width)
        inner = width / scale, height / scale
        left, top = (image.width - inner[0]) / 2, (image.height - inner[1]) / 2
        box = (max(left, 0), max(top, 0), min(left + inner[0], image.width),
               min(top + inner[1], image.height))  # fmt: skip
        return image.resize((width, height), pillow.Resampling.BICUBIC, box)
    scale = min(height / image.height, width / image.width)
    inner_size = max(1, round(image.height * scale)), max(1, round(image.width * scale))
    ground = pillow.new(image.mode, (width, height))
    ground.paste(
        resize(image, inner_size), ((width - inner_size[1]) // 2, (height - inner_size[0]) // 2)
    )
    return ground


def _decode_smaller(image: Image, channels: int, size: tuple[int, int], fit: str) -> None:
    """Have a JPEG decoded at a fraction of its size, where that is enough."""
    if image.format not in ("JPEG", "MPO") or image.mode not in ("L", "RGB"):
        return
    height, width = upright_size(image)
    ratios = height / size[0], width / size[1]
    shrink = (max(ratios) if fit == "pad" else min(ratios)) / SPARE
    factor = next((f for f in (8, 4, 2) if f <= shrink), 1)
    if factor > 1:
        # Of a grey picture only the luma is decoded: it is what ITU-R 601 makes of the colours.
        mode = "L" if channels == 1 else image.mode
        image.draft(mode, (max(1, image.width // factor), max(1, image.height // factor)))


def resize(image: Image, size: tuple[int, int]) -> Image:
    """Resize to (height, width): bicubic, its support widened to antialias when shrinking."""
    from PIL import Image as pillow

    if image.size == (size[1], size[0]):
        return image
    return image.resize((size[1], size[0]), pillow.Resampling.BICUBIC)


def to_array(image: Image) -> NDArray[np.uint8]:
    """Return an L or RGB image as (C, H, W)."""
    array = np.asarray(image, np.uint8)
    return array[None] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1))


def flatten(
    image: Image,
    channels: int,
    ground: tuple[int, int, int, int] = WHITE,
    levels: Levels | None = None,
) -> Image:
    """Return an upright L or RGB image: 16 bits become 8, transparency is laid on `ground`."""
    from PIL import Image as pillow

    image.load()
    stored = orientation(image)
    if image.mode in (*DEEP, "F"):
        values, transparent = np.asarray(image), image.info.get("transparency")
        image = pillow.fromarray((levels or Levels()).bytes_of(values))
        if isinstance(transparent, int):
            image.putalpha(pillow.fromarray(np.where(values == transparent, 0, 255).astype("u1")))
    if _has_alpha(image):
        # Pillow has no way from grey that is multiplied by its alpha to RGBA.
        picture = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        image = pillow.alpha_composite(pillow.new("RGBA", picture.size, ground), picture)
    if image.mode not in ("1", "L", "RGB", "RGBA"):
        image = image.convert("RGB")  # palette, CMYK, YCbCr, Lab, HSV
    image = image.convert("L" if channels == 1 else "RGB")
    if stored in UPRIGHT:
        image = image.transpose(pillow.Transpose[UPRIGHT[stored]])
    return image


def _has_alpha(image: Image) -> bool:
    return image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info


def channels_of(image: Image) -> int:
    """Return 3 for a picture with colours, else 1."""
    if image.mode == "P":
        entries = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        return 1 if (entries == entries[:, :1]).all() else 3
    return 1 if image.mode in (*GREY, "F") else 3


def _notes(image: Image) -> Iterator[str]:
    if _has_alpha(image):
        yield "transparent, on white"
    if image.mode in DEEP:
        yield "of more than 8 bits, reduced to 8"
    if image.mode == "F":
        yield "of floats, scaled to 8 bits"
    if image.mode == "CMYK":
        yield "CMYK, converted to RGB"
    if image.mode in ("P", "PA"):
        yield "with a palette, resolved"
    if orientation(image) in UPRIGHT:
        yield "rotated by their EXIF orientation"
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        yield "animated or with several pages, of which the first is used"
