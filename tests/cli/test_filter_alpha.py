"""`fencepost filter` and transparency: kept, laid on a colour, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cli.refusal import refused


def rgba(path, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 12, 4)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


@pytest.mark.parametrize("ending", ["bmp", "ppm", "jpg", "pcx", "gif"])
@pytest.mark.parametrize("flags", [["-k", "mean"], ["-k", "sobel", "--direction"]])
def test_alpha_is_never_dropped_without_a_word(fencepost, tmp_path, ending, flags):
    rgba(tmp_path / "a.png")
    out = f"b.{ending}"
    refused(fencepost("filter", "a.png", *flags, "-o", out), out, "alpha", "--flatten white")
    assert not (tmp_path / out).exists()
    if ending != "gif":
        done = fencepost("filter", "a.png", *flags, "-o", out, "--flatten", "white")
        assert done.status == 0, done.err
        assert Image.open(tmp_path / out).mode == "RGB"


def test_direction_keeps_alpha(fencepost, tmp_path):
    pixels = rgba(tmp_path / "a.png")
    for boundary, expected in (("reflect", pixels), ("none", pixels[1:-1, 1:-1])):
        done = fencepost(
            "filter", "a.png", "-k", "sobel", "--direction", "-o", "b.png", "--boundary", boundary,
            "--overwrite",
        )  # fmt: skip
        assert done.status == 0, done.err
        after = np.asarray(Image.open(tmp_path / "b.png"))
        np.testing.assert_array_equal(after[..., 3], expected[..., 3])


def test_flatten_is_a_colour(fencepost, tmp_path):
    rgba(tmp_path / "a.png")
    refused(fencepost("filter", "a.png", "-k", "mean", "-o", "b.png", "--flatten", "wite"), "wite")
    fencepost("filter", "a.png", "-k", "1x1: 1", "-o", "b.png", "--flatten", "#ff0000")
    before = Image.open(tmp_path / "a.png")
    red = Image.new("RGBA", before.size, "#ff0000")
    expected = np.asarray(Image.alpha_composite(red, before))[..., :3].astype(int)
    np.testing.assert_allclose(np.asarray(Image.open(tmp_path / "b.png")), expected, atol=1)
