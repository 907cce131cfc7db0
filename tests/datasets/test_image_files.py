"""Image files of any colours, depth and orientation as arrays."""

import numpy as np
import pytest
from PIL import Image

from datasets.image_folders import RNG, picture, save
from fencepost.datasets import image_files


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
