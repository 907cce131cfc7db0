"""Picture files, written whole or not at all, in formats that hold all of the picture."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError, DataError
from ..files.atomic import atomic_path
from ..remedies import at_the_shell
from ..text import format_value, join_words, plural
from .formats import deep_colour, metadata, tiff_files
from .picture import Picture, as_path
from .pixels import from_array, has_alpha, to_pillow
from .responses import full_scale, postprocess

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "check_frames",
    "check_holds",
    "flattened",
    "format_of",
    "holds_frames",
    "is_picture_name",
    "parse_colour",
    "write_frames",
    "write_image",
]

_COLOURS = {"L": "grey", "LA": "grey and alpha", "RGBA": "RGB and alpha"}
_ANY = ("L", "LA", "RGB", "RGBA")
# The colours of 8 bits that Pillow writes without loss of a channel; others it drops or refuses.
_HOLDS = {
    "AVIF": _ANY, "BMP": ("L", "RGB"), "DDS": _ANY, "DIB": ("L", "RGB"),
    "EPS": ("L", "RGB", "CMYK"), "GIF": _ANY, "IM": (*_ANY, "CMYK"),
    "JPEG": ("L", "RGB", "CMYK"), "JPEG2000": (*_ANY, "CMYK"), "MPO": ("L", "RGB", "CMYK"),
    "PCX": ("L", "RGB"), "PDF": ("L", "RGB", "CMYK"), "PNG": _ANY, "PPM": ("L", "RGB"),
    "QOI": ("RGB", "RGBA"), "SGI": ("L", "RGB", "RGBA"), "TGA": _ANY, "TIFF": (*_ANY, "CMYK"),
    "WEBP": _ANY,
}  # fmt: skip
# More than 8 bits a channel: Pillow writes other formats too, cut off.
_SIXTEEN = {"L": ("PNG", "TIFF", "PPM", "JPEG2000"), "CMYK": ("TIFF",)}
_FRAMES = ("GIF", "PNG", "TIFF", "WEBP")
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
_PALETTE = 256


def write_image(path: str | os.PathLike[str], image: Any, *, overwrite: bool = False) -> None:
    """Write an image, in the format of its extension: the complete file or, on failure, none.

    Parameters
    ----------
    path : path
        Such as ``edges.png``.
    image : Picture or ndarray
        The metadata of a `Picture` are written as far as the format can hold them; a JPEG that was
        read from a JPEG is compressed as that was. Arrays are as for `filter_image`.
    overwrite : bool
        Whether an existing file may be overwritten.

    Raises
    ------
    DataError
        The file exists, or cannot be written; the format is unknown, or cannot store such pixels.
    ArgumentError
        `path` is not a path.

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
    write_frames(path, [image], overwrite=overwrite)


def write_frames(
    path: str | os.PathLike[str], images: Sequence[Any], *, overwrite: bool = False
) -> None:
    """Write several images as the frames of a GIF, WebP or PNG, or the pages of a TIFF.

    All must be of one type and, but for pages, of one size; `duration` and `loop` of their
    metadata are kept. Raises as `write_image` does.
    """
    path = as_path(path)
    frames, format = check_frames(path, images)
    if not overwrite and os.path.exists(path):
        raise DataError(f"{path} already exists, and is not overwritten by default.")
    try:
        with atomic_path(path) as partial:
            _save(partial, frames, format)
    except DataError as error:
        raise DataError(f"{path} {error}.") from error
    except Exception as error:  # Pillow's writers raise nearly anything
        problem = getattr(error, "strerror", None) or error or type(error).__name__
        raise DataError(
            f"{path} could not be written: {problem}. Choose a writable folder with enough "
            "space, or another format, such as .png or .tiff."
        ) from error


def check_frames(path: Path, images: Sequence[Any]) -> tuple[list[Picture], str]:
    """Return pictures as a file of this name has them, and its format, or say why it cannot."""
    frames = [
        image if isinstance(image, Picture) else Picture(*from_array(image)) for image in images
    ]
    if not frames:
        raise ArgumentError("write_frames needs at least one image. Received: none.")
    frames = _alike(path, frames)
    format = format_of(path)
    if len(frames) > 1:
        _check_several(path, format, frames)
    pixels, colours = frames[0].pixels, frames[0].colours
    if format != "GIF" or pixels.dtype != np.uint8 or colours not in _ANY:
        check_holds(path, format, pixels.dtype, colours)
        return frames, format
    try:
        _with_palettes(frames)
    except DataError as error:
        raise DataError(f"{path} {error}.") from error
    return frames, format


