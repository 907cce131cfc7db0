"""Opening pictures: comments in PBM, PGM and PPM, wherever Netpbm allows them."""

import io

import numpy as np
import pytest

from fencepost.datasets.image_files import inspect, read
from fencepost.errors import DataError
from fencepost.filtering import read_image


def netpbm(magic, values, maximum, rng):
    """Write a picture with comments between, before and glued to its numbers."""
    height, width = values.shape[:2]
    plain = magic in "123"

    def gap():
        return rng.choice([" ", "\n", "\t ", "#one 7\n", " # 12#\r", "#\n#\n", "\r\n"])

    text = f"P{magic}{gap()}{width}{gap()}{height}"
    text += "" if magic in "14" else f"{gap()}{maximum}"
    if not plain:  # one white space, before which a comment may stand, and the pixels
        text += rng.choice(["\n", " ", "#end\n", "#1\r"])
        if magic == "4":
            return text.encode(), np.packbits(values, axis=1).tobytes()
        return text.encode(), values.astype(">u2" if maximum > 255 else "u1").tobytes()
    return (text + gap() + "".join(f"{n}{gap()}" for n in values.reshape(-1))).encode(), b""


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("magic", "123456")
@pytest.mark.parametrize("maximum", [1, 255, 65535])
def test_comments_may_stand_anywhere(magic, maximum, seed):
    rng = np.random.default_rng([seed, maximum])
    maximum = 1 if magic in "14" else maximum
    size = (*rng.integers(1, 15, 2), *([3] if magic in "36" else []))
    values = rng.integers(0, maximum + 1, size)
    head, data = netpbm(magic, values, maximum, rng)
    picture = read_image(head + data)
    pixels = np.asarray(picture)
    scale = 255 if maximum < 256 else 65535
    expected = values * (scale // maximum) if magic not in "14" else 255 * (1 - values)
    np.testing.assert_array_equal(pixels, expected)
    channels = 3 if magic in "36" else 1
    info = inspect(head + data)
    assert (info.height, info.width, info.channels) == (*size[:2], channels)
    if maximum < 65535:
        seen = read(io.BytesIO(head + data), channels)
        np.testing.assert_array_equal(seen.transpose(1, 2, 0).reshape(size), expected)


@pytest.mark.parametrize(
    "content",
    [b"P5#", b"P5#####" * 500, b"P5#\n#\n3#", b"P6 3#\n", b"P2 # 3 2 255\n", b"P5 3 2 255"],
)
def test_comments_without_numbers_are_no_picture(content):
    with pytest.raises(DataError):
        read_image(content)
