"""An image filtered in pieces from file to file is the image filtered whole."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import fencepost as fp
from fencepost.filtering import bands, filter_file, read_image, tiles
from filtering.random_images import random_image

tifffile = pytest.importorskip("tifffile")


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of few rows, so that a small image has many."""
    monkeypatch.setattr(bands, "_BAND", 1)
    monkeypatch.setattr(tiles, "_TILE", 16)


LAYOUTS = [
    {}, {"compression": "zlib", "rowsperstrip": 7}, {"compression": "zlib", "tile": (32, 48)},
    {"tile": (16, 16)}, {"compression": "lzw", "predictor": True, "rowsperstrip": 16},
    {"bigtiff": True, "byteorder": ">"}, {"compression": "zstd", "tile": (64, 16)},
]  # fmt: skip


@pytest.mark.parametrize("told", LAYOUTS)
@pytest.mark.parametrize(
    ("dtype", "channels"), [("u1", 1), ("u1", 3), ("u2", 3), ("f4", 1), ("u2", 4)]
)
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_tiff(tmp_path, small_pieces, told, dtype, channels, planar):
    pixels = random_image((150, 70, channels), np.dtype(dtype))
    stored = np.moveaxis(pixels, -1, 0) if planar == "separate" else pixels
    if channels > 1:
        told = {
            "photometric": "rgb", "planarconfig": planar,
            "extrasamples": ["unassalpha"] * (channels == 4) or None, **told,
        }  # fmt: skip
    tifffile.imwrite(tmp_path / "a.tif", stored.squeeze(), metadata=None, **told)
    for target in ("b.tif", "b.npy"):
        seen: list[tuple[int, int]] = []
        shape = filter_file(
            tmp_path / "a.tif", tmp_path / target, "gaussian:sigma=1",
            progress=lambda done, total, seen=seen: seen.append((done, total)),
        )  # fmt: skip
        assert shape == pixels.shape
        expected = fp.filter_image(pixels, "gaussian:sigma=1")
        if target == "b.tif":
            again = read_image(tmp_path / target).pixels
        else:
            again = np.load(tmp_path / target).reshape(expected.shape)
        np.testing.assert_allclose(again, expected, rtol=1e-5, atol=1e-6)
        assert len(seen) > 3
        assert seen[-1] == (150, 150)


@pytest.mark.parametrize("boundary", ["reflect", "wrap", "none", 7.0])
@pytest.mark.parametrize("kernel", ["sobel", ["gaussian:sigma=1", "sharpen"]])
def test_npy(tmp_path, small_pieces, boundary, kernel):
    pixels = random_image((150, 70), np.uint8)
    np.save(tmp_path / "a.npy", pixels)
    filter_file(tmp_path / "a.npy", tmp_path / "b.npy", kernel, boundary=boundary, scale=0.5)
    expected = fp.filter_image(pixels, kernel, boundary=boundary, scale=0.5)
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), expected)


def test_the_whole_decides_what_is_opaque(tmp_path, small_pieces):
    pixels = random_image((150, 30, 4), np.uint8)
    pixels[:-1, :, 3] = 255
    np.save(tmp_path / "a.npy", pixels)
    filter_file(tmp_path / "a.npy", tmp_path / "b.npy", "gaussian:sigma=1")
    np.testing.assert_array_equal(
        np.load(tmp_path / "b.npy"), fp.filter_image(pixels, "gaussian:sigma=1")
    )


