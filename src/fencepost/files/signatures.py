"""What a file is, by its first bytes: for errors about a file that is not what it should be."""

from __future__ import annotations


def resemblance(content: bytes) -> str:
    """Say in brackets what a file looks like instead, where its first bytes tell."""
    if not content:
        return " (it is empty)"
    for start, name in _SIGNATURES.items():
        if content.startswith(start):
            return f" (it looks like {name})"
    if content[4:8] == b"ftyp":  # of ISO's base media format, the brand tells what it is
        name = _BRANDS.get(content[8:12], "a video")
        return f" (it looks like {name})"
    text = content[:256].lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return " (it looks like a web page: what should have been loaded was not)"
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return " (it looks like an SVG drawing)"
    others = {128: (b"DICM", "a DICOM image"), 257: (b"ustar", "a tar archive")}
    for at, (mark, name) in others.items():
        if content[at : at + len(mark)] == mark:
            return f" (it looks like {name})"
    return ""


def may_be_cut(start: bytes) -> bool:
    """Whether a file that starts so may hold pixels that Pillow cuts to 8 bits.

    PNG (Third Edition) has the bits of a sample at byte 24, and then its colours: 2 for RGB, 4 and
    6 with alpha. Of TIFF and PPM only the whole header tells.
    """
    if start.startswith(b"\x89PNG"):
        return start[24:26] in (b"\x10\x02", b"\x10\x04", b"\x10\x06")
    return start[:2] in (b"P3", b"P6") or start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


_SIGNATURES = {
    b"PK\x03\x04": "a zip archive, such as .npz or PyTorch's .pt",
    b"\x80": "a Python pickle",
    b"\x93NUMPY": "a NumPy array",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip file",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"version https://git-lfs": "a pointer of Git LFS: git lfs pull loads the file",
    b"%PDF": "a PDF document",
    b"8BPS": "a Photoshop file",
    b"\xff\x0a": "a JPEG XL image",
    b"\0\0\0\x0cJXL ": "a JPEG XL image",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 image",
    b"\xff\x4f\xff\x51": "a JPEG 2000 image",
    b"\x76\x2f\x31\x01": "an OpenEXR image",
    b"DDS ": "a DDS texture",
    b"\0\0\x01\0": "an icon",
}
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "an AVIF image, which this Pillow does not read"),
    **dict.fromkeys(
        (b"heic", b"heix", b"hevc", b"mif1", b"msf1"), "a HEIC photograph: save it as JPEG"
    ),
}