def _alike(path: Path, frames: list[Picture]) -> list[Picture]:
    """Return frames of one kind of colours, as an animation needs whose first frame is grey."""
    if len(frames) == 1:
        return frames
    from .side_by_side import as_colours

    kinds = {(frame.colours, frame.pixels.dtype) for frame in frames}
    if len(kinds) == 1:
        return frames
    if len({dtype for _, dtype in kinds}) > 1 or any("CMYK" in colours for colours, _ in kinds):
        received = join_words(
            sorted(f"{_COLOURS.get(each, each)} in {dtype}" for each, dtype in kinds)
        )
        choose = at_the_shell(" Choose one with --frame.")
        raise DataError(f"{path}: all frames must be of one type. Received: {received}.{choose}")
    alpha = any(has_alpha(colours) for colours, _ in kinds)
    base = "RGB" if any("RGB" in colours for colours, _ in kinds) else "L"
    colours = base + "A" * alpha
    return [
        Picture(as_colours(f.pixels, f.colours, colours), colours, f.format, f.metadata)
        for f in frames
    ]


def holds_frames(path: Path, source: str) -> bool:
    """Whether all frames (or pages) of a file of format `source` can go to one of this name.

    A PNG does if it is called .apng or was one before: elsewhere nobody expects it to move.
    """
    format = format_of(path)
    if format == "PNG" and path.suffix.lower() != ".apng":
        return source == "PNG"
    return format in _FRAMES and (format == "TIFF" or source in _ANIMATED)


def _check_several(path: Path, format: str, frames: list[Picture]) -> None:
    if not holds_frames(path, frames[0].format or format):
        raise DataError(
            f"{path}: must hold {len(frames)} frames, as .gif, .webp, .apng and .tiff do. "
            f"Received: {format}. Choose one of them, or one frame."
        )
    if format != "TIFF" and len({frame.pixels.shape for frame in frames}) > 1:
        raise DataError(f"{path}: the frames of an animation must have one size.")


def is_picture_name(path: Path) -> bool:
    """Whether a name ends as those of picture files do."""
    return _format_by(path.suffix.lower()) is not None


def format_of(path: Path) -> str:
    """Return the format that a file of this name has. Raises DataError if no ending says one."""
    from PIL import Image

    format = _format_by(path.suffix.lower())
    if format not in Image.SAVE:
        raise DataError(
            f"{path}: the file name must have the extension of an image format. Received: "
            f"{path.suffix or 'no extension'!s}. Give, for example, .png, .jpg, .tiff or .webp."
        )
    return format


@functools.cache
def _format_by(ending: str) -> str | None:
    """Return the format of the names that end so, whether or not Pillow writes it."""
    from PIL import Image

    Image.preinit()
    if ending not in Image.EXTENSION:  # then of one that takes 20 ms to import, with all others
        Image.init()
    return Image.EXTENSION.get(ending)


def check_holds(path: Path, format: str, dtype: np.dtype[Any], colours: str) -> None:
    """Raise DataError if a file of `format` would hold less than these pixels."""
    if dtype.kind == "f":
        held, rule = format == "TIFF", "floating-point pixels are written as float32 grey TIFF"
        rule += ", or other TIFF, only"
    elif dtype == np.uint16:
        held = format in _SIXTEEN.get(colours, deep_colour.FORMATS)
        rule = "16 bits a channel are written as PNG or TIFF only"
    else:
        held = colours in _HOLDS.get(format, ())
        rule = f"{format} cannot store these colours"
    if not held:
        flat = ""
        if has_alpha(colours):
            flat = at_the_shell(" Or choose a background colour: --flatten white.")
        raise DataError(
            f"{path}: {rule}. Received: {_COLOURS.get(colours, colours)}, {dtype}. Write a .png or "
            f".tiff, or convert the pixels first.{flat}"
        )


class _Checked(io.BufferedRandom):
    """A file that only Python writes to.

    Given a descriptor, Pillow writes JPEG, GIF, BMP and PPM itself, and takes what a full disk has
    written half for written.
    """

    def fileno(self) -> int:
        """Have none, so that Pillow calls `write`."""
        raise io.UnsupportedOperation("fileno")


