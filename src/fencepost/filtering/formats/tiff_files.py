"""TIFF beyond what Pillow reads right: the pixels by tifffile, an optional package.

Pillow takes 16-bit WhiteIsZero for negative numbers, planar samples of 16 bits for bytes, and
drops channels that it does not know. Which files those are is seen in their tags (TIFF 6.0;
Adobe's TIFF Technical Notes for floats).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...files.pictures import MAX_PIXELS, ORIENTATION

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "INSTALL",
    "as_seen",
    "check_tags",
    "find_pages",
    "is_deep",
    "is_read_by_pillow",
    "is_tiff",
    "opened_tiff",
    "own_pages",
    "read_page",
    "write_pages",
]

_PROFILE = 34675
_TYPES = ("uint8", "uint16", "float16", "float32", "float64")
_WHOLE = ("int16", "int32", "uint32")  # which are read as far as they are numbers of uint16
INSTALL = "pip install 'fencepost[tiff]'"
_SUBFILE, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 254, 258, 259, 262, 277
_PLANAR, _PREDICTOR, _EXTRA, _FORMAT = 284, 317, 338, 339
_NONE, _PACKBITS = 1, 32773  # compressions
_FOREIGN = b"MM" if sys.byteorder == "little" else b"II"
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _MASK, _CMYK, _YCBCR = range(7)
_REDUCED_OR_MASK = 0b101  # of the bits of a NewSubfileType: an overview, a mask
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_ASSOCIATED, _UNASSOCIATED = 1, 2  # alpha, with which colours are multiplied or not
_NAMES = {
    _WHITE_IS_ZERO: "grey", _BLACK_IS_ZERO: "grey", _RGB: "RGB", _PALETTE: "palette",
    _CMYK: "CMYK", _YCBCR: "YCbCr", 8: "CIELAB", 9: "ICCLAB", 10: "ITULAB", 32803: "CFA",
    32844: "LogL", 32845: "LogLuv",
}  # fmt: skip
_OWN_CHANNELS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _CMYK: 4}
_COLOURS = {
    (1, False): "L",
    (1, True): "LA",
    (3, False): "RGB",
    (3, True): "RGBA",
    (4, False): "CMYK",
}


def is_tiff(start: bytes) -> bool:
    """Whether a file that starts so is a TIFF or BigTIFF."""
    return start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def own_pages(image: Image) -> list[int]:
    """Return which pages of an opened TIFF are pictures, and not overviews or masks of others."""
    pages = []
    for page in range(getattr(image, "n_frames", 1)):
        image.seek(page)
        if not int(_tags(image).get(_SUBFILE, 0)) & _REDUCED_OR_MASK:
            pages.append(page)
    image.seek(0)
    return pages or [0]


def _tags(image: Image) -> Any:
    return image.tag_v2  # type: ignore[attr-defined]


def is_read_by_pillow(image: Image) -> bool:
    """Whether Pillow reads the pixels of an opened TIFF as they are.

    Raises DataError, with the problem only, for pixels that nobody here reads right.
    """
    tags = _tags(image)
    return _is_plain(tags) and not _is_swapped(tags)


def _is_swapped(tags: Any) -> bool:
    """Whether Pillow takes decompressed samples for those of the other byte order.

    libtiff gives them in this machine's, which Pillow minds for 16 bits without a sign only. And
    libtiff knows no differences (a predictor) in PackBits, which tifffile writes and reads.
    """
    compression, predictor = int(tags.get(_COMPRESSION, _NONE)), int(tags.get(_PREDICTOR, 1))
    if compression == _NONE:
        return False
    wide = max(_several(tags, _BITS, 1)) > 8 and _several(tags, _FORMAT, 1)[0] != _UNSIGNED
    return (wide and tags.prefix == _FOREIGN) or (compression == _PACKBITS and predictor != 1)


def is_deep(image: Image) -> bool:
    """Whether Pillow may cut the pixels of an opened TIFF: more than 8 bits a sample, or grey.

    It reads int8 as uint8, and of two grey channels the first.
    """
    tags = _tags(image)
    grey = int(tags.get(_PHOTOMETRIC, _WHITE_IS_ZERO)) in (_WHITE_IS_ZERO, _BLACK_IS_ZERO)
    return grey or max(_several(tags, _BITS, 1)) > 8


def _several(tags: Any, tag: int, default: int | None) -> tuple[int, ...]:
    value = tags.get(tag, () if default is None else default)
    return tuple(map(int, value)) if isinstance(value, (tuple, list)) else (int(value),)


def _is_plain(tags: Any) -> bool:
    """Whether the tags of a page are of those that Pillow takes as they are meant."""
    bits, extra = _several(tags, _BITS, 1), _several(tags, _EXTRA, None)
    formats = set(_several(tags, _FORMAT, _UNSIGNED))
    photometric = int(tags.get(_PHOTOMETRIC, _WHITE_IS_ZERO))  # as Pillow and tifffile do
    samples, planar = int(tags.get(_SAMPLES, 1)), int(tags.get(_PLANAR, 1))
    kind = _NAMES.get(photometric, f"photometric {photometric}")
    if len(set(bits)) > 1 or len(formats) > 1:
        raise DataError(f"has {kind} channels of different kinds, {bits} bits")
    depth, number = bits[0], formats.pop()
    if number == _SIGNED and (depth < 16 or samples > 1 or photometric == _WHITE_IS_ZERO):
        raise DataError(
            f"has signed pixels (int{depth}); save it as uint8, uint16 or floating point"
        )
    if number not in (_UNSIGNED, _SIGNED, _FLOAT, 4):  # 4: undefined
        raise DataError(f"has {kind} pixels of sample format {number}, such as complex numbers")
    if photometric in (_PALETTE, _YCBCR) and depth <= 8 and number == _UNSIGNED and not extra:
        return True
    if photometric not in _OWN_CHANNELS:
        raise DataError(
            f"has pixels in {kind} of {depth} bits, which are not supported; convert it first"
        )
    own = _OWN_CHANNELS[photometric]
    known = extra in ((_ASSOCIATED,), (_UNASSOCIATED,))
    unsaid = photometric == _RGB and not extra  # as OpenCV writes alpha
    alpha = samples == own + 1 and own < 4 and (known or unsaid)
    if samples != own and not alpha:
        raise DataError(
            f"has {samples} channels, {kind} and {samples - own} of unknown meaning; save only the "
            "channels that you need"
        )
    if number == _FLOAT and photometric in (_WHITE_IS_ZERO, _CMYK):
        raise DataError(f"has floating-point {kind} in which 0 is white; save it with black as 0")
    if depth > 16 and number == _UNSIGNED and samples > 1:
        raise DataError(f"has pixels of uint{depth}; save it as uint16 or floating point")
    if depth < 8 or (depth == 8 and planar == 1 and (known or not alpha)):
        return True
    if depth == 8:
        return photometric == _RGB and samples == 3
    return samples == 1 and photometric == _BLACK_IS_ZERO and (number, depth) != (_FLOAT, 64)


def _library(why: str) -> Any:
    try:
        import tifffile
    except ImportError:
        raise DataError(f"{why}: {INSTALL}") from None
    # What it has to say of a damaged file on standard error is said by the DataError.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    return tifffile


@contextmanager
def opened_tiff(file: IO[bytes]) -> Iterator[Any]:
    """Open a file with tifffile; what goes wrong within the block becomes a DataError."""
    tifffile = _library("has pixels that need the package tifffile")
    file.seek(0)
    try:
        with tifffile.TiffFile(file) as tiff:
            yield tiff
    except DataError:
        raise
    except Exception as error:
        if "imagecodecs" in str(error):
            raise DataError(f"uses a compression that needs a package: {INSTALL}") from error
        raise DataError(f"is damaged ({error or type(error).__name__})") from error


def check_tags(page: Any) -> dict[int, Any]:
    """Return the tags of a page by their codes. Raises DataError for pixels that nobody reads."""
    tags = {tag.code: tag.value for tag in page.tags}
    _is_plain(tags)
    sizes = (page.imagewidth, page.imagelength, page.tilewidth, page.tilelength, page.rowsperstrip)
    if not all(isinstance(size, int) for size in sizes):  # then a size times another is a list
        raise DataError("is damaged (it states several values for one size)")
    return tags


@dataclass(frozen=True)
class TiffPage:
    """A page as tifffile sees it, for files that Pillow does not even open."""

    page: int
    orientation: int
    icc_profile: bytes
    dpi: tuple[float, float] | None


def find_pages(file: IO[bytes]) -> list[TiffPage]:
    """Return the pages of a TIFF that are pictures. Raises DataError for what nobody reads."""
    pages = []
    offsets: set[int] = set()
    with opened_tiff(file) as tiff:
        for index, page in enumerate(tiff.pages):
            if page.offset in offsets:
                raise DataError("is damaged (its pages form a loop)")
            offsets.add(page.offset)
            tags = {tag.code: tag.value for tag in page.tags}
            if not int(tags.get(_SUBFILE, 0)) & _REDUCED_OR_MASK:
                _is_plain(tags)
                profile = tags.get(_PROFILE, b"")
                pages.append(
                    TiffPage(
                        index, int(tags.get(ORIENTATION, 1)),
                        profile if isinstance(profile, bytes) else b"", _resolution(tags),
                    )
                )  # fmt: skip
    return pages


def _resolution(tags: Mapping[int, Any]) -> tuple[float, float] | None:
    unit = {2: 1.0, 3: 2.54}.get(int(tags.get(296, 2)))  # inches, centimetres
    try:
        (a, b), (c, d) = tags[282], tags[283]
        return (unit * a / b, unit * c / d) if unit and a and c else None
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def read_page(file: IO[bytes], page: int) -> tuple[NDArray[Any], str]:
    """Return the pixels (H, W, C) of a page, as stored, and what the channels are.

    Raises DataError, with the problem only.
    """
    with opened_tiff(file) as tiff:
        own = tiff.pages[page]
        check_tags(own)
        if own.imagewidth * own.imagelength > MAX_PIXELS:
            raise DataError(f"claims more than {MAX_PIXELS:,} pixels")
        name = own.dtype.name if own.dtype is not None else ""
        whole = name in _WHOLE and int(own.photometric) == _BLACK_IS_ZERO
        if not whole and name not in _TYPES:
            raise DataError(f"has pixels of {own.dtype}; save it as uint16 or floating point")
        # A damaged file of a few bytes may claim tiles of gigabytes, for an image of a few pixels.
        across, down = max(own.imagewidth, own.tilewidth), max(own.imagelength, own.tilelength)
        if across * down * max(own.samplesperpixel, 1) > 8 * MAX_PIXELS:
            raise DataError(f"claims tiles of {own.tilelength:,} × {own.tilewidth:,} pixels")
        pixels = own.asarray()
        if whole:
            if pixels.min() < 0 or pixels.max() > np.iinfo(np.uint16).max:
                raise DataError("has integers beyond 16 bits; save it as floating point (TIFF)")
            pixels = pixels.astype(np.uint16)
        return as_seen(pixels, own)


def as_seen(pixels: NDArray[Any], page: Any) -> tuple[NDArray[Any], str]:
    """Return stored pixels of a page as (H, W, C), 0 for black, and what the channels are.

    Raises DataError, with the problem only, for those that are not read.
    """
    photometric, extra = int(page.photometric), tuple(map(int, page.extrasamples))
    if int(page.planarconfig) == 2 and page.samplesperpixel > 1:
        pixels = np.moveaxis(pixels, 0, -1)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if pixels.dtype == np.float16:
        pixels = pixels.astype(np.float32)
    if pixels.ndim != 3 or pixels.dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        raise DataError(f"has pixels of {pixels.dtype}; save it as uint16 or floating point")
    own_channels = _OWN_CHANNELS.get(photometric, 0)
    alpha = pixels.shape[2] == own_channels + 1
    if (own_channels, alpha) not in _COLOURS or pixels.shape[2] - alpha != own_channels:
        raise DataError(f"has {pixels.shape[2]} channels that are not supported; convert it first")
    if photometric in (_WHITE_IS_ZERO, _CMYK):
        if pixels.dtype.kind == "f":
            raise DataError(
                "has floating-point pixels in which 0 is white; save it with black as 0"
            )
        pixels = np.iinfo(pixels.dtype).max - pixels  # inks as light, and white as the most of it
    if alpha and photometric == _WHITE_IS_ZERO:
        pixels[..., -1] = np.iinfo(pixels.dtype).max - pixels[..., -1]
    if alpha and extra[:1] == (_ASSOCIATED,):
        pixels = _divided(pixels)
    return pixels, _COLOURS[own_channels, alpha]


def _divided(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return pixels whose colours are no longer multiplied with their alpha."""
    is_integer = pixels.dtype.kind == "u"
    full = float(np.iinfo(pixels.dtype).max) if is_integer else 1.0
    colour, alpha = pixels[..., :-1].astype(np.float64), pixels[..., -1:].astype(np.float64)
    colour = np.divide(full * colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    colour = np.rint(np.minimum(colour, full)) if is_integer else colour
    return np.concatenate([colour.astype(pixels.dtype), pixels[..., -1:]], axis=2)


def write_pages(
    path: Path, pages: list[NDArray[Any]], colours: str, save_options: dict[str, Any]
) -> None:
    """Write pages (H, W, C) of any type, with the profile, resolution and texts of `save_options`.

    Raises DataError, with the problem only, if the package is not there.
    """
    tifffile = _library("needs the package tifffile to be written")
    grey = colours in ("L", "LA")
    tags: list[tuple[int, int, int, bytes | str, bool]] = []
    if profile := save_options.get("icc_profile"):
        tags.append((34675, 7, len(profile), profile, True))
    exif = save_options.get("exif") or {}
    texts = {tag: exif[tag] for tag in (271, 272, 315, 33432) if isinstance(exif.get(tag), str)}
    tags += [(tag, 2, len(text) + 1, text, True) for tag, text in texts.items()]
    with tifffile.TiffWriter(path) as tiff:
        for pixels in pages:
            tiff.write(
                pixels[..., 0] if pixels.shape[2] == 1 else pixels,
                photometric="minisblack" if grey else "separated" if colours == "CMYK" else "rgb",
                extrasamples=["unassalpha"] if colours.endswith("A") else None,
                planarconfig="contig" if pixels.shape[2] > 1 else None,
                resolution=save_options.get("dpi"),
                resolutionunit="inch" if save_options.get("dpi") else None,
                description=exif.get(270) if isinstance(exif.get(270), str) else None,
                software=exif.get(305) if isinstance(exif.get(305), str) else None,
                extratags=tags,
                metadata=None,
            )
