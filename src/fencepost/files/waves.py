"""Sound in WAV files: integers (PCM) of 8 to 32 bits or floats, any number of channels, any size.

Samples are float64 in the file's own steps (−32768 to 32767 for 16 bits, −1 to 1 for floats), which
holds all of them exactly; written, integers are rounded to the nearest and cut off at the ends of
the range. A sound is read and written a piece at a time.

Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" (1991) and "Multiple
channel audio data and WAVE files" (2007); EBU Tech 3306 for RF64.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .atomic import atomic_path

__all__ = ["Sound", "open_wave", "write_wave"]

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_NAMES = {
    2: "Microsoft ADPCM", 6: "A-law", 7: "µ-law", 0x11: "IMA ADPCM", 0x31: "GSM 6.10", 0x55: "MP3",
}  # fmt: skip
_SUBFORMAT = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"  # after the format's own two bytes
_OFFSET_8 = 128  # the only samples without a sign are those of 8 bits
_UNKNOWN = 0xFFFFFFFF  # the length that a program writes which cannot go back, as ffmpeg to a pipe
_HUGE = 0x7FFF0000  # and SoX
_KEPT = (b"LIST", b"bext", b"iXML", b"id3 ", b"ID3 ")  # what else a file says of the sound
_LARGEST_KEPT = 1 << 24
_CHUNKS = (  # by whose names chunks are told from samples and padding
    *_KEPT, b"fmt ", b"data", b"fact", b"cue ", b"smpl", b"inst", b"plst", b"PEAK", b"JUNK",
    b"junk", b"PAD ", b"FLLR", b"chna", b"axml", b"_PMX", b"acid", b"cart", b"ds64", b"LGWV",
)  # fmt: skip


@dataclass(frozen=True)
class Sound:
    """An open sound, of which any piece can be read.

    `channels`, `rate`, `bits`: How many samples there are at once, how many such frames a second,
    in how many bits. `remark`: What a user should know of how the file was read.
    """

    path: Path
    channels: int
    rate: int
    bits: int
    is_float: bool
    frames: int
    remark: str = ""
    _offset: int = 0
    _mask: int = 0  # of extensible files: which loudspeaker each channel is for
    _others: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)

    def read(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return frames `start` to `stop` as (N, channels)."""
        width = self.channels * self.bits // 8
        with self.path.open("rb") as file:
            file.seek(self._offset + start * width)
            data = file.read((stop - start) * width)
        if len(data) != (stop - start) * width:
            raise DataError(f"{self.path}: the file became shorter while it was read. Start again.")
        return _decoded(data, self.bits, self.is_float).reshape(-1, self.channels)


def open_wave(path: Path) -> Sound:
    """Open a WAV file.

    Raises DataError if it cannot be read, holds other samples than integers and floats, is cut, or
    has no sound.
    """
    try:
        with path.open("rb") as file:
            return _read_chunks(path, file)
    except OSError as error:
        raise DataError(f"{path}: must be a file that can be read. {error.strerror}.") from error
    except (EOFError, struct.error):
        raise _no_wave(path, "a file that is cut off") from None


def _no_wave(path: Path, received: str) -> DataError:
    return DataError(
        f"{path}: must be a WAV file of integers (PCM) or floats. Received: {received}. Save it as "
        "16-bit or 24-bit PCM."
    )


