"""A picture with all that its file says, read and written whole.  Calls files, pixels, metadata."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fencepost.errors import ArgumentError, DataError
from fencepost.files.atomic import atomic_path
from fencepost.files.pictures import all_formats, opened, orientation
from fencepost.filtering import deep_colour, metadata
from fencepost.filtering.metadata import Metadata
from fencepost.filtering.pixels import CHANNELS, from_array, from_pillow, to_pillow

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Picture", "format_of", "read_image", "write_image"]

# By EXIF orientation, how the stored pixels are turned upright.
_UPRIGHT: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}
_COLOURS = {"L": "grey", "LA": "grey and alpha", "RGBA": "RGB and alpha"}
# What holds more than 8 bits a channel: Pillow writes the others too, cut off.
_SIXTEEN = {"L": ("PNG", "TIFF", "PPM", "JPEG2000"), "CMYK": ("TIFF",)}
_FLOAT = ("TIFF",)
# What Pillow would silently bring to fewer colours, or to other sizes.
_REDUCED = {
    "GIF": ("L",), "ICO": (), "ICNS": (), "PALM": (), "XBM": (), "MSP": (), "BLP": (),
    "WEBP": ("L", "RGB", "RGBA", "LA"), "AVIF": ("L", "RGB", "RGBA", "LA"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Picture:
    """The pixels of an image file, upright, and what else the file says.

    Attributes
    ----------
    pixels : ndarray, (H, W, C)
        uint8, uint16 or float32.
    colours : {"L", "LA", "RGB", "RGBA", "CMYK"}
        What the channels are. Inks (CMYK) are given as light, 255 for none.
    format : str
        As Pillow names it, such as "JPEG".
    metadata : Metadata
        Exif, colour profile, XMP, IPTC, resolution, texts.
    """

    pixels: NDArray[Any]
    colours: str
    format: str = ""
    metadata: Metadata = field(default_factory=Metadata, repr=False)

    def with_pixels(self, pixels: NDArray[Any]) -> Picture:
        """Return a picture of other pixels (H, W, C), of which everything else is said."""
        return replace(self, pixels=pixels)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the pixels as (H, W) if grey, else (H, W, C)."""
        array = self.pixels[..., 0] if self.pixels.shape[2] == 1 else self.pixels
        return np.array(array, dtype) if copy else array.astype(dtype or array.dtype, copy=False)


def read_image(path: str | os.PathLike[str]) -> Picture:
    """Read a picture in any format that Pillow reads (but for EPS, which is a program).

    It is turned upright as its EXIF says, and the tag is dropped, so that pixels and tag agree and
    a kernel's left is the picture's. 16-bit PNG and TIFF keep their 16 bits; 1-bit pictures become
    grey, palettes RGB or RGBA; CMYK and colour profiles stay.

    Raises
    ------
    DataError
        No such file; no picture, damaged, truncated or of 0 pixels; more than 2²⁷ pixels; several
        frames or pages; pixels that are none of grey, RGB or CMYK.
    """
    path = Path(path)
    try:
        with opened(path, all_formats()) as image:
            _refuse_frames(image)
            if deep_colour.is_deep(image):
                with opened(path, all_formats()) as again:
                    pixels, colours = deep_colour.read(image, again)
            else:
                image.load()
                pixels, colours = from_pillow(image)
            turn = orientation(image)
            upright = _UPRIGHT[turn](pixels) if turn in _UPRIGHT else pixels
            upright = np.ascontiguousarray(upright)
            return Picture(upright, colours, image.format or "", metadata.gather(image, path))
    except DataError as error:
        raise DataError(f"{path} {error}.") from error


def _refuse_frames(image: Image) -> None:
    frames = getattr(image, "n_frames", 1)
    # The other pictures of an MPO or PSD are previews or layers of the one that is seen.
    if frames > 1 and image.format not in ("MPO", "PSD"):
        raise DataError(f"has {frames} frames or pages; save the one that is meant by itself")


