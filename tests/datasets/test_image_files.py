"""Image files of any colours, depth and orientation as arrays."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from datasets.image_folders import RNG, picture, save
from fencepost.datasets import image_files
from fencepost.files.levels import Levels, range_of


@pytest.mark.parametrize("ending", ["png", "jpg", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, orientation, ending):
    """Pixels stored turned come out as Pillow's own exif_transpose turns them."""
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    image = picture(7, 9)
    path = save(tmp_path / f"a.{ending}", image, exif=exif)
    # From a file object: given a name, Pillow 13 maps such TIFFs into memory in a wrong shape.
    with path.open("rb") as file, Image.open(file) as stored:
        upright = np.asarray(ImageOps.exif_transpose(stored))
    info = image_files.inspect(path)
    assert (info.height, info.width) == upright.shape
    np.testing.assert_array_equal(image_files.read(path, 1)[0], upright)
    assert ("rotated by their EXIF orientation" in info.notes) == (orientation != 1)


def test_sixteen_bits_become_eight(tmp_path):
    values = RNG.integers(0, 65536, (5, 6)).astype(np.uint16)
    path = save(tmp_path / "a.png", Image.fromarray(values))
    np.testing.assert_array_equal(image_files.read(path, 1)[0], values >> 8)
    (note,) = image_files.inspect(path).notes
    assert note == "of more than 8 bits, reduced to 8"
    twelve = save(tmp_path / "b.png", Image.fromarray((values >> 4).astype(np.uint16)))
    np.testing.assert_array_equal(image_files.read(twelve, 1)[0], values >> 8)


def test_transparency_is_laid_on_white(tmp_path):
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[0, :, 3] = 255
    path = save(tmp_path / "a.png", Image.fromarray(pixels))
    assert image_files.read(path, 3)[:, 0].max() == 0
    assert image_files.read(path, 3)[:, 1].min() == 255
    assert "transparent, on white" in image_files.inspect(path).notes


@pytest.mark.parametrize(
    ("pixels", "tags", "why"),
    [
        (np.int8([[-1, 0, 1]]), {}, "signed pixels"),  # -1 was 255
        (np.uint8([[[9, 77]]]), {"extrasamples": ["unspecified"]}, "2 channels"),  # was 9 alone
    ],
)
def test_grey_that_pillow_takes_for_other_grey_is_refused(tmp_path, pixels, tags, why):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", **tags)
    for read in (image_files.inspect, lambda path: image_files.read(path, 1)):
        with pytest.raises(fp.DataError, match=why):
            read(tmp_path / "a.tif")


@pytest.mark.parametrize("layout", ["contig", "separate"])
@pytest.mark.parametrize(("alpha", "stored"), [("unassalpha", 100), ("assocalpha", 20)])
def test_grey_with_alpha_in_any_layout(tmp_path, layout, alpha, stored):
    tifffile = pytest.importorskip("tifffile")
    pixels = np.full((4, 5, 2), [stored, 51], np.uint8)
    pixels = pixels if layout == "contig" else np.moveaxis(pixels, 2, 0)
    told = {"photometric": "minisblack", "planarconfig": layout, "extrasamples": [alpha]}
    tifffile.imwrite(tmp_path / "a.tif", pixels, **told)
    # An opacity of a fifth: 100 / 5 + 255 × 4 / 5.
    assert np.unique(image_files.read(tmp_path / "a.tif", 1)).tolist() == [224]


def test_transparent_palette(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 20, 30])
    image.putpixel((0, 0), 0)
    path = save(tmp_path / "a.gif", image, transparency=0)
    read = image_files.read(path, 3)
    assert read[:, 0, 0].tolist() == [255, 255, 255]
    assert read[:, 1, 1].tolist() == [10, 20, 30]


@pytest.mark.parametrize(("third", "channels"), [(30, 1), (31, 3)])
def test_a_palette_is_grey_if_all_its_colours_are(tmp_path, third, channels):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 30, 30, third])
    path = save(tmp_path / "a.png", image)
    assert image_files.inspect(path).channels == channels


def test_cmyk_and_bilevel(tmp_path):
    path = save(tmp_path / "a.jpg", Image.new("CMYK", (8, 8), (0, 0, 0, 0)), quality=95)
    assert image_files.inspect(path).notes == ("CMYK, converted to RGB",)
    assert image_files.read(path, 3).min() > 250
    path = save(tmp_path / "b.png", Image.fromarray(np.eye(5) > 0))
    np.testing.assert_array_equal(image_files.read(path, 1)[0], 255 * np.eye(5))