def _save(path: Path, frames: list[Picture], format: str) -> None:
    first = frames[0]
    pixels, colours = first.pixels, first.colours
    save_options = metadata.settings(first.metadata, format, first.format, colours)
    deep = pixels.dtype == np.uint16 and colours != "L"
    floats = pixels.dtype == np.float64 or (pixels.dtype.kind == "f" and colours != "L")
    if format == "TIFF" and (floats or (len(frames) > 1 and pixels.dtype != np.uint8)):
        tiff_files.write_pages(path, [frame.pixels for frame in frames], colours, save_options)
    elif deep and len(frames) > 1:
        raise DataError("cannot hold frames of 16 bits a channel; write a TIFF")
    elif deep:
        path.write_bytes(_deep(pixels, colours, format, save_options))
    elif len(frames) == 1:
        image = _with_palettes(frames)[0] if format == "GIF" else to_pillow(pixels, colours)
        with _Checked(io.FileIO(path, "w+")) as file:
            image.save(file, format, **save_options)
    else:
        if format == "GIF":
            images = _with_palettes(frames)
            if "transparency" in images[0].info:
                # Else the frame before is seen through, and Pillow drops the colour that is not
                # seen where the first frame has none, of all frames.
                save_options |= {"disposal": 2, "optimize": False}
        else:
            images = [to_pillow(frame.pixels, colours) for frame in frames]
        save_options |= {"save_all": True, "append_images": images[1:]}
        if format != "TIFF":
            save_options["duration"] = [frame.metadata.duration or 100 for frame in frames]
            save_options["loop"] = 0 if first.metadata.loop is None else first.metadata.loop
        if format == "WEBP" and first.format != "WEBP":
            save_options["lossless"] = True
        with _Checked(io.FileIO(path, "w+")) as file:
            images[0].save(file, format, **save_options)


def _with_palettes(frames: list[Picture]) -> list[Image]:
    """Return pictures as GIF has them. Raises DataError if one has too many colours for that.

    If anything is transparent, the first colour is so in all.
    """
    clear = any(has_alpha(frame.colours) and not frame.pixels[..., -1].all() for frame in frames)
    return [
        _with_palette(to_pillow(frame.pixels, frame.colours), clear, len(frames))
        for frame in frames
    ]


def _with_palette(image: Image, clear: bool, frames: int) -> Image:
    from PIL import Image as pillow

    if image.mode == "L":
        return image
    pixels = np.asarray(image.convert("RGBA"))
    hidden = pixels[..., 3] == 0
    partly = bool(((pixels[..., 3] > 0) & (pixels[..., 3] < 255)).any())
    colours, indices = np.unique(pixels[~hidden], axis=0, return_inverse=True)
    if len(colours) + clear > _PALETTE or partly:
        raise DataError(
            f"cannot store {plural(frames, 'frame')}: GIF has 256 colours and no partial "
            f"transparency. Received: {plural(len(colours), 'colour')}"
            f"{' and a partial alpha' * partly}. Write "
            f"{'a .webp or .apng' if frames > 1 else 'a .png'} instead"
            f"{at_the_shell(', or choose a background colour: --flatten white') * partly}"
        )
    plane = np.zeros(hidden.shape, np.uint8)
    plane[~hidden] = indices.reshape(-1) + clear
    images = pillow.fromarray(plane)
    palette = np.concatenate([np.zeros((int(clear), 3), np.uint8), colours[:, :3]])
    images.putpalette(palette.tobytes())
    if clear:
        images.info["transparency"] = 0
    return images


def _deep(pixels: NDArray[Any], colours: str, format: str, save_options: dict[str, Any]) -> bytes:
    shallow = io.BytesIO()
    if format == "PNG":
        small = to_pillow(np.zeros(pixels.shape, np.uint8), colours)
        small.save(shallow, format, **save_options)
        return deep_colour.png(shallow.getvalue(), pixels, colours)
    save_options.pop("compression", None)
    inks = 0xFFFF - pixels if colours == "CMYK" else pixels
    plane = deep_colour.tiff_plane(inks)
    wide = to_pillow(255 - plane if colours == "CMYK" else plane, colours)
    wide.save(shallow, format, **save_options)
    return deep_colour.tiff(shallow.getvalue(), pixels.shape[1])


def parse_colour(text: str) -> tuple[int, int, int]:
    """Read a colour by its name in CSS or as #RRGGBB.

    >>> parse_colour("white"), parse_colour("#ff8000")
    ((255, 255, 255), (255, 128, 0))
    """
    from PIL import ImageColor

    try:
        red, green, blue, *alpha = ImageColor.getrgb(text)
    except ValueError:
        alpha = [0]
    if alpha:
        raise ArgumentError(
            f"a colour must be a name such as white, or #RRGGBB. Received: {format_value(text)}."
        )
    return red, green, blue


def flattened(picture: Picture, colour: tuple[int, int, int]) -> Picture:
    """Return a picture without alpha: where it was transparent, `colour` is seen.

    Grey stays grey on a grey ground. A picture that has no alpha is returned as it is.
    """
    if not has_alpha(picture.colours):
        return picture
    pixels = picture.pixels
    full = full_scale(pixels.dtype)
    seen, alpha = pixels[..., :-1].astype(np.float64), pixels[..., -1:] / full
    is_grey = seen.shape[2] == 1 and len(set(colour)) == 1
    ground = np.array(colour[:1] if is_grey else colour) * (full / 255)
    laid = postprocess(seen * alpha + ground * (1 - alpha), pixels.dtype)
    return replace(picture, pixels=laid, colours="L" if is_grey else "RGB")
