"""Every kind of TIFF: read as tifffile reads it, or refused by name."""

from __future__ import annotations

import base64
import io
import sys
import tracemalloc

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from fencepost.filtering import read_frames, read_image, write_frames, write_image
from filtering.random_images import random_image

tifffile = pytest.importorskip("tifffile")

BOTH = ["contig", "separate"]


def tiff(tmp_path, pixels, **told):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, metadata=None, **told)
    return path


def check(path, expected, colours):
    picture = read_image(path)
    assert picture.colours == colours
    expected = expected if expected.ndim == 3 else expected[..., None]
    assert picture.pixels.dtype == expected.dtype
    np.testing.assert_array_equal(picture.pixels, expected)
    return picture


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "zstd"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_white_is_zero(tmp_path, dtype, compression, bigtiff):
    stored = random_image((13, 17), dtype)
    path = tiff(
        tmp_path, stored, photometric="miniswhite", compression=compression, bigtiff=bigtiff
    )
    check(path, np.iinfo(dtype).max - stored, "L")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits", "zstd", "lzma"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "i4", "f2", "f4", "f8"])
@pytest.mark.parametrize("predictor", [None, 2, 3])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_samples_of_either_byte_order(tmp_path, order, compression, dtype, predictor, tile):
    """Pillow takes decompressed floats and signed integers for those of the other byte order."""
    floats = dtype.startswith("f")
    if predictor and (compression is None or floats != (predictor == 3)):
        return  # tifffile has no such files
    stored = (random_image((13, 17), np.float64) * 200).astype(dtype)
    told = {"predictor": predictor} if predictor else {}
    path = tiff(
        tmp_path, stored, byteorder=order, compression=compression, tile=tile,
        photometric="minisblack", **told,
    )  # fmt: skip
    seen = {"u4": "u2", "i2": "u2", "i4": "u2", "f2": "f4"}.get(dtype, dtype)
    check(path, stored.astype(seen), "L")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(("dtype", "value"), [("i2", -1), ("i4", 65536), ("u4", 65536)])
def test_integers_beyond_16_bits(tmp_path, order, compression, dtype, value):
    stored = np.full((13, 17), value, dtype)
    path = tiff(
        tmp_path, stored, byteorder=order, compression=compression, photometric="minisblack"
    )
    with pytest.raises(fp.DataError, match="integers beyond 16 bits"):
        read_image(path)