def _read_chunks(path: Path, file: BinaryIO) -> Sound:
    end = os.fstat(file.fileno()).st_size
    kind, riff_size, form = struct.unpack("<4sI4s", _exactly(file, 12))
    if kind not in (b"RIFF", b"RF64", b"BW64") or form != b"WAVE":
        other = "a WAV file with the high bytes first (RIFX)"
        raise _no_wave(path, other if kind == b"RIFX" else "a file that is not a WAV file")
    long_size, sound, remark, others = None, None, "", list[tuple[bytes, bytes]]()
    offset = length = 0
    while offset == 0 or file.tell() + 8 <= end:
        name, size = struct.unpack("<4sI", _exactly(file, 8))
        at = file.tell()
        if name == b"ds64":
            (long_size,) = struct.unpack("<8xQ", _exactly(file, 16))
        elif name == b"fmt ":
            sound = _read_format(path, _exactly(file, min(size, 40)))
        elif name == b"data":
            if sound is None:
                raise _no_wave(path, "samples before their format")
            if offset:
                raise _no_wave(path, "samples in two places, of which one would be left out")
            offset, length = at, size
            if kind != b"RIFF" and size == _UNKNOWN and long_size is not None:
                length = long_size
            streamed = riff_size in (0, _UNKNOWN) or riff_size >= _HUGE
            beyond = at + length > end and (length == _UNKNOWN or (length >= _HUGE and streamed))
            if beyond or (length == 0 and streamed and not _are_chunks(file, at, end)):
                length = end - at
            size = length
        elif name in _KEPT and size < _LARGEST_KEPT and at + size <= end:
            others.append((name, _exactly(file, size)))
        file.seek(_after(file, at + size, size))
    assert sound is not None
    if offset + length > end:
        raise DataError(
            f"{path}: must be a whole WAV file. Received: {end - offset:,} bytes of "
            f"{length:,} that it announces. Copy it again."
        )
    channels, rate, bits, is_float, mask = sound
    frames, over = divmod(length, channels * bits // 8)
    if not frames:
        raise DataError(f"{path}: must contain sound. Received: a WAV file of 0 samples.")
    if over:
        remark = f"Left out: half a frame, {over} bytes, at the end of {path.name}."
    return Sound(
        path, channels, rate, bits, is_float, frames, remark, offset, mask, tuple(others)
    )  # fmt: skip


def _after(file: BinaryIO, at: int, size: int) -> int:
    """Return where the next chunk begins: after padding, which some programs leave out."""
    if size % 2 == 0:
        return at
    file.seek(at)
    return at if file.read(4) in _CHUNKS else at + 1


def _are_chunks(file: BinaryIO, at: int, end: int) -> bool:
    """Whether known chunks, and no samples, are all that is left of a file."""
    first = at
    while at + 8 <= end:
        file.seek(at)
        name, size = struct.unpack("<4sI", _exactly(file, 8))
        if name not in _CHUNKS:
            return False
        at = _after(file, at + 8 + size, size)
    return first < at and end <= at <= end + 1  # the last byte of padding is often left out


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise EOFError
    return data


def _read_format(path: Path, chunk: bytes) -> tuple[int, int, int, bool, int]:
    """Return channels, rate, bits, whether they are floats, and the loudspeakers, of a `fmt `."""
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", chunk)
    mask = 0
    if tag == _EXTENSIBLE and len(chunk) >= 40:
        (mask,) = struct.unpack_from("<I", chunk, 20)
        tag = struct.unpack_from("<H", chunk, 24)[0] if chunk[26:40] == _SUBFORMAT else tag
    if tag not in (_PCM, _FLOAT):
        raise _no_wave(path, f"samples in {_NAMES.get(tag, f'format {tag}')}")
    if not channels or not rate:
        raise DataError(
            f"{path}: a sound must have at least one channel and one sample per second. Received: "
            f"{channels} channels at {rate} Hz. Its header is damaged."
        )
    known = (32, 64) if tag == _FLOAT else (8, 16, 24, 32)
    if bits not in known or block != channels * bits // 8:
        raise DataError(
            f"{path}: samples must have {', '.join(map(str, known[:-1]))} or {known[-1]} bits. "
            f"Received: {bits}, in frames of {block} bytes for {channels} channels. Save it as "
            "16-bit or 24-bit PCM."
        )
    return channels, rate, bits, tag == _FLOAT, mask if channels > 2 else 0


def _decoded(data: bytes, bits: int, is_float: bool) -> NDArray[np.float64]:
    if is_float:
        with np.errstate(invalid="ignore"):  # NaN that signals, of which none is made by a program
            return np.frombuffer(data, f"<f{bits // 8}").astype(np.float64)
    if bits == 8:
        return np.frombuffer(data, np.uint8).astype(np.float64) - _OFFSET_8
    if bits == 24:
        # As the upper three bytes of a number of 32 bits, which brings its sign along.
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return padded.view("<i4")[:, 0].astype(np.float64) / 256
    return np.frombuffer(data, f"<i{bits // 8}").astype(np.float64)


def write_wave(path: Path, like: Sound, frames: int, pieces: Iterable[NDArray[np.float64]]) -> int:
    """Write a WAV file like another, atomically; return how many samples were cut off.

    `like`: Whose rate, format and texts the file gets. `frames`: How many there are in all.
    `pieces` [iterable of ndarray (N, channels)].
    """
    cut = 0
    with atomic_path(path) as partial, partial.open("wb") as file:
        file.write(_header(like, frames))
        for samples in pieces:
            data, beyond = _encoded(samples, like.bits, like.is_float)
            file.write(data)
            cut += beyond
        if frames * like.channels * like.bits // 8 % 2:
            file.write(b"\0")
        for name, content in like._others:
            file.write(
                struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2)
            )
        file.flush()
        os.fsync(file.fileno())
    return cut


def _header(like: Sound, frames: int) -> bytes:
    block = like.channels * like.bits // 8
    tag = _FLOAT if like.is_float else _PCM
    size = frames * block
    chunk = struct.pack(
        "<HHIIHH", _EXTENSIBLE if like._mask else tag, like.channels, like.rate,
        min(like.rate * block, _UNKNOWN), block, like.bits,
    )  # fmt: skip
    if like._mask:
        chunk += struct.pack("<HHIH", 22, like.bits, like._mask, tag) + _SUBFORMAT
    elif like.is_float:
        chunk += struct.pack("<H", 0)
    chunks = struct.pack("<4sI", b"fmt ", len(chunk)) + chunk
    if like.is_float:
        chunks += struct.pack("<4sII", b"fact", 4, min(frames, _UNKNOWN))
    others = sum(8 + len(content) + len(content) % 2 for _, content in like._others)
    total = 4 + len(chunks) + 8 + size + size % 2 + others
    if total < _UNKNOWN:
        head = struct.pack("<4sI4s", b"RIFF", total, b"WAVE")
        return head + chunks + struct.pack("<4sI", b"data", size)
    long = struct.pack("<4sIQQQI", b"ds64", 28, total + 36, size, frames, 0)
    head = struct.pack("<4sI4s", b"RF64", _UNKNOWN, b"WAVE") + long
    return head + chunks + struct.pack("<4sI", b"data", _UNKNOWN)


def _encoded(samples: NDArray[np.float64], bits: int, is_float: bool) -> tuple[bytes, int]:
    """Return samples as a file has them, and how many of them were cut off."""
    if is_float:
        with np.errstate(over="ignore"):
            return samples.astype(f"<f{bits // 8}").tobytes(), 0
    top = 2 ** (bits - 1)
    rounded = np.rint(np.nan_to_num(samples))
    cut = int(np.count_nonzero((rounded < -top) | (rounded > top - 1)))
    if cut:
        rounded = np.clip(rounded, -top, top - 1)
    if bits == 8:
        return (rounded + _OFFSET_8).astype(np.uint8).tobytes(), cut
    if bits == 24:
        octets = rounded.astype("<i4").reshape(-1, 1).view(np.uint8)
        return octets[:, :3].tobytes(), cut
    return rounded.astype(f"<i{bits // 8}").tobytes(), cut