def write_image(path: str | os.PathLike[str], image: Any, *, overwrite: bool = False) -> None:
    """Write a picture in the format that the name's ending says: the whole file or, failing, none.

    Parameters
    ----------
    path : path
        Such as ``edges.png``.
    image : Picture or ndarray
        With a `Picture` goes all that its metadata say and the format can hold; a JPEG that was
        read from a JPEG is compressed as that was. Arrays are as for `filter_image`.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    DataError
        The file exists, or cannot be written; the format is unknown, or does not hold such pixels.
    ArgumentError
        The path is no path.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> import numpy as np
    >>> import fencepost as fp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "deep.png")
    ...     fp.filtering.write_image(path, np.full((4, 6, 3), 40000, np.uint16))
    ...     fp.filtering.read_image(path).pixels[0, 0]
    array([40000, 40000, 40000], dtype=uint16)
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ArgumentError(
            "write_image takes the path first, then the picture. Received as path: "
            f"{type(path).__name__}."
        )
    path = Path(path)
    picture = image if isinstance(image, Picture) else Picture(*from_array(image))
    format = format_of(path)
    check_holds(path, format, picture.pixels.dtype, picture.colours)
    if path.exists() and not overwrite:
        raise DataError(f"{path} exists, and is not replaced unless overwriting is asked for.")
    try:
        with atomic_path(path) as partial:
            _save(partial, picture, format)
    except (OSError, ValueError, KeyError, SystemError) as error:
        problem = getattr(error, "strerror", None) or error
        raise DataError(
            f"{path} could not be written: {problem}. Choose a folder that may be written to and "
            "has room, or another format, such as .png or .tiff."
        ) from error


def format_of(path: Path) -> str:
    """Return the format that a file of this name has. Raises DataError if no ending says one."""
    from PIL import Image

    Image.init()
    format = Image.registered_extensions().get(path.suffix.lower())
    if format not in Image.SAVE:
        raise DataError(
            f"{path}: the name's ending must say the format to write. Received: "
            f"{path.suffix or 'no ending'!s}. Such are .png, .jpg, .tiff and .webp."
        )
    return format


def check_holds(path: Path, format: str, dtype: np.dtype[Any], colours: str) -> None:
    """Raise DataError if a file of `format` would hold less than these pixels."""
    if dtype == np.float64 or (dtype.kind == "f" and (format not in _FLOAT or colours != "L")):
        rule, held = "floating-point pixels are written as float32 grey TIFF only", False
    elif dtype == np.uint16:
        held = format in _SIXTEEN.get(colours, deep_colour.FORMATS)
        rule = "16 bits a channel are written as PNG or TIFF only"
    else:
        held = colours in _REDUCED.get(format, tuple(CHANNELS))
        rule = f"{format} does not hold these colours whole"
    if not held:
        raise DataError(
            f"{path}: {rule}. Received: {_COLOURS.get(colours, colours)}, {dtype}. Write a .png or "
            ".tiff, or convert the pixels first."
        )


def _save(path: Path, picture: Picture, format: str) -> None:
    pixels, colours = picture.pixels, picture.colours
    told = metadata.settings(picture.metadata, format, picture.format, colours)
    if pixels.dtype != np.uint16 or colours == "L":
        to_pillow(pixels, colours).save(path, format, **told)
        return
    shallow = io.BytesIO()
    if format == "PNG":
        small = to_pillow(np.zeros(pixels.shape, np.uint8), colours)
        small.save(shallow, format, **told)
        content = deep_colour.png(shallow.getvalue(), pixels, colours)
    else:
        told.pop("compression", None)
        inks = 0xFFFF - pixels if colours == "CMYK" else pixels
        plane = deep_colour.tiff_plane(inks)
        wide = to_pillow(255 - plane if colours == "CMYK" else plane, colours)
        wide.save(shallow, format, **told)
        content = deep_colour.tiff(shallow.getvalue(), pixels.shape[1])
    path.write_bytes(content)
