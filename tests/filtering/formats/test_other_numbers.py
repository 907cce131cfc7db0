"""Files of which Pillow makes other numbers than they hold are read right, or refused by name."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest

import fencepost as fp
from fencepost.filtering import read_image

DEEP = np.random.default_rng(0).integers(0, 65536, (9, 11, 3)).astype(np.uint16)
RAW = b"P6\n# deep\n11 9\n65535\n" + DEEP.astype(">u2").tobytes()
PLAIN = b"P3\n11 9 65535\n# deep\n" + " ".join(map(str, DEEP.ravel())).encode()


@pytest.mark.parametrize("content", [RAW, PLAIN])
def test_ppm_keeps_its_16_bits(content):
    picture = read_image(content)
    assert picture.pixels.dtype == np.uint16
    assert np.array_equal(picture.pixels, DEEP)


def test_the_maximum_of_a_ppm_is_white():
    picture = read_image(b"P6\n1 1\n1000\n" + np.array([0, 500, 1000], ">u2").tobytes())
    assert picture.pixels.tolist() == [[[0, 32768, 65535]]]


@pytest.mark.parametrize("content", [RAW[:-2], PLAIN.rsplit(maxsplit=1)[0] + b" 70000"])
def test_a_damaged_ppm_is_refused(content):
    with pytest.raises(fp.DataError, match="is damaged"):
        read_image(content)


def _sgi() -> bytes:
    head = np.array([474], ">u2").tobytes() + b"\0\2" + np.array([3, 11, 9, 3], ">u2").tobytes()
    return head.ljust(512, b"\0") + np.moveaxis(DEEP[::-1], 2, 0).astype(">u2").tobytes()


def _jpeg2000(bits: int) -> bytes:
    return imagecodecs.jpeg2k_encode(DEEP >> (16 - bits), level=0, bitspersample=bits)


def _avif(bits: int) -> bytes:
    return imagecodecs.avif_encode(DEEP >> (16 - bits), level=100, speed=9, bitspersample=bits)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (_jpeg2000(16), "JPEG 2000 pixels of 16 bits"),
        (_jpeg2000(10), "JPEG 2000 pixels of 10 bits"),
        (_sgi(), "SGI pixels of 16 bits"),
    ],
)
def test_what_would_be_cut_to_8_bits_is_refused(content, what):
    with pytest.raises(fp.DataError, match=f"has {what}, which would be cut to 8"):
        read_image(content)


@pytest.mark.parametrize("bits", [10, 12])
def test_deep_avif_is_refused(bits):
    from PIL import features

    if not ("avif" in features.modules and features.check("avif")):
        pytest.skip("this Pillow reads no AVIF")
    with pytest.raises(fp.DataError, match=f"has AVIF pixels of {bits} bits"):
        read_image(_avif(bits))


def test_what_has_8_bits_is_read():
    shallow = (DEEP >> 8).astype(np.uint8)
    content = imagecodecs.jpeg2k_encode(shallow, level=0, reversible=True)
    assert np.array_equal(read_image(content).pixels, shallow)


def _fits(values: np.ndarray, bits: int, *cards: str) -> bytes:
    axes = ["NAXIS   = 2", "NAXIS1  = 11", "NAXIS2  = 9"]
    lines = ["SIMPLE  =                    T", f"BITPIX  = {bits:20d}", *axes, *cards, "END"]
    head = "".join(line.ljust(80) for line in lines).ljust(2880).encode()
    return head + values.tobytes().ljust(2880, b"\0")


def test_fits_of_floats_is_read():
    values = DEEP[..., 0].astype(">f4")
    assert np.array_equal(read_image(_fits(values, -32)).pixels[..., 0], values[::-1])


@pytest.mark.parametrize(
    "content",
    [
        _fits(DEEP[..., 0].astype(">i2"), 16),
        _fits(DEEP[..., 0].astype(">f8"), -64),
        _fits(DEEP[..., 0].astype(">f4"), -32, "BZERO   =              32768.0 / of unsigned"),
    ],
)
def test_fits_of_which_the_numbers_would_be_others_is_refused(content):
    with pytest.raises(fp.DataError, match="has FITS pixels of BITPIX"):
        read_image(content)
