"""Sound in WAV files: PCM of 8, 16, 24 or 32 bits, any number of channels.  Calls errors, whole.

Samples are float64 in the file's own steps (−32768 to 32767 for 16 bits), which holds all of them
exactly; written, they are rounded to the nearest and cut off at the ends of the range.
"""

from __future__ import annotations

import io
import struct
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .atomic import atomic_path

__all__ = ["Sound", "read_wave", "write_wave"]

_PCM, _EXTENSIBLE = 1, 0xFFFE
_OFFSET_8 = 128  # the only samples without a sign are those of 8 bits


@dataclass(frozen=True, eq=False)
class Sound:
    """Samples (N, channels), how many a second, and in how many bits they are stored."""

    samples: NDArray[np.float64]
    rate: int
    bits: int


def read_wave(path: Path) -> Sound:
    """Read a WAV file. Raises DataError if it cannot be read, is no PCM, is cut, or holds none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: must be a file that can be read. {error.strerror}.") from error
    try:
        with wave.open(io.BytesIO(_as_plain_pcm(content))) as file:
            channels, bits, rate = file.getnchannels(), 8 * file.getsampwidth(), file.getframerate()
            frames = file.getnframes()
            data = file.readframes(frames)
    except (wave.Error, EOFError, struct.error, RuntimeError) as error:
        raise DataError(
            f"{path}: must be a WAV file of whole numbers (PCM). Received: "
            f"{str(error) or 'a file that ends too early'}. Save it as 16-bit or 24-bit PCM."
        ) from error
    if bits not in (8, 16, 24, 32):
        raise DataError(f"{path}: samples must have 8, 16, 24 or 32 bits. Received: {bits}.")
    if len(data) != frames * channels * bits // 8:
        raise DataError(
            f"{path}: must be a whole WAV file. Received: {len(data):,} bytes of "
            f"{frames * channels * bits // 8:,} that it announces. Copy it again."
        )
    if not frames:
        raise DataError(f"{path}: must hold sound. Received: a WAV file of 0 samples.")
    return Sound(_decoded(data, bits).reshape(frames, channels), rate, bits)


def _as_plain_pcm(content: bytes) -> bytes:
    """Let the extensible form of PCM, which `wave` knows since Python 3.12, look like the plain."""
    at = 12
    while at + 26 <= len(content) and content[:4] == b"RIFF":
        name, length = struct.unpack_from("<4sI", content, at)
        if name == b"fmt " and length >= 26:
            form, sub = content[at + 8 : at + 10], content[at + 32 : at + 34]
            if form == struct.pack("<H", _EXTENSIBLE) and sub == struct.pack("<H", _PCM):
                return content[: at + 8] + sub + content[at + 10 :]
        at += 8 + length + length % 2
    return content


def _decoded(data: bytes, bits: int) -> NDArray[np.float64]:
    if bits == 8:
        return np.frombuffer(data, np.uint8).astype(np.float64) - _OFFSET_8
    if bits == 24:
        # As the upper three bytes of a number of 32 bits, which brings its sign along.
        padded = np.zeros((len(data) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return padded.view("<i4")[:, 0].astype(np.float64) / 256
    return np.frombuffer(data, f"<i{bits // 8}").astype(np.float64)


def write_wave(path: Path, sound: Sound) -> int:
    """Write a WAV file, whole or not at all; return how many samples were cut off.

    Raises OSError if it cannot be written.
    """
    top = 2 ** (sound.bits - 1)
    rounded = np.rint(np.nan_to_num(sound.samples))
    kept = np.clip(rounded, -top, top - 1)
    with atomic_path(path) as partial, wave.open(str(partial), "wb") as file:
        file.setnchannels(sound.samples.shape[1])
        file.setsampwidth(sound.bits // 8)
        file.setframerate(sound.rate)
        file.writeframes(_encoded(kept, sound.bits))
    return int((kept != rounded).sum())


def _encoded(samples: NDArray[np.float64], bits: int) -> bytes:
    if bits == 8:
        return (samples + _OFFSET_8).astype(np.uint8).tobytes()
    if bits == 24:
        octets = samples.astype("<i4").reshape(-1, 1).view(np.uint8)
        return octets[:, :3].tobytes()
    return samples.astype(f"<i{bits // 8}").tobytes()
