"""What a network was trained on, by the content of its images: told from what it has never seen.

Each image has a hash of 48 bits, of its values alone: the same pixels have the same hash in any
file, folder or archive, under any name, as uint8 or as floats. Of 10,000 new images and 200,000
trained on, one is mistaken for another with a chance of 1 in 140,000.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files.mapped import watched
from .lazy_images import LazyImages

__all__ = ["UNKNOWN", "TrainedOn", "content_hashes", "identities"]

BITS = 48
MOST = 2_000_000  # hashes that a model file keeps: 5 to 6 characters each
_WORDS = 1 << 15  # of 64 bits, hashed at a time: they stay in cache
# The multiplier of splitmix64 (Steele, Lea and Flood, 2014); the keys are the words of its stream.
_MULTIPLIER, _STEP = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


def content_hashes(images: Any) -> NDArray[np.uint64]:
    """Return a hash of 48 bits for the values of each image (N, ...): uint64 (N,).

    Each word of 64 bits is mixed, with a multiplier for its place, and the mixed words are added.
    Floats that are all integers from 0 to 255 have the hash of the same pixels as uint8.

    >>> import numpy as np
    >>> pixels = np.arange(12, dtype=np.uint8).reshape(3, 1, 2, 2)
    >>> bool((content_hashes(pixels) == content_hashes(pixels.astype(np.float32))).all())
    True
    """
    if isinstance(images, LazyImages):
        return np.concatenate([content_hashes(piece) for piece in images.pieces()])
    if not len(images):
        return np.zeros(0, np.uint64)
    rows = np.asarray(images).reshape(len(images), -1)
    if rows.dtype == np.uint8:
        return _hashes(rows)
    step = max(1, _WORDS * 8 // max(1, rows.shape[1]))
    parts = (rows[at : at + step] for at in range(0, len(rows), step))
    return np.concatenate([_hashes_of_numbers(part) for part in parts])


def identities(images: Any) -> NDArray[np.uint64]:
    """Return a number for each image, the same for images of the same content: uint64 (N,).

    Of images that are decoded as they are needed that is the content of their files, so that none
    is waited for.
    """
    known = images.identities() if isinstance(images, LazyImages) else None
    return content_hashes(images) if known is None else known


def _hashes_of_numbers(rows: NDArray[Any]) -> NDArray[np.uint64]:
    with np.errstate(invalid="ignore", over="ignore"):
        numbers = np.ascontiguousarray(rows, np.float32)
        pixels = numbers.astype(np.uint8)
    are_pixels = (pixels == numbers).all(axis=1)
    if are_pixels.all():
        return _hashes(pixels)
    hashes = _hashes(numbers.view(np.uint8))
    if are_pixels.any():
        hashes[are_pixels] = _hashes(pixels[are_pixels])
    return hashes


def _hashes(rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    count, length = rows.shape
    width = -(-length // 8)
    keys = np.arange(1, width + 1, dtype=np.uint64) * _STEP
    keys = (keys ^ keys >> _HALF) * _MULTIPLIER | np.uint64(1)
    hashes = np.empty(count, np.uint64)
    step = max(1, _WORDS // max(1, width))
    for at in range(0, count, step):
        part = rows[at : at + step]
        if length % 8:
            part = np.pad(part, ((0, 0), (0, -length % 8)))
        words = np.ascontiguousarray(part).view(np.uint64)
        words = words ^ words >> _HALF  # else what differs in upper bytes only stays there
        words *= keys
        words ^= words >> _HALF
        words *= _MULTIPLIER
        np.sum(words, axis=1, out=hashes[at : at + step])
    hashes += np.uint64(length)
    hashes ^= hashes >> np.uint64(31)
    hashes *= _MULTIPLIER
    mixed: NDArray[np.uint64] = hashes >> np.uint64(64 - BITS)
    return mixed


@dataclass(frozen=True, eq=False)
class TrainedOn:
    """The images that a network was trained on, validation included, by their content.

    `hashes`: Sorted, each once. `complete`: False where the network may have been trained on
    others too: it is from an older model file, or was not made by fencepost.
    """

    hashes: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    complete: bool = True

    def __len__(self) -> int:
        return len(self.hashes)

    def __repr__(self) -> str:
        return f"TrainedOn({len(self):,} images{'' if self.complete else ', and maybe others'})"

    def contains(self, images: Any) -> NDArray[np.bool_]:
        """Return for each image whether it is one of these: bool (N,)."""
        if not len(self):
            return np.zeros(len(images), bool)
        with watched(images):
            return np.isin(content_hashes(images), self.hashes)

    def with_hashes(self, more: Iterable[NDArray[np.uint64]]) -> TrainedOn:
        """Return these and others."""
        both = np.sort(np.concatenate([self.hashes, *more]))  # a tenth of np.unique's time
        first = np.concatenate([both[:1] == both[:1], both[1:] != both[:-1]])
        return TrainedOn(both[first], self.complete)

    def to_text(self) -> str:
        """Return it as a model file keeps it: compressed differences, in base64."""
        if len(self) > MOST:
            return UNKNOWN.to_text()
        octets = np.diff(self.hashes, prepend=np.uint64(0)).astype("<u8").view(np.uint8)
        # The bytes of a place beside each other: the upper ones are nearly all 0.
        packed = zlib.compress(octets.reshape(-1, 8).T.tobytes())
        return f"{int(self.complete)}:{base64.b64encode(packed).decode()}"

    @classmethod
    def from_text(cls, text: str) -> TrainedOn:
        """Return what `to_text` was made from. Raises DataError: It is damaged."""
        complete, _, packed = text.partition(":")
        try:
            inflater = zlib.decompressobj()
            content = inflater.decompress(base64.b64decode(packed, validate=True), 8 * MOST + 1)
            if (
                complete not in ("0", "1")
                or not inflater.eof
                or len(content) % 8
                or len(content) > 8 * MOST
            ):
                raise ValueError
        except (ValueError, binascii.Error, zlib.error):
            raise DataError("its record of the training images cannot be read") from None
        octets = np.frombuffer(content, np.uint8).reshape(8, -1).T
        differences = np.ascontiguousarray(octets).view("<u8").reshape(-1)
        return cls(np.cumsum(differences, dtype=np.uint64), complete == "1")


#: Nothing is known of what a network was trained on.
UNKNOWN = TrainedOn(complete=False)
