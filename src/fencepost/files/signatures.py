"""What a file is, by its first bytes: for errors about a file that is not what it should be."""

from __future__ import annotations


def resemblance(content: bytes) -> str:
    """Say in brackets what a file looks like instead, where its first bytes tell."""
    if not content:
        return " (it is empty)"
    signatures = {
        b"PK\x03\x04": "a zip archive, such as .npz or PyTorch's .pt",
        b"\x80": "a Python pickle",
        b"\x93NUMPY": "a NumPy array",
        b"\x89PNG": "a PNG image",
        b"\xff\xd8\xff": "a JPEG image",
        b"\x89HDF": "an HDF5 file",
        b"\x1f\x8b": "a gzip file",
    }
    for start, name in signatures.items():
        if content.startswith(start):
            return f" (it looks like {name})"
    return ""
