"""Frames of animated GIFs as browsers compose them, where Pillow does otherwise.

What a frame leaves behind is its own to say: 0 (or no control block at all) and 1 keep it, 2
clears its rectangle, 3 brings back what was before. Pillow takes a 0 after a 2 or 3 for the same
again, clears to a colour where a frame has none that is transparent, and begins with a colour where
the first frame does not cover all. Here Pillow decodes each frame by itself, and they are laid over
each other as the specification and all browsers do.

CompuServe: Graphics Interchange Format, version 89a (1990), section 23.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

__all__ = ["Animation"]

_CLEAR, _RESTORE = 2, 3
_EXTENSION, _IMAGE, _CONTROL = 0x21, 0x2C, 0xF9
_TABLE, _INTERLACED = 0x80, 0x40  # flags; of a table of colours, which follows


@dataclass(frozen=True)
class _Frame:
    rows: slice
    columns: slice
    disposal: int
    file: bytes  # a GIF of this frame alone


@dataclass(frozen=True)
class Animation:
    """The frames of a GIF on its canvas (height, width)."""

    height: int
    width: int
    frames: tuple[_Frame, ...]

    @classmethod
    def of(cls, content: bytes) -> Animation | None:
        """Read an animation; None if Pillow composes it alike, or it is cut or too large."""
        try:
            animation = cls._parsed(content)
        except (IndexError, struct.error):
            return None
        frames = animation.frames
        sizes = [(frame.rows.stop, frame.columns.stop) for frame in frames]
        if len(frames) < 2 or any(y > animation.height or x > animation.width for y, x in sizes):
            return None
        first = frames[0]
        covers = (first.rows, first.columns) == (
            slice(0, animation.height), slice(0, animation.width),
        )  # fmt: skip
        return None if covers and all(f.disposal < _CLEAR for f in frames) else animation

    @classmethod
    def _parsed(cls, content: bytes) -> Animation:
        width, height, flags, _, _ = struct.unpack_from("<HHBBB", content, 6)
        at = 13
        table, at = _table(content, flags, at)
        control, frames = bytes(4), list[_Frame]()
        while at < len(content) and content[at] in (_EXTENSION, _IMAGE):
            begin = at
            if content[at] == _EXTENSION:
                at = _after_blocks(content, at + 2)
                if content[begin + 1] == _CONTROL and content[begin + 2] >= 4:
                    control = content[begin + 3 : begin + 7]
                continue
            left, top, columns, rows, own = struct.unpack_from("<HHHHB", content, at + 1)
            own_table, data = _table(content, own, at + 10)
            at = _after_blocks(content, data + 1)
            colours, shared = (own_table, own) if own_table else (table, flags)
            alone = struct.pack("<6sHHBBB", b"GIF89a", columns, rows, shared & 0x87, 0, 0)
            alone += colours + struct.pack(
                "<BBBBHBB", _EXTENSION, _CONTROL, 4, control[0] & 1, 0, control[3], 0
            )
            alone += struct.pack("<BHHHHB", _IMAGE, 0, 0, columns, rows, own & _INTERLACED)
            alone += content[data:at] + b";"
            spot = slice(top, top + rows), slice(left, left + columns)
            frames.append(_Frame(*spot, control[0] >> 2 & 7, alone))
            control = bytes(4)
        return cls(height, width, tuple(frames))

    def read(self, index: int) -> tuple[NDArray[np.uint8], str]:
        """Return a frame as (H, W, C) and its colours, which are the same for all frames."""
        pixels = next(islice(self._composed(), index, None))
        clear = any(not canvas[..., 3].all() for canvas in self._composed())
        return (pixels, "RGBA") if clear else (np.ascontiguousarray(pixels[..., :3]), "RGB")

    def _composed(self) -> Iterator[NDArray[np.uint8]]:
        from PIL import Image

        canvas = np.zeros((self.height, self.width, 4), np.uint8)
        for frame in self.frames:
            before = canvas.copy() if frame.disposal == _RESTORE else canvas
            spot = canvas[frame.rows, frame.columns]
            with Image.open(io.BytesIO(frame.file), formats=["GIF"]) as image:
                pixels = np.asarray(image.convert("RGBA"))
            np.copyto(spot, pixels, where=pixels[..., 3:] > 0)
            yield canvas.copy()
            if frame.disposal == _CLEAR:
                spot[:] = 0
            canvas = before


def _table(content: bytes, flags: int, at: int) -> tuple[bytes, int]:
    """Return the table of colours that flags announce, and what follows it."""
    end = at + (3 << (flags & 7) + 1 if flags & _TABLE else 0)
    return content[at:end], end


def _after_blocks(content: bytes, at: int) -> int:
    """Return where the sub-blocks that begin here end, the empty one with them."""
    while content[at]:
        at += content[at] + 1
    return at + 1
