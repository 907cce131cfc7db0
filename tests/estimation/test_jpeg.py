"""Copies that were compressed, and how that is known."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import fencepost as fp
from estimation.copies import KERNELS, jpeg, off
from fencepost.estimation import learn_kernel
from fencepost.estimation.jpeg import Jpeg


@pytest.mark.parametrize("quality", [40, 75, 93])
@pytest.mark.parametrize("name", ["laplace", "sobel", "sharpen", "lopsided"])
def test_saturated_and_compressed_copies(portrait, name, quality):
    kernel = KERNELS[name]
    learned = learn_kernel(portrait, jpeg(fp.filter_image(portrait, kernel), quality), 3)
    assert off(learned, kernel) < 0.05
    assert learned.verdict.startswith("Reliable" if quality > 80 else ("Reliable", "Uncertain"))
    assert learned.compression == f"quality {quality}"
    assert (np.abs(learned.kernel.matrix - kernel.matrix) <= 3 * learned.errors).all()


def test_what_compression_took_away_is_counted(portrait):
    """Blurs leave little detail to learn from, and compression takes most of that."""
    covered = []
    for name, quality in [("blur", 60), ("blur", 85), ("gaussian", 60), ("gaussian", 85)]:
        kernel = KERNELS[name]
        learned = learn_kernel(portrait, jpeg(fp.filter_image(portrait, kernel), quality), 5)
        covered.append(np.abs(learned.kernel.matrix - kernel.matrix) <= 2 * learned.errors)
        if quality == 60:
            assert learned.verdict.startswith("Uncertain")
    assert np.mean(covered) > 0.85


def test_colour_is_compressed_more(portrait):
    picture = np.rint(portrait[..., None] * [1.0, 0.85, 0.6]).astype(np.uint8)
    kernel = KERNELS["sharpen"]
    learned = learn_kernel(picture, jpeg(fp.filter_image(picture, kernel), 80))
    assert learned.kernel.shape == (3, 3)
    assert "80" in learned.compression
    assert off(learned, kernel) < 0.01


def test_compression_is_read_from_the_file(portrait, tmp_path):
    kernel, path = KERNELS["sharpen"], tmp_path / "after.jpg"
    tables = [list(range(1, 65))]  # no quality of libjpeg's
    Image.fromarray(fp.filter_image(portrait, kernel)).save(path, qtables=tables)
    Image.fromarray(portrait).save(tmp_path / "plain.png")
    with Image.open(path) as image, Image.open(tmp_path / "plain.png") as plain:
        compression, after = Jpeg.of_file(image), np.asarray(image)
        assert Jpeg.of_file(plain) is None
    assert np.array_equal(compression.apply(after[None])[0].shape, after.shape)
    learned = learn_kernel(portrait, after, 3, compression=compression)
    assert learned.compression == "the file's own tables"
    assert off(learned, kernel) < off(learn_kernel(portrait, after, 3), kernel)
    assert (np.abs(learned.kernel.matrix - kernel.matrix) <= 3 * learned.errors).all()


def test_a_turned_photograph_is_not_compressed_again(portrait, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(portrait).save(tmp_path / "turned.jpg", exif=exif)
    with Image.open(tmp_path / "turned.jpg") as image:
        assert Jpeg.of_file(image) is None