def test_of_an_animation_the_first_picture_counts(tmp_path):
    frames = [Image.new("L", (5, 5), shade) for shade in (10, 200)]
    path = save(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert image_files.read(path, 1).max() == 10
    assert any("of which the first is used" in note for note in image_files.inspect(path).notes)


DEEP = RNG.integers(0, 1024, (7, 9, 3)).astype(np.uint16)  # 10 bits in samples of 16
OPAQUE = np.full((7, 9, 1), 65535, np.uint16)


def _tiff(path, pixels, **how):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(path, pixels, **how)


def _png(path, *planes):
    fp.filtering.write_image(path, np.dstack(planes))


DEEP_FILES = {
    "rgb.png": lambda path: _png(path, DEEP),
    "rgba.png": lambda path: _png(path, DEEP, OPAQUE),
    "la.png": lambda path: _png(path, DEEP[..., :1], OPAQUE),
    "rgb.tiff": lambda path: _tiff(path, DEEP, photometric="rgb"),
    "big_endian.tiff": lambda path: _tiff(path, DEEP, photometric="rgb", byteorder=">"),
    "planar.tiff": lambda path: _tiff(
        path, np.moveaxis(DEEP, -1, 0), photometric="rgb", planarconfig="separate"
    ),
    "rgba.tiff": lambda path: _tiff(
        path, np.dstack([DEEP, OPAQUE]), photometric="rgb", extrasamples=["unassalpha"]
    ),
    "la.tiff": lambda path: _tiff(
        path,
        np.dstack([DEEP[..., :1], OPAQUE]),
        photometric="minisblack",
        extrasamples=["unassalpha"],
    ),
    "white_is_zero.tiff": lambda path: _tiff(path, 65535 - DEEP[..., 0], photometric="miniswhite"),
    "binary.ppm": lambda path: path.write_bytes(b"P6 9 7 65535\n" + DEEP.astype(">u2").tobytes()),
    "plain.ppm": lambda path: path.write_text(f"P3 9 7 65535 {' '.join(map(str, DEEP.flat))}"),
}


@pytest.mark.parametrize("name", DEEP_FILES)
def test_deep_colours_are_scaled_by_the_levels_and_not_cut(tmp_path, name):
    """Pillow gives their high bytes, which of 10 bits in 16 are nearly black."""
    DEEP_FILES[name](tmp_path / name)
    info = image_files.inspect(tmp_path / name)
    grey = name.startswith(("la", "white"))
    used = DEEP[..., :1] if grey else DEEP
    assert (info.height, info.width, info.channels) == (7, 9, 1 if grey else 3)
    assert info.integers == range_of(used)
    assert "of more than 8 bits, reduced to 8" in info.notes
    read = image_files.read(tmp_path / name, info.channels, levels=Levels(integers=(0, 1023)))
    np.testing.assert_array_equal(read, np.moveaxis(used >> 2, -1, 0))


def test_the_largest_value_of_a_ppm_is_white(tmp_path):
    path = tmp_path / "a.ppm"
    path.write_bytes(b"P6 1 1 1023\n" + np.array([0, 512, 1023], ">u2").tobytes())
    assert image_files.inspect(path).integers[::2] == (0, 65535)


def test_deep_colours_that_are_transparent_are_laid_on_white(tmp_path):
    alpha = np.array([[[0], [32768], [65535]]], np.uint16)
    _png(tmp_path / "a.png", np.zeros((1, 3, 3), np.uint16), alpha)
    assert image_files.read(tmp_path / "a.png", 1)[0, 0].tolist() == [255, 127, 0]


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 3)])
def test_the_transparent_colour_of_a_deep_png(tmp_path, shape):
    """Chunk tRNS: pixels of one colour are transparent."""
    pixels = np.full(shape, 257, np.uint16)
    pixels[0, 0] = 258
    colours = pixels.reshape(3, 4, -1).shape[2]
    _png(tmp_path / "a.png", pixels.reshape(3, 4, colours))
    content = (tmp_path / "a.png").read_bytes()
    data = b"tRNS" + np.full(colours, 258, ">u2").tobytes()
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    at = content.index(b"IDAT") - 4
    (tmp_path / "a.png").write_bytes(content[:at] + chunk + content[at:])
    read = image_files.read(tmp_path / "a.png", 1, levels=Levels(integers=(0, 65535)))[0]
    assert read[0, 0] == 255
    assert (np.delete(read.flat, 0) == 1).all()


def test_a_deep_picture_of_pillow_that_is_not_decoded_yet(tmp_path):
    _png(tmp_path / "a.png", DEEP)
    with Image.open(tmp_path / "a.png") as image:
        read = image_files.read(image, 3, levels=Levels(integers=(0, 1023)))
    np.testing.assert_array_equal(read, np.moveaxis(DEEP >> 2, -1, 0))


@pytest.mark.parametrize("size", [(1, 60), (60, 1), (2, 300), (300, 3), (1, 1), (7, 500)])
@pytest.mark.parametrize("asked", [(1, 1), (4, 4), (8, 1), (1, 8)])
@pytest.mark.parametrize("fit", image_files.FITS)
@pytest.mark.parametrize("channels", [1, 3])
def test_thin_jpegs_are_decoded_at_any_size(size, asked, fit, channels):
    level = 90
    content = io.BytesIO()
    Image.fromarray(np.full((*size, 3), level, np.uint8)).save(content, "JPEG")
    pixels = image_files.read(content, channels, asked, fit)
    assert pixels.shape == (channels, *asked)
    assert set(np.unique(pixels)) <= ({0, level} if fit == "pad" else {level})
    assert (pixels == level).any()
