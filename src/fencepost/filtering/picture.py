"""A picture with all that its file says, and how it is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .. import notebook
from ..arguments import integer
from ..errors import ArgumentError, DataError
from ..files.pictures import all_formats, as_file, opened, orientation, upright
from ..files.quiet import quiet
from .formats import deep_colour, metadata, other_numbers, tiff_files
from .formats.gif_frames import Animation
from .formats.metadata import Metadata
from .pixels import from_pillow

if TYPE_CHECKING:
    from PIL.Image import Image

    Source = str | os.PathLike[str] | bytes | IO[bytes]

__all__ = ["Picture", "as_path", "read_frames", "read_image"]

_SHOWN = 480  # pixels along the longer side of a picture in a notebook
# The other pictures of these are previews or layers of the one that is seen.
_ONE_OF_SEVERAL = ("MPO", "PSD", "ICO", "ICNS")


@dataclass(frozen=True, eq=False, repr=False)
class Picture:
    """The pixels of an image file, upright, and its metadata.

    Attributes
    ----------
    pixels : ndarray, (H, W, C)
        uint8, uint16, float32 or float64.
    colours : {"L", "LA", "RGB", "RGBA", "CMYK"}
        What the channels are. CMYK values are inverted: 255 is no ink.
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
        """Return the same picture with other pixels (H, W, C)."""
        return Picture(pixels, self.colours, self.format, self.metadata)

    def __repr__(self) -> str:
        height, width, _ = self.pixels.shape
        said = [f"{height} × {width}", self.colours, str(self.pixels.dtype), self.format]
        return f"<Picture {', '.join(filter(None, said))}>"

    def _repr_html_(self) -> str:
        pixels = self.pixels
        step = -(-max(pixels.shape[:2]) // _SHOWN)
        pixels = pixels[::step, ::step]
        if pixels.dtype == np.uint16:
            pixels = pixels >> 8
        elif pixels.dtype != np.uint8:
            pixels = np.nan_to_num(pixels)
            low, high = (
                (0, 1) if pixels.min() >= 0 and pixels.max() <= 1 else (pixels.min(), pixels.max())
            )
            pixels = (pixels - low) * (255 / max(high - low, 1e-30))
        pixels = pixels.astype(np.uint8)
        if self.colours == "CMYK":  # as light: white is no ink
            pixels = (pixels[..., :3].astype(np.uint16) * pixels[..., 3:] // 255).astype(np.uint8)
        pixels = np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        return notebook.picture(pixels, repr(self)) + notebook.paragraph(repr(self))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the pixels as (H, W) if grey, else (H, W, C)."""
        array = self.pixels[..., 0] if self.pixels.shape[2] == 1 else self.pixels
        return np.array(array, dtype) if copy else array.astype(dtype or array.dtype, copy=False)


def read_image(source: Source, *, frame: int | None = None) -> Picture:
    """Read an image in any format that Pillow reads (except EPS, which is a program).

    It is turned upright as its EXIF says, and the tag is dropped, so that pixels and tag agree and
    a kernel's left is the picture's. PNG, TIFF and PPM of 16 bits keep them, other colour of more
    than 8 bits is refused; 1-bit pictures become grey, palettes RGB or RGBA; CMYK and colour
    profiles stay. TIFF that Pillow does not read right (16-bit colour, planar or inverted, float
    RGB) is read by tifffile: ``pip install 'fencepost[tiff]'``.

    Parameters
    ----------
    source : path, bytes, or a file that is open for reading bytes
    frame : int, optional
        Which frame of an animation or page of a TIFF, from 0.

    Raises
    ------
    DataError
        No such file; no picture, damaged, truncated or of 0 pixels; more than 2²⁷ pixels; several
        frames or pages and no `frame`; no such frame; pixels that are none of grey, RGB or CMYK.
    """
    if frame is not None:
        integer("frame", frame, 0)
    with _opened(source) as file:
        if frame is None and len(file.pages) > 1:
            raise DataError(
                f"has {len(file.pages)} frames or pages; choose one (frame, from 0), or save it "
                "separately"
            )
        if frame is not None and frame >= len(file.pages):
            raise DataError(
                f"has {len(file.pages)} frames or pages, counted from 0, and no {frame}"
            )
        return file.read(file.pages[frame or 0])


def read_deep(source: Source) -> Picture | None:
    """Read the first picture of a file if Pillow would cut it to 8 bits, or does not read it right.

    None for all others. Raises DataError, with the problem only.
    """
    with as_file(source) as file:
        content = file.read()
    with _opened_whole(content) as opened_file:
        return opened_file.read(opened_file.pages[0]) if opened_file.is_deep else None


def read_frames(source: Source) -> list[Picture]:
    """Read all frames of an animation, or pages of a TIFF; of any other image, the only one.

    Their ``metadata`` have `duration` (in milliseconds) and `loop`. Raises as `read_image` does.
    """
    with _opened(source) as file:
        return [file.read(page) for page in file.pages]


@contextmanager
def _opened(source: Source) -> Iterator[_PillowFile | _TiffFile]:
    """Open a picture; errors within the block get the name of the file."""
    if not isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)) and not hasattr(
        source, "read"
    ):
        raise ArgumentError(
            "an image is read from a path, bytes, or a file that is open for reading bytes. "
            f"Received: {type(source).__name__}."
        )
    is_path = isinstance(source, (str, os.PathLike))
    name = os.fspath(cast("str", source)) if is_path else getattr(source, "name", "the data")
    if not is_path:
        try:
            with as_file(source) as file:
                source = file.read()  # for it may be read twice
        except ValueError as error:  # it is closed, or open for writing
            raise DataError(f"{name} cannot be read ({error}).") from error
        if not isinstance(source, bytes):
            raise ArgumentError(
                "an image is read from a file that is open for reading bytes. Received: one of "
                'text; open it with mode "rb".'
            )
    try:
        with _opened_whole(source) as opened_file:
            yield opened_file
    except DataError as error:
        raise DataError(f"{name} {error}.") from error


@contextmanager
def _opened_whole(source: Source) -> Iterator[_PillowFile | _TiffFile]:
    """Open a path or bytes with what reads all of its pixels; errors have no name of the file."""
    with ExitStack() as files:  # opened once, for a folder may hold very many
        file: Source = source
        with suppress(OSError):  # which is said by what opens it again
            file = files.enter_context(as_file(source))
        if _is_for_tifffile(file):
            yield _TiffFile(source)
        else:
            with opened(file, all_formats) as image:
                yield _PillowFile(image, source)


def _is_for_tifffile(source: Source) -> bool:
    """Whether a source is a TIFF of a kind that Pillow does not even open."""
    try:
        with as_file(source) as file:
            if not tiff_files.is_tiff(file.read(4)):
                return False
            from PIL import Image, UnidentifiedImageError

            file.seek(0)
            try:
                with quiet():
                    Image.open(file)
            except UnidentifiedImageError:
                return True
    except Exception:  # which is then said by whoever opens it
        return False
    return False


class _PillowFile:
    """A picture that Pillow has opened."""

    def __init__(self, image: Image, source: Source) -> None:
        self._image = image
        self._source = source
        self._animation: Animation | None = None
        frames = getattr(image, "n_frames", 1)
        if frames == 1 or image.format in _ONE_OF_SEVERAL:
            self.pages = [0]
        elif image.format == "TIFF":
            self.pages = tiff_files.own_pages(image)
        else:
            self.pages = list(range(frames))
            if image.format == "GIF":
                with as_file(source) as file:
                    self._animation = Animation.of(file.read())

    @property
    def is_deep(self) -> bool:
        """Whether Pillow would cut its pixels to 8 bits, or takes those of more for others."""
        if self._image.format == "TIFF":
            return tiff_files.is_deep(self._image) and not tiff_files.is_read_by_pillow(self._image)
        return deep_colour.is_deep(self._image)

    def read(self, page: int) -> Picture:
        image, source = self._image, self._source
        pixels: NDArray[Any]
        if page or len(self.pages) > 1:
            image.seek(page)
        if deep_colour.is_deep(image):
            with opened(source, all_formats) as again:
                pixels, colours = deep_colour.read(image, again)
        elif image.format == "TIFF" and not tiff_files.is_read_by_pillow(image):
            turn = orientation(image)
            with as_file(source) as file:
                pixels, colours = tiff_files.read_page(file, page)
            return Picture(upright(pixels, turn), colours, "TIFF", metadata.gather(image, source))
        elif other_numbers.is_deep_ppm(image):
            pixels, colours = other_numbers.read_ppm(image, source), "RGB"
        else:
            other_numbers.check(image, source)
            image.load()
            own = self._animation
            pixels, colours = from_pillow(image) if own is None else own.read(page)
        if metadata.is_plain(image):
            return Picture(pixels, colours, image.format or "")
        pixels = upright(pixels, orientation(image))
        return Picture(pixels, colours, image.format or "", metadata.gather(image, source))


class _TiffFile:
    """A TIFF that Pillow does not open."""

    is_deep = True

    def __init__(self, source: Source) -> None:
        self._source = source
        with as_file(source) as file:
            self._pages = {page.page: page for page in tiff_files.find_pages(file)}
        self.pages = list(self._pages)
        if not self.pages:
            raise DataError("is not an image that can be read")

    def read(self, page: int) -> Picture:
        info = self._pages[page]
        with as_file(self._source) as file:
            pixels, colours = tiff_files.read_page(file, page)
        file_metadata = Metadata(icc_profile=info.icc_profile, dpi=info.dpi)
        return Picture(upright(pixels, info.orientation), colours, "TIFF", file_metadata)


def as_path(path: str | os.PathLike[str]) -> Path:
    """Return a path, or raise ArgumentError for what is none."""
    if not isinstance(path, (str, os.PathLike)):
        raise ArgumentError(
            "write_image takes the path first, then the image. Received as path: "
            f"{type(path).__name__}."
        )
    return path if isinstance(path, Path) else Path(path)  # which takes a while to read again