@pytest.mark.parametrize("planar", BOTH)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
@pytest.mark.parametrize(("channels", "colours"), [(3, "RGB"), (4, "RGBA")])
def test_colour(tmp_path, planar, order, dtype, channels, colours):
    pixels = random_image((13, 17, channels), np.dtype(dtype))
    stored = (np.moveaxis(pixels, -1, 0) if planar == "separate" else pixels).astype(order + dtype)
    path = tiff(
        tmp_path, stored, photometric="rgb", planarconfig=planar, byteorder=order,
        extrasamples=["unassalpha"] * (channels - 3) or None,
    )  # fmt: skip
    check(path, pixels, colours)
    write_image(tmp_path / "b.tiff", read_image(path))
    check(tmp_path / "b.tiff", pixels, colours)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_grey_with_alpha(tmp_path, dtype):
    pixels = random_image((13, 17, 2), np.dtype(dtype))
    path = tiff(tmp_path, pixels, photometric="minisblack", extrasamples=["unassalpha"],
                planarconfig="contig")  # fmt: skip
    check(path, pixels, "LA")
    write_image(tmp_path / "b.tiff", read_image(path))
    check(tmp_path / "b.tiff", pixels, "LA")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_that_colours_are_multiplied_with(tmp_path, dtype):
    full = np.iinfo(dtype).max
    pixels = np.array([[[full, full // 2, 0, full], [full // 4, 0, 0, full // 2]]], dtype)
    path = tiff(tmp_path, pixels, photometric="rgb", extrasamples=["assocalpha"])
    seen = read_image(path).pixels.astype(float) / full
    np.testing.assert_allclose(seen[0, 1], [0.5, 0, 0, 0.5], atol=0.01)


def test_tiles_inks_and_half_floats(tmp_path):
    grey = random_image((100, 90), np.uint16)
    check(tiff(tmp_path, grey, tile=(32, 32), compression="zlib", predictor=True), grey, "L")
    inks = random_image((13, 17, 4), np.uint16)
    path = tiff(tmp_path, inks, photometric="separated", planarconfig="contig")
    check(path, 65535 - inks, "CMYK")
    half = random_image((13, 17), np.float32).astype(np.float16)
    check(tiff(tmp_path, half), half.astype(np.float32), "L")


@pytest.mark.parametrize(
    ("dtype", "shape", "told", "word"),
    [
        (np.int8, (9, 7), {}, "int8"),
        (
            np.uint8,
            (9, 7, 2),
            {"photometric": "minisblack", "planarconfig": "contig"},
            "2 channels",
        ),
        (np.uint8, (9, 7, 5), {"photometric": "rgb"}, "5 channels"),
        (np.uint16, (9, 7, 5), {"photometric": "rgb"}, "5 channels"),
        (np.uint8, (9, 7, 4), {"photometric": "rgb", "extrasamples": [0]}, "meaning"),
        (np.uint8, (9, 7, 5), {"photometric": "separated"}, "5 channels"),
        (np.uint8, (9, 7, 3), {"photometric": "cielab"}, "LAB"),
        (np.uint16, (9, 7, 3), {"photometric": "cielab"}, "LAB"),
        (np.float32, (9, 7), {"photometric": "miniswhite"}, "0 is white"),
        (np.int16, (9, 7, 3), {"photometric": "rgb"}, "signed"),
        (np.uint32, (9, 7, 3), {"photometric": "rgb"}, "uint32"),
        (np.complex64, (9, 7), {}, "complex|kind|pixels"),
    ],
)
def test_what_nobody_reads_right_is_named(tmp_path, dtype, shape, told, word):
    path = tiff(tmp_path, np.ones(shape, dtype), **told)
    with pytest.raises(fp.DataError, match=word):
        read_image(path)


def test_overviews_are_no_pages(tmp_path):
    pixels = random_image((64, 64, 3), np.uint8)
    for inner in (0, 1):
        with tifffile.TiffWriter(tmp_path / "a.tif") as file:
            file.write(pixels, subifds=inner, photometric="rgb", metadata=None)
            file.write(pixels[::2, ::2], subfiletype=1, photometric="rgb", metadata=None)
        check(tmp_path / "a.tif", pixels, "RGB")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_pages(tmp_path, dtype, channels):
    pages = [random_image((9, 7 + k, channels), dtype, k) for k in range(3)]
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for page in pages:
            file.write(
                page.squeeze(), photometric=["minisblack", "rgb"][channels > 1], metadata=None
            )
    for k, picture in enumerate(read_frames(tmp_path / "a.tif")):
        np.testing.assert_array_equal(picture.pixels, pages[k])
        np.testing.assert_array_equal(read_image(tmp_path / "a.tif", frame=k).pixels, pages[k])
    write_frames(tmp_path / "b.tif", read_frames(tmp_path / "a.tif"))
    for page, picture in zip(pages, read_frames(tmp_path / "b.tif"), strict=True):
        np.testing.assert_array_equal(picture.pixels, page)


def test_big_files_with_all_that_they_say(tmp_path):
    pixels = random_image((9, 7, 3), np.uint8)
    tags = [(37724, 7, 8, b"Adobe Ph", True), (315, 2, 4, "Ada", True)]
    path = tiff(
        tmp_path, pixels, photometric="rgb", bigtiff=True, description="Harbour",
        resolution=(72, 72), resolutionunit="inch", extratags=tags,
    )  # fmt: skip
    picture = read_image(path)
    for ending in ("tiff", "png", "jpg"):
        write_image(tmp_path / f"b.{ending}", picture)
        with Image.open(tmp_path / f"b.{ending}") as again:
            assert again.getexif()[315] == "Ada"
            assert 37724 not in again.getexif()
            assert again.info["dpi"] == pytest.approx((72, 72), rel=1e-3)


def test_without_the_package_its_command_is_named(tmp_path, monkeypatch):
    path = tiff(tmp_path, random_image((9, 7, 3), np.uint16), photometric="rgb")
    plain = tmp_path / "b.tif"
    Image.fromarray(random_image((9, 7), np.uint16)).save(plain)
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(fp.DataError, match=r"pip install 'fencepost\[tiff\]'"):
        read_image(path)
    with pytest.raises(fp.DataError, match=r"pip install 'fencepost\[tiff\]'"):
        write_image(tmp_path / "c.tif", random_image((9, 7, 3), np.float32))
    read_image(plain)


@pytest.mark.parametrize("cut", [7, 60, 150, 400])
def test_damaged(tmp_path, cut):
    path = tiff(tmp_path, random_image((40, 30, 3), np.uint16), photometric="rgb")
    content = path.read_bytes()[:cut]
    path.write_bytes(content)
    for source, name in ((path, r"a\.tif"), (io.BytesIO(content), "the data")):
        with pytest.raises(fp.DataError, match=name):
            read_image(source)


def test_pages_in_a_ring(tmp_path):
    """The fuzzer's: a directory that names itself as the next, of a kind that Pillow refuses."""
    path = tiff(tmp_path, random_image((9, 7, 3), np.float32), photometric="rgb", byteorder="<")
    content = bytearray(path.read_bytes())
    start = int.from_bytes(content[4:8], "little")
    link = start + 2 + 12 * int.from_bytes(content[start : start + 2], "little")
    content[link : link + 4] = content[4:8]
    with pytest.raises(fp.DataError, match="form a loop"):
        read_image(bytes(content))


def test_what_a_planar_page_lacks(tmp_path):
    """The fuzzer's: colours said, but not how their planes lie."""
    stored = random_image((3, 7, 9), np.uint16)
    path = tiff(tmp_path, stored, photometric="rgb", planarconfig="separate", byteorder="<")
    content = path.read_bytes()
    (at,) = (k for k in range(len(content)) if content[k : k + 4] == b"\x1c\x01\3\0")
    path.write_bytes(content[:at] + b"\x1d\xff" + content[at + 2 :])
    try:
        assert read_image(path).pixels.shape == (7, 9, 3)
    except fp.DataError as error:
        assert "a.tif" in str(error)


def test_a_few_bytes_do_not_take_gigabytes():
    """The fuzzer's: 209 bytes that claim one tile of 11 GB, refused after 30 seconds."""
    content = base64.b64decode(
        "SUkqAAgAAAAQAAABBAABAAAACQkAAAEBBAABAAAABwAAAAIBAwABAAAAQAAAAAMBAwABAAAAAgAAAAAAAAAB"
        "AAAAAQAAAA4BAgQSAAAAzgAAABUBAwABAAAAAQAAABoBBQABAAAA8AAAABsBBQABAAAA+AAAACgBAwABAAAA"
        "AQAAADEBAgAMAAAAAAEAAEIBBAABAAAAEAAAAEMBBAABAAAAEAAALEQBBAABAAAAEAAAAAIBAwABAAAAQAAA"
        "AAMNAQAAAAAAAAAAAPQBAwAAAAA="
    )
    tracemalloc.start()
    with pytest.raises(fp.DataError, match="uint64"):
        read_image(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20