def test_white_is_zero_inks_and_what_the_file_says(tmp_path):
    pixels = random_image((150, 30), np.uint8)
    tags = [(315, 2, 4, "Ada", True)]
    tifffile.imwrite(
        tmp_path / "a.tif", pixels, photometric="miniswhite", metadata=None, extratags=tags,
        resolution=(72, 72), resolutionunit="inch",
    )  # fmt: skip
    filter_file(tmp_path / "a.tif", tmp_path / "b.tif", "mean")
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert file.pages[0].tags[315].value == "Ada"
        assert file.pages[0].resolution == (72, 72)
    np.testing.assert_array_equal(
        np.asarray(read_image(tmp_path / "b.tif")), fp.filter_image(255 - pixels, "mean")
    )
    inks = random_image((40, 30, 4), np.uint16)
    tifffile.imwrite(
        tmp_path / "c.tif", inks, photometric="separated", planarconfig="contig", metadata=None
    )
    filter_file(tmp_path / "c.tif", tmp_path / "d.tif", "mean")
    np.testing.assert_array_equal(
        read_image(tmp_path / "d.tif").pixels,
        fp.filter_image(read_image(tmp_path / "c.tif"), "mean").pixels,
    )


def test_memory_is_bounded(tmp_path):
    height = 24_000
    out = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.uint16, (height, 1000))
    out[:] = np.arange(1000, dtype=np.uint16)
    out.flush()
    filter_file(tmp_path / "a.npy", tmp_path / "warm.npy", "sobel")
    tracemalloc.start()
    filter_file(tmp_path / "a.npy", tmp_path / "b.tif", "sobel")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 << 20, "the image has 48 MB, its gradients 384"


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
@pytest.mark.parametrize("ending", ["npy", "tif"])
def test_what_is_mapped_does_not_stay_in_memory(tmp_path, ending):
    size = (16_000, 16_000)  # 256 MB, of which the file system stores nothing
    if ending == "npy":
        np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.uint8, size)
    else:
        tifffile.memmap(tmp_path / "a.tif", shape=size, dtype=np.uint8)
    code = (  # not ru_maxrss, which begins with that of the tests
        "import re, sys; from fencepost.filtering import filter_file; "
        "filter_file(sys.argv[1], sys.argv[2], 'identity'); "
        "print(int(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1]) >> 10)"
    )
    paths = [tmp_path / f"{name}.{ending}" for name in "ab"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, paths)],
        env={**os.environ, "PYTHONPATH": str(Path(fp.__file__).parents[1])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert int(done.stdout) < 200, done.stderr
    paths[1].unlink()


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.zeros((7, 3, 5)), r"shape \(7, 3, 5\)\. Select the channels"),
        (np.array([[1, 2]], object), "uint8.*dtype object"),
        (np.zeros((4, 4), bool), "dtype bool.*255"),
        (np.zeros((2, 2, 2, 3)), r"shape \(2, 2, 2, 3\)"),
        (np.zeros((0, 3)), r"shape \(0, 3\)"),
    ],
)
def test_arrays_that_are_no_images(tmp_path, array, word):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(fp.DataError, match=word):
        filter_file(tmp_path / "a.npy", tmp_path / "b.npy", "mean")


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.npy", b"", "cannot be opened"),
        ("a.npy", b"no array", "cannot be opened"),
        ("a.tif", b"II*\0", "damaged"),
        ("a.tif", b"no tiff", "damaged"),
        ("gone.tif", None, "No such file"),
    ],
)
def test_bad_files(tmp_path, name, content, word):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(fp.DataError, match=word) as error:
        filter_file(tmp_path / name, tmp_path / "b.npy", "mean")
    assert name in str(error.value)
    assert not (tmp_path / "b.npy").exists()


def test_arguments(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((9, 9, 7), np.uint8))
    with pytest.raises(fp.DataError, match="channels"):
        filter_file(tmp_path / "a.npy", tmp_path / "b.npy", "mean")
    with pytest.raises(fp.ArgumentError, match="in pieces"):
        filter_file(tmp_path / "a.png", tmp_path / "b.npy", "mean")
    np.save(tmp_path / "c.npy", np.zeros((9, 9), np.uint8))
    with pytest.raises(fp.DataError, match=r"a\.npy already exists, and is not overwritten"):
        filter_file(tmp_path / "c.npy", tmp_path / "a.npy", "mean")
    with pytest.raises(fp.ArgumentError, match="boundary"):
        filter_file(tmp_path / "c.npy", tmp_path / "d.npy", "mean", boundary="wrp")
