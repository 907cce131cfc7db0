"""WAV files of every kind that programs write, read whole and written alike."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from fencepost.errors import DataError
from fencepost.files.waves import open_wave, write_wave

GUID = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
UNKNOWN = 0xFFFFFFFF
STEREO = np.array([[1, -2], [300, -400], [32767, -32768]], "<i2")


def chunk(name, content, size=None):
    content = bytes(content)
    return (
        struct.pack("<4sI", name, len(content) if size is None else size)
        + content
        + b"\0" * (len(content) % 2)
    )


def form(tag=1, channels=2, rate=8000, bits=16, mask=None, block=None):
    block = channels * bits // 8 if block is None else block
    outer = tag if mask is None else 0xFFFE
    head = struct.pack("<HHIIHH", outer, channels, rate, rate * block, block, bits)
    if mask is None:
        return head
    return head + struct.pack("<HHIH", 22, bits, mask, tag) + GUID


def riff(*chunks, size=None, kind=b"RIFF"):
    body = b"WAVE" + b"".join(chunks)
    return struct.pack("<4sI", kind, len(body) if size is None else size) + body


def opened(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    return open_wave(path)


def samples(sound):
    return sound.read(0, sound.frames)


DATA = chunk(b"data", STEREO.tobytes())
LIST = chunk(b"LIST", b"INFOIART" + struct.pack("<I", 4) + b"Bach")


@pytest.mark.parametrize(
    "content",
    [
        riff(chunk(b"fmt ", form()), DATA),
        riff(chunk(b"fmt ", form()), DATA, LIST),
        riff(LIST, chunk(b"fmt ", form()), chunk(b"odd ", b"abc"), DATA),
        riff(chunk(b"fmt ", form(mask=3)), DATA),
        riff(chunk(b"fmt ", form() + b"\0\0"), DATA),
        # ffmpeg and SoX to a pipe
        riff(chunk(b"fmt ", form()), LIST, chunk(b"data", STEREO, UNKNOWN), size=UNKNOWN),
        riff(chunk(b"fmt ", form()), chunk(b"data", STEREO, UNKNOWN)),
        riff(chunk(b"fmt ", form()), chunk(b"data", STEREO, 0), size=0),
        riff(chunk(b"fmt ", form()), chunk(b"data", STEREO, 0x7FFFF000), size=0x7FFFF024),
        # more than 4 GiB would fit
        riff(
            chunk(b"ds64", struct.pack("<QQQI", 100, STEREO.nbytes, 3, 0)),
            chunk(b"fmt ", form()), chunk(b"data", STEREO, UNKNOWN), kind=b"RF64", size=UNKNOWN,
        ),
    ],
)  # fmt: skip
def test_every_container(tmp_path, content):
    sound = opened(tmp_path, content)
    assert (sound.channels, sound.rate, sound.bits, sound.is_float) == (2, 8000, 16, False)
    np.testing.assert_array_equal(samples(sound), STEREO)
    write_wave(tmp_path / "b.wav", sound, sound.frames, [samples(sound)])
    again = open_wave(tmp_path / "b.wav")
    np.testing.assert_array_equal(samples(again), STEREO)
    assert (b"Bach" in content) == (b"Bach" in (tmp_path / "b.wav").read_bytes())


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("mask", [None, 4])
def test_floats_keep_their_range(tmp_path, bits, mask):
    values = np.array([[0.5], [-3.25], [1e-30], [1e30]], f"<f{bits // 8}")
    content = riff(
        chunk(b"fmt ", form(3, 1, 44100, bits, mask)), chunk(b"fact", b"\4\0\0\0"),
        chunk(b"data", values.tobytes()),
    )  # fmt: skip
    sound = opened(tmp_path, content)
    np.testing.assert_array_equal(samples(sound), values)
    assert write_wave(tmp_path / "b.wav", sound, 4, [samples(sound)]) == 0
    np.testing.assert_array_equal(samples(open_wave(tmp_path / "b.wav")), values)


def test_loudspeakers_stay_where_they_are(tmp_path):
    values = np.arange(12, dtype="<i2").reshape(2, 6)
    sound = opened(
        tmp_path,
        riff(chunk(b"fmt ", form(channels=6, mask=0x3F)), chunk(b"data", values.tobytes())),
    )
    write_wave(tmp_path / "b.wav", sound, 2, [values.astype(float)])
    assert form(channels=6, mask=0x3F) in (tmp_path / "b.wav").read_bytes()


def test_any_rate_can_be_written(tmp_path):
    head = form()[:4] + b"\xff" * 4 + form()[8:]
    sound = opened(tmp_path, riff(chunk(b"fmt ", head), DATA))
    assert sound.rate == 0xFFFFFFFF
    write_wave(tmp_path / "b.wav", sound, sound.frames, [samples(sound)])
    assert open_wave(tmp_path / "b.wav").rate == 0xFFFFFFFF


def test_half_a_frame_is_said(tmp_path):
    content = riff(chunk(b"fmt ", form()), chunk(b"data", STEREO.tobytes() + b"\1\2\3"))
    sound = opened(tmp_path, content)
    np.testing.assert_array_equal(samples(sound), STEREO)
    assert "half a frame, 3 bytes" in sound.remark


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (riff(chunk(b"fmt ", form(rate=0)), DATA), "0 Hz"),
        (riff(chunk(b"fmt ", form(channels=0)), DATA), "0 channels"),
        (riff(chunk(b"fmt ", form(bits=12, block=4)), DATA), "Received: 12"),
        (riff(chunk(b"fmt ", form(block=3)), DATA), "frames of 3 bytes"),
        (riff(chunk(b"fmt ", form(7, bits=8)), DATA), "µ-law"),
        (riff(chunk(b"fmt ", form(0x55)), DATA), "MP3"),
        (riff(chunk(b"fmt ", form(99)), DATA), "format 99"),
        (riff(DATA, chunk(b"fmt ", form())), "samples before their format"),
        (riff(chunk(b"fmt ", form())), "cut off"),
        (riff(chunk(b"fmt ", form()[:9]), DATA), "cut off"),
        (riff(chunk(b"fmt ", form()), chunk(b"data", b"")), "0 samples"),
        (riff(chunk(b"fmt ", form()), chunk(b"data", STEREO, 999)), "whole"),
        (riff(chunk(b"fmt ", form()), chunk(b"data", STEREO, 0)), "0 samples"),
        (riff(chunk(b"fmt ", form()), DATA, kind=b"RIFX"), "RIFX"),
        (b"OggS" + b"\0" * 99, "not a WAV file"),
        (b"RIFF", "cut off"),
    ],
)
def test_what_is_no_sound_is_refused_by_name(tmp_path, content, word):
    with pytest.raises(DataError) as error:
        opened(tmp_path, content)
    assert "a.wav" in str(error.value)
    assert word in str(error.value)


@pytest.mark.parametrize("name", [b"LIST", b"cue ", b"JUNK", b"bext"])
@pytest.mark.parametrize("size", [3, 5, 11])
def test_a_chunk_of_odd_size_may_lack_its_byte_of_padding(tmp_path, name, size):
    odd = chunk(name, bytes(range(65, 65 + size)))
    for before in (odd, odd[:-1], odd[:-1] + b"\xff"):  # some write another byte than 0
        sound = opened(tmp_path, riff(chunk(b"fmt ", form()), before, DATA))
        np.testing.assert_array_equal(samples(sound), STEREO)
        sound = opened(tmp_path, riff(before, chunk(b"fmt ", form()), DATA))
        np.testing.assert_array_equal(samples(sound), STEREO)


def test_texts_behind_samples_of_an_odd_number_of_bytes_without_padding_are_kept(tmp_path):
    data = chunk(b"data", bytes([128, 129, 130]))[:-1]
    sound = opened(tmp_path, riff(chunk(b"fmt ", form(channels=1, bits=8)), data, LIST))
    np.testing.assert_array_equal(samples(sound)[:, 0], [0, 1, 2])
    write_wave(tmp_path / "b.wav", sound, 3, [samples(sound)])
    assert LIST in (tmp_path / "b.wav").read_bytes()


@pytest.mark.parametrize("size", [0, UNKNOWN])
@pytest.mark.parametrize("behind", [LIST, chunk(b"JUNK", b"abc")[:-1] + LIST])
def test_chunks_behind_a_stream_of_nothing_are_no_samples(tmp_path, size, behind):
    content = riff(chunk(b"fmt ", form()), chunk(b"data", b""), behind, size=size)
    with pytest.raises(DataError, match="0 samples"):
        opened(tmp_path, content)
    sound = opened(tmp_path, riff(chunk(b"fmt ", form()), DATA[:4] + bytes(4) + DATA[8:], size=0))
    np.testing.assert_array_equal(samples(sound), STEREO)


def test_samples_in_two_places_are_refused(tmp_path):
    """Whoever takes one of them drops the other."""
    whole = chunk(b"fmt ", form()), chunk(b"data", STEREO), chunk(b"data", STEREO[:1])
    for content in (riff(*whole), riff(*whole[:2], chunk(b"LIST", b"INFO"), whole[2])):
        with pytest.raises(DataError, match="two places"):
            opened(tmp_path, content)


def test_any_cut_is_refused_or_all_there_is(tmp_path):
    content = riff(chunk(b"fmt ", form()), LIST, DATA)
    for length in range(len(content)):
        with pytest.raises(DataError):
            opened(tmp_path, content[:length])
