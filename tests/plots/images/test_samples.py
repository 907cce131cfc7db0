"""A photograph to try kernels on."""

from __future__ import annotations

from fencepost.plots.images import samples


def test_portrait_is_scaled(tmp_path):
    from PIL import Image

    Image.new("RGB", (600, 900), (200, 0, 0)).save(tmp_path / "a.jpg")
    assert samples.read_portrait(tmp_path / "a.jpg").shape == (300, 200)
    assert samples.read_portrait(None).shape == (300, 256)
