"""Sound: every format of WAV, however its chunks lie, read and written again."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from fencepost.files.waves import open_wave, write_wave
from properties.draws import drawn

GUID = bytes.fromhex("000000001000800000aa00389b71")
TAGS = {"integers": (1, (8, 16, 24, 32)), "floats": (3, (32, 64))}


def chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    length = len(content) if size is None else size
    return name + struct.pack("<I", length) + content + b"\0" * (len(content) % 2)


def encoded(samples: np.ndarray, kind: str, bits: int) -> bytes:
    if kind == "floats":
        return samples.astype(f"<f{bits // 8}").tobytes()
    if bits == 8:
        return (samples + 128).astype(np.uint8).tobytes()
    return b"".join(int(v).to_bytes(bits // 8, "little", signed=True) for v in samples.ravel())


@st.composite
def sounds(draw):
    """Draw the bytes of a WAV file, and its samples as (N, channels)."""
    kind = draw(st.sampled_from(sorted(TAGS)))
    tag, widths = TAGS[kind]
    bits, channels = draw(st.sampled_from(widths)), draw(st.integers(1, 5))
    frames = draw(st.integers(1, 9))
    top = 2 ** (bits - 1)
    elements = st.floats(-4, 4, width=32) if kind == "floats" else st.integers(-top, top - 1)
    samples = np.array([[draw(elements) for _ in range(channels)] for _ in range(frames)], float)
    block = channels * bits // 8
    head = struct.pack("<HIIHH", channels, 8000, 8000 * block, block, bits)
    if draw(st.booleans()):
        extra = draw(st.binary(max_size=4))
        form = struct.pack("<H", 0xFFFE) + head
        form += struct.pack("<HHIH", 22 + len(extra), bits, 3, tag) + GUID + extra
    else:
        form = struct.pack("<H", tag) + head + draw(st.sampled_from([b"", b"\0\0"]))
    other = st.sampled_from([b"LIST", b"bext", b"cue ", b"JUNK", b"id3 ", b"PEAK", b"fact"])
    around = [
        b"".join(
            chunk(draw(other), draw(st.binary(max_size=9))) for _ in range(draw(st.integers(0, 2)))
        )
        for _ in range(3)
    ]
    data, head = encoded(samples, kind, bits), b"RIFF"
    length = draw(st.sampled_from(["said", "said", "RF64", 0, 0xFFFFFFFF]))
    ds64, size, after = b"", len(data), around[2]
    if length == "RF64":
        head, size = b"RF64", 0xFFFFFFFF
        ds64 = chunk(b"ds64", struct.pack("<QQQI", 0, len(data), frames, 0))
    elif length != "said":  # of a pipe: to the end of the file
        size, after = length, b""
    body = b"WAVE" + ds64 + around[0] + chunk(b"fmt ", form) + around[1]
    sound = chunk(b"data", data, size)
    if length in (0, 0xFFFFFFFF):
        sound = sound[: 8 + len(data)]
    body += sound + after
    riff = len(body) if length == "said" else 0xFFFFFFFF if length == "RF64" else length
    return head + struct.pack("<I", riff) + body, samples, bits


@drawn(250, sounds())
def test_every_wave_is_read_and_written_again(sound):
    content, samples, bits = sound
    with tempfile.TemporaryDirectory() as folder:
        path, again = Path(folder, "a.wav"), Path(folder, "b.wav")
        path.write_bytes(content)
        read = open_wave(path)
        assert read.bits == bits
        np.testing.assert_array_equal(read.read(0, read.frames), samples)
        middle = read.frames // 2
        np.testing.assert_array_equal(read.read(middle, read.frames), samples[middle:])
        assert write_wave(again, read, read.frames, [samples[:middle], samples[middle:]]) == 0
        copy = open_wave(again)
        np.testing.assert_array_equal(copy.read(0, copy.frames), samples)
        assert (copy.rate, copy.bits, copy.is_float) == (8000, bits, read.is_float)
        assert copy._others == read._others
