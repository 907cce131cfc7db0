"""What a picture file says beside its pixels, and how the next file comes to say it.

Whatever would still show the unfiltered picture (thumbnails, previews) is left behind.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from ...files.pictures import ORIENTATION, as_file

if TYPE_CHECKING:
    from PIL.Image import Exif, Image

    Source = str | os.PathLike[str] | bytes | IO[bytes]

__all__ = ["Metadata", "gather", "is_plain", "settings"]

# TIFF tags that tell how the pixels are stored, and not what they show.
_STRUCTURE = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 284, 290, 291, 292,
     293, 297, 301, 317, 320, 321, 322, 323, 324, 325, 330, 332, 338, 339, 340, 341, 347, 512, 513,
     514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532}
)  # fmt: skip
_XMP_TAG, _ICC_TAG, _IPTC_TAG = 700, 34675, 33723
_DESCRIPTION = 270
# What is written by itself, or shows the unfiltered picture: Photoshop's resources and layers.
_ELSEWHERE = frozenset((ORIENTATION, _XMP_TAG, _ICC_TAG, 34377, 37724))
_DIRECTORIES = (0x8769, 0x8825)  # of a camera's settings, of the place
_IPTC_RESOURCE = 0x0404  # of Photoshop's block in a JPEG
# A reader may turn the picture by what XMP says too, and XMP may hold a thumbnail.
_STALE_XMP = (
    rb'\s*tiff:Orientation="[0-9]"',
    rb"<tiff:Orientation>[0-9]</tiff:Orientation>",
    rb"(?s)<xmp:Thumbnails>.*?</xmp:Thumbnails>",
)
_LOSSY_QUALITY = 95


@dataclass(frozen=True)
class Metadata:
    """Exif (turned upright), colour profile, XMP, resolution, and what one format alone has.

    Of a frame of an animation, `duration` is in milliseconds, and `loop` how often all are shown,
    0 for ever.
    """

    exif: bytes = b""
    icc_profile: bytes = b""
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None
    iptc: bytes = b""
    comment: bytes = b""
    text: Mapping[str, str] = field(default_factory=dict)
    chunks: Mapping[bytes, bytes] = field(default_factory=dict)
    coding: Mapping[str, Any] = field(default_factory=dict)
    duration: float = 0.0
    loop: int | None = None


def is_plain(image: Image) -> bool:
    """Whether a loaded picture is a PNG that says nothing, so that there is nothing to gather.

    Whatever chunk is more than pixels, Exif and texts included, Pillow puts into `info`.
    """
    return image.format == "PNG" and not image.info


def gather(image: Image, source: Source) -> Metadata:
    """Read what an opened and loaded picture says, and how its file is coded."""
    info = image.info
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp") or b""
    return Metadata(
        exif=_exif(image),
        icc_profile=info.get("icc_profile") or b"",
        xmp=_without_stale(xmp.encode() if isinstance(xmp, str) else bytes(xmp)),
        dpi=_dpi(info.get("dpi")),
        iptc=_iptc(info.get("photoshop")),
        comment=_comment(info.get("comment")),
        text=_text(image),
        chunks=_chunks(info),
        coding=_coding(image, source),
        duration=_number(info.get("duration")),
        loop=int(info["loop"]) if isinstance(info.get("loop"), int) else None,
    )


def _exif(image: Image) -> bytes:
    """Return the Exif block without orientation, thumbnail and storage; b"" if nothing is left."""
    from PIL.Image import Exif

    try:
        read, exif = image.getexif(), Exif()  # a new one, for that of a BigTIFF is no Exif block
        for tag in [*read]:
            if tag in _DIRECTORIES:
                if inner := read.get_ifd(tag):
                    exif[tag] = inner
            elif tag not in _STRUCTURE and tag not in _ELSEWHERE and not _is_of_tifffile(read, tag):
                exif[tag] = read[tag]
        return exif.tobytes() if len(exif) else b""
    except Exception:  # a damaged block says nothing; the pixels may be whole
        return b""


def _is_of_tifffile(exif: Exif, tag: int) -> bool:
    """Whether a description is tifffile's, of the array as it was."""
    return tag == _DESCRIPTION and str(exif[tag]).startswith('{"shape"')


def _without_stale(xmp: bytes) -> bytes:
    for pattern in _STALE_XMP:
        xmp = re.sub(pattern, b"", xmp)
    return xmp


def _dpi(value: Any) -> tuple[float, float] | None:
    try:
        across, down = map(float, value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None


def _iptc(photoshop: Any) -> bytes:
    value = photoshop.get(_IPTC_RESOURCE) if isinstance(photoshop, dict) else None
    return value if isinstance(value, bytes) else b""


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _comment(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    return value if isinstance(value, bytes) else b""


def _text(image: Image) -> dict[str, str]:
    """Return PNG's texts, but for those that are read as something else."""
    if image.format != "PNG":
        return {}
    texts = getattr(image, "text", {})
    other = ("XML:com.adobe.xmp", "Raw profile type")
    return {key: str(text) for key, text in texts.items() if not key.startswith(other)}


def _chunks(info: Mapping[Any, Any]) -> dict[bytes, bytes]:
    """Return the chunks of PNG by which its colours are shown."""
    chunks: dict[bytes, bytes] = {}
    if "srgb" in info:
        chunks[b"sRGB"] = struct.pack(">B", int(info["srgb"]))
    if "gamma" in info:
        chunks[b"gAMA"] = struct.pack(">I", round(info["gamma"] * 100000))
    if len(info.get("chromaticity", ())) == 8:
        values = (round(value * 100000) for value in info["chromaticity"])
        chunks[b"cHRM"] = struct.pack(">8I", *values)
    return chunks


def _coding(image: Image, source: Source) -> dict[str, Any]:
    """Return what makes the next file as large and as good as this one was."""
    if image.format in ("JPEG", "MPO"):
        from PIL.JpegImagePlugin import get_sampling

        tables = getattr(image, "quantization", None)
        coding: dict[str, Any] = {"qtables": tables} if tables else {}
        if (sampling := get_sampling(image)) != -1:  # 0 is 4:4:4
            coding["subsampling"] = sampling
        return coding | {"progressive": bool(image.info.get("progressive"))}
    if image.format == "TIFF":
        compression = str(image.info.get("compression", "raw"))
        # Bilevel codes take no grey, JPEG no 16 bits; what is lossless stays as it was.
        known = ("tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "lzma", "zstd")
        return {"compression": compression} if compression in known else {}
    if image.format == "WEBP":
        return {"lossless": _is_lossless_webp(source)}
    return {}


def _is_lossless_webp(source: Source) -> bool:
    """Whether the pixels are in a chunk VP8L, and not VP8 (RFC 9649, 2.5 and 2.6)."""
    with as_file(source) as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            name, length = struct.unpack("<4sI", head)
            if name == b"ANMF":  # a frame of an animation, whose pixels are in chunks within
                file.seek(16, 1)
                continue
            if name in (b"VP8 ", b"VP8L"):
                return bool(name == b"VP8L")
            file.seek(length + length % 2, 1)
    return False


def settings(metadata: Metadata, format: str, source: str, colours: str) -> dict[str, Any]:
    """Return the arguments for Pillow's `save` by which a file of `format` says the same.

    `source` is the format that the metadata were read from: JPEG's tables and TIFF's compression
    pass to files of the same format only.
    """
    save_options: dict[str, Any] = {}
    if format in ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "AVIF") and metadata.exif:
        save_options["exif"] = metadata.exif
    # A profile describes one kind of colours: inks, light or grey.
    if metadata.icc_profile and _profile_fits(metadata.icc_profile, colours):
        save_options["icc_profile"] = metadata.icc_profile
    if metadata.dpi:
        save_options["dpi"] = metadata.dpi
    jpegs = ("JPEG", "MPO")
    if format == source or (format in jpegs and source in jpegs):
        save_options |= metadata.coding
    if format in jpegs:
        save_options |= _for_jpeg(metadata, save_options)
    elif format == "PNG":
        save_options["pnginfo"] = _for_png(metadata, "icc_profile" in save_options)
    elif format == "TIFF":
        save_options |= _for_tiff(metadata)
    elif format in ("WEBP", "AVIF"):
        save_options |= {"quality": _LOSSY_QUALITY, "exact": True}
        if metadata.xmp:
            save_options["xmp"] = metadata.xmp
    return save_options


def _profile_fits(profile: bytes, colours: str) -> bool:
    """Whether the colour space in a profile's header (ICC.1:2022, 7.2.6) is that of the pixels."""
    space = profile[16:20].strip()
    return space == {"L": b"GRAY", "LA": b"GRAY", "CMYK": b"CMYK"}.get(colours, b"RGB")


def _for_jpeg(metadata: Metadata, save_options: Mapping[str, Any]) -> dict[str, Any]:
    more: dict[str, Any] = {} if "qtables" in save_options else {"quality": _LOSSY_QUALITY}
    if metadata.xmp and len(metadata.xmp) < 65500:  # what one segment holds
        more["xmp"] = metadata.xmp
    if metadata.comment:
        more["comment"] = metadata.comment
    if metadata.iptc and len(metadata.iptc) < 65000:
        padded = metadata.iptc + b"\0" * (len(metadata.iptc) % 2)
        block = b"Photoshop 3.0\0" + struct.pack(
            ">4sHHI", b"8BIM", _IPTC_RESOURCE, 0, len(metadata.iptc)
        )
        content = block + padded
        more["extra"] = b"\xff\xed" + struct.pack(">H", len(content) + 2) + content
    return more


def _for_png(metadata: Metadata, has_profile: bool) -> Any:
    from PIL.PngImagePlugin import PngInfo

    save_options = PngInfo()
    for key, text in metadata.text.items():
        save_options.add_itxt(key, text) if not text.isascii() else save_options.add_text(key, text)
    if metadata.xmp:
        save_options.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
    for name, data in metadata.chunks.items():
        if not (has_profile and name == b"sRGB"):  # the standard allows one of the two
            save_options.add(name, data)
    return save_options


def _for_tiff(metadata: Metadata) -> dict[str, Any]:
    """Put XMP and IPTC among the Exif tags, where TIFF has them."""
    from PIL.Image import Exif

    exif = Exif()
    if metadata.exif:
        exif.load(metadata.exif)
    if metadata.xmp:
        exif[_XMP_TAG] = metadata.xmp
    if metadata.iptc:
        exif[_IPTC_TAG] = metadata.iptc
    save_options: dict[str, Any] = {"exif": exif}
    if any(tag in exif for tag in _DIRECTORIES):
        save_options["compression"] = (
            None  # Pillow's compressing writer fails on directories within
        )
    return save_options
